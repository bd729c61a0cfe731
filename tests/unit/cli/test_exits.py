"""What the program leaves with, and what it says when something is wrong."""

import subprocess
import sys

import pytest

from trackbridge import errors
from trackbridge.cli import _app, main


def leave(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


def failing_with(error: BaseException):
    def app(**_: object) -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ConfigurationError, 2),
        (errors.AuthError, 2),
        (errors.NotFound, 2),
        (errors.Conflict, 2),
        (errors.Rejected, 2),
        (errors.Transient, 3),
        (errors.Unsupported, 3),
        (errors.IntegrityError, 3),
    ],
)
def test_errors_of_ours_are_one_line_and_a_code(kind, code, monkeypatch, capsys) -> None:
    error = kind("first [bold]line[/bold] \x1b[31m", clause="P1", remedy="Do this.")
    monkeypatch.setattr(_app, "app", failing_with(error))
    assert leave() == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "trackbridge: first [bold]line[/bold] \\x1b[31m [P1] Do this.\n"


def test_every_class_of_error_has_a_code() -> None:
    kinds = [getattr(errors, name) for name in errors.__all__]
    assert {_app.exit_code(kind("x")) for kind in kinds} == {2, 3}


def test_a_fault_of_ours_is_never_a_check_that_said_no(monkeypatch, capsys) -> None:
    monkeypatch.setattr(_app, "app", failing_with(ZeroDivisionError("oh")))
    assert leave() == 3
    assert "ZeroDivisionError: oh" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["nosuch"], ["runs", "show"], ["runs", "list", "--limit", "0"], ["verify", "a"]])
def test_wrong_usage_is_2(arguments, capsys) -> None:
    assert leave(*arguments) == 2
    assert "Usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor", "nosuch://x"],
        ["runs", "list", "--backend", "not a url"],
        ["runs", "list", "--backend", "memory://x", "--where", "metrics.loss >< 3"],
        ["runs", "list", "--backend", "memory://x", "--show", "nosuch.field"],
        ["runs", "show", "0" * 32, "--backend", "memory://x"],
        ["runs", "compare", "0" * 32, "--backend", "memory://x"],
        ["models", "show", "nosuch", "--backend", "memory://x"],
        ["demo", "--backend", "memory://x"],
    ],
)
def test_what_can_never_work_is_2_without_a_traceback(arguments, capsys, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    assert leave(*arguments) == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert said.err.count("\n") <= 1


def test_version(capsys) -> None:
    from trackbridge import __version__

    assert leave("--version") == 0
    assert capsys.readouterr().out == f"trackbridge {__version__}\n"


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from trackbridge.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as left: assert not left.code\n"
        "heavy = {'rich', 'pydantic', 'lark', 'numpy', 'pyarrow', 'sklearn', 'matplotlib', 'sqlite3'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in ("demo", "doctor", "backends", "runs", "models", "verify", "conformance"):
        assert f"  {command} " in done.stdout
