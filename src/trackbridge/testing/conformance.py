"""The whole suite against one backend, without pytest: what ``trackbridge conformance URL`` runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from trackbridge.protocol import parse_url
from trackbridge.testing.checks import all_checks, verify_registry
from trackbridge.testing.lab import Lab, Scale
from trackbridge.testing.report import Outcome, Report, make_report
from trackbridge.testing.verdicts import run_check

__all__ = ["Progress", "run_conformance"]

Progress: TypeAlias = Callable[[int, int, str], None]
"""Called with how many checks are done, how many there are, and the id of the next one ("" at the end)."""


def run_conformance(url: str, progress: Progress | None = None, *, scale: Scale | None = None) -> Report:
    """Run every check against a backend and give one row a clause.

    It leaves experiments, runs and models behind, all named ``tbc-…``.

    Args:
        url: The backend.
        progress: Told before each check, and once at the end.
        scale: How much data the checks write; smaller for slow or paid backends.

    Raises:
        ConfigurationError: the URL, the plugin or its declaration is wrong.
        AuthError, Transient: the backend cannot be reached.
        IntegrityError: the suite itself was tampered with.
    """
    verify_registry()
    with Lab(url) as lab:
        lab.backend.adapter.check()
        deviations = {one.name: one.clause for one in lab.spec.deviations}
    outcomes: dict[str, Outcome] = {}
    checks = all_checks()
    for n, one in enumerate(checks):
        if progress:
            progress(n, len(checks), one.id)
        outcomes[one.id] = run_check(one, url, scale)
    if progress:
        progress(len(checks), len(checks), "")
    return make_report(str(parse_url(url)), outcomes, deviations)
