"""Watches one run for its policy, from the start to the end."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from trackbridge.errors import Rejected
from trackbridge.policy.facts import RegisteredModel, RunFacts
from trackbridge.policy.judging import Violation, lacking, offending
from trackbridge.policy.rules import Policy
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.log import LoggedArtifact, LoggedParams, LoggedSeries, LoggedVersion, LogRecord
from trackbridge.records.names import is_reserved
from trackbridge.records.writes import TagWrite
from trackbridge.redaction import redacted_logger

__all__ = ["POLICY_TAG", "Guard"]

POLICY_TAG: Final = "trackbridge.policy"
_MOST_CHARS: Final = 4_000  # what every vendor's tag shows whole
_LOGGER: Final = redacted_logger("trackbridge.policy")


class Guard:
    """Holds what a run logs against the rules, each record as it comes.

    Args:
        policy: The rules.
        facts: What is known before the first record.

    Raises:
        Rejected: the run may not be started so.
    """

    def __init__(self, policy: Policy, facts: RunFacts) -> None:
        self._policy = policy
        self._facts = facts
        self._lock = threading.Lock()
        self._warned: dict[str, None] = {}
        self._refuse(offending(policy, facts))

    @property
    def wants_metrics(self) -> bool:
        """Whether a rule is about the names of metrics, which then have to be looked at."""
        return any(rule.asks.metrics or "metrics" in rule.asks.names for rule in self._policy)

    def see(self, record: LogRecord) -> None:
        """Take note of a record before it is handed over; raise `Rejected` where it may not be."""
        news = RunFacts(self._facts.experiment)
        match record:
            case LoggedParams(params=params):
                news.params.update(params)
            case TagWrite(name=name, value=str(value)) if not is_reserved(name):
                news.tags[name] = value
            case TagWrite(name=name, value=None):
                with self._lock:
                    self._facts.tags.pop(name, None)
                return
            case LoggedSeries(name=name):
                news.metrics.add(name)
            case LoggedArtifact(path=path, size=size):
                news.artifacts[path] = size
            case DatasetRecord():
                news.datasets.append(record)
            case LoggedVersion(model=model, signature=signature, input_example=example):
                news.models.append(RegisteredModel(model, signature is not None, example is not None))
            case _:
                return
        self._take(news)

    def see_metrics(self, names: Iterable[str]) -> None:
        """Take note of the names of metrics."""
        fresh = set(names) - self._facts.metrics
        if fresh:
            self._take(replace(RunFacts(self._facts.experiment), metrics=fresh))

    def finish(self) -> tuple[str | None, Rejected | None]:
        """Judge the run as it ends.

        Returns:
            What its tag shall say, None for nothing; and the error to raise once all is delivered, None for none.
        """
        with self._lock:
            found = list(lacking(self._policy, self._facts))
        enforced = [violation for violation in found if violation.rule.mode == "enforce"]
        for violation in found:
            _LOGGER.warning("%s", violation.text)
            if violation.rule.mode == "warn":
                self._warned[violation.text] = None
        texts = [
            *(f"violated: {violation.text}" for violation in enforced),
            *(f"warned: {text}" for text in self._warned),
        ]
        fatal = [violation.text for violation in enforced if violation.rule.at_finish == "fail"]
        error = Rejected(
            "; ".join(fatal), clause="policy", remedy="The run is recorded, and marked with the tag trackbridge.policy."
        )
        return "\n".join(texts)[:_MOST_CHARS] or None, error if fatal else None

    def _take(self, news: RunFacts) -> None:
        self._refuse(offending(self._policy, news))
        facts = self._facts
        with self._lock:
            facts.params |= news.params
            facts.tags |= news.tags
            facts.metrics |= news.metrics
            facts.artifacts |= news.artifacts
            facts.datasets += news.datasets
            facts.models += news.models

    def _refuse(self, violations: Iterable[Violation]) -> None:
        for violation in violations:
            if violation.rule.mode == "enforce":
                raise Rejected(violation.text, clause="policy", remedy="Nothing of it was recorded.")
            if violation.text not in self._warned:
                self._warned[violation.text] = None
                _LOGGER.warning("%s", violation.text)
