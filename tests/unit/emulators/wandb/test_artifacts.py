"""Artifacts by the SDK: versions, aliases, tags, lineage, deletion, links to registries."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def log(start, sdk, tmp_path):
    """Log a version of an artifact with a file of that content; give it when it is committed."""

    def log(name: str, content: str, *, kind: str = "model", run_id: str | None = None, **options):
        path = tmp_path / "model.txt"
        path.write_text(content)
        artifact = sdk.Artifact(name, kind, metadata=options.pop("metadata", None))
        artifact.add_file(str(path))
        with start(id=run_id) as run:
            return run.log_artifact(artifact, **options).wait()

    return log


def content(artifact) -> str:
    return (Path(artifact.download(skip_cache=True)) / "model.txt").read_text()


def test_versions_aliases_and_metadata(log, api, sdk, project):
    log("m", "one", aliases=["best", "first"], tags=["t"], metadata={"k": {"deep": 1}})
    log("m", "two", aliases=["best"])
    one, two = api.artifact(f"team/{project}/m:v0"), api.artifact(f"team/{project}/m:latest")
    assert (one.version, sorted(one.aliases), one.tags, one.metadata) == ("v0", ["first"], ["t"], {"k": {"deep": 1}})
    assert (two.version, sorted(two.aliases), content(two)) == ("v1", ["best", "latest"], "two")
    assert content(one) == "one"
    one.aliases.append("later")
    one.description, one.metadata, one.tags = "described", {"new": 2}, ["u"]
    one.save()
    again = sdk.Api().artifact(f"team/{project}/m:later")
    assert (again.version, again.description, again.metadata, again.tags) == ("v0", "described", {"new": 2}, ["u"])
    again.aliases.remove("later")
    again.save()
    assert not sdk.Api().artifact_exists(f"team/{project}/m:later")
    assert [each.version for each in api.artifacts("model", f"team/{project}/m")] == ["v1", "v0"]
    assert [each.version for each in api.artifacts("model", f"team/{project}/m", tags=["u"])] == ["v0"]


def test_equal_content_is_no_new_version(log):
    assert [log("m", text, aliases=[text]).version for text in ("one", "two", "two")] == ["v0", "v1", "v1"]


@pytest.mark.parametrize(("rule", "expected"), [("first", []), ("every", ["m:v0"])])
def test_whose_output_an_equal_version_is(log, sdk, project, wandb_emulator, rule, expected):
    wandb_emulator.switch(equal_output=rule)
    log("m", "one", run_id="first")
    log("m", "one", run_id="second")
    assert [each.name for each in sdk.Api().run(f"team/{project}/second").logged_artifacts()] == expected


@pytest.mark.parametrize(("rule", "expected"), [("hidden", ["m:v1"]), ("listed", ["m:v0", "m:v1"])])
def test_outputs_that_are_gone(log, sdk, project, wandb_emulator, rule, expected):
    wandb_emulator.switch(gone_outputs=rule)
    log("m", "one", run_id="maker").delete(delete_aliases=True)
    log("m", "two", run_id="maker")
    logged = list(sdk.Api().run(f"team/{project}/maker").logged_artifacts())
    assert [each.name for each in logged] == expected
    assert logged[-1].state == "COMMITTED"


@pytest.mark.parametrize(("rule", "there"), [("gone", False), ("moved", True)])
def test_latest_of_a_deleted_version(log, sdk, project, wandb_emulator, rule, there):
    wandb_emulator.switch(latest_of_deleted=rule)
    log("m", "one")
    log("m", "two").delete()
    assert sdk.Api().artifact_exists(f"team/{project}/m:latest") is there


def test_lineage(log, start, api, sdk, project):
    log("data", "rows", kind="dataset", run_id="maker")
    with start(id="taker") as run:
        used = run.use_artifact("data:latest")
        assert content(used) == "rows"
    read = api.artifact(f"team/{project}/data:v0")
    assert read.logged_by().id == "maker"
    assert [each.id for each in read.used_by()] == ["taker"]
    assert [each.name for each in api.run(f"team/{project}/taker").used_artifacts()] == ["data:v0"]
    assert [each.name for each in api.run(f"team/{project}/maker").logged_artifacts()] == ["data:v0"]


def test_the_api_alone_uses_and_logs(log, start, api, sdk, project):
    log("m", "one")
    start(id="other").finish()
    read = api.run(f"team/{project}/other")
    read.use_artifact(api.artifact(f"team/{project}/m:v0"))
    read.log_artifact(api.artifact(f"team/{project}/m:v0"), aliases=["again"])
    assert [each.name for each in sdk.Api().run(f"team/{project}/other").used_artifacts()] == ["m:v0"]
    assert sdk.Api().artifact(f"team/{project}/m:again").version == "v0"


def test_references_and_many_files(start, api, sdk, project, tmp_path):
    for i in range(60):
        (tmp_path / "many" / f"{i}").parent.mkdir(exist_ok=True)
        (tmp_path / "many" / f"{i}").write_text(f"content {i}")
    artifact = sdk.Artifact("many", "dataset")
    artifact.add_dir(str(tmp_path / "many"), name="inside")
    artifact.add_reference("https://example.com/x", name="elsewhere", checksum=False)
    with start() as run:
        run.log_artifact(artifact).wait()
    read = api.artifact(f"team/{project}/many:v0")
    assert (read.file_count, len(read.manifest.entries)) == (61, 61)
    assert read.get_entry("elsewhere").ref == "https://example.com/x"
    assert {file.name for file in read.files(per_page=25)} == {*(f"inside/{i}" for i in range(60)), "elsewhere"}
    path = read.get_entry("inside/7").download(str(tmp_path / "there"), skip_cache=True)
    assert Path(path).read_text() == "content 7"


def test_deletion(log, api, sdk, project):
    log("m", "one", aliases=["kept"])
    log("m", "two")
    with pytest.raises(sdk.errors.CommError, match="aliases"):
        api.artifact(f"team/{project}/m:v0").delete()
    api.artifact(f"team/{project}/m:v0").delete(delete_aliases=True)
    assert [each.version for each in sdk.Api().artifacts("model", f"team/{project}/m")] == ["v1"]
    assert log("m", "three").version == "v2"
    collection = api.artifact_collection("model", f"team/{project}/m")
    collection.delete()
    assert not sdk.Api().artifact_collection_exists(f"team/{project}/m", "model")
    assert log("m", "anew").version == "v0"


def test_collections_and_types(log, api, sdk, project):
    log("m", "one")
    log("d", "two", kind="dataset")
    assert {kind.name for kind in api.artifact_types(f"team/{project}")} >= {"model", "dataset"}
    collection = api.artifact_collection("model", f"team/{project}/m")
    collection.description, collection.tags, collection.name = "described", ["tag"], "renamed"
    collection.save()
    again = sdk.Api().artifact_collection("model", f"team/{project}/renamed")
    assert (again.description, again.tags, again.is_sequence()) == ("described", ["tag"], True)
    assert [each.name for each in api.artifact_type("model", f"team/{project}").collections()] == ["renamed"]
    again.change_type("other")
    assert sdk.Api().artifact_collection("other", f"team/{project}/renamed").type == "other"


def test_links_to_a_registry(log, api, sdk, project, wandb_emulator):
    name = f"wandb-registry-model/{project}"
    for i, text in enumerate(("one", "two")):
        linked = log("m", text).link(name, aliases=["staging", f"n{i}"])
        assert (linked.version, linked.is_link, sorted(linked.aliases)) == (
            f"v{i}",
            True,
            ["latest", f"n{i}", "staging"],
        )
    staged = api.artifact(f"example-org/{name}:staging")
    assert (staged.version, staged.source_name, content(staged)) == ("v1", "m:v1", "two")
    first = api.artifact(f"example-org/{name}:v0")
    first.aliases += ["production"]
    first.save()
    assert sorted(sdk.Api().artifact(f"example-org/{name}:v0").aliases) == ["n0", "production"]
    assert {each.qualified_name for each in api.artifact(f"team/{project}/m:v0").linked_artifacts} == {
        f"example-org/{name}:v0"
    }
    registry = api.registry("model", organization="Example Org")
    assert project in {each.name for each in registry.collections()}
    assert [each.version for each in registry.collections(filter={"name": project}).versions()] == ["v1", "v0"]
    assert [each.version for each in registry.versions(filter={"alias": "production"})] == ["v0"]
    staged.unlink()
    assert not sdk.Api().artifact_exists(f"example-org/{name}:v1")
    assert api.artifact_exists(f"team/{project}/m:v1")


@pytest.mark.parametrize(("rule", "version"), [("same", "v0"), ("new", "v1")])
def test_linking_again(log, project, wandb_emulator, rule, version):
    wandb_emulator.switch(relink=rule)
    artifact = log("m", "one")
    artifact.link(f"wandb-registry-model/{project}")
    assert artifact.link(f"wandb-registry-model/{project}", aliases=["more"]).version == version


def test_registries_are_made_renamed_and_deleted(api, sdk, log, project):
    made = api.create_registry(project, visibility="organization", organization="Example Org", artifact_types=["model"])
    assert made.artifact_types == ["model"]
    made.description = "described"
    made.save()
    found = sdk.Api().registry(project, organization="Example Org")
    assert (found.description, found.allow_all_artifact_types) == ("described", False)
    with pytest.raises(sdk.errors.CommError, match="does not take"):
        log("d", "rows", kind="dataset").link(f"wandb-registry-{project}/c")
    found.delete()
    assert project not in {each.name for each in sdk.Api().registries(organization="Example Org")}


def test_a_protected_alias_is_refused(log, api, sdk, project, wandb_emulator):
    artifact = log("m", "one")
    wandb_emulator.switch(protected_aliases=["production"])
    artifact.aliases.append("production")
    with pytest.raises(sdk.errors.CommError, match="alias production is protected"):
        artifact.save()


def test_what_may_only_be_read(log, start, api, sdk, project, wandb_emulator):
    log("m", "one")
    wandb_emulator.switch(read_only_projects=[project])
    with pytest.raises(sdk.errors.CommError, match="read-only"):
        start()
    assert content(api.artifact(f"team/{project}/m:v0")) == "one"
