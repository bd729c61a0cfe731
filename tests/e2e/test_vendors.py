"""One environment holds every vendor's plugin, and one process writes to and reads from all of them."""

from __future__ import annotations

import pytest

import trackbridge as tb
from servers.clouds import CLOUDS
from trackbridge.config import configure
from trackbridge.protocol import installed_backends


def test_every_installed_plugin_loads():
    rows = {row.scheme: row.state for row in installed_backends()}
    assert {"mlflow+https", "mlflow+arn", "sagemaker", "vertex", "wandb"} <= rows.keys()
    assert set(rows.values()) == {"ok"}


@pytest.mark.server
@pytest.mark.filterwarnings(r"ignore:.*google\..*:FutureWarning")  # Google's packages warn while they are imported
@pytest.mark.filterwarnings(r"ignore:.*google\..*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")  # MLflow's store
def test_one_process_reads_from_all_vendors(request, monkeypatch, tmp_path):
    urls = [make(request, monkeypatch) for make in CLOUDS.values()]
    urls.append(f"mlflow+sqlite:///{tmp_path / 'mlflow.db'}")
    configure(journal_dir=str(tmp_path / "journal"), shipper="inline", connect_timeout_s=120.0)
    try:
        with tb.start_run(
            "everywhere", backend=urls, params={"lr": 0.1, "on": True}, tags={"t": "ä"}, capture=False
        ) as run:
            run.log_series("loss", range(50), [1 / (n + 1) for n in range(50)])
            run.log_metric("odd", float("nan"), step=-1, timestamp=7)
            run.log_text("weights", "model/weights.txt")
        digests = set()
        for url in urls:
            with tb.connect(url) as store:
                assert store.runs.get(run.id).params == {"lr": 0.1, "on": True}
                digests.add(store.runs.digest(run.id, content=True))
        assert len(digests) == 1
    finally:
        configure(journal_dir=None, shipper=None, connect_timeout_s=None)
