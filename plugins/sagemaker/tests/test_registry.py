"""Models in SageMaker's own registry: life cycles, approvals, and packages that others made."""

from __future__ import annotations

import pytest

from trackbridge.protocol import Mirror, VersionSpec, VersionState, open_backend
from trackbridge.store import connect

pytestmark = pytest.mark.server


@pytest.fixture
def store(place, monkeypatch, tmp_path):
    monkeypatch.setenv("TRACKBRIDGE_JOURNAL_DIR", str(tmp_path))
    with connect(place.url) as store:
        yield store


def spec(token, run_id=None):
    return VersionSpec(token, run_id, "model", None, 1_000)


def test_a_promotion_never_sets_the_approval_status(place, adapter, store):
    registry = adapter.registry
    registry.ensure_model("m")
    for token in "abc":
        registry.create_version("m", spec(token))
    store.registry.transition("m", 1, "Staging")
    store.registry.transition("m", 1, "Production")
    store.registry.transition("m", 2, "Production", archive_existing="all")
    store.registry.set_alias("m", "champion", 2)
    sent = [call.request for call in place.account.calls("UpdateModelPackage")]
    assert sent
    assert not any("ModelApprovalStatus" in request for request in sent)
    store.registry.approve("m", 2)
    sent = [call.request for call in place.account.calls("UpdateModelPackage")]
    assert [one["ModelApprovalStatus"] for one in sent if "ModelApprovalStatus" in one] == ["Approved"]
    client = place.client("sagemaker")
    packages = client.list_model_packages(ModelPackageGroupName="m")["ModelPackageSummaryList"]
    shown = {one["ModelPackageVersion"]: (one.get("ModelLifeCycle"), one["ModelApprovalStatus"]) for one in packages}
    assert shown == {
        1: ({"Stage": "Archived", "StageStatus": "Retired"}, "PendingManualApproval"),
        2: ({"Stage": "Production", "StageStatus": "Approved"}, "Approved"),
        3: (None, "PendingManualApproval"),
    }


def test_an_approval_given_in_studio_is_read_and_stays(place, adapter, store):
    registry = adapter.registry
    registry.ensure_model("m")
    registry.create_version("m", spec("a"))
    client = place.client("sagemaker")
    (package,) = client.list_model_packages(ModelPackageGroupName="m")["ModelPackageSummaryList"]
    client.update_model_package(ModelPackageArn=package["ModelPackageArn"], ModelApprovalStatus="Rejected")
    assert (store.registry.get("m", 1).approval, store.registry.get("m", 1).outside) == ("rejected", ("approval",))
    store.registry.transition("m", 1, "Staging")
    found = store.registry.get("m", 1)
    assert (found.approval, found.stage, found.outside) == ("rejected", "Staging", ())
    assert [one.action for one in store.registry.history("m")] == ["approval", "transition"]


def test_a_group_that_others_made_is_a_model(place, store):
    client = place.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName="Theirs", ModelPackageGroupDescription="made in Studio")
    made = client.create_model_package(
        ModelPackageGroupName="Theirs", SourceUri="s3://bucket/model.tar.gz", ModelPackageDescription="first"
    )
    client.update_model_package(
        ModelPackageArn=made["ModelPackageArn"], ModelLifeCycle={"Stage": "Staging", "StageStatus": "PendingApproval"}
    )
    (model,) = store.registry.models()
    assert (model.name, model.description) == ("Theirs", "made in Studio")
    version = store.registry.get("Theirs", 1)
    assert (version.stage, version.artifact_path, version.description) == (
        "Staging",
        "s3://bucket/model.tar.gz",
        "first",
    )
    store.registry.transition("Theirs", 1, "Production", actor="alice")
    life = client.describe_model_package(ModelPackageName=made["ModelPackageArn"])["ModelLifeCycle"]
    assert life["Stage"] == "Production"
    assert [one.actor for one in store.registry.history("Theirs")][-1] == "alice"


def test_numbers_go_on_after_those_of_others(place, adapter):
    registry = adapter.registry
    registry.ensure_model("m")
    assert registry.create_version("m", spec("a")) == 1
    place.client("sagemaker").create_model_package(ModelPackageGroupName="m", SourceUri="s3://bucket/x")
    assert registry.create_version("m", spec("b")) == 3
    assert [one.number for one in registry.versions("m")] == [1, 2, 3]


def test_a_version_is_made_once_though_the_answer_was_lost(place, adapter):
    registry = adapter.registry
    registry.ensure_model("m")
    place.account.fail("cut-after", operation="CreateModelPackage", times=1)
    assert registry.create_version("m", spec("a")) == 1
    assert open_backend(place.url).adapter.registry.create_version("m", spec("a")) == 1
    assert len(place.client("sagemaker").list_model_packages(ModelPackageGroupName="m")["ModelPackageSummaryList"]) == 1


def test_a_mirror_that_died_half_way_is_no_change_outside(place, adapter):
    registry = adapter.registry
    registry.ensure_model("m")
    for token in "ab":
        registry.create_version("m", spec(token))
    states = {1: VersionState("Archived"), 2: VersionState("Production")}
    place.account.fail("error", operation="UpdateModelPackage", code="AccessDeniedException", times=None)
    with pytest.raises(Exception, match="AccessDenied"):
        registry.set_mirror("m", Mirror(1, "1" * 64, states))
    found = open_backend(place.url).adapter.registry
    assert found.get_model("m").mirrored is None, "what the fields show is older"
    place.account.restore()
    found.set_mirror("m", Mirror(1, "1" * 64, states))
    assert {one.number: one.state.stage for one in found.versions("m")} == {1: "Archived", 2: "Production"}
