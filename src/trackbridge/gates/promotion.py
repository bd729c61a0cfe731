"""Reports kept with the version, and the promotion that names one."""

from __future__ import annotations

import hashlib
from typing import Final

from trackbridge.errors import IntegrityError, NotFound, Rejected
from trackbridge.gates.evaluation import Judgement
from trackbridge.gates.reports import Report
from trackbridge.protocol import Scope
from trackbridge.records.models import ModelVersion
from trackbridge.registry import Plan
from trackbridge.store import Store

__all__ = ["keep_report", "promote", "read_report"]

_FOLDER: Final = "gate"


def keep_report(store: Store, version: ModelVersion, report: Report) -> None:
    """Keep a report beside the version's run, where no listing of artifacts shows it and no digest of the run covers it.

    The files are named by the report's digest, so that a later one never replaces an earlier; a version without a run
    here has its reports beside the model.
    """
    for name, data in report.files.items():
        store.backend.adapter.objects.put(_scope(version), _name(report.digest, name), data)


def read_report(store: Store, version: ModelVersion, digest: str, name: str = "gate.json") -> bytes:
    """Read a file of a report that was kept.

    Args:
        store: Where the model is.
        version: The version that was judged.
        digest: The report's digest, as the trail's entry has it.
        name: "gate.json", "junit.xml", "gate.md" or "gate.html".

    Raises:
        NotFound: no such report was kept.
        IntegrityError: its gate.json is not what the digest is of.
    """
    objects, scope = store.backend.adapter.objects, _scope(version)
    data = objects.get(scope, _name(digest, "gate.json"))
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
        raise IntegrityError(
            f"the report {digest} is not what was kept", clause="G5", remedy="Judge the version again."
        )
    return data if name == "gate.json" else objects.get(scope, _name(digest, name))


def promote(
    store: Store,
    plan: Plan,
    judgement: Judgement,
    report: Report,
    *,
    actor: str | None = None,
    comment: str | None = None,
    forced: str | None = None,
) -> ModelVersion:
    """Promote a version that a gate let pass, or overrule the gate with a reason that is kept for ever.

    Args:
        store: Where the model is.
        plan: What to do; it must have been made *before* the gate judged, so that nothing can have moved in between.
        judgement: What the gate said.
        report: The report of it, kept.
        actor: Who decides.
        comment: Why.
        forced: Why the gate is overruled; None to obey it.

    Raises:
        Rejected: the gate said no and is not overruled, or it judged another version than the plan moves.
        Conflict: the model has changed since the plan was made.
    """
    version = judgement.candidate.version
    if (plan.model, plan.version) != (version.model, version.number):
        raise Rejected(f"the gate judged version {version.number}, not version {plan.version}", clause="G5")
    overruled = forced is not None and not judgement.allowed
    if not judgement.allowed and not overruled:
        raise Rejected(
            f"the gate of {plan.model!r} does not let version {version.number} pass",
            clause="G5",
            remedy="Mend what it found, or overrule it with a reason.",
        )
    return store.registry.promote(
        plan, actor=actor, comment=forced if overruled else comment, gate_digest=report.digest, forced=overruled
    )


def _scope(version: ModelVersion) -> Scope:
    return Scope("model", version.model) if version.run_id is None else Scope("run", version.run_id)


def _name(digest: str, name: str) -> str:
    hexadecimal = digest.removeprefix("sha256:")
    if len(hexadecimal) != hashlib.sha256().digest_size * 2 or not hexadecimal.isalnum():
        raise NotFound(f"{digest!r} is no digest of a report", clause="G5", remedy="Take it from the trail's entry.")
    return f"{_FOLDER}/{hexadecimal}.{name}"
