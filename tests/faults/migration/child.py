"""A migration that kills itself: ``python child.py SRC DST CALLS``; the call of that number to the target is its last.

With 0 it lives, and prints how many calls there were.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys

from trackbridge.migration import Migration, Selection, Side, Threads
from trackbridge.store import connect


class Doom:
    """Counts calls, and ends the process at one of them, as a crash would."""

    def __init__(self, last: int) -> None:
        self.count = itertools.count(1)
        self.last = last
        self.seen = 0

    def wait(self) -> None:
        self.seen = next(self.count)
        if self.seen == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def main(source_url: str, target_url: str, last: int) -> None:
    doom = Doom(last)
    with connect(source_url) as source, connect(target_url) as target:
        sides = Side.of(source), Side.of(target, doom)
        engine = Threads(*sides, verify="full", workers=2)
        result = Migration(*sides, Selection(deleted=True), verify="full", engine=engine).run()
        engine.close()
    assert result.good, result
    sys.stdout.write(f"{doom.seen}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
