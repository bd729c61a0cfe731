"""ModelService: versions, the one default alias, and what may be updated where."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1

from emulators.vertex import Remote

Client = v1.ModelServiceClient
CONTAINER = {"image_uri": "gcr.io/p/image"}


def upload(models: Client, parent: str, **more: Any) -> v1.UploadModelResponse:
    named = {key: more.pop(key) for key in ("model_id", "parent_model") if key in more}
    model = v1.Model(**{"display_name": "fraud", "artifact_uri": "gs://b/m", "container_spec": CONTAINER, **more})
    return models.upload_model(request={"parent": parent, "model": model, **named}).result()


def aliases(models: Client, name: str) -> dict[str, list[str]]:
    return {found.version_id: sorted(found.version_aliases) for found in models.list_model_versions(name=name)}


@pytest.fixture
def model(models: Client, parent: str) -> str:
    """A model of two versions, the first of which is the default."""
    name = upload(models, parent, model_id="fraud").model
    upload(models, parent, parent_model=name, artifact_uri="gs://b/second", version_description="second")
    return name


def test_the_first_version_is_the_default_and_others_are_asked_for(models: Client, model: str) -> None:
    assert aliases(models, model) == {"1": ["default"], "2": []}
    assert models.get_model(name=model).version_id == "1"
    second = models.get_model(name=f"{model}@2")
    assert (second.name, second.artifact_uri, second.version_description) == (f"{model}@2", "gs://b/second", "second")
    assert not second.container_spec.image_uri  # input only
    with pytest.raises(exceptions.NotFound):
        models.get_model(name=f"{model}@3")


@pytest.mark.parametrize("model_id", ["1fraud", "-fraud", "Fraud", "f" * 64, "fr.aud"])
def test_a_model_id_that_breaks_its_rule_is_refused(models: Client, parent: str, model_id: str) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        upload(models, parent, model_id=model_id)


def test_a_taken_model_id_is_refused(models: Client, parent: str, model: str) -> None:
    with pytest.raises(exceptions.AlreadyExists):
        upload(models, parent, model_id="fraud")
    with pytest.raises(exceptions.NotFound):
        upload(models, parent, parent_model=f"{parent}/models/other")


@pytest.mark.parametrize("alias", ["a", "1a", "a-", "a_b", "a.b", "a" * 129, "7", ""])
def test_an_alias_that_breaks_its_rule_is_refused(models: Client, model: str, remote: Remote, alias: str) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        models.merge_version_aliases(name=f"{model}@1", version_aliases=[alias])
    (violation,) = remote.violations()
    assert "Model.version_aliases" in violation["cite"]


def test_an_alias_is_on_one_version(models: Client, model: str) -> None:
    models.merge_version_aliases(name=f"{model}@1", version_aliases=["live", "old"])
    models.merge_version_aliases(name=f"{model}@2", version_aliases=["live", "-never-there"])
    assert aliases(models, model) == {"1": ["default", "old"], "2": ["live"]}
    models.merge_version_aliases(name=f"{model}@1", version_aliases=["-old", "new", "-new"])
    assert aliases(models, model)["1"] == ["default"]


def test_there_is_always_exactly_one_default(models: Client, model: str, parent: str) -> None:
    models.merge_version_aliases(name=f"{model}@2", version_aliases=["default"])
    assert aliases(models, model) == {"1": [], "2": ["default"]}
    with pytest.raises(exceptions.InvalidArgument):
        models.merge_version_aliases(name=f"{model}@2", version_aliases=["-default"])
    with pytest.raises(exceptions.FailedPrecondition):
        models.delete_model_version(name=f"{model}@2").result()
    upload(models, parent, parent_model=model, version_aliases=["default"])
    assert aliases(models, model) == {"1": [], "2": [], "3": ["default"]}


def test_a_version_id_must_be_explicit_where_aliases_change(models: Client, model: str) -> None:
    for name in (model, f"{model}@default"):
        with pytest.raises(exceptions.InvalidArgument):
            models.merge_version_aliases(name=name, version_aliases=["live"])
        with pytest.raises(exceptions.InvalidArgument):
            models.delete_model_version(name=name)


def test_a_version_number_is_never_given_again(models: Client, model: str, parent: str) -> None:
    models.delete_model_version(name=f"{model}@2").result()
    assert upload(models, parent, parent_model=model).model_version_id == "3"
    models.merge_version_aliases(name=f"{model}@3", version_aliases=["default"])
    models.delete_model_version(name=f"{model}@1").result()
    with pytest.raises(exceptions.FailedPrecondition):
        models.delete_model_version(name=f"{model}@3")


def test_a_deleted_model_is_gone_with_its_versions(models: Client, model: str, parent: str) -> None:
    models.delete_model(name=model).result()
    for name in (model, f"{model}@2"):
        with pytest.raises(exceptions.NotFound):
            models.get_model(name=name)
    assert upload(models, parent, model_id="fraud").model_version_id == "1"


def test_a_model_and_its_versions_are_updated_apart(models: Client, model: str) -> None:
    update = models.update_model
    update(model=v1.Model(name=model, display_name="new"), update_mask={"paths": ["display_name"]})
    update(model=v1.Model(name=f"{model}@-", description="of the model"), update_mask={"paths": ["description"]})
    assert models.get_model(name=model).description == "of the model"
    update(model=v1.Model(name=f"{model}@2", version_description="v"), update_mask={"paths": ["version_description"]})
    second = models.get_model(name=f"{model}@2")
    assert (second.display_name, second.version_description) == ("new", "v")
    assert models.get_model(name=model).version_description == ""
    for name, field in ((model, "version_description"), (f"{model}@2", "display_name")):
        with pytest.raises(exceptions.FailedPrecondition):
            update(model=v1.Model(name=name, **{field: "x"}), update_mask={"paths": [field]})
    with pytest.raises(exceptions.InvalidArgument):
        update(model=v1.Model(name=model, artifact_uri="gs://x"), update_mask={"paths": ["artifact_uri"]})
    with pytest.raises(exceptions.InvalidArgument):
        update(model=v1.Model(name=model, display_name="x"), update_mask={})


def test_labels_of_a_model_and_of_a_version_are_merged(models: Client, model: str) -> None:
    mask = {"paths": ["labels"]}
    models.update_model(model=v1.Model(name=model, labels={"team": "risk", "both": "model"}), update_mask=mask)
    models.update_model(model=v1.Model(name=f"{model}@2", labels={"both": "version"}), update_mask=mask)
    assert dict(models.get_model(name=f"{model}@2").labels) == {"team": "risk", "both": "version"}
    assert dict(models.get_model(name=model).labels) == {"team": "risk", "both": "model"}
    found = models.list_model_versions(request={"name": model, "filter": 'labels.both="version"'})
    assert [version.version_id for version in found] == ["2"]


def test_a_stale_etag_is_aborted(models: Client, model: str) -> None:
    read = models.get_model(name=model)
    mask = {"paths": ["description"]}
    models.update_model(model=v1.Model(name=model, etag=read.etag, description="a"), update_mask=mask)
    with pytest.raises(exceptions.Aborted):
        models.update_model(model=v1.Model(name=model, etag=read.etag, description="b"), update_mask=mask)


def test_models_are_listed_by_filter_and_order(models: Client, parent: str) -> None:
    for name in ("beta", "alpha", "gamma"):
        upload(models, parent, model_id=name, display_name=name.upper(), labels={"first": name[0]})
    listed = models.list_models(request={"parent": parent, "order_by": "display_name desc"})
    assert [model.display_name for model in listed] == ["GAMMA", "BETA", "ALPHA"]
    for text in (
        "model=alpha",
        'displayName="ALPHA"',
        'labels.first="a"',
        "labels.first:* AND model!=beta AND model!=gamma",
    ):
        found = models.list_models(request={"parent": parent, "filter": text})
        assert [model.display_name for model in found] == ["ALPHA"], text
    for text in ("display_name>x", "version_id=1", "labels.first>a"):
        with pytest.raises(exceptions.InvalidArgument):
            models.list_models(request={"parent": parent, "filter": text})


def test_an_artifact_lies_in_cloud_storage(models: Client, parent: str) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        upload(models, parent, artifact_uri="/tmp/model")
    with pytest.raises(exceptions.InvalidArgument, match="image_uri"):
        upload(models, parent, container_spec=v1.ModelContainerSpec(command=["x"]))
