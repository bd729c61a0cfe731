"""Each switch changes what it says; none is left out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1

from emulators.vertex import Remote, Switches

REFUSED = "refused"


@dataclass(slots=True)
class Project:
    """What a question about a switch may be asked of."""

    metadata: v1.MetadataServiceClient
    boards: v1.TensorboardServiceClient
    models: v1.ModelServiceClient
    parent: str
    store: str
    run: str
    asked: int = 0

    def context(self, **more: Any) -> v1.Context:
        self.asked += 1
        named = more.pop("context_id", f"context-{self.asked}")
        return self.metadata.create_context(parent=self.store, context=v1.Context(**more), context_id=named)

    def update(self, **more: Any) -> v1.Context:
        mask = {"paths": more.pop("paths", [])}
        return self.metadata.update_context(request={"context": v1.Context(**more), "update_mask": mask})

    def found(self, text: str) -> list[str]:
        listed = self.metadata.list_contexts(request={"parent": self.store, "filter": text, "order_by": "create_time"})
        return [context.display_name for context in listed]

    def upload(self, **more: Any) -> str:
        named = {key: more.pop(key) for key in ("model_id", "parent_model") if key in more}
        model = v1.Model(**{"display_name": "m", **more})
        return self.models.upload_model(request={"parent": self.parent, "model": model, **named}).result().model

    def aliases(self, name: str) -> dict[str, list[str]]:
        return {one.version_id: sorted(one.version_aliases) for one in self.models.list_model_versions(name=name)}

    def series(self, *points: tuple[int, float]) -> str:
        self.asked += 1
        made = v1.TensorboardTimeSeries(display_name=f"series-{self.asked}", value_type="SCALAR")
        name = self.boards.create_tensorboard_time_series(parent=self.run, tensorboard_time_series=made).name
        values = [v1.TimeSeriesDataPoint(step=step, scalar=v1.Scalar(value=value)) for step, value in points]
        for start in range(0, len(values), 5000):
            part = values[start : start + 5000]
            data = v1.TimeSeriesData(
                tensorboard_time_series_id=name.rpartition("/")[2], value_type="SCALAR", values=part
            )
            self.boards.write_tensorboard_run_data(tensorboard_run=self.run, time_series_data=[data])
        return name


def project_names(asked: Project) -> object:
    return "number" if asked.context().name.split("/")[1].isdigit() else "id"


def struct_nan(asked: Project) -> object:
    (value,) = asked.context(metadata={"x": math.nan}).metadata.values()
    return "null" if value is None else "keep" if math.isnan(value) else value


def metadata_bytes(asked: Project) -> object:
    return len(asked.context(metadata={"x": "y" * 202_000}).metadata["x"])


def short_ids(asked: Project) -> object:
    return asked.context(context_id="abc").name.rpartition("/")[2]


def unknown_schemas(asked: Project) -> object:
    return asked.context(schema_title="un.Known").schema_title


def maskless_update(asked: Project) -> object:
    name = asked.context(metadata={"a": 1}).name
    return dict(asked.update(name=name, metadata={"b": 2}).metadata)


def struct_masks(asked: Project) -> object:
    name = asked.context(metadata={"a": 1, "b": 2}).name
    return dict(asked.update(name=name, metadata={"a": 3}, paths=["metadata.a", "metadata.b"]).metadata)


def idle_update(asked: Project) -> object:
    made = asked.context(display_name="x")
    answered = asked.update(name=made.name, display_name="x").etag
    kept = asked.metadata.get_context(name=made.name).etag
    return (answered == made.etag, kept == made.etag)


def filter_not(asked: Project) -> object:
    asked.context(display_name="a")
    asked.context(display_name="b")
    return asked.found('NOT display_name="a"')


def filter_wildcards(asked: Project) -> object:
    asked.context(display_name="ab")
    asked.context(display_name="a*")
    return asked.found('display_name="a*"')


def context_label_filters(asked: Project) -> object:
    asked.context(display_name="a", labels={"k": "v"})
    return asked.found('labels.k="v"')


def deep_metadata_filters(asked: Project) -> object:
    asked.context(display_name="a", metadata={"deep": {"x": 1}})
    return asked.found("metadata.deep.x.number_value = 1")


def zero_hops(asked: Project) -> object:
    artifact = asked.metadata.create_artifact(parent=asked.store, artifact=v1.Artifact()).name
    execution = asked.metadata.create_execution(parent=asked.store, execution=v1.Execution()).name
    asked.metadata.add_execution_events(execution=execution, events=[v1.Event(artifact=artifact, type_="INPUT")])
    graph = asked.metadata.query_artifact_lineage_subgraph(artifact=artifact)
    return len(graph.executions)


def list_order(asked: Project) -> object:
    made = [asked.context().name for _ in range(20)]
    return [context.name for context in asked.metadata.list_contexts(parent=asked.store)] == made


def negative_steps(asked: Project) -> object:
    name = asked.series((-1, 0.0))
    return asked.boards.get_tensorboard_time_series(name=name).metadata.max_step


def read_all(asked: Project) -> object:
    name = asked.series(*((step, 0.0) for step in range(10_001)))
    request = {"tensorboard_time_series": name, "max_data_points": -1}
    return len(asked.boards.read_tensorboard_time_series_data(request=request).time_series_data.values)


def repeated_steps(asked: Project) -> object:
    name = asked.series((1, 1.0), (1, 2.0))
    (point,) = asked.boards.export_tensorboard_time_series_data(tensorboard_time_series=name)
    return point.scalar.value


def artifact_without_container(asked: Project) -> object:
    return bool(asked.upload(artifact_uri="gs://bucket/model"))


def model_update_etag(asked: Project) -> object:
    name = asked.upload()
    answered = asked.models.update_model(
        model=v1.Model(name=name, description="x"), update_mask={"paths": ["description"]}
    ).etag
    return answered == asked.models.get_model(name=name).etag


def upload_labels(asked: Project) -> object:
    name = asked.upload(labels={"k": "v"})
    asked.upload(parent_model=name)
    return dict(asked.models.get_model(name=f"{name}@2").labels)


def alias_capitals(asked: Project) -> object:
    name = asked.upload(version_aliases=["liveNow"])
    return asked.aliases(name)


def taken_alias(asked: Project) -> object:
    name = asked.upload(version_aliases=["live"])
    asked.upload(parent_model=name)
    asked.models.merge_version_aliases(name=f"{name}@2", version_aliases=["live"])
    return asked.aliases(name)


def drop_default_alias(asked: Project) -> object:
    name = asked.upload()
    asked.upload(parent_model=name)
    asked.models.merge_version_aliases(name=f"{name}@1", version_aliases=["-default"])
    asked.models.delete_model_version(name=f"{name}@2").result()
    return asked.aliases(name)


def crud_per_minute(asked: Project) -> object:
    for _ in range(2):
        asked.metadata.get_metadata_store(name=asked.store, retry=None)
    return "answered"


def lro_per_minute(asked: Project) -> object:
    for _ in range(2):
        asked.models.upload_model(parent=asked.parent, model=v1.Model(display_name="m"), retry=None)
    return "answered"


def operation_names(asked: Project) -> object:
    return asked.metadata.delete_context(name=asked.context().name).operation.name.split("/")[4]


def operation_polls(asked: Project) -> object:
    operation = asked.metadata.delete_context(name=asked.context().name)
    return operation.done()


def operation_s(asked: Project) -> object:
    name = asked.context().name
    asked.metadata.delete_context(name=name)
    return asked.metadata.get_context(name=name).name == name


FLIPS: list[tuple[Callable[[Project], object], object, dict[object, object]]] = [
    (project_names, "number", {"id": "id"}),
    (struct_nan, REFUSED, {"null": "null", "keep": "keep"}),
    (metadata_bytes, REFUSED, {204_800: 202_000}),
    (short_ids, REFUSED, {"accept": "abc"}),
    (unknown_schemas, REFUSED, {"accept": "un.Known"}),
    (maskless_update, {"b": 2.0}, {"merge": {"a": 1.0, "b": 2.0}}),
    (struct_masks, REFUSED, {"accept": {"a": 3.0}}),
    (idle_update, (False, True), {"keep": (True, True), "bump": (False, False)}),
    (filter_not, REFUSED, {"accept": ["b"]}),
    (filter_wildcards, REFUSED, {"literal": ["a*"], "match": ["ab", "a*"]}),
    (context_label_filters, REFUSED, {"accept": ["a"]}),
    (deep_metadata_filters, REFUSED, {"accept": ["a"]}),
    (zero_hops, 1, {"artifact": 0}),
    (list_order, False, {"creation": True}),
    (negative_steps, -1, {"refuse": REFUSED}),
    (read_all, 10_001, {"sample": 10_000}),
    (repeated_steps, 2.0, {"first": 1.0}),
    (artifact_without_container, REFUSED, {"accept": True}),
    (model_update_etag, False, {"fresh": True}),
    (upload_labels, {}, {"model": {"k": "v"}}),
    (alias_capitals, REFUSED, {"accept": {"1": ["default", "liveNow"]}}),
    (taken_alias, {"1": ["default"], "2": ["live"]}, {"refuse": REFUSED}),
    (drop_default_alias, REFUSED, {"reassign": {"1": ["default"]}}),
    (crud_per_minute, "answered", {1: REFUSED}),
    (lro_per_minute, "answered", {1: REFUSED}),
    (operation_names, "metadataStores", {"location": "operations"}),
    (operation_polls, True, {1: False}),
    (operation_s, REFUSED, {30.0: True}),
]


@pytest.fixture
def asked(
    metadata: v1.MetadataServiceClient,
    boards: v1.TensorboardServiceClient,
    models: v1.ModelServiceClient,
    parent: str,
    store: str,
    run: str,
) -> Project:
    return Project(metadata, boards, models, parent, store, run)


def answer(question: Callable[[Project], object], asked: Project) -> object:
    try:
        return question(asked)
    except (exceptions.ClientError, exceptions.ServerError):
        return REFUSED


@pytest.mark.parametrize(("question", "usual", "flipped"), FLIPS, ids=[flip[0].__name__ for flip in FLIPS])
def test_a_switch_changes_what_it_says(
    asked: Project, remote: Remote, question: Callable[[Project], object], usual: object, flipped: dict[object, object]
) -> None:
    assert answer(question, asked) == usual
    for value, expected in flipped.items():
        for context in asked.metadata.list_contexts(parent=asked.store):
            asked.metadata.delete_context(name=context.name).result()
        with remote.flipped(**{question.__name__: value}):
            assert answer(question, asked) == expected, value


def test_every_switch_is_flipped() -> None:
    assert sorted(flip[0].__name__ for flip in FLIPS) == sorted(field.name for field in fields(Switches))


def test_an_unknown_switch_is_an_error() -> None:
    with pytest.raises(KeyError):
        Switches().flipped({"colour": "red"})
