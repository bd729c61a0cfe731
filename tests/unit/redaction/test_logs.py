"""No secret goes through a logger of trackbridge, whoever listens (X4)."""

import ast
import logging
from pathlib import Path

import pytest

import trackbridge
from trackbridge.redaction import REDACTING, redacted_logger

URL = "postgresql://me:hunter2@db.example.com/x"
SHOWN = "postgresql://me:***@db.example.com/x"
LOGGER = redacted_logger("trackbridge.tests.logs")


def test_messages_and_their_arguments_are_redacted(caplog):
    LOGGER.warning("no answer from %s after %d s", URL, 3)
    LOGGER.warning("plain %s", "words")
    assert caplog.messages == [f"no answer from {SHOWN} after 3 s", "plain words"]
    assert [record.args for record in caplog.records] == [None, ("words",)]


def test_tracebacks_are_redacted_with_their_causes(caplog):
    error = ValueError("it failed")
    error.__cause__ = OSError(URL)
    LOGGER.error("see below", exc_info=error)
    assert "hunter2" not in caplog.text
    assert f"OSError: {SHOWN}" in caplog.text
    assert "ValueError: it failed" in caplog.text
    assert caplog.records[0].exc_info is None


def test_an_exception_without_secrets_is_left_to_those_who_listen(caplog):
    error = ValueError("it failed")
    LOGGER.error("see below", exc_info=error)
    assert caplog.records[0].exc_info[1] is error


def test_one_filter_is_enough():
    assert redacted_logger("trackbridge.tests.logs").filters.count(REDACTING) == 1
    assert LOGGER.isEnabledFor(logging.WARNING)


ROOT = Path(trackbridge.__file__).parent
MODULES = [path for path in ROOT.rglob("*.py") if "redaction" not in path.parts]


def _logs_past_redaction(tree):
    """Find loggers that are kept under a name without redaction; handlers may be set on any."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr == "getLogger"
    ]


def test_every_logger_of_the_core_redacts():
    assert len(MODULES) > 100
    sources = {path: data for path in MODULES if b"getLogger" in (data := path.read_bytes())}
    found = {path.name: lines for path, data in sources.items() if (lines := _logs_past_redaction(ast.parse(data)))}
    assert found == {}


@pytest.mark.parametrize("line", ["log = logging.getLogger('x')", "log: Final = logging.getLogger('x')"])
def test_one_that_does_not_is_found(line):
    assert _logs_past_redaction(ast.parse(line)) == [1]
