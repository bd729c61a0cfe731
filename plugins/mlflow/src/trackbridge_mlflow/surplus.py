"""What MLflow holds beside runs as trackbridge knows them: it travels as files, or is said to stay (declared by name)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from trackbridge.errors import NotFound, Rejected, Unsupported
from trackbridge.protocol import SurplusFile
from trackbridge.records.values import canonical_json
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.errors import translated
from trackbridge_mlflow.finding import Finder
from trackbridge_mlflow.native import is_ours
from trackbridge_mlflow.routes import route_to

__all__ = ["STAYS", "TRAVELS", "Surplus"]

TRAVELS: Final[Mapping[str, str]] = {
    "mlflow.dataset-inputs": "how MLflow itself describes a data set: source, profile, schema and tags of each use",
    "mlflow.logged-models": "the records of models that a run logged or used: type, params, tags and metrics of their own",
    "mlflow.model-links": "which logged models were the run's inputs and outputs, and at which step",
    "mlflow.traces": "traces of a run with their spans and assessments",
}
STAYS: Final[Mapping[str, str]] = {
    "mlflow.ai-gateway": "endpoints, routes, budgets, guardrails and secrets of the gateway",
    "mlflow.creation-times": "when experiments and registered models were made, by whom, and last updated",
    "mlflow.evaluation-datasets": "evaluation data sets and their records, which belong to no run",
    "mlflow.logged-models-of-no-run": "logged models that no run names as its input or output",
    "mlflow.mcp-servers": "registered MCP servers",
    "mlflow.prompts": "the prompt registry",
    "mlflow.reviews": "review queues, label schemas and issues",
    "mlflow.scorers": "registered scorers and their schedules",
    "mlflow.traces-of-no-run": "traces that were made outside of any run",
    "mlflow.users": "users, permissions and workspaces",
    "mlflow.webhooks": "webhooks, whose secrets cannot be read",
}

_TRACES: Final = 100  # in one request
_SPANS_TAG: Final = "mlflow.trace.spansLocation"
_PLACE_TAG: Final = "mlflow.artifactLocation"
_SPANS_FILE: Final = "traces.json"


class Surplus:
    """See `trackbridge.protocol.SurplusStore`."""

    travels = TRAVELS
    stays = STAYS

    def __init__(self, client: Client, finder: Finder) -> None:
        self._client = client
        self._finder = finder
        self._traced: dict[str, bool] = {}

    def of_run(self, run_id: str) -> Iterator[SurplusFile]:
        """Give the surplus of one run; of one that trackbridge wrote, mostly nothing."""
        for run in self._finder.existing(run_id):
            yield from self._inputs(run)
            yield from self._models(run)
            yield from self._traces(run)

    def _inputs(self, run: Any) -> Iterator[SurplusFile]:
        found = [one for one in (run.inputs.dataset_inputs if run.inputs else ()) if not is_ours(one)]
        if found:
            rows = [{"dataset": dict(one.dataset), "tags": {tag.key: tag.value for tag in one.tags}} for one in found]
            yield _file("mlflow.dataset-inputs", "dataset-inputs.json", sorted(rows, key=canonical_json))

    def _models(self, run: Any) -> Iterator[SurplusFile]:
        inputs = [one.model_id for one in (run.inputs.model_inputs if run.inputs else ())]
        outputs = [[one.model_id, one.step] for one in (run.outputs.model_outputs if run.outputs else ())]
        if not inputs and not outputs:
            return
        links = {"inputs": sorted(inputs), "outputs": sorted(outputs)}
        yield _file("mlflow.model-links", "model-links.json", links)
        for model_id in sorted({*inputs, *(model_id for model_id, _ in outputs)}):
            try:
                model = self._client.tracking.get_logged_model(model_id)
            except NotFound:
                continue  # deleted since
            yield _file("mlflow.logged-models", f"logged-models/{model_id}.json", _plain(model.to_dictionary()))

    def _traces(self, run: Any) -> Iterator[SurplusFile]:
        experiment = str(run.info.experiment_id)
        if experiment not in self._traced:  # most have none, which need not be asked for each of their runs
            self._traced[experiment] = any(True for _ in self._infos(experiment, None, 1))
        if not self._traced[experiment]:
            return
        where = f"request_metadata.`mlflow.sourceRun` = '{run.info.run_id}'"
        for info in sorted(self._infos(experiment, where, _TRACES), key=lambda info: str(info.trace_id)):
            yield _file("mlflow.traces", f"traces/{info.trace_id}.json", self._trace(info))

    def _trace(self, info: Any) -> Any:
        """Give a trace with its spans, which lie in the store, or as of old in a file of their own."""
        if info.tags.get(_SPANS_TAG) == "TRACKING_STORE":
            return json.loads(self._client.tracking.get_trace(info.trace_id).to_json())
        content: dict[str, Any] = {"info": info.to_dict()}
        if location := info.tags.get(_PLACE_TAG):
            content["data"] = self._spans(location)
        return _plain(content)

    def _spans(self, location: str) -> Any:
        try:
            with translated(self._client.address.shown), route_to(location, self._client).open(_SPANS_FILE) as stream:
                return json.loads(stream.read())
        except NotFound:
            return None  # a trace that was cut short

    def _infos(self, experiment: str, where: str | None, page: int) -> Iterator[Any]:
        token: str | None = None
        while True:
            try:
                found: tuple[Sequence[Any], str | None] = self._client.tracking.search_traces(
                    locations=[experiment], filter_string=where, max_results=page, page_token=token
                )
            except (NotFound, Unsupported, Rejected):
                return  # an older server knows no traces
            infos, token = found
            yield from infos
            if not token:
                return


def _file(kind: str, path: str, content: Any) -> SurplusFile:
    return SurplusFile(kind, f"mlflow/{path}", canonical_json(content).encode())


def _plain(value: Any) -> Any:
    """Give what JSON has, in a form that does not change from one reading to the next."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if key != "last_updated_timestamp"}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value - value != 0:  # NaN and Inf, which JSON has not
        return repr(value)
    return value if isinstance(value, str | int | float | bool | None) else _named(value)


def _named(value: Any) -> Any:
    to_dictionary = getattr(value, "to_dictionary", None)
    return _plain(to_dictionary()) if to_dictionary else str(value)
