"""A damaged trail is named by its entry; a lagging head is no damage; a fork is told (G5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trackbridge.errors import IntegrityError
from trackbridge.records.trail import GENESIS, TrailEntry, decode_entry, encode_entry, entry_hash
from trackbridge.registry.chain import verify_chain


def chain_of(count: int) -> list[bytes]:
    """Make a whole trail of so many approvals, each by its own actor."""
    stored: list[bytes] = []
    for n in range(count):
        previous = entry_hash(stored[-1]) if stored else GENESIS
        stored.append(encode_entry(TrailEntry(n, 1000 + n, f"actor {n}", "approval", 1, previous, approval="approved")))
    return stored


def head_of(stored: list[bytes]) -> tuple[int, str]:
    return len(stored), entry_hash(stored[-1])


def edited(data: bytes, **changes: object) -> bytes:
    return encode_entry(replace(decode_entry(data), **changes))


def test_a_whole_trail_is_given_in_order_with_its_head() -> None:
    stored = chain_of(4)
    chain = verify_chain("m", stored, head_of(stored))
    assert [entry.n for entry in chain.entries] == [0, 1, 2, 3]
    assert chain.head == entry_hash(stored[-1])
    assert chain.forks == ()


def test_an_empty_trail_continues_from_genesis() -> None:
    assert verify_chain("m", [], None).head == GENESIS


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_head_behind_its_chain_is_no_fault(count: int) -> None:
    stored = chain_of(4)
    assert len(verify_chain("m", stored, head_of(stored[:count])).entries) == 4


@pytest.mark.parametrize("n", range(5))
def test_an_edited_entry_is_named(n: int) -> None:
    stored = chain_of(5)
    head = head_of(stored)
    stored[n] = edited(stored[n], actor="mallory")
    with pytest.raises(IntegrityError, match=f"^entry {n} of the trail of model 'm' was edited"):
        verify_chain("m", stored, head)


@pytest.mark.parametrize("n", range(5))
def test_an_entry_that_names_another_before_it_is_named(n: int) -> None:
    stored = chain_of(5)
    head = head_of(stored)
    stored[n] = edited(stored[n], previous="f" * 64)
    with pytest.raises(IntegrityError, match=f"^entry {n} of"):
        verify_chain("m", stored, head)


@pytest.mark.parametrize("n", range(4))
def test_an_edited_entry_is_named_while_the_mirror_is_one_behind(n: int) -> None:
    stored = chain_of(5)
    head = head_of(stored[:4])
    stored[n] = edited(stored[n], comment="it was always so")
    with pytest.raises(IntegrityError, match=f"^entry {n} of"):
        verify_chain("m", stored, head)


def test_the_last_entry_is_named_where_the_mirrored_one_before_it_is_what_it_was() -> None:
    stored = chain_of(3)
    head = head_of(stored[:2])
    stored[2] = edited(stored[2], previous="0" * 63 + "1")
    with pytest.raises(IntegrityError, match=r"^entry 2 of"):
        verify_chain("m", stored, head)


@pytest.mark.parametrize("n", range(4))
def test_a_removed_entry_is_named(n: int) -> None:
    stored = chain_of(5)
    head = head_of(stored)
    del stored[n]
    with pytest.raises(IntegrityError, match=f"^entry {n} of the trail of model 'm' was removed"):
        verify_chain("m", stored, head)


@pytest.mark.parametrize("left", range(5))
def test_a_cut_tail_is_named_by_its_first_missing_entry(left: int) -> None:
    stored = chain_of(5)
    with pytest.raises(IntegrityError, match=f"^entry {left} of .* was removed: the model counts 5 entries"):
        verify_chain("m", stored[:left], head_of(stored))


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 2), (1, 3), (3, 4)])
def test_a_moved_entry_is_named(first: int, second: int) -> None:
    stored = chain_of(5)
    head = head_of(stored)
    stored[first], stored[second] = stored[second], stored[first]
    with pytest.raises(IntegrityError, match=f"^entry {second} of .* was moved: it stands where entry {first} belongs"):
        verify_chain("m", stored, head)


def test_a_trail_that_was_written_anew_does_not_fit_the_head() -> None:
    stored = chain_of(3)
    forged = [edited(stored[0], actor="mallory")]
    for entry in stored[1:]:
        forged.append(edited(entry, previous=entry_hash(forged[-1])))
    with pytest.raises(IntegrityError, match=r"^entry 2 of .* remembers another hash"):
        verify_chain("m", forged, head_of(stored))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"\xff\xfe",
        b'{"v":1}',
        b'{"action":"transition","actor":"a","n":1,"previous":"","stage":"Live","v":1,"version":1,"when_ms":1}',
        b'{"action":"approval","actor":"a","n":1,"previous":"","v":1,"version":1,"when_ms":1}',
        b'{"action":"approval","actor":"a","approval":"approved","n":"1","previous":"","v":1,"version":1,"when_ms":1}',
        b'{"action":"approval", "actor":"a","approval":"approved","n":1,"previous":"","v":1,"version":1,"when_ms":1}',
        b'{"action":"approval","actor":"a","approval":"approved","n":1,"previous":"","v":2,"version":1,"when_ms":1}',
    ],
)
def test_bytes_that_are_no_entry_are_named_by_their_place(data: bytes) -> None:
    stored = chain_of(3)
    stored[1] = data
    with pytest.raises(IntegrityError, match=r"^entry 1 of the trail of model 'm' was edited"):
        verify_chain("m", stored, None)


def fork(stored: list[bytes], n: int, actor: str) -> bytes:
    """Make an entry n beside the one that is there."""
    return edited(stored[n], actor=actor)


def test_of_a_fork_the_least_hash_wins_and_the_other_is_told() -> None:
    stored = chain_of(3)
    other = fork(stored, 2, "the other writer")
    least, greatest = sorted([stored[2], other], key=entry_hash)
    for pair in ([least, greatest], [greatest, least]):
        chain = verify_chain("m", [*stored[:2], *pair], (3, entry_hash(greatest)))
        assert chain.entries[2] == decode_entry(least)
        assert chain.forks == (decode_entry(greatest),)
        assert chain.head == entry_hash(least)


def test_what_was_built_on_the_losing_side_of_a_fork_is_lost_with_it() -> None:
    stored = chain_of(2)
    least, greatest = sorted([stored[1], fork(stored, 1, "the other writer")], key=entry_hash)
    on_loser = edited(chain_of(3)[2], previous=entry_hash(greatest))
    chain = verify_chain("m", [stored[0], least, greatest, on_loser], (3, entry_hash(on_loser)))
    assert chain.entries == (decode_entry(stored[0]), decode_entry(least))
    assert chain.forks == (decode_entry(greatest), decode_entry(on_loser))

    on_winner = edited(on_loser, previous=entry_hash(least))
    healed = verify_chain("m", [stored[0], least, greatest, on_loser, on_winner], None)
    assert healed.entries[2] == decode_entry(on_winner)
    assert decode_entry(on_loser) in healed.forks


def test_the_same_entry_stored_twice_is_no_fork() -> None:
    stored = chain_of(2)
    assert verify_chain("m", [stored[0], stored[1], stored[1]], head_of(stored)).forks == ()


def test_damage_is_told_beside_a_fork_too() -> None:
    stored = chain_of(4)
    forked = [stored[0], fork(stored, 0, "the other writer"), *stored[1:]]
    forked[3] = edited(stored[2], actor="mallory")
    with pytest.raises(IntegrityError, match="was edited"):
        verify_chain("m", forked, head_of(stored))
