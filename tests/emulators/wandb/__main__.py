"""``python -m emulators.wandb --port 8080 --data DIR``, from the folder tests."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from emulators.wandb import Account, Emulator, Handle, Switches


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m emulators.wandb", description="Serve an emulated W&B.")
    parser.add_argument("--port", type=int, default=0, help="a free one by default")
    parser.add_argument("--data", type=Path, required=True, help="a folder; what it has is served again")
    parser.add_argument(
        "--switch", action="append", default=[], metavar="NAME=JSON", help="flip a switch (may be given again)"
    )
    options = parser.parse_args()
    pairs = (text.partition("=") for text in options.switch)
    switches = Switches().changed(**{name: json.loads(value) for name, _, value in pairs})
    emulator = Emulator(options.data, options.port, switches=switches, account=Account())
    for name, value in Handle(emulator.url).environment.items():
        sys.stdout.write(f"export {name}={value}\n")
    sys.stdout.flush()
    emulator.serve_forever()


if __name__ == "__main__":
    main()
