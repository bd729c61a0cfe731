"""MetadataService: events and the subgraphs that they draw."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1

Client = v1.MetadataServiceClient
INPUT, OUTPUT = v1.Event.Type.INPUT, v1.Event.Type.OUTPUT


@pytest.fixture
def chain(metadata: Client, store: str) -> tuple[list[str], list[str]]:
    """Four artifacts with three executions between them, each taking one and giving the next."""
    uris = [f"gs://bucket/{index}" for index in range(4)]
    artifacts = [metadata.create_artifact(parent=store, artifact=v1.Artifact(uri=uri)).name for uri in uris]
    executions = [metadata.create_execution(parent=store, execution=v1.Execution()).name for _ in range(3)]
    for index, execution in enumerate(executions):
        taken, given = artifacts[index], artifacts[index + 1]
        events = [v1.Event(artifact=taken, type_=INPUT), v1.Event(artifact=given, type_=OUTPUT)]
        metadata.add_execution_events(execution=execution, events=events)
    return artifacts, executions


def test_an_event_is_kept_once(metadata: Client, chain: tuple[list[str], list[str]]) -> None:
    artifacts, executions = chain
    again = v1.Event(artifact=artifacts[0], type_=OUTPUT, labels={"again": "yes"})
    metadata.add_execution_events(execution=executions[0], events=[again])
    graph = metadata.query_execution_inputs_and_outputs(execution=executions[0])
    assert {(event.artifact, event.type_) for event in graph.events} == {(artifacts[0], INPUT), (artifacts[1], OUTPUT)}
    assert {node.name for node in graph.artifacts} == set(artifacts[:2])
    assert [node.name for node in graph.executions] == executions[:1]


@pytest.mark.parametrize(
    ("hops", "artifacts", "executions"), [(1, 1, 1), (2, 2, 1), (3, 2, 2), (6, 4, 3), (None, 4, 3)]
)
def test_an_artifacts_lineage_reaches_as_far_as_it_is_asked(
    metadata: Client, chain: tuple[list[str], list[str]], hops: int | None, artifacts: int, executions: int
) -> None:
    graph = metadata.query_artifact_lineage_subgraph(request={"artifact": chain[0][0], "max_hops": hops})
    assert (len(graph.artifacts), len(graph.executions)) == (artifacts, executions)


def test_a_lineage_may_be_filtered_by_artifact(metadata: Client, chain: tuple[list[str], list[str]]) -> None:
    request = {"artifact": chain[0][0], "filter": 'uri="gs://bucket/0" OR uri="gs://bucket/1"'}
    graph = metadata.query_artifact_lineage_subgraph(request=request)
    assert {node.uri for node in graph.artifacts} == {"gs://bucket/0", "gs://bucket/1"}
    assert {event.artifact for event in graph.events} == set(chain[0][:2])


def test_negative_hops_are_refused(metadata: Client, chain: tuple[list[str], list[str]]) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        metadata.query_artifact_lineage_subgraph(request={"artifact": chain[0][0], "max_hops": -1})


def test_a_contexts_lineage_is_what_belongs_to_it(
    metadata: Client, store: str, chain: tuple[list[str], list[str]]
) -> None:
    artifacts, executions = chain
    context = metadata.create_context(parent=store, context=v1.Context(), context_id="a-run").name
    for _ in range(2):  # "they are simply skipped"
        metadata.add_context_artifacts_and_executions(
            context=context, artifacts=artifacts[:2], executions=executions[:1]
        )
    graph = metadata.query_context_lineage_subgraph(context=context)
    assert (len(graph.artifacts), len(graph.executions), len(graph.events)) == (2, 1, 2)
    inside = f'in_context("{context}")'
    assert {node.name for node in metadata.list_artifacts(request={"parent": store, "filter": inside})} == set(
        artifacts[:2]
    )


def test_a_graph_of_more_than_a_thousand_is_a_failed_precondition(metadata: Client, store: str) -> None:
    context = metadata.create_context(parent=store, context=v1.Context(), context_id="a-run").name
    artifacts = [metadata.create_artifact(parent=store, artifact=v1.Artifact()).name for _ in range(1001)]
    metadata.add_context_artifacts_and_executions(context=context, artifacts=artifacts)
    with pytest.raises(exceptions.FailedPrecondition):
        metadata.query_context_lineage_subgraph(context=context)


def test_what_lies_in_another_store_cannot_be_linked(metadata: Client, store: str, parent: str) -> None:
    other = metadata.create_metadata_store(
        parent=parent, metadata_store=v1.MetadataStore(), metadata_store_id="other"
    ).result()
    artifact = metadata.create_artifact(parent=other.name, artifact=v1.Artifact()).name
    execution = metadata.create_execution(parent=store, execution=v1.Execution()).name
    with pytest.raises(exceptions.InvalidArgument):
        metadata.add_execution_events(execution=execution, events=[v1.Event(artifact=artifact, type_=INPUT)])


def test_an_event_without_a_type_is_refused(metadata: Client, chain: tuple[list[str], list[str]]) -> None:
    with pytest.raises(exceptions.InvalidArgument, match=r"events\[0\]\.type"):
        metadata.add_execution_events(execution=chain[1][0], events=[v1.Event(artifact=chain[0][3])])
