"""What the audit has archived, read as anybody can read it, once it stands at the topics' ends."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from contracts.topics import ARCHIVED
from tests.chaos.campaign.course import Place
from tests.chaos.campaign.dump import Record

#: An archive that is not at the ends by then is judged as it is.
_LONGEST_SECONDS = 60.0
_COLUMNS = ["partition", "offset", "timestamp", "key", "headers", "value"]


@dataclass(frozen=True)
class ArchivedTopic:
    """A topic's records in the archive, read from its files each time it is gone through."""

    topic: str
    files: tuple[Path, ...]

    def __iter__(self) -> Iterator[Record]:
        """Yield the records, file by file."""
        for path in self.files:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(columns=_COLUMNS):
                    yield from (_record(self.topic, row) for row in batch.to_pylist())


async def archived(
    folder: Path, ends: Mapping[tuple[str, int], int]
) -> dict[str, Iterable[Record]]:
    """Return the archived records by topic, once there are those before the ends."""
    wanted = {topic.name for topic in ARCHIVED}
    give_up = time.monotonic() + _LONGEST_SECONDS
    while True:
        files = _files(folder)
        reached: dict[tuple[str, int], int] = {}
        for topic, paths in files.items():
            for path in paths:
                partition, _, last = path.stem.removeprefix("p").split("-")
                place = topic, int(partition)
                reached[place] = max(reached.get(place, 0), int(last) + 1)
        behind = [p for p, end in ends.items() if p[0] in wanted and reached.get(p, 0) < end]
        if not behind or time.monotonic() > give_up:
            return {topic: ArchivedTopic(topic, tuple(files.get(topic, ()))) for topic in wanted}
        await asyncio.sleep(0.5)


def _files(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("log/topic=*/day=*/p*.parquet")):
        found.setdefault(path.parts[-3].removeprefix("topic="), []).append(path)
    return found


def _record(topic: str, row: dict[str, Any]) -> Record:
    return Record(
        Place(topic, row["partition"], row["offset"]),
        row["key"],
        row["value"],
        tuple((head["name"], head["value"]) for head in row["headers"] or ()),
        round(row["timestamp"].timestamp() * 1000),
    )
