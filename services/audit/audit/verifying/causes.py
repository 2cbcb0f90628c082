"""Whether what an event names as its cause is there, with the bytes it names."""

import re
from pathlib import Path
from uuid import UUID

import numpy as np

from audit.columns import head_of
from audit.findings import Verdict
from audit.verifying.collecting import Findings, Place
from audit.verifying.rows import Rows
from audit.verifying.spilling import Spill
from contracts.topics import LIFECYCLE

_TOPICS = [topic.name for topic in LIFECYCLE.values()]
_CAUSE = re.compile(
    rb'"causeid":"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"'
    rb',"causehash":"([0-9a-f]{64})"'
)
#: An event itself (`kind` 0), or that one names it (1) or what is in it (2).
_ROW = np.dtype(
    [
        ("high", "<u8"),
        ("low", "<u8"),
        ("kind", "<i8"),
        ("hash", "<u8", (4,)),
        ("topic", "<i8"),
        ("partition", "<i8"),
        ("offset", "<i8"),
        ("dossier", "V16"),
    ]
)
_EVENT, _NAMES = 0, 1


class Causes:
    """Events by id, and who names which as a cause."""

    def __init__(self, folder: Path, records: int) -> None:
        self._rows = Spill(folder, "causes", _ROW, records * 2)

    def add(self, place: Place, rows: Rows) -> None:
        """Add a batch of events."""
        topic, partition = _TOPICS.index(place.topic), place.partition
        made = []
        for value, digest, offset in zip(
            rows.values(), rows.digests, rows.offsets.tolist(), strict=True
        ):
            head = head_of(value)
            if head is None or value is None:
                continue
            where = topic, partition, offset, _bytes_of(head.dossier_id)
            if (own := _halves(head.event_id)) is not None:
                made.append((*own, _EVENT, _words(digest), *where))
            cause = _CAUSE.search(value)
            if cause is not None and (named := _halves(cause[1])) is not None:
                made.append((*named, _NAMES, _words(bytes.fromhex(cause[2].decode())), *where))
        if made:
            rows_ = np.array(made, _ROW)
            self._rows.add(rows_, rows_["low"].astype(np.uint64))

    def check(self, found: Findings) -> int:
        """Tell of each cause that is not there or has other bytes; return how many were checked."""
        count = 0
        for rows in self._rows.groups():
            order = np.lexsort((rows["kind"], rows["low"], rows["high"]))
            rows = rows[order]
            first = np.ones(len(rows), bool)
            first[1:] = rows["high"][1:] != rows["high"][:-1]
            first[1:] |= rows["low"][1:] != rows["low"][:-1]
            group = np.cumsum(first) - 1
            heads = rows[first]
            names = rows["kind"] == _NAMES
            count += int(names.sum())
            absent = names & (heads["kind"][group] != _EVENT)
            other = names & ~absent & (rows["hash"] != heads["hash"][group]).any(axis=1)
            for at in np.flatnonzero(absent):
                self._tell(found, rows[at], None)
            for at in np.flatnonzero(other):
                self._tell(found, rows[at], heads[group[at]])
        return count

    def _tell(self, found: Findings, row: np.void, event: np.void | None) -> None:
        place = Place(_TOPICS[int(row["topic"])], int(row["partition"]))
        where = {
            "topic": place.topic,
            "partition": place.partition,
            "offset": int(row["offset"]),
            "dossier_id": UUID(bytes=row["dossier"].tobytes()),
        }
        if event is None:
            text = "the event it names as its cause is nowhere"
            found.add(Verdict.INCOMPLETE, "event_missing", text, **where)
            return
        at = f"{_TOPICS[int(event['topic'])]}/{int(event['partition'])}"
        text = f"its cause, {at} offset {int(event['offset'])}, has other bytes than it names"
        found.add(Verdict.ALTERED, "bytes_changed", text, **where)


def _halves(text: bytes) -> tuple[int, int] | None:
    try:
        number = UUID(text.decode()).int
    except ValueError:
        return None
    return number >> 64, number & (2**64 - 1)


def _bytes_of(text: bytes) -> bytes:
    try:
        return UUID(text.decode()).bytes
    except ValueError:
        return bytes(16)


def _words(digest: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(digest[at : at + 8], "little") for at in range(0, 32, 8))
