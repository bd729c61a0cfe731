"""Faults in artifacts, datasets and the environment."""

import io
import unicodedata
from dataclasses import replace
from itertools import islice
from urllib.parse import unquote

from trackbridge.adapters.memory.artifacts import MemoryArtifacts, MemoryObjects
from trackbridge.adapters.memory.registry import MemoryRegistry
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.run.staging import Staging

CONTENT = "trackbridge.run.content"


def test_the_clause_notices(clause, fault, kill):
    kill(clause, fault)


def paths(change):
    """Change the path under which each artifact is stored."""
    return lambda patch: patch.around(
        MemoryArtifacts,
        "put",
        lambda put, self, run, path, content, **more: put(self, run, change(path), content, **more),
    )


def listing(change):
    """Change each listing; `change` takes records and prefix and gives records."""
    return lambda patch: patch.around(
        MemoryArtifacts,
        "list",
        lambda listed, self, run, prefix="": iter(change(list(listed(self, run, prefix)), prefix)),
    )


def stored_as_it_comes(put, self, run_id, path, content, *, size, sha256):
    self._state.run(run_id).artifacts[path] = content.read()


def as_text(put, self, run_id, path, content, *, size, sha256):
    put(self, run_id, path, content, size=size, sha256=sha256)
    held = self._state.run(run_id).artifacts
    held[path] = held[path].replace(b"\r\n", b"\n")


def empty_skipped(put, self, run_id, path, content, *, size, sha256):
    if size:
        put(self, run_id, path, content, size=size, sha256=sha256)


def first_stays(put, self, run_id, path, content, *, size, sha256):
    if path not in self._state.run(run_id).artifacts:
        put(self, run_id, path, content, size=size, sha256=sha256)


def replaced_everywhere(put, self, run_id, path, content, *, size, sha256):
    put(self, run_id, path, content, size=size, sha256=sha256)
    for run in self._state.runs.values():
        if path in run.artifacts:
            run.artifacts[path] = self._state.run(run_id).artifacts[path]


def longer_stays(put, self, run_id, path, content, *, size, sha256):
    before = self._state.run(run_id).artifacts.get(path, b"")
    put(self, run_id, path, content, size=size, sha256=sha256)
    self._state.run(run_id).artifacts[path] += before[size:]


def half_kept(put, self, run_id, path, content, *, size, sha256):
    try:
        put(self, run_id, path, content, size=size, sha256=sha256)
    except Exception:
        self._state.run(run_id).artifacts[path] = b"half"
        raise


def string_prefix(listed, self, run_id, prefix=""):
    return (one for one in listed(self, run_id) if one.path.startswith(prefix))


def environment_listed(listed, self, run_id, prefix=""):
    yield from listed(self, run_id, prefix)
    for scope, objects in self._state.objects.items():
        if scope.key == run_id and not prefix:
            yield from (ArtifactRecord(name, len(data), "0" * 64) for name, data in objects.items())


def datasets(change):
    return lambda patch: patch.runs(lambda run: {"datasets": tuple(change(run.datasets))})


def first_of_a_name(found):
    return {one.name: one for one in reversed(found)}.values()


def without_run(versions, self, model):
    return (replace(one, spec=replace(one.spec, run_id=None)) for one in versions(self, model))


def environment(change):
    return lambda patch: patch.runs(
        lambda run: {
            "attributes": {
                name: change(value) if name.startswith("environment.") else value
                for name, value in run.attributes.items()
            }
        }
    )


def no_environment_files(put, self, scope, name, data):
    if not name.startswith("environment/"):
        put(self, scope, name, data)


MUTANTS = {
    "percent codes in paths decoded": ("A1", paths(unquote)),
    "paths in lower case": ("A1", paths(str.lower)),
    "paths stripped": ("A1", paths(str.strip)),
    "backslashes are slashes": ("A1", paths(lambda path: path.replace("\\", "/"))),
    "paths decomposed": ("A1", paths(lambda path: unicodedata.normalize("NFD", path))),
    "empty files skipped": ("A1", lambda patch: patch.around(MemoryArtifacts, "put", empty_skipped)),
    "line ends translated": ("A1", lambda patch: patch.around(MemoryArtifacts, "put", as_text)),
    "a file may be a folder": ("A1", lambda patch: patch.around(MemoryArtifacts, "put", stored_as_it_comes)),
    "content cut at 64 KiB": (
        "A1",
        lambda patch: patch.around(MemoryArtifacts, "open", lambda opened, *a: io.BytesIO(opened(*a).read(65_536))),
    ),
    "listing off by a directory": (
        "A2",
        listing(lambda found, prefix: [replace(one, path=one.path.removeprefix(f"{prefix}/")) for one in found]),
    ),
    "a prefix is any beginning": ("A2", lambda patch: patch.around(MemoryArtifacts, "list", string_prefix)),
    "folders in folders are left out": (
        "A2",
        listing(lambda found, prefix: [one for one in found if "/" not in one.path.removeprefix(prefix).strip("/")]),
    ),
    "second page of artifacts lost": ("A2", listing(lambda found, prefix: islice(found, 100))),
    "sizes of empty files unknown": (
        "A2",
        listing(lambda found, prefix: [replace(one, size=one.size or None) for one in found]),
    ),
    "listed in order of arrival": ("A2", listing(lambda found, prefix: found[::-1])),
    "the first file stays": ("A3", lambda patch: patch.around(MemoryArtifacts, "put", first_stays)),
    "every run's file is replaced": ("A3", lambda patch: patch.around(MemoryArtifacts, "put", replaced_everywhere)),
    "the end of the longer file stays": ("A3", lambda patch: patch.around(MemoryArtifacts, "put", longer_stays)),
    "read when it is delivered": (
        "A4",
        lambda patch: patch.put(Staging, "copy", lambda self, source, path, stamp: self.refer(source, path, stamp)),
    ),
    "half a file is kept": ("A4", lambda patch: patch.around(MemoryArtifacts, "put", half_kept)),
    "a download follows ..": (
        "A5",
        lambda patch: patch.put("trackbridge.store.download", "_inside", lambda dest, path: dest / path),
    ),
    "digest of the whole run": (
        "A5",
        lambda patch: patch.around(
            "trackbridge.store.registry",
            "folder_of",
            lambda folder_of, files, reading, path: folder_of(files, reading, path)[::-1],
        ),
    ),
    "one context a dataset": ("D1", datasets(first_of_a_name)),
    "digests cut at 36": (
        "D1",
        datasets(lambda found: [replace(one, digest=one.digest and one.digest[:36]) for one in found]),
    ),
    "schema and rows lost": ("D1", datasets(lambda found: [replace(one, schema=None, rows=None) for one in found])),
    "digest not computed": ("D1", lambda patch: patch.put(CONTENT, "describe_data", lambda uri: None)),
    "only the first dataset counts": ("D2", datasets(lambda found: found[:1])),
    "versions forget their run": ("D2", lambda patch: patch.around(MemoryRegistry, "versions", without_run)),
    "environment as text": ("E1", environment(str)),
    "environment cut at 500": ("E1", environment(lambda value: value[:500] if isinstance(value, str) else value)),
    "files of the environment are listed": (
        "E1",
        lambda patch: patch.around(MemoryArtifacts, "list", environment_listed),
    ),
    "files of the environment lost": ("E1", lambda patch: patch.around(MemoryObjects, "put", no_environment_files)),
}
