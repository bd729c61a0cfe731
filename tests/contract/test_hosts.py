"""The suite in every host: whoever delivers, the same arrives. A sample in the first tier, the whole in the second."""

import pytest

from trackbridge.testing import Contract, Scale, lab
from trackbridge.testing.checks import checks_of
from trackbridge.testing.suite import CLAUSES
from trackbridge.testing.verdicts import run_check

SMALL = Scale(points=2_500, runs=30, artifacts=30, writers=4, examples=2)
SAMPLE = ("R4", "M3", "A4", "G2", "T1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hosts")


@pytest.fixture
def thread(monkeypatch):
    monkeypatch.setitem(lab._SETTINGS, "shipper", "thread")


@pytest.fixture
def process(monkeypatch):
    monkeypatch.setitem(lab._SETTINGS, "shipper", "process")


@pytest.mark.full
@pytest.mark.usefixtures("thread")
class TestThread(Contract):
    scale = SMALL

    @pytest.fixture
    def backend_url(self, folder):
        return f"local://{folder / 'thread'}"


@pytest.mark.full
@pytest.mark.usefixtures("process")
class TestProcess(Contract):
    scale = SMALL

    @pytest.fixture
    def backend_url(self, folder):
        return f"local://{folder / 'process'}"


@pytest.mark.full
@pytest.mark.usefixtures("thread")
class TestMemoryThread(Contract):
    scale = SMALL
    url = "memory://contract-thread"


def _sampled():
    return [next(iter(checks_of(clause))) for clause in CLAUSES if clause in SAMPLE]


@pytest.mark.parametrize("host", ["thread", "process"])
@pytest.mark.parametrize("check", _sampled(), ids=lambda check: f"{check.clause}-{check.name}")
def test_a_sample(host, check, folder, request):
    request.getfixturevalue(host)
    outcome = run_check(check, f"local://{folder / 'sample'}", SMALL)
    assert outcome.verdict == "kept", outcome.detail
