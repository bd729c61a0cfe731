"""Runs one check against one backend and says what became of it; a declared absence turns the check around."""

from __future__ import annotations

from trackbridge.errors import Unsupported
from trackbridge.testing.checks import Check
from trackbridge.testing.lab import Lab, Scale
from trackbridge.testing.report import Outcome

__all__ = ["run_check"]

_DETAIL_CHARS = 600


def run_check(one: Check, url: str, scale: Scale | None = None) -> Outcome:
    """Run a check in a laboratory of its own.

    Where the backend declares the check's capability absent, nothing but `Unsupported` naming it will do: passing,
    doing nothing and any other error have failed.
    """
    with Lab(url, scale or Scale()) as lab:
        absent = lab.spec.capabilities.absent(one.capability)
        try:
            one.function(lab)
        except Unsupported as error:
            if absent and error.capability == one.capability:
                return Outcome(one, "refused", f"{one.capability} ({absent.why}): {absent.reason}", lab.provoked)
            return _failed(one, lab, error)
        except Exception as error:  # noqa: BLE001 - whatever a foreign adapter raises is a finding, not a crash
            return _failed(one, lab, error)
        if absent:
            wrong = AssertionError(
                f"{one.capability} is declared absent ({absent.reason}), yet the check passed without Unsupported"
            )
            return _failed(one, lab, wrong)
        return Outcome(one, "kept", "", lab.provoked)


def _failed(one: Check, lab: Lab, error: Exception) -> Outcome:
    text = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
    if lab.spec.capabilities.absent(one.capability):
        text = f"{one.capability} is declared absent, so Unsupported naming it was due; {text}"
        due = AssertionError(text)
        due.__cause__, error = error, due
    return Outcome(one, "failed", " ".join(text.split())[:_DETAIL_CHARS], lab.provoked, error)
