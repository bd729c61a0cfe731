"""POST /graphql: parsed, checked against the schema, executed in one transaction."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from emulators.wandb.errors import ServiceError
from emulators.wandb.resolvers import RESOLVERS, default, snake_case
from emulators.wandb.service import Service

FOLDER = Path(__file__).parent / "schema"
# What resolvers call arguments whose own names Python or this package has a use for.
ARGUMENTS = {"id": "node_id", "input": "values", "filters": "query"}


@functools.cache
def schema() -> GraphQLSchema:
    """Give the schema with its resolvers.

    Raises:
        LookupError: For a resolver of a field that the schema does not have.
    """
    built = build_schema("\n".join(path.read_text() for path in sorted(FOLDER.glob("*.graphql"))))
    for kind in built.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for each in kind.fields.values():
                for name, argument in each.args.items():
                    argument.out_name = ARGUMENTS.get(name) or snake_case(name)
    for type_name, resolvers in RESOLVERS.items():
        kind = built.type_map[type_name]
        assert isinstance(kind, GraphQLObjectType)
        for field, resolver in resolvers.items():
            if field in kind.fields:
                kind.fields[field].resolve = resolver
            elif type_name not in {"ArtifactSequence", "ArtifactPortfolio"}:
                raise LookupError(f"the schema has no {type_name}.{field}")
    for name, read in (("Int64", _int64), ("JSONString", _json_string)):
        scalar = built.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        scalar.parse_value = read  # type: ignore[method-assign]
    collection, creator = built.type_map["ArtifactCollection"], built.type_map["ArtifactCreator"]
    assert isinstance(collection, GraphQLInterfaceType)
    assert isinstance(creator, GraphQLUnionType)
    collection.resolve_type = lambda row, *_: {"SEQUENCE": "ArtifactSequence"}.get(row["kind"], "ArtifactPortfolio")
    creator.resolve_type = lambda *_: "Run"
    return built


def _int64(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise GraphQLError(f"Int64 cannot represent {value!r}")
    return value


def _json_string(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError(f"JSONString cannot represent {value!r}")
    try:
        json.loads(value)
    except ValueError as error:
        raise GraphQLError(f"JSONString is no JSON: {error}") from error
    return value


@functools.lru_cache(maxsize=512)
def _checked(text: str) -> tuple[DocumentNode, tuple[GraphQLError, ...]]:
    document = parse(text)
    return document, tuple(validate(schema(), document))


def operation_name(text: str) -> str:
    """Give the name that a query gives itself: the public API sends no `operationName`."""
    try:
        document, _ = _checked(text)
    except GraphQLError:
        return "invalid"
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            return definition.name.value if definition.name else "unnamed"
    return "invalid"


def answer(service: Service, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Give the status and the body for a request.

    A request that the schema does not have is written down as a violation: nothing the emulator knows would be asked
    so, and what it does not know it must not let pass.
    """
    text, name = request["query"], operation_name(request["query"])
    try:
        document, errors = _checked(text)
    except GraphQLError as error:
        document, errors = None, (error,)
    if errors or document is None:
        messages = [error.message for error in errors]
        service.record.violation("graphql", name, "; ".join(messages))
        return 400, {"errors": [{"message": message} for message in messages]}
    try:
        with service.store.transaction():
            result = execute_sync(
                schema(),
                document,
                context_value=service,
                variable_values=request.get("variables"),
                field_resolver=default,
            )
            if result.errors:
                raise result.errors[0]
            return 200, {"data": result.data}
    except GraphQLError as error:
        return _failed(service, name, error)


def _failed(service: Service, name: str, error: GraphQLError) -> tuple[int, dict[str, Any]]:
    """Answer for an error: the service's own says its status, any other is the emulator's or the client's fault."""
    cause = error.original_error
    if isinstance(cause, ServiceError):
        path = [str(part) for part in error.path or ()]
        return cause.status, {"data": None, "errors": [{"message": str(cause), "path": path}]}
    service.record.violation("graphql", name, error.message)
    return (400 if cause is None or isinstance(cause, GraphQLError) else 500), {"errors": [{"message": error.message}]}
