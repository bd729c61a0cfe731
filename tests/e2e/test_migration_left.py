"""What a migration off each vendor leaves behind is declared by name: a new name, or one less, is a decision."""

from __future__ import annotations

import pytest

from trackbridge.protocol import open_backend, surplus_of
from trackbridge.records.ids import new_run_id

LEFT = {
    "vertex://my-project/europe-west4?staging=gs://bucket/a": [
        "vertex.datasets",
        "vertex.endpoints",
        "vertex.jobs",
        "vertex.metadata-records",
        "vertex.model-details",
        "vertex.permissions",
        "vertex.tensorboard-media",
    ],
    "sagemaker://eu-west-1?bucket=my-bucket": [
        "sagemaker.aggregated-points",
        "sagemaker.endpoints",
        "sagemaker.jobs",
        "sagemaker.lineage",
        "sagemaker.model-details",
        "sagemaker.permissions",
        "sagemaker.studio",
    ],
}


@pytest.mark.parametrize("url", LEFT)
def test_it_is_declared_by_name_and_nothing_of_it_travels(url) -> None:
    adapter = open_backend(url).adapter
    surplus = surplus_of(adapter)
    assert surplus is not None
    assert sorted(surplus.stays) == LEFT[url]
    assert all(surplus.stays.values())
    assert dict(surplus.travels) == {}
    assert list(surplus.of_run(new_run_id())) == []
    adapter.close()


@pytest.mark.parametrize("scheme", ["local://", "archive+file://"])
def test_what_trackbridge_itself_keeps_is_all_in_records(scheme, tmp_path) -> None:
    assert surplus_of(open_backend(f"{scheme}{tmp_path}/left").adapter) is None
