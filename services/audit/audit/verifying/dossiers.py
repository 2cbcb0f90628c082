"""Whether a dossier that one service tells of is there on the topic of the service before it."""

from collections import defaultdict
from heapq import nsmallest
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from audit.findings import Verdict
from audit.verifying.chains import Links, dossier_of
from audit.verifying.collecting import Findings, Place
from audit.verifying.spilling import Spill
from contracts.topics import LIFECYCLE

_SEEN = np.dtype(
    [
        ("high", "<u8"),
        ("low", "<u8"),
        ("topic", "<i8"),
        ("partition", "<i8"),
        ("time", "<i8"),
    ]
)
_TOPICS = [topic.name for topic in LIFECYCLE.values()]
_BEFORE = {
    LIFECYCLE["routing"].name: LIFECYCLE["intake"].name,
    LIFECYCLE["registry-sync"].name: LIFECYCLE["routing"].name,
    LIFECYCLE["notifier"].name: LIFECYCLE["intake"].name,
}
#: Brokers' clocks may differ by so much.
_CLOCKS_MS = 60_000
#: Of each place so many records that are not there are asked whose they were.
_MOST_LACKED = 1_000
_Doubtful = tuple[int, str, Any]


class Dossiers:
    """Which dossiers stand in which places, and since when."""

    def __init__(self, folder: Path, records: int) -> None:
        self._seen = Spill(folder, "dossiers", _SEEN, records // 2)
        self._reached: dict[Place, int] = {}
        self._lacked: dict[Place, int] = {}
        self._doubtful: dict[Place, list[_Doubtful]] = defaultdict(list)

    def saw(self, place: Place, firsts: Links) -> None:
        """Add the dossiers of sorted first events of a place."""
        new = np.ones(len(firsts), bool)
        for name in ("high", "low"):
            differs = firsts[name][1:] != firsts[name][:-1]
            new[1:] = differs if name == "high" else new[1:] | differs
        each = firsts[new]
        rows = np.empty(len(each), _SEEN)
        for name in ("high", "low", "time"):
            rows[name] = each[name]
        rows["topic"], rows["partition"] = _TOPICS.index(place.topic), place.partition
        self._seen.add(rows, rows["low"].astype(np.uint64))

    def reached(self, place: Place, time_ms: int) -> None:
        """Say how far the records of a place go."""
        self._reached[place] = time_ms

    def lacks(self, place: Place, records: int) -> None:
        """Say how many records of a place are known to be missing."""
        self._lacked[place] = min(records, _MOST_LACKED)

    def check(self, found: Findings) -> int:
        """Tell of each dossier whose earlier events are missing; return how many there are."""
        count = 0
        for rows in self._seen.groups():
            low, high = (rows[name].astype(np.uint64) for name in ("low", "high"))
            rows = rows[np.lexsort((rows["partition"], rows["topic"], low, high))]
            first = np.ones(len(rows), bool)
            first[1:] = rows["high"][1:] != rows["high"][:-1]
            first[1:] |= rows["low"][1:] != rows["low"][:-1]
            again = ~first
            again[1:] &= rows["topic"][1:] == rows["topic"][:-1]
            for at in np.flatnonzero(again):
                self._tell_twice(found, rows[at - 1], rows[at])
            group = np.cumsum(first) - 1
            count += int(first.sum())
            for topic, before in _BEFORE.items():
                has = np.zeros(len(rows), bool)
                has[group[rows["topic"] == _TOPICS.index(before)]] = True
                here = rows["topic"] == _TOPICS.index(topic)
                for row in rows[here & ~has[group]]:
                    place = Place(before, int(row["partition"]))
                    # What was archived later may tell of what is not archived yet.
                    if int(row["time"]) + _CLOCKS_MS <= self._reached.get(place, -1):
                        self._tell(found, place, topic, row)
                    elif self._lacked.get(place):
                        self._doubt(place, topic, row)
        self._tell_doubtful(found)
        return count

    def _doubt(self, place: Place, topic: str, row: Links) -> None:
        """Keep who may be whose records are missing, or else is not archived there yet."""
        kept = self._doubtful[place]
        kept.append((int(row["time"]), topic, row.copy()))
        # A dossier is told of by three topics at most.
        most = 3 * self._lacked[place]
        if len(kept) > 2 * most:
            kept[:] = nsmallest(most, kept, key=_when)

    def _tell_doubtful(self, found: Findings) -> None:
        """Tell of as many dossiers as records are missing: what is not archived yet is younger."""
        for place, kept in self._doubtful.items():
            named: set[UUID] = set()
            for _, topic, row in sorted(kept, key=_when):
                dossier = dossier_of(row)
                if dossier in named or len(named) < self._lacked[place]:
                    named.add(dossier)
                    self._tell(found, place, topic, row)

    def _tell_twice(self, found: Findings, one: Links, other: Links) -> None:
        topic, partition = _TOPICS[int(one["topic"])], int(other["partition"])
        text = f"it has events in partition {int(one['partition'])}, too, and is of one alone"
        where = {"topic": topic, "partition": partition}
        found.add(Verdict.ALTERED, "conflict", text, dossier_id=dossier_of(one), **where)

    def _tell(self, found: Findings, place: Place, topic: str, row: Links) -> None:
        text = f"{topic} tells of the dossier; none of its events is here"
        where = {"topic": place.topic, "partition": place.partition}
        found.add(Verdict.INCOMPLETE, "dossier_missing", text, dossier_id=dossier_of(row), **where)


def _when(one: _Doubtful) -> tuple[int, str]:
    return one[:2]
