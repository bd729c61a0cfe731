"""Runs without a record: trial components of AWS's SDK, of training jobs, or of ours when their record was lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from trackbridge.errors import NotFound
from trackbridge.protocol import NativeMetric, NativeRun
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.ids import foreign_run_id
from trackbridge.records.metrics import MetricPoint, point_key
from trackbridge.records.values import ParamValue
from trackbridge_sagemaker.client import Client
from trackbridge_sagemaker.mirror import Mirror, to_ms
from trackbridge_sagemaker.names import run_id_in
from trackbridge_sagemaker.reading import native_param
from trackbridge_sagemaker.screen import status_of

__all__ = ["Foreign"]

_VERSION_NIBBLE, _UUID5 = 12, "5"
_QUERIES: Final = 100


class Foreign:
    """Finds and reads such components. A component's ARN is unique in the whole world, and so is its run's id (R1)."""

    def __init__(self, client: Client, mirror: Mirror) -> None:
        self._client = client
        self._mirror = mirror
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, str]] = {}  # id → component and experiment

    def note(self, component: Mapping[str, Any], experiment: str) -> str:
        """Remember a component that was seen in an experiment; give its run's id, which one of ours has in its name."""
        run_id = run_id_in(component["TrialComponentName"]) or foreign_run_id(component["TrialComponentArn"])
        self._known[run_id] = (component["TrialComponentName"], experiment)
        return run_id

    def find(self, run_id: str, experiments: Iterator[tuple[str, str]]) -> NativeRun | None:
        """Give a foreign run.

        Args:
            run_id: Its id.
            experiments: Native and true name of every experiment, to be gone through where the id is not known yet.
        """
        with self._lock:
            if run_id not in self._known and (run_id[_VERSION_NIBBLE] == _UUID5 or self._mirror.describe(run_id)):
                self._look_around(experiments)
        found = self._known.get(run_id)
        if found is None:
            return None
        try:
            described = self._client.call("describe_trial_component", TrialComponentName=found[0])
        except NotFound:
            return None
        return self.read(described, self._mirror.tags(described["TrialComponentArn"]), found[1])

    def _look_around(self, experiments: Iterator[tuple[str, str]]) -> None:
        for native, name in experiments:
            for component in self._client.pages(
                "list_trial_components", "TrialComponentSummaries", ExperimentName=native
            ):
                self.note(component, name)

    def read(self, described: Mapping[str, Any], tags: Mapping[str, str], experiment: str) -> NativeRun:
        """Read a component as SageMaker describes it, or as its search finds it."""
        name = described.get("DisplayName") or described["TrialComponentName"]
        status = status_of(described.get("Status", {}).get("PrimaryStatus"))
        started_ms = to_ms(described.get("StartTime") or described.get("CreationTime")) or 0
        return NativeRun(
            id=self.note(described, experiment),
            native_id=described["TrialComponentArn"],
            experiment=experiment,
            name=name,
            status=status,
            started_ms=started_ms,
            ended_ms=None
            if status == "RUNNING"
            else to_ms(described.get("EndTime") or described.get("LastModifiedTime")),
            params={key: native_param(value) for key, value in described.get("Parameters", {}).items()},
            tags={key: value for key, value in tags.items() if not key.lower().startswith("aws:")},
            metrics={found["MetricName"]: NativeMetric() for found in described.get("Metrics", ())},
            datasets=tuple(
                DatasetRecord(key, uri=found["Value"] or None)
                for key, found in sorted(described.get("InputArtifacts", {}).items())
            ),
            attributes=dict(_attributes(described)),
        )

    def points(self, run_id: str, names: Sequence[str] | None) -> Iterator[MetricPoint]:
        """Give the points that SageMaker still tells of a foreign run: one a step, at the time of the series' last.

        Its metrics are aggregated as they are read; neither the other points of a step nor their times come back.
        """
        found = self._known.get(run_id)
        if found is None:
            raise NotFound(f"there is no run {run_id} in {self._client.address.shown}", clause="R1")
        described = self._client.call("describe_trial_component", TrialComponentName=found[0])
        times = {one["MetricName"]: to_ms(one.get("TimeStamp")) or 0 for one in described.get("Metrics", ())}
        wanted = sorted(name for name in times if names is None or name in set(names))
        for start in range(0, len(wanted), _QUERIES):
            some = wanted[start : start + _QUERIES]
            queries = [_query(name, described["TrialComponentArn"]) for name in some]
            answers = self._client.call("batch_get_metrics", MetricQueries=queries)["MetricQueryResults"]
            for name, answer in zip(some, answers, strict=True):
                pairs = zip(answer["XAxisValues"], answer["MetricValues"], strict=True)
                yield from sorted(
                    (MetricPoint(name, int(step), times[name], value) for step, value in pairs), key=point_key
                )

    def artifacts(self, run_id: str) -> dict[str, str]:
        """Give name and address of what a foreign run has put into S3."""
        found = self._known.get(run_id)
        if found is None:
            raise NotFound(f"there is no run {run_id} in {self._client.address.shown}", clause="R1")
        described = self._client.call("describe_trial_component", TrialComponentName=found[0])
        outputs = described.get("OutputArtifacts", {})
        return {key: one["Value"] for key, one in outputs.items() if one["Value"].startswith("s3://")}


def _query(name: str, arn: str) -> dict[str, str]:
    return {
        "MetricName": name,
        "ResourceArn": arn,
        "MetricStat": "Last",
        "Period": "IterationNumber",
        "XAxisType": "IterationNumber",
    }


def _attributes(described: Mapping[str, Any]) -> Iterator[tuple[str, ParamValue]]:
    if source := described.get("Source", {}).get("SourceArn"):
        yield "sagemaker.source", source
    if message := described.get("Status", {}).get("Message"):
        yield "sagemaker.status", message
    for key, value in described.get("MetadataProperties", {}).items():
        yield f"sagemaker.{key}", value
