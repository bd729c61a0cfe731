"""MetadataService: what its types say of ids, fields, etags, parents and events."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1
from google.protobuf import field_mask_pb2

from emulators.vertex import Remote

RUN = "system.ExperimentRun"
Client = v1.MetadataServiceClient


def make(client: Client, store: str, name: str = "some-context", **fields: Any) -> v1.Context:
    return client.create_context(parent=store, context=v1.Context(**{"schema_title": RUN, **fields}), context_id=name)


def test_a_created_context_is_read_as_it_was_made(metadata: Client, store: str) -> None:
    made = make(metadata, store, display_name="Zwölf", metadata={"a": {"b": [1, True, None, "x"]}}, labels={"k": "v"})
    read = metadata.get_context(name=made.name)
    assert read == made
    assert read.display_name == "Zwölf"
    assert v1.Context.to_dict(read)["metadata"] == {"a": {"b": [1.0, True, None, "x"]}}
    assert read.create_time == read.update_time
    assert read.name.rpartition("/")[2] == "some-context"


def test_a_name_says_the_project_by_number_and_is_found_by_either(metadata: Client, store: str, parent: str) -> None:
    made = make(metadata, store)
    assert made.name.split("/")[1].isdigit()
    by_id = f"{parent}/metadataStores/default/contexts/some-context"
    assert metadata.get_context(name=by_id) == metadata.get_context(name=made.name)


def test_what_the_user_wrote_is_never_taken_for_a_name(metadata: Client, store: str, parent: str) -> None:
    text = f"{parent}/models/mine"
    given = v1.Artifact(display_name=text, description=text, uri=text, metadata={"name": text}, labels={"a": "b"})
    read = metadata.get_artifact(name=metadata.create_artifact(parent=store, artifact=given).name)
    assert (read.display_name, read.description, read.uri, read.metadata["name"]) == (text,) * 4
    number = store.split("/")[1]
    by_number = metadata.create_artifact(parent=store, artifact=v1.Artifact(uri=f"projects/{number}/locations/x"))
    assert by_number.uri == f"projects/{number}/locations/x"


@pytest.mark.parametrize("name", ["abc", "a" * 129, "With-Capitals", "under_score", "-hyphen", "dot.dot"])
def test_an_id_that_breaks_its_rule_is_refused_and_recorded(
    metadata: Client, store: str, remote: Remote, name: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        make(metadata, store, name)
    (violation,) = remote.violations()
    assert violation["method"] == "MetadataService.CreateContext"
    assert violation["cite"] == "CreateContextRequest.context_id"


@pytest.mark.parametrize(
    ("fields", "cite"),
    [
        ({"display_name": "x" * 129}, "Context.display_name"),
        ({"labels": {"K": "v"}}, "goo.gl/xmQnxf"),
        ({"labels": {"k": "V"}}, "goo.gl/xmQnxf"),
        ({"labels": {"1k": "v"}}, "goo.gl/xmQnxf"),
        ({"labels": {"k": "v" * 65}}, "Context.labels"),
        ({"labels": {f"k{i}": "" for i in range(65)}}, "Context.labels"),
        ({"labels": {"aiplatform.googleapis.com/x": "v"}}, "Context.labels"),
        ({"metadata": {"big": "x" * 200_001}}, "Context.metadata"),
        ({"metadata": {"nan": float("nan")}}, "google.protobuf.Value.number_value"),
        ({"metadata": {"deep": [{"inf": float("-inf")}]}}, "google.protobuf.Value.number_value"),
        ({"schema_title": "my.Schema"}, "Context.schema_title"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value,
)
def test_a_field_that_breaks_its_rule_is_refused(
    metadata: Client, store: str, remote: Remote, fields: dict[str, Any], cite: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        make(metadata, store, **fields)
    (violation,) = remote.violations()
    assert cite in violation["cite"]


def test_what_only_the_service_sets_is_ignored(metadata: Client, store: str) -> None:
    made = make(metadata, store, parent_contexts=["projects/x"], create_time="1999-01-01T00:00:00Z", etag="7")
    assert made.parent_contexts == []
    assert made.create_time.year != 1999
    assert made.etag != "7"


def test_keys_of_metadata_are_trimmed_at_the_top(metadata: Client, store: str) -> None:
    made = make(metadata, store, metadata={" a ": {" b ": 1}})
    assert v1.Context.to_dict(made)["metadata"] == {"a": {" b ": 1.0}}


def test_a_second_context_of_one_name_is_refused_until_the_first_is_deleted(metadata: Client, store: str) -> None:
    first = make(metadata, store)
    with pytest.raises(exceptions.AlreadyExists, match=r"Context with name .*/some-context already exists"):
        make(metadata, store)
    metadata.delete_context(name=first.name).result()
    with pytest.raises(exceptions.NotFound):
        metadata.get_context(name=first.name)
    assert make(metadata, store).name == first.name


def test_nothing_is_made_in_a_store_that_is_not_there(metadata: Client, parent: str) -> None:
    with pytest.raises(exceptions.NotFound):
        make(metadata, f"{parent}/metadataStores/default")


def test_an_id_is_made_up_when_none_is_given(metadata: Client, store: str) -> None:
    made = metadata.create_artifact(parent=store, artifact=v1.Artifact(uri="gs://a/b"))
    assert len(made.name.rpartition("/")[2]) == 36


def test_a_stale_etag_is_aborted_and_nothing_changed(metadata: Client, store: str) -> None:
    made = make(metadata, store, metadata={"a": 1})
    later = metadata.update_context(context=v1.Context(name=made.name, etag=made.etag, metadata={"a": 2}))
    assert int(later.etag) > int(made.etag)
    with pytest.raises(exceptions.Aborted) as caught:
        metadata.update_context(context=v1.Context(name=made.name, etag=made.etag, metadata={"a": 3}))
    expected = f"Specified Context `etag`: `{made.etag}` does not match server `etag`: `{later.etag}`"
    assert caught.value.message == expected
    assert metadata.get_context(name=made.name).metadata["a"] == 2


def test_without_an_etag_the_last_writer_wins(metadata: Client, store: str) -> None:
    made = make(metadata, store, metadata={"a": 1})
    metadata.update_context(context=v1.Context(name=made.name, metadata={"a": 2}))
    metadata.update_context(context=v1.Context(name=made.name, metadata={"b": 3}))
    assert dict(metadata.get_context(name=made.name).metadata) == {"b": 3.0}


def test_a_deletion_with_a_stale_etag_is_a_failed_precondition(metadata: Client, store: str) -> None:
    made = make(metadata, store)
    metadata.update_context(context=v1.Context(name=made.name, description="changed"))
    with pytest.raises(exceptions.FailedPrecondition):
        metadata.delete_context(request={"name": made.name, "etag": made.etag})
    assert metadata.get_context(name=made.name).description == "changed"


def test_a_mask_names_what_is_written(metadata: Client, store: str) -> None:
    made = make(metadata, store, display_name="a", description="b", metadata={"c": 1})
    mask = field_mask_pb2.FieldMask(paths=["display_name", "metadata"])
    given = v1.Context(name=made.name, display_name="A", description="B")
    later = metadata.update_context(context=given, update_mask=mask)
    assert (later.display_name, later.description, later.metadata) == ("A", "b", None)


@pytest.mark.parametrize("path", ["create_time", "parent_contexts", "nothing", "metadata.a", "labels.k"])
def test_a_mask_cannot_name_everything(metadata: Client, store: str, remote: Remote, path: str) -> None:
    made = make(metadata, store)
    with pytest.raises(exceptions.InvalidArgument):
        metadata.update_context(context=made, update_mask=field_mask_pb2.FieldMask(paths=[path]))
    assert len(remote.violations()) == 1


def test_an_update_makes_what_is_missing_only_when_allowed(metadata: Client, store: str) -> None:
    given = v1.Execution(name=f"{store}/executions/not-yet", display_name="x", state=v1.Execution.State.RUNNING)
    with pytest.raises(exceptions.NotFound):
        metadata.update_execution(execution=given)
    made = metadata.update_execution(request={"execution": given, "allow_missing": True})
    assert metadata.get_execution(name=given.name) == made


def test_contexts_have_at_most_ten_parents_and_no_cycles(metadata: Client, store: str, remote: Remote) -> None:
    child = make(metadata, store, "child").name
    parents = [make(metadata, store, f"parent-{i}").name for i in range(11)]
    for name in parents[:10]:
        metadata.add_context_children(context=name, child_contexts=[child])
    metadata.add_context_children(context=parents[0], child_contexts=[child])  # again is nothing
    with pytest.raises(exceptions.InvalidArgument, match="10 parents"):
        metadata.add_context_children(context=parents[10], child_contexts=[child])
    assert sorted(metadata.get_context(name=child).parent_contexts) == sorted(parents[:10])
    with pytest.raises(exceptions.InvalidArgument, match="cycle"):
        metadata.add_context_children(context=child, child_contexts=[parents[0]])
    metadata.remove_context_children(context=parents[0], child_contexts=[child])
    metadata.add_context_children(context=child, child_contexts=[parents[0]])
    assert len(remote.violations()) == 2


def test_a_deleted_context_leaves_its_children_and_members(metadata: Client, store: str) -> None:
    above, below = make(metadata, store, "above").name, make(metadata, store, "below").name
    artifact = metadata.create_artifact(parent=store, artifact=v1.Artifact(uri="gs://a/b")).name
    metadata.add_context_children(context=above, child_contexts=[below])
    metadata.add_context_artifacts_and_executions(context=above, artifacts=[artifact])
    metadata.delete_context(name=above).result()
    assert metadata.get_context(name=below).parent_contexts == []
    assert metadata.get_artifact(name=artifact).uri == "gs://a/b"


def test_a_purge_counts_before_it_deletes(metadata: Client, store: str) -> None:
    for index in range(3):
        make(metadata, store, f"number-{index}", display_name="old" if index else "new")
    request = {"parent": store, "filter": 'display_name="old"'}
    sampled = metadata.purge_contexts(request=request).result()
    assert sampled.purge_count == len(sampled.purge_sample) == 2
    assert metadata.purge_contexts(request={**request, "force": True}).result().purge_count == 2
    assert [found.display_name for found in metadata.list_contexts(parent=store)] == ["new"]


def test_a_registered_schema_may_be_used(metadata: Client, store: str) -> None:
    schema = v1.MetadataSchema(schema="title: my.Schema\ntype: object\n", schema_version="0.0.1")
    made = metadata.create_metadata_schema(parent=store, metadata_schema=schema, metadata_schema_id="my-schema")
    assert make(metadata, store, schema_title="my.Schema", schema_version="0.0.1").schema_title == "my.Schema"
    assert metadata.get_metadata_schema(name=made.name) == made
    assert list(metadata.list_metadata_schemas(parent=store)) == [made]
    with pytest.raises(exceptions.AlreadyExists):
        metadata.create_metadata_schema(parent=store, metadata_schema=schema, metadata_schema_id="my-schema-2")


def test_a_deleted_store_takes_everything_with_it(metadata: Client, store: str, parent: str) -> None:
    made = make(metadata, store)
    metadata.delete_metadata_store(name=store).result()
    with pytest.raises(exceptions.NotFound):
        metadata.get_context(name=made.name)
    assert list(metadata.list_metadata_stores(parent=parent)) == []
