"""What lies where, as far as is known: so that a file never takes a folder's place, nor a folder a file's (A1)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from trackbridge.errors import Conflict
from trackbridge_mlflow.routes import Route

__all__ = ["Tree"]

_FOLDERS: Final = 2_000


class Tree:
    """The folders that were written to: each is listed once, and what this process adds is added.

    A bucket holds `a` beside `a/b`, and a server over one as well, so that somebody must look. What another process
    puts there at the same time is not seen.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folders: OrderedDict[tuple[str, str], dict[str, bool]] = OrderedDict()

    def plant(self, root: str) -> None:
        """Note a root that is new, and so empty."""
        with self._lock:
            self._folders[root, ""] = {}

    def check(self, root: str, route: Route, path: str) -> None:
        """Raise `Conflict` where a part of the path's folder is a file, or the path itself a folder."""
        folder, parts = "", path.split("/")
        for i, part in enumerate(parts):
            is_folder = self._entries(root, route, folder).get(part)
            is_last = i == len(parts) - 1
            if is_folder is None:
                return
            if is_folder == is_last:
                there = "/".join(parts[: i + 1])
                kind = "a folder" if is_folder else "a file"
                raise Conflict(
                    f"{path!r} cannot be stored: {there!r} is {kind}", clause="A1", remedy="Take another path."
                )
            folder = f"{folder}/{part}" if folder else part

    def add(self, root: str, path: str) -> None:
        """Note a file that was stored."""
        folder, parts = "", path.split("/")
        with self._lock:
            for i, part in enumerate(parts):
                is_folder = i < len(parts) - 1
                known = self._folders.get((root, folder))
                below = f"{folder}/{part}" if folder else part
                if known is not None:
                    if is_folder and part not in known:
                        self._folders.setdefault((root, below), {})  # it came to be with this file
                    known[part] = is_folder
                folder = below

    def _entries(self, root: str, route: Route, folder: str) -> dict[str, bool]:
        with self._lock:
            known = self._folders.get((root, folder))
        if known is None:
            known = route.entries(folder)
            with self._lock:
                self._folders[root, folder] = known
                while len(self._folders) > _FOLDERS:
                    self._folders.popitem(last=False)
        return known
