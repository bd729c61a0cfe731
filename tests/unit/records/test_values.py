"""Params: what is taken, how it is written, and that it comes back (P1–P3)."""

import enum
import json
import math
from collections import OrderedDict
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.errors import IntegrityError, Rejected
from trackbridge.records.values import (
    canonical_json,
    check_param,
    decode_value,
    encode_value,
    flatten,
    float_hex,
    same_value,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
floats = st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-(2**80), 2**80), floats, texts)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
near_misses = st.sampled_from(
    [0, 0.0, -0.0, False, "", "0", None, [], {}, [0], [0.0], {"": 0}, 1, 1.0, True, "1", "1.0"]
)


def identity(value):
    """What makes a value what it is (P2), in Python's own terms."""
    match value:
        case float():
            return "float", "nan" if math.isnan(value) else (value, math.copysign(1, value))
        case list():
            return "list", tuple(map(identity, value))
        case dict():
            return "dict", frozenset((key, identity(item)) for key, item in value.items())
    return type(value).__name__, value


@given(values)
def test_what_is_written_comes_back(value):
    assert check_param(value, "p") is not None or value is None
    stored = json.loads(canonical_json(encode_value(check_param(value, "p"))))
    assert identity(decode_value(stored)) == identity(value)


@given(values | near_misses, values | near_misses)
def test_equal_values_have_equal_bytes_and_others_have_not(left, right):
    equal = identity(left) == identity(right)
    assert (canonical_json(encode_value(left)) == canonical_json(encode_value(right))) is equal
    assert same_value(left, right) is equal


@given(st.dictionaries(texts, scalars, min_size=2, max_size=4))
def test_the_order_of_keys_does_not_matter(value):
    backwards = dict(reversed(value.items()))
    assert canonical_json(encode_value(value)) == canonical_json(encode_value(backwards))


@given(st.integers(0, 2**52 - 1), st.booleans())
def test_every_nan_is_one(payload, negative):
    bits = (0xFFF if negative else 0x7FF) << 52 | payload or 1
    value = np.uint64(bits).view(np.float64).item()
    if math.isnan(value):
        assert float_hex(value) == "7ff8000000000000"


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Celsius(float):
    pass


PLAIN = [
    (Colour.RED, "red"),
    (Level.HIGH, 3),
    (Celsius(1.5), 1.5),
    (np.float64(0.1), 0.1),
    (np.float32(0.1), 0.10000000149011612),
    (np.int8(-3), -3),
    (np.uint64(2**64 - 1), 2**64 - 1),
    (np.bool_(True), True),
    (np.str_("é"), "é"),
    (np.array(2.5), 2.5),
    ((1, (2,)), [1, [2]]),
    (OrderedDict(a=(1,)), {"a": [1]}),
    (MappingProxyType({"a": np.int64(1)}), {"a": 1}),
    (10**4300 - 1, 10**4300 - 1),
    (-(10**4300) + 1, -(10**4300) + 1),
    ("x" * 65_500, "x" * 65_500),
]


@pytest.mark.parametrize(("value", "expected"), PLAIN, ids=lambda value: type(value).__name__)
def test_plain_types_come_out(value, expected):
    plain = check_param(value, "p")
    assert identity(plain) == identity(expected)
    assert type(plain) is type(expected)


def looped():
    value = [1]
    value.append(value)
    return value


def doubled():
    value = [1]
    for _ in range(60):
        value = [value, value]
    return value


REFUSED = [
    (1j, "complex"),
    (b"x", "bytes"),
    ({1, 2}, "set"),
    (range(3), "range"),
    (np.array([1]), "ndarray"),
    (np.complex128(1), "complex128"),
    (np.datetime64("2024-01-01"), "datetime64"),
    (object(), "object"),
    ([1, {"a": object()}], "object"),
    ({1: 2}, "a dict with the key 1"),
    (10**4300, "more than 4300 digits"),
    (-(10**4300), "more than 4300 digits"),
    ("\ud800", "lone surrogate at position 0"),
    ([{"a\udfff": 1}], "lone surrogate at position 1"),
    ("x" * 65_536, "at most 65536 bytes"),
    ("é" * 32_768, "at most 65536 bytes"),
    ([0] * 100_000, "at most 65536 bytes"),
    (doubled(), "at most 65536 bytes"),
    (looped(), "nests deeper"),
]


@pytest.mark.parametrize(("value", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_is_no_param_is_refused(value, words):
    with pytest.raises(Rejected, match=words) as caught:
        check_param(value, "p")
    assert caught.value.clause == "P2"
    assert len(str(caught.value)) < 400


def test_nested_dicts_flatten_with_dots():
    params = {"model": {"lr": 0.1, "opt": {"name": "adam"}, "empty": {}, "list": [{"a": {"b": 1}}]}, "x": None}
    assert flatten(params) == {
        "model.lr": 0.1,
        "model.opt.name": "adam",
        "model.empty": {},
        "model.list": [{"a": {"b": 1}}],
        "x": None,
    }


@pytest.mark.parametrize(
    ("params", "clause", "words"),
    [
        ({"a": {"b": 1}, "a.b": 2}, "P1", "two params flatten to the name 'a.b'"),
        ({"a.b": {"c": 1}, "a": {"b.c": 2}}, "P1", "two params flatten"),
        ({1: 2}, "P1", "must be a string, not 1"),
        ({"": 1}, "P1", "0 characters"),
        ({"a": {"": 1}}, "P1", "0 characters"),
        ({"a" * 130: {"b" * 130: 1}}, "P1", "261 characters"),
        ({" a": 1}, "P1", "white space"),
        ({"a": object()}, "P2", "object"),
    ],
)
def test_flatten_refuses(params, clause, words):
    with pytest.raises(Rejected, match=words) as caught:
        flatten(params)
    assert caught.value.clause == clause


def test_flatten_refuses_what_holds_itself():
    params = {}
    params["a"] = params
    with pytest.raises(Rejected, match="nest deeper"):
        flatten(params)


@pytest.mark.parametrize(
    "pair",
    [
        None, 1, [], ["int"], ["int", 1], ["int", "1.5"], ["int", " 1"], ["int", "1_0"], ["int", "+1"], ["int", "01"],
        ["int", "9" * 5_000], ["float", 1.0], ["float", "1.0"], ["float", "7ff8"], ["float", "7FF0000000000000"],
        ["float", "7ff8000000000001"], ["float", "3f f0 00 00 00 00 00 00"], ["bool", 1], ["none", 0], ["str", 1],
        ["list", [1]], ["dict", [["a", ["int", "1"]]]], ["dict", {"a": 1}], ["date", "2024-01-01"],
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_typed_pair_does_not_come_back(pair):
    with pytest.raises(IntegrityError, match="not a typed value"):
        decode_value(pair)
