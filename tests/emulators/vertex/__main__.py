"""Serve Vertex AI's metadata, series and models from a folder: ``python -m emulators.vertex --port 0 --data DIR``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from emulators.vertex.server import Server


def main() -> None:
    """Serve until told to stop; the first line printed says where, as JSON."""
    parser = argparse.ArgumentParser(prog="emulators.vertex", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of gRPC; 0 chooses one")
    parser.add_argument("--rest-port", type=int, default=0, help="of REST and of the control endpoint; 0 chooses one")
    parser.add_argument("--data", type=Path, required=True, help="the folder that keeps everything")
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help="see switches.py")
    given = parser.parse_args()
    switches = dict(option.split("=", 1) for option in given.switch)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with Server(given.data, port=given.port, rest_port=given.rest_port, switches=switches) as server:
        sys.stdout.write(json.dumps({"grpc": server.address, "rest": server.url}) + "\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
