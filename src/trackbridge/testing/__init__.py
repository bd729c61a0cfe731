"""The contract suite, shipped: an adapter is right when it passes.

An adapter's author writes::

    from trackbridge.testing import Contract


    class TestToy(Contract):
        url = "toy://bench"
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackbridge.testing.conformance import run_conformance
    from trackbridge.testing.contract import Contract
    from trackbridge.testing.lab import Lab, Scale
    from trackbridge.testing.probe import Probe, ProbedModel, ProbedRun
    from trackbridge.testing.report import Column, Report, Row, conformance_page
    from trackbridge.testing.suite import SUITE_VERSION

__all__ = [
    "SUITE_VERSION",
    "Column",
    "Contract",
    "Lab",
    "Probe",
    "ProbedModel",
    "ProbedRun",
    "Report",
    "Row",
    "Scale",
    "conformance_page",
    "run_conformance",
]

_HOMES = {
    "SUITE_VERSION": "suite",
    "Column": "report",
    "Contract": "contract",
    "Lab": "lab",
    "Probe": "probe",
    "ProbedModel": "probe",
    "ProbedRun": "probe",
    "Report": "report",
    "Row": "report",
    "Scale": "lab",
    "conformance_page": "report",
    "run_conformance": "conformance",
}


def __getattr__(name: str) -> Any:
    # The pytest plugin lives in this package and loads in every pytest run: nothing may come along with it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
