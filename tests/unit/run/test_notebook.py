"""A cell that is run again closes the run that it replaces."""

import sys
from types import SimpleNamespace

import pytest


@pytest.fixture
def shell(monkeypatch, place):
    """What a notebook's process looks like to us."""

    class Shell:
        def __init__(self):
            self.user_ns = {"__name__": "__main__", "place": place}
            self.cell = None

        def get_parent(self):
            return {"metadata": {"cellId": self.cell} if self.cell else {}}

        def run_cell(self, code, *, cell=None, file="cell"):
            self.cell = cell
            exec(compile(code, file, "exec"), self.user_ns)
            return self.user_ns["run"]

    made = Shell()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: made))
    return made


CELL = "import trackbridge as tb\nrun = tb.start_run('e', backend=place.url, capture=False)"


def test_the_same_cell_again(shell, place):
    first = shell.run_cell(CELL)
    second = shell.run_cell(CELL)
    assert (first.status, second.status) == ("FINISHED", "RUNNING")
    assert second.parent is None
    assert place.run(first.id).status == "FINISHED"


def test_an_edited_cell_again(shell):
    first = shell.run_cell(CELL, cell="c1", file="before")
    second = shell.run_cell(f"{CELL}; x = 1", cell="c1", file="after")
    assert (first.status, second.parent) == ("FINISHED", None)


def test_another_cell_makes_a_child(shell):
    first = shell.run_cell(CELL, cell="c1")
    second = shell.run_cell(CELL, cell="c2")
    assert (first.status, second.parent) == ("RUNNING", first.id)


def test_a_function_of_a_cell_starts_as_many_as_it_likes(shell):
    code = f"def train():\n    {CELL.splitlines()[0]}\n    return {CELL.splitlines()[1].partition(' = ')[2]}\nruns = [train() for _ in range(2)]\nrun = runs[0]"
    first = shell.run_cell(code)
    assert [run.status for run in shell.user_ns["runs"]] == ["RUNNING", "RUNNING"]
    assert shell.user_ns["runs"][1].parent == first.id


def test_a_script_replaces_nothing(place):
    runs = [place.start() for _ in range(2)]
    assert [run.status for run in runs] == ["RUNNING", "RUNNING"]
