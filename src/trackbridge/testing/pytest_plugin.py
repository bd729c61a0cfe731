"""The pytest side of the contract suite; it loads in every pytest run, so it imports nothing until a Contract is met.

Whoever imports `trackbridge.testing.Contract` brings `trackbridge.testing.guard` along; until then every hook here
returns at once.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

__all__: list[str] = []


def _guard() -> ModuleType | Any:
    return sys.modules.get("trackbridge.testing.guard")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add where to write the reports."""
    group = parser.getgroup("trackbridge")
    group.addoption(
        "--trackbridge-report",
        metavar="DIR",
        default=None,
        help="Write what became of each clause of a trackbridge Contract to DIR, as JSON and Markdown.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> pytest.Collector | None:
    """Collect a subclass of Contract whatever its name is, once it has been found untouched."""
    guard = _guard()
    return guard.make_class(collector, name, obj) if guard else None


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one item a check."""
    if guard := _guard():
        guard.parametrize(metafunc)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Remember what was collected, to see what is missing later."""
    if guard := _guard():
        guard.remember(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, None, None]:
    """Look after everybody else has had their say."""
    yield
    if guard := _guard():
        guard.verify_items(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look once more: a later plugin's wrapper runs after ours."""
    if guard := _guard():
        guard.verify_items(session.config, session.items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A clause is never skipped."""
    report = yield
    guard = _guard()
    return guard.unskipped(item, report) if guard else report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather verdicts, from workers too."""
    if guard := _guard():
        guard.gather(report)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Settle which backends are certified; a suite that ran whole and lacks a verdict has failed."""
    if guard := _guard():
        guard.settle(session)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say which backends are certified, and why others are not."""
    if guard := _guard():
        guard.summarize(terminalreporter)
