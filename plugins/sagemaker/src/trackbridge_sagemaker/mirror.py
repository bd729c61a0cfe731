"""A run's trial component: made, placed, and set to what the screen is to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from trackbridge.errors import NotFound, TrackbridgeError
from trackbridge_sagemaker.client import Client
from trackbridge_sagemaker.documents import Body
from trackbridge_sagemaker.errors import already_exists
from trackbridge_sagemaker.names import component_name
from trackbridge_sagemaker.places import Places
from trackbridge_sagemaker.screen import Screen, status_of

__all__ = ["Mirror", "moment", "to_ms"]

_TAGS_AT_ONCE: Final = 50
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(time_ms: int) -> datetime:
    """Give a time as boto3 takes it; SageMaker keeps whole seconds, the record milliseconds."""
    return _EPOCH + timedelta(milliseconds=time_ms)


def to_ms(time: datetime | None) -> int | None:
    """Give a time of boto3's in milliseconds."""
    return None if time is None else (time - _EPOCH) // timedelta(milliseconds=1)


class Mirror:
    """Writes screens to trial components."""

    def __init__(self, client: Client, places: Places) -> None:
        self._client = client
        self._places = places

    def create(self, record: Body, experiment: str, screen: Screen, folder: str) -> tuple[str, str, bool]:
        """Make the component of a run and put it into a trial, if either is not so yet.

        Args:
            record: The run's record.
            experiment: The native name of its experiment.
            screen: What it is to show.
            folder: The address of the run's folder in the bucket.

        Returns:
            Its ARN, the trial, and whether it was made by this call.
        """
        made = True
        name = component_name(record["id"])
        try:
            answer = self._client.call(
                "create_trial_component",
                TrialComponentName=name,
                DisplayName=screen.name,
                Status={"PrimaryStatus": screen.status},
                StartTime=moment(record["started_ms"]),
                OutputArtifacts={
                    "artifacts": {"Value": f"{folder}artifacts/"[:2_048]},
                    "record": {"MediaType": "application/json", "Value": f"{folder}run.json"[:2_048]},
                },
            )
        except TrackbridgeError as error:
            if not already_exists(error):
                raise
            made = False
            answer = self._client.call("describe_trial_component", TrialComponentName=name)
        trial = record["trial"]
        return str(answer["TrialComponentArn"]), self._places.put(name, experiment) if trial is None else trial, made

    def describe(self, run_id: str) -> dict[str, Any] | None:
        """Give SageMaker's description of a run's component, None where there is none."""
        try:
            return self._client.call("describe_trial_component", TrialComponentName=component_name(run_id))
        except NotFound:
            return None

    def tags(self, arn: str) -> dict[str, str]:
        """Give the tags of a resource."""
        tags: dict[str, str] = {}
        token: str | None = None
        while True:
            answer = self._client.call("list_tags", ResourceArn=arn, NextToken=token)
            tags.update((tag["Key"], tag["Value"]) for tag in answer.get("Tags", ()))
            token = answer.get("NextToken")
            if not token:
                return tags

    def shown(self, described: Mapping[str, Any], tags: Mapping[str, str]) -> Screen:
        """Give the screen that a description and tags make up."""
        primary = described.get("Status", {}).get("PrimaryStatus", "InProgress")
        return Screen(
            name=described.get("DisplayName") or described["TrialComponentName"],
            status="InProgress" if status_of(primary) == "RUNNING" else primary,
            ended_ms=to_ms(described.get("EndTime")),
            params=described.get("Parameters", {}),
            tags={key: value for key, value in tags.items() if not key.lower().startswith("aws:")},
            inputs={key: found["Value"] for key, found in described.get("InputArtifacts", {}).items()},
        )

    def apply(self, run_id: str, arn: str, before: Screen, after: Screen) -> None:
        """Change a component from what it shows to what it is to show; parameters and inputs are never removed."""
        changes: dict[str, Any] = {}
        if after.name != before.name:
            changes["DisplayName"] = after.name
        if after.status != before.status:
            changes["Status"] = {"PrimaryStatus": after.status}
        if after.ended_ms is not None and after.ended_ms != before.ended_ms:
            changes["EndTime"] = moment(after.ended_ms)
        # "Replaces all … or adds new": whichever it is, the whole map comes to the same.
        if any(before.params.get(key) != value for key, value in after.params.items()):
            changes["Parameters"] = after.params
        if any(before.inputs.get(key) != uri for key, uri in after.inputs.items()):
            changes["InputArtifacts"] = {key: {"Value": uri} for key, uri in after.inputs.items()}
        if changes:
            self._client.call("update_trial_component", TrialComponentName=component_name(run_id), **changes)
        self._apply_tags(arn, before.tags, after.tags)

    def _apply_tags(self, arn: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        gone = sorted(before.keys() - after.keys())
        for keys in _pieces(gone):
            self._client.call("delete_tags", ResourceArn=arn, TagKeys=keys)
        fresh = [{"Key": key, "Value": value} for key, value in sorted(after.items()) if before.get(key) != value]
        for tags in _pieces(fresh):
            self._client.call("add_tags", ResourceArn=arn, Tags=tags)

    def remove(self, run_id: str, trial: str) -> None:
        """Remove a component for good: from its trials first, for SageMaker asks for that order.

        Lists lag behind, so that the trial it was put into is named by the caller.
        """
        name = component_name(run_id)
        if self.describe(run_id) is None:
            return
        listed = self._client.pages("list_trials", "TrialSummaries", TrialComponentName=name)
        for one in {trial, *(found["TrialName"] for found in listed)} - {""}:
            with suppress(NotFound):
                self._client.call("disassociate_trial_component", TrialComponentName=name, TrialName=one)
        with suppress(NotFound):
            self._client.call("delete_trial_component", TrialComponentName=name)


def _pieces(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[start : start + _TAGS_AT_ONCE] for start in range(0, len(items), _TAGS_AT_ONCE)]
