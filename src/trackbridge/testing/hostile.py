"""Hostile inputs, as data: every backend meets all of them.

What is written here as an escape would be lost or normalized by an editor on the way.
"""

from __future__ import annotations

import struct
from typing import Any, Final

__all__ = [
    "BAD_NAMES",
    "BAD_PATHS",
    "NAMES",
    "PATHS",
    "STEPS",
    "TEXTS",
    "TIMES_MS",
    "VALUES",
    "distinct_nan",
]

NAMES: Final[tuple[str, ...]] = (
    "a",
    "A",
    "loss/train",
    "loss.train",
    "caf\u00e9",  # NFC
    "cafe\u0301",  # NFD: another name
    "\u043f\u043e\u0442\u0435\u0440\u044f",  # Cyrillic
    "\u640d\u5931\u51fd\u6570",  # Han
    "\u062e\u0633\u0627\u0631\u0629",  # Arabic
    "\U0001f468\u200d\U0001f52c",  # a sequence joined by U+200D
    "a b  c",
    "'; DROP TABLE runs; --",
    '{"a": [1, 2]}',
    "<script>alert(1)</script>",
    "https://example.com/?a=b&c=d#e",
    "%41",
    "100%",
    "%s %d {0} ${HOME}",
    "a\\b",
    "`backquoted`",
    '"quoted"',
    "..",
    ".",
    "/",
    "a/../b",
    "a//b",
    "/a",
    "-flag",
    "NULL",
    "None",
    "true",
    "0",
    "1e3",
    "__proto__",
    "mlflow.runName",
    "_internal",
    "system/gpu",
    "\u00df",
    "\ufeffbom",
    "x" * 250,
    "\U0001f600" * 250,
)
"""Valid by P1, all different."""

BAD_NAMES: Final[tuple[Any, ...]] = (
    "",
    " ",
    " a",
    "a ",
    "\u3000a",  # ideographic space
    "a\u00a0",
    "a\nb",
    "a\tb",
    "a\0b",
    "a\x7fb",
    "a\x85b",
    "a\ud800b",
    "x" * 251,
    None,
    1,
    b"a",
)
"""Refused by P1."""

TEXTS: Final[tuple[str, ...]] = (
    "",
    " ",
    "  leading",
    "trailing  ",
    "two\nlines",
    "\r\n",
    "tab\there",
    "nul\0here",
    "bell\x07 escape\x1b[31m",
    "caf\u00e9",
    "cafe\u0301",
    "\u0442\u0435\u043a\u0441\u0442 \u6587\u5b57 \u0646\u0635",
    "\U0001f468\u200d\U0001f52c",
    "\u202eright to left",
    "\ufeff",
    "\u2028",
    "\uffff",
    "None",
    "null",
    "nan",
    "NaN",
    "inf",
    "True",
    "false",
    "0",
    "-0.0",
    "1e400",
    "007",
    "[1, 2]",
    "{}",
    '{"v":1}',
    '"quoted"',
    "'; DROP TABLE runs; --",
    "<b>&amp;</b>",
    "https://example.com/a?b=c&d=%41",
    "%41",
    "%",
    "\\",
    "\\n",
    "${HOME} $(id) `id`",
    "2020-01-01",
    "x" * 251,
    "y" * 501,
    "z" * 6_001,
    "\U0001f600" * 2_000,
)
"""Texts that must come back as they were; the longest have 8 kB."""

VALUES: Final[tuple[float, ...]] = (
    float("nan"),
    float("-inf"),
    -1.7976931348623157e308,
    -1.0,
    -5e-324,
    -0.0,
    0.0,
    5e-324,
    2.2250738585072009e-308,
    0.1,
    0.30000000000000004,
    1.0,
    1e16 + 2,
    1.7976931348623157e308,
    float("inf"),
)
"""In the order of M4."""

STEPS: Final[tuple[int, ...]] = (-(2**63), -(2**31) - 1, -2, -1, 0, 1, 10, 9, 2**31, 2**40, 2**53 + 1, 2**63 - 1)
"""Zero, negative, backward, beyond what a float64 counts, and both ends of int64; as text they sort otherwise."""

TIMES_MS: Final[tuple[int, ...]] = (0, 1, 999, 86_400_000, 1_600_000_000_123, 253_402_300_799_999)

PATHS: Final[tuple[str, ...]] = (
    "a.txt",
    "A.txt",
    "dir/a.txt",
    "dir/sub/a.txt",
    "dir.txt",
    "dir-a/a.txt",
    "dira/a.txt",
    "caf\u00e9.txt",
    "\u043f\u0443\u0442\u044c/\u6587\u4ef6/\u0645\u0644\u0641.bin",
    " leading.txt",
    "trailing .txt",
    "two  spaces.txt",
    "%41.txt",
    "100%.txt",
    "%2e%2e",
    "a%2Fb",
    "q?x=1&y=2#z.txt",
    "'; DROP TABLE artifacts; --",
    "<b>.html",
    '{"json": 1}',
    "back\\slash",
    "...",
    "..a",
    "a..",
    ".hidden/.file",
    "no-extension",
    "sidecar/looks-like-ours",
    "environment/looks-like-ours",
    "C:/windows.txt",
    "nul",
    "~/home",
    "$HOME",
    "x" * 200,
    "/".join(["deep"] * 20),
)
"""Valid by A1, in NFC; none lies below another that is a file."""

BAD_PATHS: Final[tuple[Any, ...]] = (
    "",
    ".",
    "..",
    "../x",
    "a/../x",
    "a/..",
    "./x",
    "a/./x",
    "/etc/passwd",
    "/",
    "a/",
    "a//b",
    "a\nb",
    "a\0b",
    "a\x7fb",
    "a\ud800",
    7,
)
"""Refused by A1."""


def distinct_nan() -> tuple[float, ...]:
    """Give NaNs of several bit patterns, which are one NaN to every reader (M1)."""
    patterns = (0x7FF8000000000000, 0xFFF8000000000000, 0x7FF8000000000001, 0x7FFFFFFFFFFFFFFF)
    return tuple(struct.unpack(">d", struct.pack(">Q", bits))[0] for bits in patterns)
