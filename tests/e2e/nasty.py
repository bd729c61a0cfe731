"""A training script with every kind of record and nasty values; run it with any TRACKBRIDGE_BACKEND.

It is deterministic, so that its content digest is the same on every backend (C2). It prints the ids of its runs.
"""

import sys
from pathlib import Path

import trackbridge as tb

LONG = "ж" * 10_000  # 20 kB of UTF-8
PARAMS = {
    "none": None,
    "true": True,
    "one": 1,
    "one.float": 1.0,
    "one.text": "1",
    "big": 2**70,
    "negative": -(2**63) - 1,
    "nan": float("nan"),
    "inf": float("inf"),
    "minus.inf": float("-inf"),
    "minus.zero": -0.0,
    "denormal": 5e-324,
    "empty": "",
    "long": LONG,
    "list": [1, 1.0, "1", None, [True, {"deep": -0.0}]],
    "nested": {"a": {"b": 1}, "empty": {}},
    "имя параметра": "значение",
    "パラメータ": "値",
    "e\u0301 (NFD)": "e\u0301",
    "'; DROP TABLE runs; --": "'; DROP TABLE runs; --",
    '{"json": true}': "<b>html</b> & %41 \x00 \x1b[31m\r\n",
    "https://example.com/?q=1#x": "  spaces  ",
}
VALUES = [float("nan"), float("inf"), float("-inf"), -0.0, 0.0, 5e-324, -5e-324, 1.7976931348623157e308, 0.1]
STEPS = [0, -2, 2**40, 2**63 - 1, -(2**63), 7, 7]
ARTIFACTS = {
    "empty.bin": b"",
    "folder/with spaces/ lead": b"x",
    "folder/percent %41 %2F.txt": b"percent",
    "ünïcødé/表.txt": "表".encode(),
    "quotes/'\";--.txt": b"quotes",
    "bytes.bin": bytes(range(256)) * 40,
}


def main(data: Path) -> list[str]:
    """Log it all in a run and a child run; give both ids."""
    data.write_bytes(b"a,b\n1,2\n")
    with tb.start_run(experiment="nasty – 実験 %41", name="e\u0301 'run'", params=PARAMS, tags={"team": "рисќ"}) as run:
        run.set_tags({"long": LONG, "%41": "", "<tag>": "a\nb\t\x00", "gone": "soon"})
        run.delete_tag("gone")
        run.use_dataset(name="data", version="1", uri=str(data), context="training")
        run.use_dataset(name="data", version="1", uri=str(data), context="validation")
        run.use_dataset(name="表", digest="sha256:" + "0f" * 32, uri="s3://bucket/x")
        for n, value in enumerate(VALUES):
            run.log_metric("values", value, step=n, timestamp=1_000 + n)
        for n, step in enumerate(STEPS):
            run.log_metric("steps/odd name:;", n, step=step, timestamp=0)
        for _ in range(2):
            run.log_metric("twice", 0.5, step=3, timestamp=5)
        run.log_metric("twice", 0.25, step=3, timestamp=5)
        run.log_series("метрика", list(range(2_000)), [n / 7 for n in range(2_000)], list(range(2_000)))
        for path, content in ARTIFACTS.items():
            source = data.with_name("scratch.bin")
            source.write_bytes(content)
            run.log_artifact(source, path)
        run.log_text("first", "replaced.txt")
        run.log_text("second – 二", "replaced.txt")
        run.log_dict({"b": [1, None], "a": "ü"}, "nested/dict.json")
        with tb.start_run(experiment="nasty – 実験 %41", name="child") as child:
            child.log_param("depth", 2)
            child.log_metric("loss", 1)
    return [run.id, child.id]


if __name__ == "__main__":
    sys.stdout.write("\n".join(main(Path(sys.argv[1]))) + "\n")
