"""Faults in errors, redaction, digests and the sidecar's objects."""

from dataclasses import replace

from trackbridge.adapters.memory.artifacts import MemoryObjects
from trackbridge.adapters.memory.registry import MemoryRegistry
from trackbridge.adapters.memory.state import MemoryState
from trackbridge.errors import NotFound, TrackbridgeError
from trackbridge.protocol import PlainBulk, Scope
from trackbridge.run import Run
from trackbridge.shipping.delivery import Ledger
from trackbridge.store import Runs

DIGESTS = "trackbridge.records.digests"


def test_the_clause_notices(clause, fault, kill):
    kill(clause, fault)


def vendor_error(run, self, run_id):
    try:
        return run(self, run_id)
    except NotFound:
        raise KeyError(run_id) from None


def raises_into_training(rejected, self, letter, error):
    raise error


def one_scope(method):
    def wrapper(original, self, scope, *rest):
        return original(self, Scope("run", "shared"), *rest) if scope.kind != "run" else original(self, scope, *rest)

    return lambda patch: patch.around(MemoryObjects, method, wrapper)


def shared_by_models(patch):
    for method in ("put", "get", "list"):
        one_scope(method)(patch)


def cut(put, self, scope, name, data):
    put(self, scope, name, data[:100])


def points_once(series, points, *, timed=True):
    kept = points if timed else {(point.step, point.value): point for point in points}.values()
    return series(kept, timed=timed)


def times_ignored(series, points, *, timed=True):
    return series((point._replace(timestamp_ms=n) for n, point in enumerate(points)), timed=timed)


def nothing(*_, **__):
    return None


MUTANTS = {
    "errors lose clause and remedy in a pickle": (
        "X1",
        lambda patch: patch.put(TrackbridgeError, "__reduce__", lambda self: (type(self), (self.message,))),
    ),
    "the vendor's error comes out": ("X1", lambda patch: patch.around(MemoryState, "run", vendor_error)),
    "errors do not name their clause": (
        "X1",
        lambda patch: patch.around(
            TrackbridgeError, "__init__", lambda init, self, message, **more: init(self, message, **{**more, "clause": None})
        ),
    ),
    "bad calls pass": ("X2", lambda patch: patch.put(Run, "complain", nothing)),
    "a refusal raises into the training": ("X2", lambda patch: patch.around(Ledger, "rejected", raises_into_training)),
    "a refusal is not reported": ("X2", lambda patch: patch.put(Ledger, "rejected", nothing)),
    "objects of models and experiments are shared": ("X3", shared_by_models),
    "a prefix of objects is ignored": (
        "X3",
        lambda patch: patch.around(MemoryObjects, "list", lambda listed, self, scope, prefix="": listed(self, scope)),
    ),
    "objects are cut": ("X3", lambda patch: patch.around(MemoryObjects, "put", cut)),
    "params are not redacted": ("X4", lambda patch: patch.put("trackbridge.run.run", "redact_value", lambda value, name="": value)),
    "addresses are not redacted": ("X4", lambda patch: patch.put("trackbridge.run.content", "redact_url", lambda text: text)),
    "comments are not redacted": ("X4", lambda patch: patch.put("trackbridge.registry.registry", "redact_text", lambda text: text)),
    "notes are not redacted": ("X4", lambda patch: patch.put("trackbridge.store.edits", "redact_text", lambda text: text)),
    "variables are not looked at": ("X4", lambda patch: patch.put("trackbridge.redaction.text", "environment_secrets", lambda _: ())),
    "tags do not count": ("C1", lambda patch: patch.put(DIGESTS, "_tags", lambda tags: {})),
    "contents do not count": (
        "C1",
        lambda patch: patch.put(DIGESTS, "_files", lambda files: sorted(file.path for file in files)),
    ),
    "the digest is another each time": (
        "C1",
        lambda patch: patch.around(Runs, "digest", lambda digest, self, run_id, content=False: digest(self, run_id, content)[:-1] + str(id(self))[-1:]),
    ),
    "times do not count": ("C1", lambda patch: patch.around(DIGESTS, "series_digest", times_ignored)),
    "only the first batch is loaded": (
        "C1",
        lambda patch: patch.around(
            PlainBulk, "load", lambda load, self, header, writes, points: load(self, header, writes, [next(iter(points))])
        ),
    ),
    "the trail is copied without its end": (
        "C3",
        lambda patch: patch.around(
            MemoryRegistry, "entries", lambda entries, self, model, start=0: iter(list(entries(self, model, start))[:-1])
        ),
    ),
    "sources count": ("C2", lambda patch: patch.put(DIGESTS, "_RUN_BOUND", ())),
    "ids count": ("C2", lambda patch: patch.around("trackbridge.store.digests", "canonical_content", lambda form, run, *rest: form(
        replace(run, name=run.id), *rest))),
    "a point twice is once": ("C2", lambda patch: patch.around(DIGESTS, "series_digest", points_once)),
    "volatile keys count": ("C2", lambda patch: patch.put("trackbridge.store.digests", "stable_mlmodel", lambda data: data)),
    "tags of versions are not kept": ("C3", lambda patch: patch.put(MemoryRegistry, "edit_version", nothing)),
    "descriptions of models are not kept": ("C3", lambda patch: patch.put(MemoryRegistry, "edit_model", nothing)),
}  # fmt: skip
