"""Native forms fit the service's rules, and never meet."""

from __future__ import annotations

import pytest

from trackbridge.testing.hostile import NAMES, TEXTS, VALUES
from trackbridge_sagemaker.names import (
    GROUP_CHARS,
    TAG,
    display_name,
    entity_name,
    input_key,
    param_key,
    param_value,
    shown_text,
    tag_key,
    tag_value,
)
from trackbridge_sagemaker.shapes import matches, utf16_length

ENTITY = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}"


@pytest.mark.parametrize("max_chars", [GROUP_CHARS, 120])
def test_names_of_entities_fit_and_differ_in_more_than_case(max_chars):
    names = [*NAMES, "Fraud", "fraud", "FRAUD", "a" * 200, "a" * 201, "A-", entity_name("Fraud")]
    made = [entity_name(name, max_chars) for name in names]
    assert all(len(one) <= max_chars and matches(ENTITY, one) for one in made)
    assert len({one.lower() for one in made}) == len(set(names))
    assert entity_name("fraud-detection-2") == "fraud-detection-2"


def test_names_are_displayed_in_their_own_case():
    assert display_name("Gbm-Baseline") == "Gbm-Baseline"
    assert all(matches(ENTITY, display_name(name)) for name in NAMES)


def test_keys_of_tags_and_parameters_fit_and_differ():
    for make, longest, pattern in ((tag_key, 128, TAG), (param_key, 256, ".*")):
        made = [make(name) for name in NAMES]
        assert len(set(made)) == len(NAMES)
        assert all(utf16_length(one) <= longest and matches(pattern, one) for one in made)
    assert not tag_key("aws:mine").startswith("aws:")
    assert tag_key(tag_key("a,b")) != tag_key("a,b"), "a name that bears our mark is made anew"


def test_values_fit_and_what_is_not_all_says_so():
    for text in (*TEXTS, "x" * 5_000, "😀" * 2_000):
        assert utf16_length(tag_value(text)) <= 256
        assert matches(TAG, tag_value(text))
        assert utf16_length(shown_text(text, 2_500)) <= 2_500
        assert matches(".*", shown_text(text, 2_500))
    assert tag_value("a,b") != tag_value("a;b")
    assert shown_text("a\nb", 2_500) != shown_text("a\rb", 2_500)


def test_numbers_are_numbers_as_far_as_a_double_goes():
    assert param_value(3) == {"NumberValue": 3.0}
    assert param_value(2**60) == {"StringValue": str(2**60)}
    assert param_value(True) == {"StringValue": "True"}
    for value in VALUES:
        assert param_value(value) == (
            {"NumberValue": value} if abs(value) < float("inf") else {"StringValue": repr(value)}
        )


def test_two_contexts_of_a_dataset_are_two_inputs():
    keys = {input_key("d", context, "0" * 16) for context in (None, "training", "x" * 200)}
    assert len(keys) == 3
    assert all(utf16_length(key) <= 128 for key in keys)
