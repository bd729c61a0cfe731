"""The reference explains every key, and no other."""

import re
from pathlib import Path

from trackbridge.policy import KEYS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "policy.md"


def test_the_page_has_every_key():
    explained = set(re.findall(r"^\| `([\w.]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    keys = {key for table in ("", "rule") for key in KEYS[table]} | {f"names.{kind}" for kind in KEYS["names"]}
    assert explained == keys
