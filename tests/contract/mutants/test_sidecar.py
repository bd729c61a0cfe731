"""Faults in the core's sidecar, which a vendor with narrow fields brings to light."""

from trackbridge.adapters.memory.artifacts import MemoryArtifacts, MemoryObjects
from trackbridge.records.artifacts import ArtifactRecord

READING = "trackbridge.store.reading"


def test_the_clause_notices(clause, fault, kill):
    kill(clause, fault, scheme="narrow")


def not_stored(put, self, scope, name, data):
    if not name.startswith("sidecar/"):
        put(self, scope, name, data)


def listed(listing, self, run_id, prefix=""):
    yield from listing(self, run_id, prefix)
    for scope, objects in self._state.objects.items():
        if scope.key == run_id and not prefix:
            yield from (ArtifactRecord(name, len(data), None) for name, data in objects.items())


def without_entries(merge, read, metrics, entries, names=None):
    return merge(read, metrics, (), names)


def without_kind(*kinds):
    """Forget the entries of some kinds."""

    def read_entries(read, objects, native):
        return tuple(entry for entry in read(objects, native) if type(entry).__name__ not in kinds)

    return lambda patch: patch.around(READING, "read_entries", read_entries)


def first_object(patch):
    patch.runs(lambda run: {"sidecar": dict(sorted(run.sidecar.items())[:1])})


MUTANTS = {
    "the sidecar is not stored": ("X3", lambda patch: patch.around(MemoryObjects, "put", not_stored)),
    "the sidecar is listed": ("X3", lambda patch: patch.around(MemoryArtifacts, "list", listed)),
    "one object is all that is read": ("X3", first_object),
    "extra points are forgotten": ("X3", lambda patch: patch.around(READING, "merge_points", without_entries)),
    "types of params are forgotten": ("P2", without_kind("ParamEntry")),
    "long tags are forgotten": ("T1", without_kind("TagEntry")),
    "late status wins without stamps": ("R5", without_kind("StatusEntry")),
    "datasets are forgotten": ("D1", without_kind("DatasetEntry")),
    "special values are forgotten": ("M1", without_kind("PointsEntry")),
    "true names of metrics are forgotten": ("M1", without_kind("MetricEntry")),
    "true paths are forgotten": ("A1", without_kind("ArtifactEntry")),
    "types of attributes are forgotten": ("E1", without_kind("AttributeEntry")),
}
