"""A longer way to a server on this machine: ``python -m benchmarks.link PORT ROUND_TRIP_MS``.

Whatever goes through, goes through whole and in order, half a round trip later; nothing else slows it. Prints its own
port, and ends with whoever started it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

__all__ = ["far"]

_CHUNK_BYTES: Final = 1 << 16


@contextmanager
def far(url: str, round_trip_ms: float) -> Iterator[str]:
    """Give another URL of the server at `url`, whose answers take `round_trip_ms` longer."""
    command = [sys.executable, "-m", "benchmarks.link", str(urlsplit(url).port), str(round_trip_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"  # it ends when its standard input does


async def _serve(port: int, delay_s: float) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_carry(reader, there_writer, delay_s), _carry(there_reader, writer, delay_s))

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until the parent has gone


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    clock, under_way = asyncio.get_running_loop().time, asyncio.Queue[tuple[float, bytes]]()
    delivery = asyncio.create_task(_deliver(under_way, writer))
    with suppress(ConnectionError):
        while data := await reader.read(_CHUNK_BYTES):
            under_way.put_nowait((clock() + delay_s, data))
    under_way.put_nowait((clock() + delay_s, b""))
    await delivery


async def _deliver(under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    clock = asyncio.get_running_loop().time
    with suppress(ConnectionError):
        while (parcel := await under_way.get())[1]:
            await asyncio.sleep(parcel[0] - clock())
            writer.write(parcel[1])
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    port, round_trip_ms = sys.argv[1:]
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(int(port), float(round_trip_ms) / 2_000))
