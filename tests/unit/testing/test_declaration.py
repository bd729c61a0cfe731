from dataclasses import replace

import pytest

from trackbridge.errors import ConfigurationError, Unsupported
from trackbridge.protocol import Deviation, open_backend
from trackbridge.testing.declaration import load_probe, verify_declaration
from trackbridge.testing.deviations import SITUATIONS, covering, unknown

MEMORY = open_backend("memory://declaration")


def verify(**changes):
    verify_declaration(replace(MEMORY.spec, **changes), MEMORY.limits, MEMORY.adapter)


def test_an_honest_declaration_passes():
    verify()
    verify(deviations=(Deviation("inf-clamped", "M1", "the greatest number", "so it is"),))


@pytest.mark.parametrize(
    ("deviation", "words"),
    [
        (Deviation("moody", "M1", "it depends", "so it is"), "no check can provoke"),
        (Deviation("inf-clamped", "Z1", "it depends", "so it is"), "must say its clause"),
        (Deviation("inf-clamped", "M1", " ", "so it is"), "must say its clause"),
    ],
)
def test_a_deviation_must_be_whole(deviation, words):
    with pytest.raises(ConfigurationError, match=words):
        verify(deviations=(deviation,))


def test_a_deviation_is_declared_once():
    one = Deviation("inf-clamped", "M1", "the greatest number", "so it is")
    with pytest.raises(ConfigurationError, match="declared twice: inf-clamped"):
        verify(deviations=(one, one))


@pytest.mark.parametrize("probe", ["no.such.module:Probe", "trackbridge.testing.probes.memory:Absent", "nonsense"])
def test_a_probe_must_exist(probe):
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        load_probe(replace(MEMORY.spec, probe=probe))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("from trackbridge.adapters.memory.runs import MemoryRuns", "imports trackbridge.adapters.memory.runs"),
        ("import trackbridge.adapters.memory.adapter as a", "imports trackbridge.adapters.memory.adapter"),
        (
            "def probe():\n    from trackbridge.adapters.memory import adapter",
            "imports trackbridge.adapters.memory.adapter",
        ),
        ("from trackbridge.protocol import open_backend", "imports open_backend"),
        ("import trackbridge.store", "imports trackbridge.store"),
        (
            "import importlib\nx = importlib.import_module('trackbridge.adapters.memory.runs')",
            "imports trackbridge.adapters",
        ),
        ("from probe_helper import x", "probe_helper imports open_backend"),
    ],
)
def test_a_probe_must_not_lead_to_the_adapter(tmp_path, monkeypatch, source, words):
    name = f"probe_{abs(hash(source))}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / name / "probe_helper.py").write_text("from trackbridge.protocol import open_backend as x\n")
    (tmp_path / name / "probe.py").write_text(source.replace("probe_helper", f"{name}.probe_helper"))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError, match=words.replace("probe_helper", f"{name}.probe_helper")):
        verify(probe=f"{name}.probe:make")


def test_the_longest_situation_answers():
    digest = Deviation("dataset-digest-cut", "D1", "the first 36", "so it is")
    nothing = Deviation("dataset-left-out", "D1", "nothing", "so it is")
    assert covering("dataset-digest", [digest]) == ("dataset-digest-cut",)
    assert covering("dataset", [digest]) == ()
    assert covering("dataset-digest", [nothing]) == ("dataset-left-out",)
    assert unknown([digest, nothing]) == ()
    with pytest.raises(KeyError):
        covering("moody", [])
    assert all(text for text in SITUATIONS.values())


def test_memory_does_not_travel():
    with pytest.raises(Unsupported) as caught:
        MEMORY.__reduce__()
    assert caught.value.capability == "cross_process"
