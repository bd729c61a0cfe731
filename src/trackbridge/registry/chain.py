"""The hash chain of a model's trail: verified at every read, and a fault is named by its entry (G5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trackbridge.errors import IntegrityError
from trackbridge.records.names import shown
from trackbridge.records.trail import GENESIS, TrailEntry, decode_entry, encode_entry, entry_hash

__all__ = ["Chain", "verify_chain"]


@dataclass(frozen=True, slots=True)
class Chain:
    """A verified trail.

    `head` is what the next entry must name as the hash before it. `forks` are entries that lost: where a vendor has no
    conditional write, two writers can create the same entry, and the one with the least hash wins.
    """

    entries: tuple[TrailEntry, ...] = ()
    head: str = GENESIS
    forks: tuple[TrailEntry, ...] = ()

    def reaches(self, mirrored: tuple[int, str] | None) -> bool:
        """Tell whether a mirror of this count and head shows a fold of these entries, not of a fork that lost."""
        count, head = mirrored or (0, "")
        if count == 0:
            return True
        return count <= len(self.entries) and entry_hash(encode_entry(self.entries[count - 1])) == head


@dataclass(frozen=True, slots=True)
class _Link:
    entry: TrailEntry
    hash: str


def verify_chain(model: str, stored: Iterable[bytes], mirrored: tuple[int, str] | None = None) -> Chain:
    """Check a stored trail against itself and against the head that lies on its model.

    Args:
        model: The model's name, for messages.
        stored: The entries as they are stored, in order; several with one number are a fork.
        mirrored: The count and head hash on the model. A head behind its chain is no fault.

    Raises:
        IntegrityError: an entry was edited, removed, reordered, or the tail was cut; the message names it.
    """
    levels = _levels(model, [_link(model, position, data) for position, data in enumerate(stored)])
    seen = frozenset(link.hash for level in levels for link in level)
    witnesses = _witnesses(levels, mirrored)
    chain: list[TrailEntry] = []
    forks: list[TrailEntry] = []
    head = GENESIS
    for n, level in enumerate(levels):
        heirs = [link for link in level if link.entry.previous == head and len(chain) == n]
        if not heirs and not (forks and all(link.entry.previous in seen for link in level)):
            raise _damage(model, _culprit(n, levels, witnesses), "was edited: the chain of hashes breaks there")
        heir = min(heirs, key=lambda link: link.hash, default=None)
        forks += [link.entry for link in level if link is not heir]
        if heir is not None:
            chain.append(heir.entry)
            head = heir.hash
    _check_head(model, levels, mirrored)
    return Chain(tuple(chain), head, tuple(forks))


def _link(model: str, position: int, data: bytes) -> _Link:
    try:
        return _Link(decode_entry(data), entry_hash(data))
    except IntegrityError as error:
        raise _damage(model, position, f"was edited: {error.message}") from error


def _levels(model: str, links: list[_Link]) -> list[list[_Link]]:
    """Group the links by their number, which must count from 0 without a gap."""
    levels: list[list[_Link]] = []
    for position, link in enumerate(links):
        n = link.entry.n
        if n == len(levels):
            levels.append([link])
        elif n == len(levels) - 1:
            if all(link.hash != sibling.hash for sibling in levels[n]):
                levels[n].append(link)
        elif n > len(levels) and all(later.entry.n != len(levels) for later in links[position:]):
            raise _damage(model, len(levels), f"was removed: entry {n} stands in its place")
        else:
            raise _damage(model, n, f"was moved: it stands where entry {len(levels)} belongs")
    return levels


def _witnesses(levels: list[list[_Link]], mirrored: tuple[int, str] | None) -> dict[int, set[str]]:
    """Give, for each entry, the hashes that its successors and the head on the model remember of it."""
    remembered = {n: {link.entry.previous for link in level} for n, level in enumerate(levels[1:])}
    if mirrored:
        remembered.setdefault(mirrored[0] - 1, set()).add(mirrored[1])
    return remembered


def _culprit(n: int, levels: list[list[_Link]], witnesses: dict[int, set[str]]) -> int:
    """Tell which of entries n−1 and n, which do not fit together, is not what others remember."""
    if n == 0:
        return 0
    if n in witnesses:
        return n - 1 if any(link.hash in witnesses[n] for link in levels[n]) else n
    return n if any(link.hash in witnesses[n - 1] for link in levels[n - 1]) else n - 1


def _check_head(model: str, levels: list[list[_Link]], mirrored: tuple[int, str] | None) -> None:
    count, head = mirrored or (0, "")
    if count > len(levels):
        raise _damage(
            model, len(levels), f"was removed: the model counts {count} entries, of which {len(levels)} are left"
        )
    if count and all(link.hash != head for link in levels[count - 1]):
        raise _damage(model, count - 1, "was edited: the model remembers another hash of it")


def _damage(model: str, n: int, what: str) -> IntegrityError:
    return IntegrityError(
        f"entry {n} of the trail of model {shown(model)} {what}",
        clause="G5",
        remedy="Nothing about this model can be trusted until its trail is restored from a backup or a migrated copy.",
    )
