"""One digest for one run, whatever the backend; one content digest for one script (C1, C2)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint

MLMODEL = "flavors:\n  sklearn: {{}}\nmodel_uuid: {0}\nrun_id: {0}\nutc_time_created: '{0}'\n"


def whole(lab: Any, run_id: str, mark: str = "1") -> str:
    lab.run(
        run_id=run_id,
        name="n",
        params={"a": 2**70, "b": [1, None], "long": "x" * 100},
        tags={"team": "risk", "long": "y" * 100},
        metrics={"loss": [float("nan"), -0.0], "system/cpu": [0.5] * int(mark)},
        files={"model/MLmodel": MLMODEL.format(mark).encode(), "model/w": b"w", "r.txt": b""},
        environment={"requirements.txt": f"a=={mark}".encode()},
        datasets=[DatasetRecord("d", "v1", "sha256:aa", f"/data/{mark}", "training", None, 3)],
        started_ms=1_000 * int(mark),
    )
    lab.write(run_id, [MetricPoint("loss", -2, 7, 5e-324)])
    return run_id


@pytest.mark.parametrize("content", [False, True])
def test_one_run_has_one_digest_on_every_backend(make_lab: Callable[[str], Any], content: bool) -> None:
    run_id = new_run_id()
    stores = [(lab := make_lab(kind), whole(lab, run_id))[0].store for kind in ("memory", "local", "narrow")]
    assert len({store.runs.canonical(run_id, content=content) for store in stores}) == 1
    (digest,) = {store.runs.digest(run_id, content=content) for store in stores}
    assert digest.startswith("sha256:")


def test_the_form_covers_what_the_clause_names(lab: Any) -> None:
    form = json.loads(lab.store.runs.canonical(whole(lab, new_run_id())))
    assert sorted(form) == [
        "artifacts", "datasets", "ended_ms", "environment_files", "experiment", "id", "metrics", "name", "params",
        "started_ms", "status", "tags", "v",
    ]  # fmt: skip
    assert [path for path, _, _ in form["artifacts"]] == ["model/MLmodel", "model/w", "r.txt"]
    assert [path for path, _, _ in form["environment_files"]] == ["requirements.txt"]
    assert form["metrics"]["loss"][0] == 3


def test_a_script_that_runs_twice_has_one_content_digest_and_two_digests(lab: Any) -> None:
    first, second = whole(lab, new_run_id(), "1"), whole(lab, new_run_id(), "2")
    assert lab.store.runs.digest(first) != lab.store.runs.digest(second)
    assert lab.store.runs.digest(first, content=True) == lab.store.runs.digest(second, content=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda lab, run_id: lab.store.runs.edit(run_id, tags={"team": "growth"}),
        lambda lab, run_id: lab.store.runs.edit(run_id, notes="x"),
        lambda lab, run_id: lab.write(run_id, [MetricPoint("loss", -2, 7, 1.0)]),
        lambda lab, run_id: lab.write(run_id, [lab.file("model/w", b"W")]),
        lambda lab, run_id: lab.write(run_id, [lab.file("model/MLmodel", b"flavors: {}\n")]),
    ],
    ids=["tag", "notes", "point", "file", "MLmodel"],
)
def test_any_change_changes_both_digests(lab: Any, change: Callable[[Any, str], None]) -> None:
    run_id = whole(lab, new_run_id())
    before = [lab.store.runs.digest(run_id, content=content) for content in (False, True)]
    change(lab, run_id)
    after = [lab.store.runs.digest(run_id, content=content) for content in (False, True)]
    assert before[0] != after[0]
    assert before[1] != after[1]
