"""X4: secrets are gone before anything leaves the process; what is left is the value."""

from __future__ import annotations

import os

from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, same
from trackbridge.testing.lab import Lab

__all__: list[str] = []

PASSWORD = "hunter2" * 3
SECRETS = {
    "url": f"postgresql://alice:{PASSWORD}@db.example.com/x",
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "github": "ghp_" + "a1B2c3D4e5F6" * 3,
    "bearer": "Authorization: Bearer " + "abcdef1234567890" * 2,
}


def _is_clean(lab: Lab, run_id: str) -> None:
    """Look for each secret in all that any reader sees."""
    for record in lab.records(run_id):
        _holds_none(str(record), "what a store gives")
    _holds_none(str(lab.probed(run_id)), "what the raw client sees")


def _holds_none(text: str, where: str) -> None:
    for kind, secret in SECRETS.items():
        part = PASSWORD if kind == "url" else secret.removeprefix("Authorization: Bearer ")
        holds(part not in text, f"the {kind} secret is not in {where}")


@check("X4", "secrets in params and tags are gone, the rest stays", capability="runs")
def params_and_tags(lab: Lab) -> None:
    params = {kind: f"before {secret} after" for kind, secret in SECRETS.items()}
    run_id = lab.logged(params={**params, "list": list(SECRETS.values()), "plain": "x"}, tags=params)
    _is_clean(lab, run_id)
    for record in lab.records(run_id):
        same(sorted(record.params), sorted([*params, "list", "plain"]), "the names of the params")
        same(record.params["plain"], "x", "a param without secrets")
        for kind in SECRETS:
            for value in (record.params[kind], record.tags[kind]):
                contains(value, "before ", f"the {kind}")
                contains(value, " after", f"the {kind}") if kind != "bearer" else None
        contains(record.params["url"], "db.example.com", "the address without its password")


@check("X4", "secrets in names, notes, dataset addresses and comments are gone", capability="runs")
def elsewhere(lab: Lab) -> None:
    url = SECRETS["url"]
    with lab.start_run() as run:
        run.use_dataset(name="d", uri=url, digest="md5:00ff")
        run.log_text("weights", "model/w")
    lab.store.runs.edit(run.id, notes=f"see {url}", tags={"edited": url})
    _is_clean(lab, run.id)
    model = lab.name("model")
    lab.store.registry.register(model, run_id=run.id, artifact="model")
    lab.store.registry.transition(model, 1, "Staging", actor="alice", comment=f"as in {url}")
    _holds_none(str(list(lab.second().registry.history(model))), "the trail")
    _holds_none(str(lab.probed_model(model).entries), "the stored trail")
    contains(next(iter(lab.second().registry.history(model))).comment, "as in ", "the comment")


@check("X4", "the value of a secret environment variable is gone", capability="runs")
def environment_value(lab: Lab) -> None:
    secret = "plain looking words " + PASSWORD[::-1]
    os.environ["TBC_API_TOKEN"] = secret
    try:
        with lab.start_run(params={"p": f"used {secret}!"}, capture=True) as run:
            pass
    finally:
        del os.environ["TBC_API_TOKEN"]
    for text in (*map(str, lab.records(run.id)), str(lab.probed(run.id))):
        holds(secret not in text, "the secret is not in what readers see")
        contains(text, "used ", "what readers see")


@check("X4", "the redacted value is the value", capability="runs")
def is_the_value(lab: Lab) -> None:
    with lab.start_run(params={"url": SECRETS["url"]}) as run:
        kept = run.id
        run.log_param("url", SECRETS["url"])
    stored = lab.store.runs.get(kept).params["url"]
    with lab.start_run(run_id=kept, resume="must") as again:
        again.log_param("url", SECRETS["url"])
        again.log_param("url", stored)
    same([record.params["url"] for record in lab.records(kept)], [stored] * 2, "the param")
    same(lab.found(f"params.url = '{stored}'"), [kept], "the runs that its value finds")
