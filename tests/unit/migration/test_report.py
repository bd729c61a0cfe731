"""The verdict and its reasons, the document and the page."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from trackbridge.errors import ConfigurationError
from trackbridge.migration import Difference, Failure, Outcome, Result, Selection
from trackbridge.migration.outcomes import redacted
from trackbridge.migration.report import as_document, safety, write_report

GOOD = Outcome("run", "a" * 32, "copied", "equal", name="first", experiment="e", digest="sha256:1", sent_points=7)
MODEL = Outcome("model", "fraud", "already", "equal", name="fraud", digest="sha256:2")
RESULT = Result("local:///a", "local:///b", Selection(), "full", 0, 1_000, 2.0, (GOOD, MODEL))
FAILED = Outcome(
    "run", "b" * 32, "failed", name="<b>", failure=Failure("Conflict", "it is <gone>", "R7", "Restore it.")
)
DIFFERENT = replace(GOOD, id="c" * 32, verdict="different", differences=(Difference("params.p", "1", None),))


def test_all_of_it_equal_is_safe() -> None:
    judged = safety(RESULT)
    assert (judged.safe, judged.reasons, judged.known) == (True, (), ())
    assert judged.headline == "Safe to delete the source"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"outcomes": (GOOD, FAILED)}, "1 run did not arrive whole"),
        ({"outcomes": (GOOD, DIFFERENT)}, "1 run is not equal in the target"),
        ({"outcomes": (GOOD, replace(MODEL, verdict="different"))}, "1 model is not equal in the target"),
        ({"outcomes": (replace(GOOD, running=True),)}, "1 run had not ended"),
        ({"outcomes": ()}, "there was nothing to move"),
        ({"verify": "counts"}, "only counts were compared"),
        ({"verify": "none"}, "nothing was read back"),
        ({"selection": Selection(experiments=("e",))}, "only experiments 'e'"),
        ({"selection": Selection(models=())}, "no models"),
        ({"missing": ("run R-7 lacks the file loss.bin",)}, "the source is not whole: run R-7 lacks the file loss.bin"),
        ({"missing": ("a file",) * 12}, "the source is not whole in 2 more places: trackbridge doctor names them"),
    ],
)
def test_anything_else_is_not_safe_and_says_why(change, reason) -> None:
    judged = safety(replace(RESULT, **change))
    assert not judged.safe
    assert any(reason in said for said in judged.reasons)


def test_what_stays_behind_is_declared_and_no_reason() -> None:
    outcomes = (GOOD, replace(MODEL, unfiled=1))
    judged = safety(replace(RESULT, outcomes=outcomes, left={"vendor.webhooks": "secrets"}, deleted_left=2))
    assert judged.safe
    assert judged.known == (
        "2 deleted runs of the source: --deleted moves them too",
        "1 model version of no run: the files are no artifacts of the source",
        "vendor.webhooks: secrets",
    )


def test_the_document_names_everything_that_is_not_as_it_should_be() -> None:
    result = replace(RESULT, outcomes=(GOOD, FAILED, DIFFERENT, replace(GOOD, id="d" * 32, surplus={"v.traces": 3})))
    document = as_document(result)
    assert json.loads(json.dumps(document)) == document
    assert document["counts"]["run"] == {
        "all": 4, "copied": 3, "completed": 0, "already": 0, "failed": 1, "equal": 2, "different": 1, "not_compared": 1,
    }  # fmt: skip
    assert [row["failure"]["remedy"] for row in document["failed"]] == ["Restore it."]
    assert document["different"][0]["differences"] == [{"what": "params.p", "source": "1", "target": None}]
    assert document["surplus"] == {"v.traces": 3}
    assert (document["sent"]["points"], document["runs_per_s"], document["good"]) == (21, 2.0, False)
    assert document["digests"] == {f"run {'a' * 32}": "sha256:1", f"run {'d' * 32}": "sha256:1"}


def test_what_is_shown_of_a_foreign_source_has_no_secrets(tmp_path) -> None:
    secret = "hunter2" * 3
    url = f"postgresql://me:{secret}@db.example.com/x"
    outcome = redacted(
        replace(
            FAILED,
            differences=(
                Difference("params.db.password", repr(secret), None),
                Difference("name", repr(url), repr("x")),
            ),
            notes=(f"as in {url}",),
            failure=Failure("Transient", f"no answer from {url}", "X1"),
        )
    )
    assert [one.source for one in outcome.differences] == ["***", "'postgresql://me:***@db.example.com/x'"]
    assert redacted(outcome) == outcome
    write_report(replace(RESULT, outcomes=(GOOD, outcome, replace(outcome, verdict="different"))), tmp_path)
    for file in tmp_path.iterdir():
        assert secret not in file.read_text("utf-8")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not {name for name, _ in attrs} & {"src", "onclick", "onload"}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_in_itself_and_shows_text_as_text(tmp_path) -> None:
    result = replace(
        RESULT, outcomes=(GOOD, FAILED, DIFFERENT, replace(GOOD, notes=("it changed",))), left={"vendor.x": "y"}
    )
    page = write_report(result, tmp_path / "report")
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"migration.html", "migration.json"}
    parsed = _Tags()
    parsed.feed(page.read_text())
    assert not {"script", "img", "iframe", "b"} & set(parsed.seen)
    for text in (
        "Not safe to delete the source", "it is <gone>", "Restore it.", "params.p", "missing", "vendor.x: y", "it changed",
        "Signature",
    ):  # fmt: skip
        assert text in parsed.text
    assert "Safe to delete the source" in write_report(RESULT, tmp_path / "good").read_text()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_report(RESULT, tmp_path / "file")
