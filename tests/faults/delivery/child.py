"""What the fault tests do to a training script: it logs, and says after each returned call how far it is.

Run as ``child.py THREADS END LIMIT MODE SLOTS``; the last two say how its journal is written ("auto", "mapped" or "plain")
and how many slots its segments have (0: as ever). It writes its run's id, then, from each thread, the thread's number
and the count of its returned calls, 5 bytes each time.
"""

import functools
import os
import signal
import struct
import sys
import threading

import trackbridge as tb
from trackbridge.journal import JournalOptions
from trackbridge.shipping import opening

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
threads, end, limit, mode, slots = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
sizes = {"first_slots": slots, "most_slots": slots} if slots else {}
opening.JournalOptions = functools.partial(JournalOptions, mode=mode, **sizes)


def log(run, number):
    report = struct.Struct("<BI").pack
    for step in range(limit):
        if step % 100 == 99:
            run.log_metrics({f"t{number}": float(step)}, step)
        else:
            run.log_metric(f"t{number}", float(step), step)
        os.write(1, report(number, step + 1))


def log_all(run):
    workers = [threading.Thread(target=log, args=(run, number), daemon=True) for number in range(1, threads)]
    for worker in workers:
        worker.start()
    log(run, 0)
    for worker in workers:
        worker.join()


run = tb.start_run("faults", capture=False)
os.write(1, run.id.encode())
if end == "interrupt":
    with run:
        log_all(run)
log_all(run)
if end == "_exit":
    os._exit(3)
if end == "exit":
    sys.exit(0)
if end == "raise":
    raise RuntimeError("nobody catches this")
if end == "finish":
    run.finish()
