"""What the fault tests do to a process: it logs, and says after each returned call how far it is.

Run as ``child.py ROOT RUN MODE SLOTS THREADS END``. Each thread logs the points (name ``t<thread>``, value = step) and
writes its number and the count of its returned calls to standard output, 5 bytes each time.
"""

import os
import struct
import sys
import threading
from pathlib import Path

from trackbridge.journal import JournalOptions, JournalWriter

root, run, mode, slots, threads, end = sys.argv[1:]
options = JournalOptions(mode=mode, first_slots=int(slots), most_slots=int(slots))
writer = JournalWriter(Path(root), run, options=options)
LIMIT = 400 if end != "kill" else 10**9


def log(number: int) -> None:
    report = struct.Struct("<BI").pack
    for step in range(LIMIT):
        if step % 50 == 49:
            writer.append(1 + number, b"%d" % step)
        else:
            writer.log_metric(f"t{number}", float(step), step)
        os.write(1, report(number, step + 1))


workers = [threading.Thread(target=log, args=(number,), daemon=True) for number in range(1, int(threads))]
for worker in workers:
    worker.start()
log(0)
for worker in workers:
    worker.join()
if end == "_exit":
    os._exit(3)
if end == "exit":
    sys.exit(4)
if end == "raise":
    raise RuntimeError("nobody catches this")
if end == "close":
    writer.close()
