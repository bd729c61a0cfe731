"""The report of a migration: one JSON document, the page that a person signs, and a line for every thing that failed."""

from __future__ import annotations

from pathlib import Path

from trackbridge.errors import ConfigurationError
from trackbridge.migration.job import Result
from trackbridge.migration.report.document import as_document, as_json
from trackbridge.migration.report.page import as_page
from trackbridge.migration.report.verdict import Safety, safety

__all__ = ["Safety", "as_document", "safety", "write_report"]


def write_report(result: Result, folder: Path) -> Path:
    """Write ``migration.json`` and ``migration.html`` into a folder; give the path of the page.

    Raises:
        ConfigurationError: the folder cannot be written to.
    """
    document = as_document(result)
    page = folder / "migration.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "migration.json").write_text(as_json(document), encoding="utf-8")
        page.write_bytes(as_page(result, document))
    except OSError as error:
        raise ConfigurationError(
            f"the report cannot be written to {folder}: {error.strerror or error}", remedy="Give another folder."
        ) from error
    return page
