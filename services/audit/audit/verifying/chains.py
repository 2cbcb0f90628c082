"""The chain of each dossier's events on one topic: sequence, hash of the event before, order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

#: An event: its dossier's id in two halves, number, place, and both hashes.
LINK = np.dtype(
    [
        ("high", "<u8"),
        ("low", "<u8"),
        ("sequence", "<i8"),
        ("offset", "<i8"),
        ("time", "<i8"),
        ("previous", "<u8", (4,)),
        ("hash", "<u8", (4,)),
    ]
)
Links = NDArray[Any]
#: Odd, so that no two ids become one; ids that count are then as far apart as those of chance.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
Kind = Literal["event_missing", "chain_broken", "conflict", "swapped"]


@dataclass(frozen=True)
class Trouble:
    """Where a chain does not hold: at the event with that number, and what stands before it.

    `before` is the offset of the event before; `known` whether the next event vouches for this.
    """

    kind: Kind
    dossier_id: UUID
    sequence: int
    offset: int
    before: int | None = None
    expected: int = 0
    known: bool = False


def dossier_of(link: Any) -> UUID:
    """Return the dossier an event is about."""
    return UUID(int=int(link["high"]) << 64 | int(link["low"]))


def sorted_links(links: Links) -> Links:
    """Return events by dossier and number, those with the same as they came.

    Dossiers come in an order of their own.
    """
    if len(links) < 2:
        return links
    # One number for the dossier and, in its last bits, which event it is: sorting those is fast.
    within = (len(links) - 1).bit_length()
    mask = np.uint64((1 << within) - 1)
    marks = (links["low"] * _SPREAD) & ~mask
    order = (np.sort(marks | np.arange(len(links), dtype=np.uint64)) & mask).astype(np.intp)
    found, marks = links[order], marks[order]
    same = _same_dossier(found)[1:]
    unlike = (marks[1:] == marks[:-1]) & ~same
    back = same & (found["sequence"][1:] < found["sequence"][:-1])
    if not (unlike | back).any():
        return found
    high, low = links["high"].astype(np.uint64), links["low"].astype(np.uint64)
    return links[np.lexsort((links["sequence"], low, high))]


def _same_dossier(links: Links) -> NDArray[np.bool_]:
    """Return for each event whether the one before it is about the same dossier."""
    same = np.zeros(len(links), bool)
    same[1:] = links["high"][1:] == links["high"][:-1]
    same[1:] &= links["low"][1:] == links["low"][:-1]
    return same


def copies_of(links: Links) -> tuple[Links, int, list[Trouble]]:
    """Return the first of each event, how many copies there are, and those that say other things.

    `links` are sorted.
    """
    again = _same_dossier(links)
    again[1:] &= links["sequence"][1:] == links["sequence"][:-1]
    if not again.any():
        return links, 0, []
    firsts = links[~again]
    group = np.cumsum(~again) - 1
    other = again & (links["hash"] != firsts["hash"][group]).any(axis=1)
    troubles = [
        Trouble(
            "conflict",
            dossier_of(links[at]),
            int(links[at]["sequence"]),
            int(links[at]["offset"]),
            int(firsts[group[at]]["offset"]),
        )
        for at in np.flatnonzero(other)
    ]
    return firsts, int(again.sum()) - len(troubles), troubles


def troubles_of(firsts: Links, *, from_start: bool = True) -> Iterator[Trouble]:
    """Yield where the chains of sorted first events do not hold.

    Without `from_start` a chain may begin at any number.
    """
    if not len(firsts):
        return
    same, sequence = _same_dossier(firsts), firsts["sequence"]
    expected = np.ones(len(firsts), np.int64)
    expected[1:] += np.where(same[1:], sequence[:-1], 0)
    gap = sequence != expected
    named, hashes = firsts["previous"], firsts["hash"]
    other: NDArray[np.bool_] = np.asarray(named.any(axis=1))
    other[1:] = np.where(same[1:], (named[1:] != hashes[:-1]).any(axis=1), other[1:])
    broken = ~gap & other
    late = np.zeros(len(firsts), bool)
    late[1:] = same[1:] & (firsts["offset"][1:] < firsts["offset"][:-1])
    if not from_start:
        gap &= same
        broken &= same | (sequence == 1)
    known = np.zeros(len(firsts), bool)
    known[:-1] = same[1:] & ~gap[1:] & ~broken[1:]
    kinds: tuple[tuple[Kind, NDArray[np.bool_]], ...] = (
        ("event_missing", gap),
        ("chain_broken", broken),
        ("swapped", late),
    )
    for kind, where in kinds:
        for at in np.flatnonzero(where):
            yield Trouble(
                kind,
                dossier_of(firsts[at]),
                int(sequence[at]),
                int(firsts[at]["offset"]),
                int(firsts[at - 1]["offset"]) if same[at] else None,
                int(expected[at]),
                bool(known[at]),
            )
