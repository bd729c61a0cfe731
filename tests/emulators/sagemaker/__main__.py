"""Serve until told to stop: ``python -m emulators.sagemaker --port 8080 --data DIR --switch search_lag_s=2``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

from emulators.sagemaker.server import Server
from emulators.sagemaker.switches import Switches


def main() -> None:
    """Serve on loopback."""
    parser = argparse.ArgumentParser(prog="python -m emulators.sagemaker", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, help="where to keep the accounts; in memory only without it")
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help="see switches.py")
    options = parser.parse_args()
    try:
        switches = Switches().turned(**dict(map(_setting, options.switch)))
    except ValueError as error:
        parser.error(str(error))
    server = Server(options.port, options.data, switches)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.serve_forever()
    except (KeyboardInterrupt, SystemExit):
        server.server_close()


def _setting(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


if __name__ == "__main__":
    main()
