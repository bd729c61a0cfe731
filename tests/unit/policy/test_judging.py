"""The table of what a policy finds in a run: pure facts in, violations out."""

import pytest

from trackbridge.errors import ConfigurationError
from trackbridge.policy import RegisteredModel, RunFacts, lacking, offending, parse_policy
from trackbridge.records.datasets import DatasetRecord

DATA = DatasetRecord("d", "v1", "sha256:aa", "s3://d", "training", None, None)
BARE = DatasetRecord("e", None, None, None, "test", None, None)


def facts(**known) -> RunFacts:
    return RunFacts(**{"experiment": "fraud", **known})


# (the policy, the facts, what is certain at once, what is missing at the end)
CASES = {
    "a param": ({"required_params": ["lr"]}, facts(params={"lr": 1}), [], []),
    "no param": ({"required_params": ["lr", "seed"]}, facts(params={"lr": None}), [], ["there is no param 'seed'"]),
    "a tag": ({"required_tags": ["team"]}, facts(tags={"team": ""}), [], []),
    "no tag": ({"required_tags": ["team"]}, facts(tags={"Team": "x"}), [], ["there is no tag 'team'"]),
    "a metric": ({"required_metrics": ["auc"]}, facts(metrics={"auc"}), [], []),
    "no metric": ({"required_metrics": ["auc"]}, facts(metrics={"loss"}), [], ["there is no metric 'auc'"]),
    "an artifact": ({"required_artifacts": ["*.html"]}, facts(artifacts={"a/b.html": 0}), [], []),
    "no artifact": (
        {"required_artifacts": ["*.html"]},
        facts(artifacts={"a.htm": 1}),
        [],
        ["there is no artifact '*.html'"],
    ),
    "data": ({"required_datasets": True}, facts(datasets=[BARE]), [], []),
    "no data": ({"required_datasets": True}, facts(), [], ["no data set is recorded"]),
    "data not asked for": ({"required_datasets": False, "required_tags": []}, facts(), [], []),
    "data for a context": ({"required_datasets": ["training"]}, facts(datasets=[DATA]), [], []),
    "no data for a context": (
        {"required_datasets": ["training", "test"]},
        facts(datasets=[DATA]),
        [],
        ["no data set is recorded for 'test'"],
    ),
    "digests": ({"required_dataset_digests": True}, facts(datasets=[DATA]), [], []),
    "no digest": (
        {"required_dataset_digests": True},
        facts(datasets=[DATA, BARE]),
        [],
        ["the data set 'e' has no digest"],
    ),
    "capture": ({"required_capture": True}, facts(captured=True), [], []),
    "capture turned off": ({"required_capture": True}, facts(captured=False), ["the environment is not recorded"], []),
    "capture never seen": ({"required_capture": True}, facts(), [], ["the environment is not recorded"]),
    "a signature": ({"required_signature": True}, facts(models=[RegisteredModel("m", True, False)]), [], []),
    "no signature": (
        {"required_signature": True},
        facts(models=[RegisteredModel("m", False, True)]),
        ["the model 'm' is registered without a signature"],
        [],
    ),
    "no model to have a signature": ({"required_signature": True}, facts(), [], []),
    "no input example": (
        {"required_input_example": True},
        facts(models=[RegisteredModel("m", True, False)]),
        ["the model 'm' is registered without an input example"],
        [],
    ),
    "a param's name": ({"names": {"params": "[a-z_]+"}}, facts(params={"lr": 1}), [], []),
    "a param misnamed": (
        {"names": {"params": "[a-z_]+"}},
        facts(params={"LR": 1, "a_b": 2}),
        ["the param 'LR' is not named like [a-z_]+"],
        [],
    ),
    "a tag misnamed": ({"names": {"tags": "x"}}, facts(tags={"xy": "1"}), ["the tag 'xy' is not named like x"], []),
    "a metric misnamed": (
        {"names": {"metrics": "x"}},
        facts(metrics={"y"}),
        ["the metric 'y' is not named like x"],
        [],
    ),
    "an artifact misnamed": (
        {"names": {"artifacts": r"[^ ]+"}},
        facts(artifacts={"a b": 1}),
        ["the artifact 'a b' is not named like [^ ]+"],
        [],
    ),
    "a run misnamed": ({"names": {"runs": "r-.*"}}, facts(name="x"), ["the run 'x' is not named like r-.*"], []),
    "a run without a name": ({"names": {"runs": "r-.*"}}, facts(), [], []),
    "a model misnamed": (
        {"names": {"models": "fraud-.*"}},
        facts(models=[RegisteredModel("m", True, True)]),
        ["the model 'm' is not named like fraud-.*"],
        [],
    ),
    "an allowed experiment": ({"allowed_experiments": ["fr*"]}, facts(), [], []),
    "another experiment": (
        {"allowed_experiments": ["risk-*", "x"]},
        facts(),
        ["the experiment 'fraud' is none of risk-*, x"],
        [],
    ),
    "an allowed backend": ({"allowed_backends": ["prod", "local://*"]}, facts(backends=("local://x",)), [], []),
    "another backend": (
        {"allowed_backends": ["prod"]},
        facts(backends=("prod", "mine")),
        ["the backend mine is none of prod"],
        [],
    ),
    "a forbidden param": (
        {"forbidden_values": {"params.owner": ["todo", 1]}},
        facts(params={"owner": 1}),
        ["params.owner is 1"],
        [],
    ),
    "a param that only looks forbidden": (
        {"forbidden_values": {"params.owner": [1]}},
        facts(params={"owner": True}),
        [],
        [],
    ),
    "a forbidden tag": (
        {"forbidden_values": {"tags.team.x": ["none"]}},
        facts(tags={"team.x": "none"}),
        ["tags.team.x is 'none'"],
        [],
    ),
    "a forbidden name": ({"forbidden_values": {"name": ["test"]}}, facts(name="test"), ["name is 'test'"], []),
    "the largest artifact": ({"max_artifact_size_bytes": 10}, facts(artifacts={"a": 10}), [], []),
    "an artifact too large": (
        {"max_artifact_size_bytes": 10},
        facts(artifacts={"a": 11}),
        ["the artifact 'a' has 11 bytes, more than 10"],
        [],
    ),
    "a rule for another experiment": ({"where": ["risk-*"], "required_tags": ["x"]}, facts(), [], []),
    "rules of a list": (
        {"rule": [{"name": "a", "required_tags": ["x"]}, {"name": "b", "where": ["fraud"], "required_params": ["y"]}]},
        facts(),
        [],
        ["there is no tag 'x'", "there is no param 'y'"],
    ),
    "nothing asked for": ({"mode": "warn"}, facts(captured=False), [], []),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_found(case):
    values, known, certain, missing = CASES[case]
    policy = parse_policy(values)
    assert [violation.what for violation in offending(policy, known)] == certain
    assert [violation.what for violation in lacking(policy, known)] == missing


def test_a_violation_says_which_rule_why_and_where_to_read_more():
    rule = {"name": "owner", "message": "Every run has a team.", "link": "https://wiki/x", "required_tags": ["team"]}
    (violation,) = lacking(parse_policy({"rule": [rule]}), facts())
    assert (
        violation.text == "there is no tag 'team', against the rule 'owner'. Every run has a team. See https://wiki/x"
    )


def test_a_rule_of_the_list_takes_mode_and_end_from_the_table_unless_it_has_its_own():
    values = {"mode": "warn", "at_finish": "fail", "rule": [{"name": "a"}, {"name": "b", "mode": "enforce"}]}
    assert [(rule.name, rule.mode, rule.at_finish) for rule in parse_policy(values)] == [
        ("a", "warn", "fail"),
        ("b", "enforce", "fail"),
    ]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"requird_tags": []}, "Did you mean required_tags"),
        ({"mode": "maybe"}, "one of enforce, warn"),
        ({"required_tags": "team"}, "a list of texts"),
        ({"required_datasets": 1}, "true or false"),
        ({"max_artifact_size_bytes": -1}, "a whole number"),
        ({"names": {"params": "("}}, "a regular expression"),
        ({"names": {"param": "x"}}, "Did you mean params"),
        ({"forbidden_values": {"metrics.x": [1]}}, "a table of fields"),
        ({"forbidden_values": {"params.x": 1}}, "a list of values"),
        ({"allowed_stages": ["Prod"]}, "'Prod' is none"),
        ({"transitions": ["Staging"]}, "None -> Staging"),
        ({"transitions": ["Staging -> Live"]}, "'Live' is none"),
        ({"promoters": {"Production": "me"}}, "a list of patterns"),
        ({"promoters": {"Live": ["me"]}}, "'Live' is none"),
        ({"rule": [{"mode": "warn"}]}, "has no name"),
        ({"rule": {"name": "a"}}, "a list of tables"),
        ([], "It should be a table"),
    ],
)
def test_a_mistake_is_told_with_its_place(values, said):
    with pytest.raises(ConfigurationError, match="policy") as told:
        parse_policy(values)
    assert said in str(told.value)
