"""A registry over the memory adapter, and ways to reach behind its back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from trackbridge.protocol import Backend, VersionSpec, open_backend
from trackbridge.records.models import ModelVersion
from trackbridge.registry import Registry

_names = itertools.count()


@pytest.fixture
def backend() -> Iterator[Backend]:
    opened = open_backend(f"memory://registry-{next(_names)}")
    yield opened
    opened.adapter.close()


@pytest.fixture
def registry(backend: Backend) -> Registry:
    return Registry(backend.adapter.registry, str(backend.url))


@pytest.fixture
def make(registry: Registry) -> Callable[..., list[ModelVersion]]:
    """Register so many versions of a model."""

    def register(count: int = 1, model: str = "fraud") -> list[ModelVersion]:
        tokens = [f"{model}-{next(_names)}" for _ in range(count)]
        return [registry.create(model, VersionSpec(token, None, "model", None, 5)) for token in tokens]

    return register
