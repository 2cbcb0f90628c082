"""Compares sealed blocks with the rows they are of, and with what the archive has of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

from pydantic import ValidationError

from contracts.audit import AccessBlock
from contracts.envelope import GENESIS, sha256
from plumbing.accesses.rows import Access, digest

#: Which row was added is tried out in blocks of so many at most: each try digests them all.
MOST_TRIED = 1000


@dataclass(frozen=True)
class Block:
    """A block as the database has it: its columns beside the bytes that were published."""

    block: int
    first: int
    last: int
    count: int
    sha256: str
    prevhash: str
    body: bytes


@dataclass(frozen=True)
class AccessFinding:
    """What is wrong, with which block, and which rows of it if that can be told."""

    kind: str
    text: str
    block: int | None = None
    rows: tuple[int, ...] = ()


class ChainCheck:
    """Looks at the blocks among themselves, one after another by number; keeps the last alone."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._before: Block | None = None

    def look(self, block: Block) -> Iterator[AccessFinding]:
        """Yield what is wrong with the block, and with what lies between it and the one before."""
        before, self._before = self._before, block
        if before is None and block.block != 1:
            yield AccessFinding("block_missing", f"blocks before {block.block} are gone", 1)
        yield from _check_body(block, self._service)
        if before is None:
            if block.block == 1 and block.prevhash != GENESIS:
                yield AccessFinding("chain_broken", "block 1 names a block before it", 1)
            return
        if block.block != before.block + 1:
            text = f"no block between {before.block} and {block.block}"
            yield AccessFinding("block_missing", text, before.block + 1)
        elif block.prevhash != sha256(before.body):
            text = f"block {block.block} does not follow from block {before.block}"
            yield AccessFinding("chain_broken", text, block.block)
        if block.first <= before.last:
            text = f"block {block.block} begins before block {before.block} ends"
            yield AccessFinding("blocks_overlap", text, block.block)


def check_chain(blocks: Iterable[Block], service: str) -> Iterator[AccessFinding]:
    """Yield what is wrong with the blocks among themselves, in their order by number."""
    chain = ChainCheck(service)
    for block in blocks:
        yield from chain.look(block)


def _check_body(block: Block, service: str) -> Iterator[AccessFinding]:
    said = read_block(block.body)
    if said is None or said.service != service:
        text = f"block {block.block} is no block of {service}"
        yield AccessFinding("block_foreign", text, block.block)
        return
    columns = (block.block, block.first, block.last, block.count, block.sha256, block.prevhash)
    if columns != (said.block, said.first, said.last, said.count, said.sha256, said.prevhash):
        text = f"the columns of block {block.block} are not what was published"
        yield AccessFinding("block_changed", text, block.block)


def read_block(body: bytes) -> AccessBlock | None:
    """Return the block that was published so, None when these bytes are none."""
    try:
        return AccessBlock.model_validate_json(body)
    except ValidationError:
        return None


def check_rows(block: Block, rows: Sequence[Access]) -> AccessFinding | None:
    """Return what is wrong with the rows between first and last, by number; None if nothing is."""
    found, name = len(rows), f"block {block.block}"
    if found < block.count:
        have = {row.id for row in rows}
        # A number may also be missing because its transaction was undone.
        gone = tuple(i for i in range(block.first, block.last + 1) if i not in have)
        text = f"{block.count - found} rows of {name} are gone"
        return AccessFinding("row_removed", text, block.block, gone[:20])
    if found > block.count:
        text = f"{found - block.count} rows were added to {name}"
        return AccessFinding("row_inserted", text, block.block, _added(block, rows))
    if digest(rows) == block.sha256:
        return None
    moved = _in_time(rows)
    if digest(moved) == block.sha256:
        changed = tuple(a.id for a, b in zip(rows, moved, strict=True) if a != b)
        text = f"rows of {name} stand in another order"
        return AccessFinding("rows_reordered", text, block.block, changed)
    return AccessFinding("row_changed", f"rows of {name} are not as they were", block.block)


def _added(block: Block, rows: Sequence[Access]) -> tuple[int, ...]:
    if len(rows) != block.count + 1 or len(rows) > MOST_TRIED:
        return ()
    for place, row in enumerate(rows):
        if digest([*rows[:place], *rows[place + 1 :]]) == block.sha256:
            return (row.id,)
    return ()


def _in_time(rows: Sequence[Access]) -> list[Access]:
    """Return the rows by their time under the numbers in order: as rows mostly are written."""
    numbers = [row.id for row in rows]
    by_time = sorted(rows, key=lambda row: row.at)
    return [replace(row, id=number) for row, number in zip(by_time, numbers, strict=True)]


def check_between(numbers: Iterable[int]) -> Iterator[AccessFinding]:
    """Yield the rows up to the last block that lie in none: added since."""
    added = tuple(numbers)
    if added:
        text = f"{len(added)} rows lie in no block, though later ones do"
        yield AccessFinding("row_inserted", text, None, added[:20])


@dataclass
class Archived:
    """What an archive has of a service's blocks: the newest's number, and each in order.

    `blocks` gives number and SHA-256 of the bytes, by number; a block that is there twice, twice.
    """

    newest: int
    blocks: Iterator[tuple[int, str]]

    @classmethod
    def of(cls, bodies: Mapping[int, Sequence[bytes]]) -> "Archived":
        """Return what these bytes by number are."""
        every = sorted((number, sha256(one)) for number, some in bodies.items() for one in some)
        return cls(max(bodies, default=0), iter(every))


class ArchiveCheck:
    """Compares the database's blocks with the archive's as both come, by number.

    Bytes that are there twice are a copy. What was sealed since the archive was last written is
    not in it yet, and no finding.
    """

    def __init__(self, archived: Archived) -> None:
        self._newest = archived.newest
        grouped = groupby(archived.blocks, key=itemgetter(0))
        self._coming = ((number, {digest for _, digest in some}) for number, some in grouped)
        self._next = next(self._coming, None)

    def look(self, block: Block) -> Iterator[AccessFinding]:
        """Yield what is wrong with the next block, and with those of the archive before it."""
        number = block.block
        yield from self._gone(number)
        if self._next is None or self._next[0] != number:
            if number < self._newest:
                text = f"block {number} is not in the archive, though later ones are"
                yield AccessFinding("block_not_archived", text, number)
            return
        digests, self._next = self._next[1], next(self._coming, None)
        if len(digests) > 1:
            yield _conflict(number)
        elif sha256(block.body) not in digests:
            text = f"block {number} was another one when it was archived"
            yield AccessFinding("chain_rewritten", text, number)

    def rest(self) -> Iterator[AccessFinding]:
        """Yield the blocks of the archive after the database's last."""
        yield from self._gone(None)

    def _gone(self, before: int | None) -> Iterator[AccessFinding]:
        while self._next is not None and (before is None or self._next[0] < before):
            number, digests = self._next
            self._next = next(self._coming, None)
            if len(digests) > 1:
                yield _conflict(number)
                continue
            text = f"block {number} is in the archive and not in the database"
            yield AccessFinding("block_missing", text, number)


def _conflict(number: int) -> AccessFinding:
    return AccessFinding("conflict", f"the archive has several blocks {number}", number)
