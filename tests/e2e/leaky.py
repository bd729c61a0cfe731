"""A training script that puts every planted secret wherever a script can put one.

    python leaky.py BACKEND LOG TEXT…

The texts on the command line are planted, too; what trackbridge logs goes into LOG. Behind every secret stands a mark, by
which a test knows that it looks at the bytes in which the secret would be.
"""

from __future__ import annotations

import logging
import os
import sys

import trackbridge as tb
from planted import PLANTED

__all__ = ["TEXTS", "leak"]

TEXTS = {f"planted-{number:02d}": each.text for number, each in enumerate(PLANTED)}


def leak(backend: str) -> tb.Run:
    """Log all of them in every way; the run is left open."""
    texts = TEXTS
    run = tb.start_run(
        experiment="leaky",
        name=f"named {texts['planted-00']}",
        params={f"param-{mark}": f"{mark} {text}" for mark, text in texts.items()},
        tags={f"tag-{mark}": f"{mark} {text}" for mark, text in texts.items()},
        backend=backend,
    )
    for mark, text in texts.items():
        run.log_params({f"list-{mark}": [f"in list {mark}", text, {"deep": text}]})
        run.use_dataset(
            f"data {mark}", uri=text, version=text[:200], digest="md5:00ff", schema={"column": f"{mark} {text}"}
        )
        if "\n" not in text and len(text) < 200:
            run.set_name(f"name {mark} {text}")
    run.set_notes("\n\n".join(f"note {mark} {text}" for mark, text in texts.items()))
    run.log_metric("loss", 1.0)
    run.log_text("weights", "model/weights")
    run.register_model("model", "leaky")
    return run


def clash(run: tb.Run) -> None:
    """Let two processes log other values of the same params: what comes second becomes a dead letter (P3)."""
    if os.fork() == 0:
        run.log_params({f"clash-{mark}": f"of the child {mark} {text}" for mark, text in TEXTS.items()})
        run.finish()
        os._exit(0)
    assert os.wait()[1] == 0
    run.log_params({f"clash-{mark}": f"of the parent {mark} {text}" for mark, text in TEXTS.items()})


def log_all() -> None:
    """Log them the way that trackbridge does."""
    logger = logging.getLogger("trackbridge")
    for mark, text in TEXTS.items():
        logger.warning("in a log %s %s", mark, text)
        try:
            int(f"in a traceback {mark} {text}")
        except ValueError:
            logger.exception("it failed: %s", mark)


def main(backend: str, log: str) -> None:
    logging.basicConfig(filename=log, level=logging.DEBUG)
    with leak(backend) as run:
        sys.stdout.write(f"{run.id}\n")
        log_all()
        if not os.environ.get("TRACKBRIDGE_MODE"):
            clash(run)
        raise RuntimeError("\n\n".join(f"raised {mark} {text}" for mark, text in TEXTS.items()))


if __name__ == "__main__":
    main(*sys.argv[1:3])
