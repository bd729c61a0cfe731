"""A policy as it is configured: tables of settings become rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from trackbridge.config import setting_base, setting_place, settings
from trackbridge.config.tables import Place, Table
from trackbridge.policy.published import published_policy
from trackbridge.policy.rules import Policy, Requirements, Rights, Rule
from trackbridge.records.models import STAGES, Stage
from trackbridge.records.values import ParamValue

__all__ = ["KEYS", "configured_policy", "parse_policy"]

_RULE: Final = (
    *("mode", "at_finish", "message", "link", "where", "models"),
    *("required_params", "required_tags", "required_metrics", "required_artifacts", "required_datasets"),
    *("required_dataset_digests", "required_capture", "required_signature", "required_input_example"),
    *("names", "allowed_experiments", "allowed_backends", "forbidden_values", "max_artifact_size_bytes"),
    *("allowed_stages", "transitions", "approval_for", "gate_for", "may_force", "promoters", "approvers"),
    "author_may_approve",
)
# Every key that a policy may have; docs/reference/policy.md explains each, and a test compares the two.
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("source", "sha256", *_RULE, "rule"),
    "rule": ("name", *_RULE),
    "names": ("params", "tags", "metrics", "artifacts", "runs", "models"),
}
_ARROW: Final = re.compile(r"\s*->\s*")


def configured_policy() -> Policy:
    """Give the rules in force: those that are published where ``source`` says, then those of the settings.

    Raises:
        ConfigurationError: something in them is wrong, or what is published is not what ``sha256`` pins.
    """
    values = settings().policy
    if not values:
        return ()
    table = Table(values, ("policy",), KEYS[""])
    own = tuple(_rules(table))
    if "source" not in table:
        return own
    base = setting_base(("policy", "source"))
    document = published_policy(table.text("source"), table.text("sha256", ""), base)
    return (*parse_policy(document.values, document.place), *own)


def parse_policy(values: object, place: Place = setting_place) -> Policy:
    """Make rules of the table ``[policy]``.

    Args:
        values: The table.
        place: Says where a key stands, for messages.

    Raises:
        ConfigurationError: an unknown key, or a wrong value.
    """
    return tuple(_rules(Table(values, ("policy",), (*_RULE, "rule"), place)))


def _rules(table: Table) -> Iterator[Rule]:
    first = _rule(table, "policy", None)
    if (first.asks, first.rights) != (Requirements(), Rights()):
        yield first
    for each in table.tables("rule", KEYS["rule"]):
        yield _rule(each, each.text("name"), first)


def _rule(table: Table, name: str, defaults: Rule | None) -> Rule:
    """Make one rule; a rule of a list takes mode and end from the table that the list stands in."""
    return Rule(
        name=name,
        mode=table.choice("mode", ("enforce", "warn"), defaults.mode if defaults else "enforce"),
        at_finish=table.choice("at_finish", ("mark", "fail"), defaults.at_finish if defaults else "mark"),
        message=table.text("message", ""),
        link=table.text("link", ""),
        where=table.texts("where"),
        models=table.texts("models"),
        asks=_requirements(table),
        rights=_rights(table),
    )


def _requirements(table: Table) -> Requirements:
    listed = isinstance(table.value("required_datasets"), list)
    return Requirements(
        params=table.texts("required_params"),
        tags=table.texts("required_tags"),
        metrics=table.texts("required_metrics"),
        artifacts=table.texts("required_artifacts"),
        datasets=not listed and table.flag("required_datasets"),
        contexts=table.texts("required_datasets") if listed else (),
        dataset_digests=table.flag("required_dataset_digests"),
        capture=table.flag("required_capture"),
        signature=table.flag("required_signature"),
        input_example=table.flag("required_input_example"),
        names=_names(table),
        experiments=table.texts("allowed_experiments"),
        backends=table.texts("allowed_backends"),
        forbidden={field: _forbidden(table, field) for field in table.mapping("forbidden_values")},
        max_artifact_size_bytes=table.count("max_artifact_size_bytes"),
    )


def _rights(table: Table) -> Rights:
    promoters = table.mapping("promoters")
    return Rights(
        stages=_stages(table, "allowed_stages"),
        transitions=tuple(_transition(table, text) for text in table.texts("transitions")),
        approval_for=_stages(table, "approval_for"),
        gate_for=_stages(table, "gate_for"),
        force=table.texts("may_force"),
        promoters={_stage(table, "promoters", stage): _actors(table, stage) for stage in promoters},
        approvers=table.texts("approvers"),
        author_may_approve=table.flag("author_may_approve", default=True),
    )


def _names(table: Table) -> dict[str, re.Pattern[str]]:
    names = table.table("names", KEYS["names"])
    found = {}
    for kind in KEYS["names"] if names is not None else ():
        if names is not None and kind in names:
            try:
                found[kind] = re.compile(names.text(kind))
            except re.error as error:
                raise names.wrong(kind, f"a regular expression, and it is none: {error}") from error
    return found


def _forbidden(table: Table, field: str) -> tuple[ParamValue, ...]:
    kind, _, name = field.partition(".")
    if field != "name" and (kind not in {"params", "tags"} or not name):
        raise table.wrong("forbidden_values", "a table of fields such as 'params.owner', 'tags.team' or 'name'")
    values = table.mapping("forbidden_values")[field]
    if not isinstance(values, list) or not values:
        raise table.wrong("forbidden_values", f"a table in which {field} is a list of values")
    return tuple(values)


def _stages(table: Table, name: str) -> tuple[Stage, ...]:
    return tuple(_stage(table, name, text) for text in table.texts(name))


def _stage(table: Table, name: str, text: str) -> Stage:
    for known in STAGES:
        if text == known:
            return known
    raise table.wrong(name, f"of the stages {', '.join(STAGES)}; {text!r} is none")


def _transition(table: Table, text: str) -> tuple[Stage, Stage]:
    parts = _ARROW.split(text)
    if len(parts) != 2:
        raise table.wrong("transitions", "a list of moves such as 'None -> Staging'")
    return _stage(table, "transitions", parts[0]), _stage(table, "transitions", parts[1])


def _actors(table: Table, stage: str) -> tuple[str, ...]:
    actors = table.mapping("promoters")[stage]
    if not isinstance(actors, list) or not actors or not all(isinstance(each, str) for each in actors):
        raise table.wrong("promoters", f"a table in which {stage} is a list of patterns of actors")
    return tuple(actors)
