"""Files, folders and notebooks; what is allowed; and what is made of the findings."""

import json
import subprocess
import sys
import tomllib

import pytest

from trackbridge.cli import main
from trackbridge.errors import ConfigurationError, NotFound
from trackbridge.policy.bypass import (
    Allowance,
    find_bypasses,
    parse_allowance,
    ruff_configuration,
    sarif,
    vendor_apis,
)
from trackbridge.protocol import VendorApi

APIS = (VendorApi(modules=("mlflow",), commands=("mlflow",), integrations=("pl.MLFlowLogger",)),)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A project: two files that go round the API, one that does not, one that is no Python, and others' code."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "train.py": "import trackbridge\n",
        "old/export.py": "import os\nimport mlflow.pyfunc\n",
        "old/broken.py": "def (:\n",
        "latin.py": "# -*- coding: latin-1 -*-\nimport mlflow  # é\n",
        ".venv/lib/x.py": "import mlflow\n",
        "env/pyvenv.cfg": "",
        "env/x.py": "import mlflow\n",
        "node_modules/x.py": "import mlflow\n",
        "notes.txt": "import mlflow\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="latin-1")
    return tmp_path


def places(found):
    return [(finding.path, finding.line, finding.rule) for finding in found]


def test_folders_are_looked_through_but_for_others_code(tree):
    assert places(find_bypasses([tree.relative_to(tree)], APIS)) == [
        ("latin.py", 2, "import"),
        ("old/broken.py", 1, "unreadable"),
        ("old/export.py", 2, "import"),
    ]


def test_a_file_is_looked_at_once_and_whatever_it_is_called(tree):
    tree.joinpath("script").write_text("import mlflow\n")
    found = find_bypasses([tree / "script", tree / "old", tree / "old" / "export.py"], APIS)
    assert [finding.rule for finding in found] == ["import", "unreadable", "import"]


def test_a_path_that_is_not_there_is_told(tree):
    with pytest.raises(NotFound, match="nowhere"):
        list(find_bypasses([tree / "nowhere"], APIS))


@pytest.mark.parametrize(
    ("allowance", "left"),
    [
        ("old/*", 1),
        ("*.py", 0),
        ("old/*:mlflow", 2),
        ("*:mlflow", 1),
        ("*:mlflow.pyfunc", 2),
        ("*:mlflow.pyf", 3),
        ("old", 3),
    ],
)
def test_what_is_allowed_is_left_out(tree, allowance, left):
    found = list(find_bypasses([tree], APIS, [parse_allowance(allowance)]))
    assert len(found) == left


@pytest.mark.parametrize("text", ["", ":mlflow", "a:", "a:not a module", "a:b:c"])
def test_a_bad_allowance_is_told(text):
    with pytest.raises(ConfigurationError):
        parse_allowance(text)
    assert parse_allowance("a*:b.c") == Allowance("a*", "b.c")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import mlflow  # trackbridge: allow mlflow", 0),
        ("import mlflow  # trackbridge: allow mlflow, until the export is gone", 0),
        ("import mlflow  # trackbridge:allow wandb mlflow", 0),
        ("import mlflow.pyfunc  # trackbridge: allow mlflow", 0),
        ("import mlflow  # trackbridge: allow mlflow.pyfunc", 1),
        ("import mlflow  # trackbridge: allow wandb", 1),
        ("import mlflow  # allow mlflow", 1),
    ],
)
def test_a_comment_allows_its_line_and_what_it_names(tmp_path, line, found):
    tmp_path.joinpath("x.py").write_text(f"{line}\n")
    assert len(list(find_bypasses([tmp_path], APIS))) == found


def test_notebooks_are_read_cell_by_cell(tmp_path):
    cells = [
        {"cell_type": "markdown", "source": "import mlflow"},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "!pip list\n", "import mlflow\n"]},
        {"cell_type": "code", "source": "x = 1\n! mlflow ui --port 1"},
        {"cell_type": "code", "source": "%%bash\ncd x\nmlflow run ."},
        {"cell_type": "code", "source": "%%time\nimport mlflow"},
    ]
    tmp_path.joinpath("a.ipynb").write_text(json.dumps({"cells": cells}))
    tmp_path.joinpath("b.ipynb").write_text("{}")
    found = list(find_bypasses([tmp_path], APIS))
    assert [(finding.cell, finding.line, finding.rule) for finding in found] == [
        (2, 3, "import"),
        (3, 2, "command"),
        (4, 3, "command"),
        (5, 2, "import"),
        (0, 1, "unreadable"),
    ]
    assert found[0].place.endswith("a.ipynb:cell 2:3:1")


def test_installed_backends_name_their_vendors_and_more_can_be_forbidden():
    modules = {module for api in vendor_apis(["comet_ml"]) for module in api.modules}
    assert {"mlflow", "comet_ml"} <= modules


def test_sarif_says_where_and_how_sure(tree):
    document = sarif(find_bypasses([tree.relative_to(tree)], APIS), "1.2")
    (run,) = document["runs"]
    assert document["version"] == "2.1.0"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [(rules[each["ruleIndex"]], each["level"]) for each in run["results"]] == [
        ("import", "error"),
        ("unreadable", "warning"),
        ("import", "error"),
    ]
    place = run["results"][2]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "old/export.py"}, "region": {"startLine": 2, "startColumn": 1}}


def test_ruff_finds_the_same_imports(tree):
    configuration = ruff_configuration(APIS)
    assert set(tomllib.loads(configuration)["lint"]["flake8-tidy-imports"]["banned-api"]) == {
        "mlflow",
        "pl.MLFlowLogger",
    }
    tree.joinpath("ruff.toml").write_text(configuration)
    command = [sys.executable, "-m", "ruff", "check", "--config", "ruff.toml", "--output-format=json"]
    said = subprocess.run(
        [*command, "train.py", "old/export.py"], cwd=tree, capture_output=True, text=True, check=False
    )
    found = [each for each in json.loads(said.stdout) if each["code"] == "TID251"]
    assert [each["location"]["row"] for each in found] == [2]


@pytest.fixture
def cli(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["check", *arguments])
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out + said.err

    return call


def test_the_command_prints_places_and_exits_with_1(tree, cli):
    code, said = cli("old/export.py", "train.py")
    assert (code, said) == (1, "✗ old/export.py:2:1: imports mlflow.pyfunc [import]\n1 found, 0 that cannot be told.\n")
    assert cli("train.py") == (0, "0 found, 0 that cannot be told.\n")
    assert cli("old/export.py", "--allow", "old/*")[0] == 0
    assert cli("train.py", "--forbid", "trackbridge")[0] == 1
    assert cli("nowhere")[0] == 2


def test_what_cannot_be_told_fails_if_asked(tree, cli):
    assert cli("old/broken.py")[0] == 0
    assert cli("old/broken.py", "--strict")[0] == 1


def test_the_command_writes_sarif_json_and_ruff(tree, cli):
    code, said = cli("old/export.py", "--format", "sarif", "--output", "out.sarif")
    assert code == 1
    assert json.loads(said) == json.loads(tree.joinpath("out.sarif").read_text())
    (row,) = json.loads(cli("old/export.py", "--json")[1])
    assert row["finding"]["what"] == "mlflow.pyfunc"
    code, said = cli("--format", "ruff")
    assert (code, "mlflow" in tomllib.loads(said)["lint"]["flake8-tidy-imports"]["banned-api"]) == (0, True)
