"""Filters, order and pages, as AIP-160, AIP-132 and AIP-158 have them and the types restrict them."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulators.vertex import Remote

Client = v1.MetadataServiceClient
METADATA = [{"n": 1, "s": "x", "b": True, "k:1": 5}, {"n": 2.5, "s": "y"}, {"n": "1", "deep": {"a": 1}}, {}]


@pytest.fixture
def contexts(metadata: Client, store: str) -> str:
    """Four contexts: a to d, of two schemas, the first above the second."""
    for letter, fields in zip("abcd", METADATA, strict=True):
        schema = "system.Experiment" if letter == "a" else "system.ExperimentRun"
        made = v1.Context(display_name=letter, schema_title=schema, metadata=fields)
        metadata.create_context(parent=store, context=made, context_id=f"context-{letter}")
    metadata.add_context_children(context=f"{store}/contexts/context-a", child_contexts=[f"{store}/contexts/context-b"])
    return store


def names(metadata: Client, store: str, text: str, **more: Any) -> str:
    found = metadata.list_contexts(request={"parent": store, "filter": text, **more})
    return "".join(context.display_name for context in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "abcd"),
        ('display_name = "a"', "a"),
        ('displayName="a"', "a"),
        ("display_name != a", "bcd"),
        ('display_name >= "c"', "cd"),
        ('schema_title="system.Experiment"', "a"),
        ('schema_title="system.Experiment" OR display_name="c"', "ac"),
        ('(schema_title="system.Experiment" OR schema_title="system.ExperimentRun") AND display_name="b"', "b"),
        # "OR has higher precedence than AND" (google.aip.dev/160#logical-operators)
        ('display_name="a" AND display_name="b" OR display_name="a"', "a"),
        ("metadata.n.number_value = 1", "a"),
        ("metadata.n.number_value > 0.5", "ab"),
        ("metadata.n.number_value < -1e3", ""),
        ('metadata.n.string_value = "1"', "c"),
        ("metadata.b.bool_value = true", "a"),
        ('metadata."k:1".number_value = 5', "a"),
        ('metadata.s.string_value != "x"', "b"),
        ('create_time > "2020-11-19T11:30:00-04:00"', "abcd"),
        ('update_time < "2020-11-19T11:30:00.5Z"', ""),
        ('parent_contexts:"{store}/contexts/context-a"', "b"),
        ('child_contexts:"{store}/contexts/context-b"', "a"),
        ('name="{store}/contexts/context-d"', "d"),
    ],
)
def test_a_filter_finds(metadata: Client, contexts: str, text: str, expected: str) -> None:
    assert names(metadata, contexts, text.format(store=contexts), order_by="display_name") == expected


@pytest.mark.parametrize(
    "text",
    [
        "display_name",
        "display_name =",
        'display_name = "a',
        "display_name = a b",
        "a = b",
        "description = x",
        'labels.k = "v"',
        'display_name:"a"',
        'NOT display_name = "a"',
        '-display_name = "a"',
        'display_name = "a*"',
        "metadata.n = 1",
        "metadata.n.number_value = x",
        "metadata.b.bool_value = 1",
        "metadata.deep.a.number_value = 1",
        'in_context("projects/p")',
        "exists()",
        'create_time > "2020-11-19"',
        "create_time > 2020",
        'display_name = "a" and display_name = "b"',
        "((((((display_name=a))))))",
    ],
)
def test_a_filter_that_is_not_supported_is_refused(metadata: Client, contexts: str, remote: Remote, text: str) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        names(metadata, contexts, text)
    assert len(remote.violations()) == 1


def test_executions_are_found_by_state(metadata: Client, store: str) -> None:
    for state in ("RUNNING", "COMPLETE", "FAILED"):
        execution = v1.Execution(display_name=state, state=v1.Execution.State[state])
        metadata.create_execution(parent=store, execution=execution)
    found = metadata.list_executions(request={"parent": store, "filter": "state=RUNNING OR state=FAILED"})
    assert {execution.display_name for execution in found} == {"RUNNING", "FAILED"}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("display_name desc", "dcba"),
        ("create_time", "abcd"),
        ("create_time desc", "dcba"),
        ("schema_title desc, display_name desc", "dcba"),
        ("schema_title, display_name desc", "adcb"),
    ],
)
def test_an_order_is_kept_over_pages(metadata: Client, contexts: str, order: str, expected: str) -> None:
    assert names(metadata, contexts, "", order_by=order, page_size=1) == expected


@pytest.mark.parametrize("order", ["labels", "display_name down", "metadata.n"])
def test_an_order_that_is_not_supported_is_refused(metadata: Client, contexts: str, order: str) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        names(metadata, contexts, "", order_by=order)


def test_what_comes_and_goes_between_pages_hides_and_repeats_nothing(metadata: Client, contexts: str) -> None:
    request = {"parent": contexts, "order_by": "display_name", "page_size": 2}
    first = metadata.list_contexts(request=request)._response
    metadata.delete_context(name=f"{contexts}/contexts/context-a").result()
    metadata.create_context(parent=contexts, context=v1.Context(display_name="aa"), context_id="later")
    rest = metadata.list_contexts(request={**request, "page_token": first.next_page_token})
    assert [context.display_name for context in first.contexts] == ["a", "b"]
    assert [context.display_name for context in rest] == ["c", "d"]


def test_a_token_serves_its_own_request_only(metadata: Client, contexts: str) -> None:
    request = {"parent": contexts, "page_size": 1}
    token = metadata.list_contexts(request=request)._response.next_page_token
    assert "context" not in token
    for other in (
        {**request, "page_token": token, "filter": "display_name=a"},
        {**request, "page_token": token, "order_by": "display_name"},
        {**request, "page_token": token[:-4] + "AAAA"},
        {**request, "page_token": "2"},
    ):
        with pytest.raises(exceptions.InvalidArgument):
            metadata.list_contexts(request=other)
    assert len(list(metadata.list_contexts(request={**request, "page_token": token, "page_size": 9}))) == 3


@pytest.mark.parametrize("size", [-1, 1001])
def test_a_page_has_from_one_to_a_thousand(metadata: Client, contexts: str, size: int) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        names(metadata, contexts, "", page_size=size)


def test_without_an_order_a_list_is_scattered_but_whole(metadata: Client, store: str) -> None:
    made = [f"number-{index:03}" for index in range(120)]
    for name in made:
        metadata.create_context(parent=store, context=v1.Context(), context_id=name)
    pages = list(metadata.list_contexts(parent=store).pages)
    found = [context.name.rpartition("/")[2] for page in pages for context in page.contexts]
    assert [len(page.contexts) for page in pages] == [100, 20]
    assert found != made
    assert sorted(found) == made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*"), max_size=20))
def test_any_string_is_found_by_its_quoted_self(metadata: Client, store: str, value: str) -> None:
    metadata.update_context(
        request={
            "context": v1.Context(name=f"{store}/contexts/hypothesis", display_name=value),
            "update_mask": {"paths": ["display_name"]},
            "allow_missing": True,
        }
    )
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    found = metadata.list_contexts(request={"parent": store, "filter": f'display_name="{quoted}"'})
    assert [context.display_name for context in found] == [value]
