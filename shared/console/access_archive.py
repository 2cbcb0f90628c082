"""The blocks of accesses an archive has, in order, set aside on disk: there may be millions."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from console.failing import Failed
from contracts.envelope import sha256
from contracts.topics import ACCESS
from plumbing.accesses.checking import Archived, read_block

_MAKE = "CREATE TABLE block (number INTEGER, digest TEXT)"
_COUNT = "SELECT count(DISTINCT number), coalesce(max(number), 0) FROM block"


@dataclass
class Counted:
    """The archive's blocks of a service, how many there are, and how many records are none."""

    archived: Archived
    blocks: int
    foreign: int


@contextmanager
def archived_blocks(root: Path, service: str) -> Iterator[Counted]:
    """Give the blocks of a service as the archive has them; raises Failed."""
    with (
        TemporaryDirectory(prefix="hotich-access-") as folder,
        closing(sqlite3.connect(Path(folder) / "blocks")) as base,
    ):
        base.execute(_MAKE)
        foreign = 0
        for value in _values(root, ACCESS[service].name):
            block = read_block(value)
            if block is None or block.service != service:
                foreign += 1
            else:
                base.execute("INSERT INTO block VALUES (?, ?)", (block.block, sha256(value)))
        count, newest = base.execute(_COUNT).fetchone()
        ordered = base.execute("SELECT number, digest FROM block ORDER BY 1, 2")
        yield Counted(Archived(newest, iter(ordered)), count, foreign)


def _values(root: Path, topic: str) -> Iterator[bytes]:
    try:
        from audit import archive  # it comes with the audit service, which not everybody has
    except ModuleNotFoundError:
        raise Failed("reading an archive needs the audit service to be installed") from None
    try:
        archive.origin_of(root)
        for (named, _), segments in archive.listing(root).by_place().items():
            if named != topic:
                continue
            for segment in segments:
                for batch in archive.batches_of(root, segment, ["value"]):
                    yield from (value or b"" for value in batch.column(0).to_pylist())
    except (archive.NotAnArchive, archive.Unreadable) as error:
        raise Failed(f"{root}: {error}") from None
