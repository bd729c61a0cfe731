"""The crash-proof log on disk of one run in one process: format, writer, reader."""

from trackbridge.journal.cursor import Cursor, cursor_path, load_cursor, save_cursor
from trackbridge.journal.entries import Batch, Damage, DamageKind, RawPoint, Record, first_logged_ns
from trackbridge.journal.files import bytes_used, entries_of
from trackbridge.journal.format import Counters
from trackbridge.journal.hot import checked_rows
from trackbridge.journal.options import JournalOptions
from trackbridge.journal.owner import OWNER_FILE, Identity, is_alive, read_identity, try_lock
from trackbridge.journal.ranges import Ranges
from trackbridge.journal.reader import JournalReader, discard, find_journals
from trackbridge.journal.writer import JournalStats, JournalWriter

__all__ = [
    "OWNER_FILE",
    "Batch",
    "Counters",
    "Cursor",
    "Damage",
    "DamageKind",
    "Identity",
    "JournalOptions",
    "JournalReader",
    "JournalStats",
    "JournalWriter",
    "Ranges",
    "RawPoint",
    "Record",
    "bytes_used",
    "checked_rows",
    "cursor_path",
    "discard",
    "entries_of",
    "find_journals",
    "first_logged_ns",
    "is_alive",
    "load_cursor",
    "read_identity",
    "save_cursor",
    "try_lock",
]
