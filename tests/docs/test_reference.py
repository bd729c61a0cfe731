"""The pages that are taken from the code say what the code says now."""

import dataclasses
import importlib.util
import re
import subprocess
import sys
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
    # In a process of its own: other tests install adapters into theirs.
    code = f"import runpy, sys; sys.stdout.write(runpy.run_path('docs/generate.py')['PAGES'][{page!r}]())"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = done.stdout
    assert (PROJECT / "docs/reference" / page).read_text(encoding="utf-8") == made, "stale: run make docs"


def test_certificates_of_servers_are_of_this_suite() -> None:
    from trackbridge.testing.suite import CLAUSES, SUITE_DIGEST

    generator = _generator()
    kept = generator.certificates()
    assert kept.keys() <= generator.SERVERS.keys()
    assert kept
    for name, one in kept.items():
        assert one["suite_digest"] == SUITE_DIGEST, f"{name} is stale: run make conformance"
        assert [row["clause"] for row in one["rows"]] == list(CLAUSES)
        assert {row["verdict"] for row in one["rows"]} <= {"kept", "refused"}


def test_what_is_no_certificate_is_not_kept(tmp_path, monkeypatch) -> None:
    generator = _generator()
    monkeypatch.setattr(generator, "CERTIFICATES", tmp_path / "kept.json")
    row = {"clause": "R1", "verdict": "kept", "detail": "1 check"}
    report = {"name": "TestServer", "suite": "1", "backend": "mlflow+http://127.0.0.1:1", "rows": [row]}
    generator.keep([report, {"name": "TestOther", "rows": []}])
    (kept,) = generator.certificates().values()
    assert kept["rows"] == [row]
    assert "127.0.0.1" not in generator.CERTIFICATES.read_text()
    with pytest.raises(ValueError, match="R1 failed"):
        generator.keep([{**report, "rows": [{**row, "verdict": "failed"}]}])
    assert generator.certificates() == {"TestServer": kept}


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
