import io
import json

import pytest
from rich.console import Console

from trackbridge.cli._output import as_json, duration, emit, moment, number, one_line, plain, table, value
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.runs import RunRecord


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("bell\x07", "bell\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("two\nlines\tkept", "two\nlines\tkept"),
        ("ünï – 表", "ünï – 表"),
        ("lone \ud800", "lone \\ud800"),
    ],
)
def test_control_characters_are_shown_and_not_sent(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_one_line_is_one_line() -> None:
    assert one_line("a\n  b\r\n\tc") == "a b c"


def test_cells_are_text_whatever_they_look_like() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(table(("name", ">n"), [("[bold]x[/bold]", "[1]"), (":smile: [/]", "2")]))
    assert "[bold]x[/bold]" in out.getvalue()
    assert ":smile: [/]" in out.getvalue()


def test_json_has_no_special_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    emit([float("nan"), float("inf"), float("-inf"), -0.0, 2**70, True, None, "é"])
    assert json.loads(capsys.readouterr().out) == ["NaN", "Infinity", "-Infinity", -0.0, 2**70, True, None, "é"]


def test_json_of_records_goes_by_field_name() -> None:
    run = RunRecord("a" * 32, None, "e", "FINISHED", 1, params={"xs": [1, 2.5]})
    document = as_json({"run": run, "points": [MetricPoint("loss", 0, 5, float("inf"))]})
    assert document["run"]["params"] == {"xs": [1, 2.5]}
    assert document["run"]["datasets"] == []
    assert document["points"] == [{"name": "loss", "step": 0, "timestamp_ms": 5, "value": "Infinity"}]


@pytest.mark.parametrize(
    ("item", "shown"),
    [("adam", "adam"), ("None", "'None'"), ("1", "'1'"), ("two words", "'two words'"), (1, "1"), (True, "True"),
     (None, "None"), (0.1, "0.1"), (-0.0, "-0"), ([1, "a"], "[1, 'a']"), ({}, "{}")],
)  # fmt: skip
def test_values_show_their_type(item: object, shown: str) -> None:
    assert value(item) == shown


def test_missing_numbers_and_times() -> None:
    assert (number(None), moment(None), duration(5, None)) == ("–", "–", "–")


@pytest.mark.parametrize(
    ("took_ms", "shown"),
    [(0, "0.0 s"), (1_250, "1.2 s"), (59_900, "59.9 s"), (61_000, "1 min 01 s"), (7_260_000, "2 h 01 min")],
)
def test_durations(took_ms: int, shown: str) -> None:
    assert duration(1_000, 1_000 + took_ms) == shown


def test_moments_are_utc() -> None:
    assert moment(1_700_000_000_000) == "2023-11-14 22:13:20"
