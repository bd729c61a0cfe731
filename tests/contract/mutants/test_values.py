"""Faults in params, tags, metrics and their summaries."""

import math
import unicodedata
from dataclasses import replace
from itertools import islice

from trackbridge.adapters.memory.metrics import MemoryMetrics
from trackbridge.adapters.memory.runs import MemoryRuns
from trackbridge.errors import Rejected
from trackbridge.shipping.resolve import PointResolver, _Clock

RUN, MEMORY = "trackbridge.run.run", "trackbridge.adapters.memory.runs"
LOGGED = "trackbridge.journal.hot"  # where points are checked


def test_the_clause_notices(clause, fault, kill):
    kill(clause, fault)


def params(change):
    """Change every param on its way out; `change` takes and gives a value."""
    return lambda patch: patch.runs(lambda run: {"params": {name: change(v) for name, v in run.params.items()}})


def param_names(change):
    return lambda patch: patch.writes(lambda w: {"params": {change(name): value for name, value in w.params.items()}})


def texts(change):
    return params(lambda value: change(value) if isinstance(value, str) else value)


def floats(change):
    return params(lambda value: change(value) if isinstance(value, float) else value)


def tags(change):
    return lambda patch: patch.runs(lambda run: {"tags": change(run.tags)})


def points_in(change):
    """Change the points of each write; `change` takes and gives a list."""
    return lambda patch: patch.around(
        MemoryMetrics, "write", lambda write, self, run, points: write(self, run, change(list(points)))
    )


def points_out(change):
    return lambda patch: patch.around(
        MemoryMetrics, "read", lambda read, self, run, names=None: iter(change(list(read(self, run, names))))
    )


def values(change):
    return points_in(lambda points: [point._replace(value=change(point.value)) for point in points])


def steps(change):
    return points_in(lambda points: [point._replace(step=change(point.step)) for point in points])


def summaries(change):
    """Change every summary; `change` gives the fields that are otherwise."""
    return lambda patch: patch.runs(
        lambda run: {"metrics": {name: replace(one, **change(one)) for name, one in run.metrics.items()}}
    )


def overwriting(write, self, run_id, writes):
    self._state.run(run_id).params.update(writes.params)
    return write(self, run_id, writes)


def last_delivery_wins(held, writes):
    held.update((write.name, write) for write in writes)


def deletion_forgotten(keep, held, writes):
    keep(held, writes)
    for name in [name for name, write in held.items() if write.value is None]:
        del held[name]


def least_writer_wins(held, writes):
    for write in writes:
        stamp = write.stamp
        before = held[write.name].stamp if write.name in held else None
        if before is None or (stamp.wall_ns, before.writer, stamp.sequence) > (
            before.wall_ns,
            stamp.writer,
            before.sequence,
        ):
            held[write.name] = write


def sequence_as_text(held, writes):
    def key(stamp):
        return stamp.wall_ns, stamp.writer, str(stamp.sequence)

    for write in writes:
        if write.name not in held or key(write.stamp) > key(held[write.name].stamp):
            held[write.name] = write


def last_at_a_step(points):
    return list({(point.name, point.step): point for point in points}.values())


def no_collision(flatten, given):
    try:
        return flatten(given)
    except Rejected:
        return {}


def no_times(resolve, self, point):
    name, step, time, value, _ = point
    return resolve(self, (name, step, time, value, False))


def always_zero(resolve, self, point):
    name, step, *rest = point
    return resolve(self, (name, 0 if step is None else step, *rest))


def by_time(summarize, points):
    points = list(points)
    last = max(points, key=lambda point: (point.timestamp_ms, point.step))
    return replace(summarize(points), last=last.value, last_step=last.step, last_timestamp_ms=last.timestamp_ms)


def nan_is_least(summarize, points):
    points = list(points)
    summary = summarize(points)
    return replace(summary, min=math.nan) if any(math.isnan(point.value) for point in points) else summary


def any_number(check_value, value, name):
    return float(value) if isinstance(value, bool | str) and str(value)[:1] in "01TF" else check_value(value, name)


MUTANTS = {
    "names in lower case": ("P1", param_names(str.lower)),
    "names composed": ("P1", param_names(lambda name: unicodedata.normalize("NFC", name))),
    "names cut at 250 bytes": ("P1", param_names(lambda name: name.encode()[:250].decode(errors="ignore"))),
    "names with slashes become dots": ("P1", param_names(lambda name: name.replace("/", "."))),
    "a collision passes": ("P1", lambda patch: patch.around(RUN, "flatten", no_collision)),
    "int comes back as float": (
        "P2",
        params(lambda value: float(value) if type(value) is int and value < 2**60 else value),
    ),
    "large int comes back as float": ("P2", params(lambda v: float(v) if type(v) is int and 2**53 < v < 2**80 else v)),
    "everything comes back as text": ("P2", params(str)),
    "None becomes the text None": ("P2", params(lambda value: "None" if value is None else value)),
    "True becomes 1": ("P2", params(lambda value: int(value) if isinstance(value, bool) else value)),
    "minus zero becomes zero": ("P2", floats(lambda value: value + 0.0)),
    "NaN becomes None": ("P2", floats(lambda value: None if math.isnan(value) else value)),
    "floats of six digits": ("P2", floats(lambda value: float(f"{value:.6g}"))),
    "texts stripped": ("P2", texts(str.strip)),
    "texts cut at 250": ("P2", texts(lambda text: text[:250])),
    "texts cut at 6,000": ("P2", texts(lambda text: text[:6_000])),
    "texts composed": ("P2", texts(lambda text: unicodedata.normalize("NFC", text))),
    "texts that look like numbers": (
        "P2",
        texts(lambda text: int(text) if text.isdigit() and text.isascii() else text),
    ),
    "texts end at NUL": ("P2", texts(lambda text: text.partition("\0")[0])),
    "percent codes decoded": ("P2", texts(lambda text: text.replace("%41", "A"))),
    "second page of params lost": (
        "P2",
        lambda patch: patch.runs(lambda run: {"params": dict(islice(run.params.items(), 1_000))}),
    ),
    "the last value wins": ("P3", lambda patch: patch.around(MemoryRuns, "write", overwriting)),
    "a refusal is kept quiet": (
        "P3",
        lambda patch: patch.around(MemoryRuns, "write", lambda write, *a: write(*a) and ()),
    ),
    "equal is what == says": ("P3", lambda patch: patch.put(RUN, "same_value", lambda left, right: left == right)),
    "NaN differs from itself": (
        "P3",
        lambda patch: patch.around(RUN, "same_value", lambda same, left, right: left == left and same(left, right)),
    ),
    "the last delivery wins": ("T1", lambda patch: patch.put(MEMORY, "_keep_greatest", last_delivery_wins)),
    "a deletion is forgotten": ("T1", lambda patch: patch.around(MEMORY, "_keep_greatest", deletion_forgotten)),
    "the least writer wins": ("T1", lambda patch: patch.put(MEMORY, "_keep_greatest", least_writer_wins)),
    "sequences compare as text": ("T1", lambda patch: patch.put(MEMORY, "_keep_greatest", sequence_as_text)),
    "empty tags vanish": ("T1", tags(lambda held: {name: value for name, value in held.items() if value})),
    "tags cut at 5,000": ("T1", tags(lambda held: {name: value[:5_000] for name, value in held.items()})),
    "tags stripped": ("T1", tags(lambda held: {name: value.strip() for name, value in held.items()})),
    "nothing is reserved": ("T2", lambda patch: patch.put(RUN, "is_reserved", lambda name: False)),
    "too much is reserved": (
        "T2",
        lambda patch: patch.put(RUN, "is_reserved", lambda name: name.lower().startswith("trackbridge")),
    ),
    "an editor may set what is reserved": (
        "T2",
        lambda patch: patch.put("trackbridge.store.edits", "checked_tags", lambda tags: dict(tags or {})),
    ),
    "drops step 0": ("M1", points_in(lambda points: [point for point in points if point.step])),
    "drops negative steps": ("M1", points_in(lambda points: [point for point in points if point.step >= 0])),
    "steps are floats": ("M1", steps(lambda step: int(float(step)))),
    "steps of 32 bits": ("M1", steps(lambda step: (step + 2**31) % 2**32 - 2**31)),
    "NaN becomes 0": ("M1", values(lambda value: 0.0 if math.isnan(value) else value)),
    "NaN is dropped": ("M1", points_in(lambda points: [point for point in points if not math.isnan(point.value)])),
    "infinity becomes the greatest number": (
        "M1",
        values(
            lambda value: max(min(value, 1.7976931348623157e308), -1.7976931348623157e308) if value == value else value
        ),
    ),
    "minus zero of a metric becomes zero": ("M1", values(lambda value: value + 0.0)),
    "denormals become zero": ("M1", values(lambda value: 0.0 if 0 < abs(value) < 2.3e-308 else value)),
    "float32": ("M1", values(lambda value: round(value, 7) if abs(value) < 1 else value)),
    "timestamps in seconds": (
        "M1",
        points_in(
            lambda points: [point._replace(timestamp_ms=point.timestamp_ms // 1_000 * 1_000) for point in points]
        ),
    ),
    "a second point at a step replaces the first": ("M2", points_out(last_at_a_step)),
    "sent twice is two": ("M2", points_out(lambda points: [point for point in points for _ in range(2)])),
    "steps sorted as text": (
        "M2",
        points_out(lambda points: sorted(points, key=lambda point: (point.name, str(point.step)))),
    ),
    "sorted by time first": (
        "M2",
        points_out(lambda points: sorted(points, key=lambda point: (point.name, point.timestamp_ms, point.step))),
    ),
    "order of arrival": ("M2", points_out(lambda points: points[::-1])),
    "all names for some": (
        "M2",
        lambda patch: patch.around(MemoryMetrics, "read", lambda read, self, run, names=None: read(self, run)),
    ),
    "zeros of both signs are one": (
        "M2",
        points_out(lambda points: list({(*point[:3], repr(point.value + 0.0)): point for point in points}.values())),
    ),
    "without a step it is 0": ("M3", lambda patch: patch.around(PointResolver, "resolve", always_zero)),
    "a resume counts from 0": (
        "M3",
        lambda patch: patch.around(PointResolver, "__init__", lambda init, self, greatest=None: init(self)),
    ),
    "times tie": ("M3", lambda patch: patch.around(PointResolver, "resolve", no_times)),
    "times move on by a second": (
        "M3",
        lambda patch: patch.around(_Clock, "stamp", lambda stamp, self, step, at: stamp(self, step, at + 3_600_000)),
    ),
    "last is the latest in time": ("M4", lambda patch: patch.around(MEMORY, "summarize", by_time)),
    "NaN is the minimum": ("M4", lambda patch: patch.around(MEMORY, "summarize", nan_is_least)),
    "minimum and maximum change places": ("M4", summaries(lambda one: {"min": one.max, "max": one.min})),
    "one too few": ("M4", summaries(lambda one: {"count": max(1, one.count - 1)})),
    "zero is no minimum": ("M4", summaries(lambda one: {"min": one.min + 0.0})),
    "sampled": ("M5", points_out(lambda points: points[::2] if len(points) > 1_000 else points)),
    "second page of points lost": ("M5", points_out(lambda points: points[:1_000])),
    "second page of metrics lost": (
        "M5",
        lambda patch: patch.runs(lambda run: {"metrics": dict(sorted(run.metrics.items())[:100])}),
    ),
    "the last point lost": ("M5", points_out(lambda points: points[:-1])),
    "bool and text are numbers": ("M6", lambda patch: patch.around(LOGGED, "check_value", any_number)),
    "only floats are numbers": (
        "M6",
        lambda patch: patch.around(
            LOGGED, "check_value", lambda check, value, name: check(value if type(value) is float else None, name)
        ),
    ),
}
