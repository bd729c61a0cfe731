"""botocore's own service models: the rules that requests and answers are held to."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session

API, METRICS = "sagemaker", "sagemaker-metrics"


@cache
def service(name: str) -> Any:
    """Give botocore's ServiceModel of `name`."""
    return botocore.session.get_session().get_service_model(name)


@cache
def has(service_name: str, name: str) -> bool:
    """Tell whether a service has an operation."""
    return name in service(service_name).operation_names


@cache
def operation(service_name: str, name: str) -> Any:
    """Give botocore's OperationModel."""
    return service(service_name).operation_model(name)


@cache
def errors(service_name: str, name: str) -> frozenset[str]:
    """Give the codes that the model lists for an operation."""
    return frozenset(shape.name for shape in operation(service_name, name).error_shapes)


@cache
def shape(name: str) -> Any:
    """Give a shape of the main service."""
    return service(API).shape_for(name)


@cache
def members(shape_name: str) -> tuple[str, ...]:
    """Give the members of a structure."""
    return tuple(shape(shape_name).members)


def project(shape_name: str, document: dict[str, Any]) -> dict[str, Any]:
    """Give what of `document` the structure has members for."""
    return {member: document[member] for member in members(shape_name) if document.get(member) is not None}
