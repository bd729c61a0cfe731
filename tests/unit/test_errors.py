"""Errors are few, tell what to do, and travel between processes whole (X1)."""

import copy
import pickle

import pytest

from trackbridge import errors
from trackbridge.errors import Rejected, TrackbridgeError, Transient, Unsupported

CLASSES = [getattr(errors, name) for name in errors.__all__]
EXTRAS = {Transient: {"retry_after_s": 2.5}, Unsupported: {"capability": "purge"}}


def full(kind):
    return kind("the thing failed", clause="R1", remedy="Mend it.", **EXTRAS.get(kind, {}))


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_field_survives_pickling(kind, protocol):
    error = full(kind)
    error.add_note("while testing")
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is kind
    assert vars(again) == vars(error)
    assert vars(again) | EXTRAS.get(kind, {}) == vars(again)
    assert (str(again), again.args) == (str(error), error.args)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_field_survives_copying(kind):
    again = copy.deepcopy(full(kind))
    assert (type(again), vars(again)) == (kind, vars(full(kind)))


def test_each_class_is_its_own():
    assert len(CLASSES) == 9
    for kind in CLASSES:
        assert kind.__bases__ == ((Exception,) if kind is TrackbridgeError else (TrackbridgeError,))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Rejected("no good"), "no good"),
        (Rejected("no good", clause="P1"), "no good [P1]"),
        (Rejected("no good", remedy="Mend it."), "no good. Mend it."),
        (Rejected("no good", clause="P1", remedy="Mend it."), "no good [P1] Mend it."),
        (Rejected("no good\n  x\n  ^", clause="P1", remedy="Mend it."), "no good [P1] Mend it.\n  x\n  ^"),
        (Rejected("no good\n  x"), "no good\n  x"),
    ],
)
def test_the_text_has_clause_and_remedy(error, text):
    assert str(error) == text
