"""Fill a small disk with points, and read them back: ``fill.py write|read ROOT RUN MODE [LIMIT_BYTES]``."""

import json
import resource
import signal
import sys
from pathlib import Path

from trackbridge.journal import JournalOptions, JournalReader, JournalWriter, find_journals

act, root, run, mode, *limit = sys.argv[1:]
if act == "write":
    if limit:  # every file may be so long at most: a disk that refuses, without a disk
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit[0]), int(limit[0])))
    options = JournalOptions(mode=mode, first_slots=256, most_slots=16_384)
    writer = JournalWriter(Path(root), run, options=options)
    step = 0
    while writer.stats.dropped_points < 1000:
        writer.log_metric("x", float(step), step)
        step += 1
    said = writer.append(1, b"FAILED", essential=True)
    writer.close()
    json.dump({"said": said, "accepted": writer.stats.accepted, "mode": writer.stats.mode}, sys.stdout)
else:
    (directory,) = find_journals(Path(root), run)
    with JournalReader(directory) as reader:
        batch = reader.read(limit=10**9)
        points = [entry for entry in batch.entries if len(entry) == 6]
        found = {
            "right": [(point.step, point.value) for point in points] == [(n, float(n)) for n in range(len(points))],
            "points": len(points),
            "last": batch.entries[-1].payload.decode(),
            "damage": [str(damage) for damage in batch.damage if damage.kind != "hole"],
            "dropped": reader.counters().dropped_points,
        }
        json.dump(found, sys.stdout)
sys.stdout.write("\n")
