"""Native names, paths and texts (X3)."""

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.errors import ConfigurationError
from trackbridge.protocol import NameRule
from trackbridge.records.names import check_artifact_path
from trackbridge.sidecar import fit_text, native_name, native_path, native_text

RULES = [
    NameRule(pattern=r"[A-Za-z0-9_]+", max_chars=30),
    NameRule(pattern=r"[\w\-. /]+", path_normal=True),
    NameRule(max_chars=40, max_bytes=50, reserved_prefixes=("mlflow.", "_")),
    NameRule(pattern=r"[a-z][a-z0-9_]*"),
]
HOSTILE = [
    "loss", "loss ", "läss", "文" * 250, "a" * 250, "mlflow.note", "_step", "..", "a//b", "x" * 31, "A b", "A_b", "a%b",
    "0", "-", "👩‍👧", "a_x0123456789ab", "x0123456789ab", "système/ram",
]  # fmt: skip
names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=250)


@pytest.mark.parametrize("rule", RULES)
@given(name=names)
def test_a_native_name_is_always_admitted(rule, name):
    assert rule.admits(native_name(name, rule))


@pytest.mark.parametrize("rule", RULES)
def test_no_two_names_meet(rule):
    natives = {name: native_name(name, rule) for name in HOSTILE}
    # what a first pass makes of a name is a legal name itself, and must be made anew
    natives |= {native: native_name(native, rule) for native in list(natives.values()) if native not in natives}
    for one, other in combinations(natives, 2):
        assert natives[one] != natives[other], (one, other)


def test_what_a_vendor_admits_stays():
    assert native_name("val/auc@5", NameRule(pattern=r"[\w/@]+")) == "val/auc@5"
    assert native_name("文", NameRule()) == "文"


def test_a_made_name_shows_what_it_was():
    made = native_name("Größe [m²]", NameRule(pattern=r"[A-Za-z0-9_]+"))
    assert re.fullmatch(r"Gro_e_m2_x[0-9a-f]{12}", made), made


def test_a_salt_gives_a_name_of_its_own():
    rule = NameRule()
    salted = {native_name("loss", rule, salt=salt) for salt in ("", "a", "b")}
    assert len(salted) == 3


def test_a_rule_that_admits_nothing_is_a_fault_of_the_adapter():
    with pytest.raises(ConfigurationError, match="letters, digits"):
        native_name("loss", NameRule(pattern=r"!+"))


def test_a_path_keeps_folders_and_extension():
    rule = NameRule(pattern=r"[A-Za-z0-9_./-]+", max_chars=120)
    made = native_path("plots/Größe.png", rule)
    assert re.fullmatch(r"plots/Gro_e_x[0-9a-f]{12}\.png", made), made
    assert native_path("plots/roc.png", rule) == "plots/roc.png"


@given(parts=st.lists(names.filter(lambda n: "/" not in n and n not in {".", ".."}), min_size=1, max_size=12))
def test_a_native_path_is_admitted_and_a_path(parts):
    rule = NameRule(pattern=r"[A-Za-z0-9_./-]+", max_chars=120)
    made = native_path("/".join(parts), rule)
    assert rule.admits(made)
    assert check_artifact_path(made) == made


def test_paths_that_a_slug_would_join_stay_apart():
    rule = NameRule(pattern=r"[A-Za-z0-9_./-]+")
    paths = ["a b.txt", "a_b.txt", "a%b.txt", "a b/c", "a_b/c", native_path("a b.txt", rule)]
    assert len({native_path(path, rule) for path in paths}) == len(paths)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"), (True, "True"), (1, "1"), (1.0, "1.0"), (float("nan"), "nan"), (float("-inf"), "-inf"),
        (-0.0, "-0.0"), (5e-324, "5e-324"), ("x", "x"), ([1, "é"], '[1, "é"]'), ({}, "{}"), (2**70, str(2**70)),
    ],
)  # fmt: skip
def test_native_text(value, text):
    assert native_text(value) == text


def test_a_text_that_fits_is_itself():
    assert fit_text("x" * 64, max_chars=64, nul=False) == "x" * 64


def test_a_cut_text_says_so_and_tells_two_apart():
    one, other = (fit_text("x" * 64 + end, max_chars=64, nul=True) for end in "ab")
    assert len(one) == len(other) == 64
    assert "… [sha256:" in one
    assert one != other


def test_a_nul_is_shown_and_told_from_its_picture():
    shown = fit_text("a\0b", max_chars=None, nul=False)
    assert shown.startswith("a␀b… [sha256:")
    assert fit_text("a␀b", max_chars=None, nul=False) == "a␀b"
