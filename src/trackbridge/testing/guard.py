"""Keeps the suite whole under pytest: tampering is an error at collection, and a gap means no certificate.

None of this is a test, so ``-k`` cannot leave it out. A user's own choice of what to run is no tampering; it only
gives no certificate.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from trackbridge.errors import TrackbridgeError
from trackbridge.protocol import parse_url
from trackbridge.protocol.discovery import find_adapter
from trackbridge.testing.checks import all_checks, seal, verify_registry
from trackbridge.testing.report import Column, Outcome, Report, conformance_page, make_report

__all__ = [
    "gather",
    "make_class",
    "parametrize",
    "record",
    "remember",
    "settle",
    "summarize",
    "unskipped",
    "verify_items",
    "watch",
]

FREE: Final = frozenset({"url", "scale", "backend_url"})
"""What a subclass of Contract may set."""

_PROPERTY = "trackbridge"
_HARMLESS = frozenset({"__module__", "__doc__", "__dict__", "__weakref__", "__qualname__", "__annotations__",
                       "__firstlineno__", "__static_attributes__", "__orig_bases__", "__parameters__"})  # fmt: skip
_FORBIDDEN = frozenset({"__init__", "__new__", "__getattribute__", "__getattr__", "__init_subclass__",
                        "__class_getitem__", "pytest_generate_tests"})  # fmt: skip
_EVASIONS = ("skip", "skipif", "xfail")


@dataclass(slots=True)
class _Class:
    """One collected subclass of Contract: what it had at first, and what came of it."""

    expected: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    url: str = ""
    report: Report | None = None
    lacking: str = ""


class _Watch:
    """What this process watches over: the untouched class, and every subclass that was collected."""

    contract: type | None = None
    sealed: Final[dict[str, tuple[object, object]]] = {}
    classes: Final[dict[str, _Class]] = {}


def watch(contract: type) -> None:
    """Take down what the base class looks like before anybody else can touch it."""
    _Watch.contract = contract
    _Watch.sealed.update(_anatomy(contract))
    seal()


def _anatomy(contract: type) -> dict[str, tuple[object, object]]:
    return {name: (value, getattr(value, "__code__", None)) for name, value in vars(contract).items()
            if name not in _HARMLESS}  # fmt: skip


def make_class(collector: pytest.Module | pytest.Class, name: str, obj: object) -> pytest.Collector | None:
    """Collect a subclass of Contract, or raise `CollectError` saying what was tampered with."""
    contract = _Watch.contract
    if contract is None or not isinstance(obj, type) or not issubclass(obj, contract):
        return None
    if obj is contract or getattr(obj, "__test__", True) is False:
        return None
    if wrong := "; ".join(_tampering(obj, contract)):
        raise pytest.Collector.CollectError(f"{name} tampers with the contract suite: {wrong}.")
    made = pytest.Class.from_parent(collector, name=name)
    assert made.obj is obj  # and with this look at it, pytest takes its marks over
    if wrong := "; ".join(_marks(made)):
        raise pytest.Collector.CollectError(f"{name} tampers with the contract suite: {wrong}.")
    _Watch.classes[made.nodeid] = _Class()
    return made


def _tampering(cls: type, contract: type) -> Iterator[str]:
    try:
        verify_registry()
    except TrackbridgeError as error:
        yield str(error)
    now = _anatomy(contract)
    for name in sorted(_Watch.sealed.keys() | now.keys()):
        if _Watch.sealed.get(name) != now.get(name):
            yield f"Contract.{name} was {'replaced' if name in now else 'deleted'}"
    for owner in cls.__mro__[: cls.__mro__.index(contract)]:
        for name in vars(owner):
            if (name in _Watch.sealed and name not in FREE) or name in _FORBIDDEN:
                yield f"{owner.__name__} overrides {name}"
    if type(cls) is not type(contract):
        yield f"it has the metaclass {type(cls).__name__}"


def _marks(node: pytest.Collector | pytest.Item) -> Iterator[str]:
    for mark in node.iter_markers():
        if mark.name in _EVASIONS:
            yield f"the mark {mark.name} would keep a clause from being checked; declare what is Absent instead"


def _class_of(item: pytest.Item) -> _Class | None:
    parent = item.getparent(pytest.Class)
    if parent is None or getattr(item, "originalname", "") != "test_clause":
        return None
    return _Watch.classes.get(parent.nodeid)


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Give `Contract.test_clause` its checks."""
    ours = _Watch.contract and metafunc.cls and issubclass(metafunc.cls, _Watch.contract)
    if ours and metafunc.function.__name__ == "test_clause":
        metafunc.parametrize("check", all_checks(), ids=[one.id for one in all_checks()])


def remember(item: pytest.Item) -> None:
    """Take down one collected check."""
    collected = _class_of(item)
    if collected is not None and isinstance(item, pytest.Function):
        check: Any = item.callspec.params["check"]
        collected.expected[item.nodeid] = check.id


def verify_items(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Raise `UsageError` where code, not the user, marked or removed a check."""
    present = set()
    for item in items:
        if _class_of(item) is not None:
            present.add(item.nodeid)
            if wrong := "; ".join(_marks(item)):
                raise pytest.UsageError(f"{item.nodeid} was tampered with: {wrong}.")
    for nodeid, collected in _Watch.classes.items():
        gone = sorted(collected.expected.keys() - present)
        if gone and not _chosen_by_user(config):
            raise pytest.UsageError(
                f"{nodeid} was tampered with: {len(gone)} checks were deselected by code, {gone[0]} first."
            )
        if {one.id for one in all_checks()} - set(collected.expected.values()) or gone:
            collected.lacking = "not every check was selected"


def _chosen_by_user(config: pytest.Config) -> bool:
    """Tell whether the command line itself chose what to run."""
    option = config.option
    names = ("keyword", "markexpr", "deselect", "lf", "failedfirst", "stepwise", "stepwise_skip", "last_failed")
    return any(getattr(option, name, None) for name in names) or any("::" in arg for arg in config.args)


def record(item: pytest.Item, outcome: Outcome, url: str) -> None:
    """Put a verdict where the report carries it to whoever gathers, another process too."""
    parent = item.getparent(pytest.Class)
    item.user_properties.append((_PROPERTY, {
        "class": parent.nodeid if parent else "",
        "check": outcome.check.id,
        "url": url,
        "verdict": outcome.verdict,
        "detail": outcome.detail,
        "provoked": list(outcome.provoked),
    }))  # fmt: skip


def gather(report: pytest.TestReport) -> None:
    """Take a verdict out of a report."""
    if report.when != "call":
        return
    for name, value in report.user_properties:
        if name == _PROPERTY and isinstance(value, dict):
            by_id = {one.id: one for one in all_checks()}
            known: Any = value
            collected = _Watch.classes.setdefault(known["class"], _Class())
            collected.url = known["url"]
            collected.outcomes[known["check"]] = Outcome(
                by_id[known["check"]], known["verdict"], known["detail"], tuple(known["provoked"])
            )


def unskipped(item: pytest.Item, report: pytest.TestReport) -> pytest.TestReport:
    """Turn a skipped check into a failed one."""
    if report.skipped and _class_of(item) is not None:
        report.outcome = "failed"
        vars(report).pop("wasxfail", None)  # with it, pytest would not count the failure
        report.longrepr = f"{item.nodeid} was skipped or expected to fail; a clause is kept or refused, never skipped."
    return report


def settle(session: pytest.Session) -> None:
    """Make each class's report, write it where asked, and fail a session that ran whole but is not certified."""
    if hasattr(session.config, "workerinput"):
        return  # a worker of pytest-xdist; the process that gathers will settle
    columns = []
    for nodeid, collected in sorted(_Watch.classes.items()):
        whole = not collected.lacking
        if collected.outcomes:
            url = parse_url(collected.url)
            deviations = {one.name: one.clause for one in find_adapter(url).deviations}
            collected.report = make_report(str(url), collected.outcomes, deviations)
            columns.append(Column(nodeid.rpartition("::")[2], str(url), collected.report))
        elif whole:
            collected.lacking = "no check ran"
        certified = collected.report is not None and collected.report.certified
        if whole and not certified and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if columns and (folder := session.config.getoption("--trackbridge-report")):
        _write(Path(folder), columns)


def _write(folder: Path, columns: list[Column]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    reports = [{"name": column.title, **column.report.as_json()} for column in columns]
    (folder / "conformance.json").write_text(json.dumps(reports, indent=1, ensure_ascii=False) + "\n")
    (folder / "conformance.md").write_text(conformance_page(columns))


def summarize(terminal: Any) -> None:
    """Print one line a backend."""
    if not _Watch.classes or hasattr(terminal.config, "workerinput"):
        return
    terminal.section("trackbridge contract")
    for nodeid, collected in sorted(_Watch.classes.items()):
        if collected.report and collected.report.certified and not collected.lacking:
            terminal.line(f"{nodeid}: certified, suite {collected.report.suite}", green=True)
            continue
        failed = [row for row in collected.report.rows if row.verdict == "failed"] if collected.report else []
        why = collected.lacking or "; ".join(f"{row.clause}: {row.detail}" for row in failed)
        terminal.line(f"{nodeid}: no certificate: {why}", red=True)
