"""Ids that Vertex AI takes, and that never meet (R1, R2, G1)."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from trackbridge_vertex.names import experiment_id, model_id, run_context_id, shown_name

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=250)
RUN = "0" * 32


@given(NAMES)
def test_every_name_has_an_id_that_vertex_takes(name):
    experiment = experiment_id(name)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{3,87}", experiment)
    assert re.fullmatch(r"[a-z_][a-z0-9_-]{0,62}", model_id(name))
    assert len(f"{run_context_id(experiment, RUN)}-tb-run") <= 128
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,127}", shown_name(name, RUN))


@given(
    st.lists(NAMES | st.from_regex(r"[a-z]{1,3}[ _-]?[a-z]{0,3}", fullmatch=True), min_size=2, max_size=20, unique=True)
)
def test_no_two_names_share_an_id(names):
    assert len(set(map(experiment_id, names))) == len(names)
    assert len(set(map(model_id, names))) == len(names)


def test_ordinary_names_are_ids():
    assert experiment_id("fraud-detection") == "fraud-detection"
    assert model_id("fraud_detection-2") == "fraud_detection-2"
    assert run_context_id("fraud-detection", RUN) == f"fraud-detection-{RUN}"
    assert shown_name("gbm-baseline", RUN) == "gbm-baseline"


def test_what_looks_like_an_id_made_here_is_made_anew():
    made = experiment_id("Fraud!")
    assert experiment_id(made) != made
    run = run_context_id("fraud", RUN)
    assert experiment_id(run) != run
    assert experiment_id(f"{run}-tb-run") != f"{run}-tb-run"


def test_a_run_is_shown_by_its_name_or_its_id():
    assert shown_name(None, RUN) == RUN
    assert shown_name("GBM Baseline (1)", RUN) == "gbm-baseline-1"
    assert shown_name("基準", RUN) == RUN
