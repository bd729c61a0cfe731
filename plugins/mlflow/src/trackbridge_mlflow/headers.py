"""The headers that MLflow adds to each request: it asks a list of providers for them, every time."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from typing import Final

__all__ = ["spare_databricks"]

_DATABRICKS: Final = ("dbruntime", "pyspark", "IPython")  # through which alone MLflow learns that it is in Databricks


@cache
def spare_databricks() -> None:
    """Take MLflow's provider of Databricks' headers off its list where it can have none; once a process.

    To be asked costs it 0.9 ms a request: it looks for those modules anew, eleven times, in all of `sys.path`.
    """
    if any(map(_exists, _DATABRICKS)):
        return
    with suppress(ImportError, AttributeError, TypeError):  # another MLflow, which keeps its list elsewhere
        from mlflow.tracking.request_header import registry
        from mlflow.tracking.request_header.databricks_request_header_provider import DatabricksRequestHeaderProvider

        providers = registry._request_header_provider_registry._registry  # noqa: SLF001 - there is no other way to it
        providers[:] = [one for one in providers if not isinstance(one, DatabricksRequestHeaderProvider)]


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ValueError:  # a module made by hand
        return True
