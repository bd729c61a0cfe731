"""The pages that are taken from the code say what the code says now."""

import dataclasses
import importlib.util
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def _generator():
    spec = importlib.util.spec_from_file_location("generate_docs", PROJECT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["cli.md", "deviations.md", "conformance.md"])
def test_the_page_is_fresh(page: str) -> None:
    made = _generator().PAGES[page]()
    assert (PROJECT / "docs/reference" / page).read_text(encoding="utf-8") == made, "stale: run make docs"


def test_every_setting_is_explained() -> None:
    from trackbridge.config import model

    records = [one for one in vars(model).values() if hasattr(one, "__pydantic_config__")]
    assert model.Settings in records
    page = (PROJECT / "docs/reference/config.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE))
    assert explained == {field.name for record in records for field in dataclasses.fields(record)}


def test_the_readme_counts_the_clauses() -> None:
    from trackbridge.testing.suite import CLAUSES

    assert f"{len(CLAUSES)} numbered" in (PROJECT / "README.md").read_text(encoding="utf-8")
