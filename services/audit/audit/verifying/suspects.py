"""When a tree does not come out: which record it is, by what other services' events name."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import UUID

from audit.archive import Segment, Unreadable, batches_of
from audit.columns import head_of
from audit.findings import Verdict
from audit.verifying.collecting import Findings, Place
from audit.verifying.rows import Rows, rows_of
from audit.verifying.seals import Break
from audit.verifying.swaps import name_swaps
from contracts.topics import LIFECYCLE

#: Of each place so many records are suspected at most; then memory is bounded.
MOST_SUSPECTS = 50_000
_LIFECYCLE = {topic.name for topic in LIFECYCLE.values()}
_CAUSE = re.compile(rb'"causeid":"([0-9a-f-]{36})","causehash":"([0-9a-f]{64})"')
Files = Mapping[Place, list[Segment]]
Suspect = tuple[Place, int, UUID | None, str]


def blame(root: Path, files: Files, breaks: Mapping[Place, Break], found: Findings) -> None:
    """Tell of each record in a range that changed whose bytes are not those another event names.

    Two records that changed places are told, too.
    """
    name_swaps(root, files, breaks, found)
    suspects: dict[bytes, Suspect] = {}
    for place, broken in breaks.items():
        if place.topic in _LIFECYCLE:
            suspects |= _suspects(root, files.get(place, []), place, broken)
    told: set[tuple[Place, int]] = set()
    for place, rows in _all(root, files) if suspects else ():
        for at, value in enumerate(rows.values()):
            cause = _CAUSE.search(value or b"")
            suspect = suspects.get(cause[1]) if cause else None
            if cause is None or suspect is None or suspect[3] == cause[2].decode():
                continue
            if suspect[:2] not in told:
                told.add(suspect[:2])
                _tell(found, suspect, place, int(rows.offsets[at]))


def _suspects(
    root: Path, segments: list[Segment], place: Place, broken: Break
) -> dict[bytes, Suspect]:
    near = [one for one in segments if one.first <= broken.last and broken.first <= one.last]
    suspects: dict[bytes, Suspect] = {}
    for rows in _rows(root, near):
        for at, value in enumerate(rows.values()):
            offset, head = int(rows.offsets[at]), head_of(value)
            if head is None or not broken.first <= offset <= broken.last:
                continue
            if len(suspects) >= MOST_SUSPECTS:
                return suspects
            dossier = _uuid(head.dossier_id)
            suspects[head.event_id] = place, offset, dossier, rows.digests[at].hex()
    return suspects


def _all(root: Path, files: Files) -> Iterator[tuple[Place, Rows]]:
    for place, segments in files.items():
        if place.topic in _LIFECYCLE:
            for rows in _rows(root, segments):
                yield place, rows


def _rows(root: Path, segments: list[Segment]) -> Iterator[Rows]:
    for segment in segments:
        try:
            yield from (rows_of(batch) for batch in batches_of(root, segment))
        except Unreadable:
            continue


def _tell(found: Findings, suspect: Suspect, place: Place, offset: int) -> None:
    (topic, partition), at, dossier, _ = suspect
    found.add(
        Verdict.ALTERED,
        "bytes_changed",
        f"{place} offset {offset} names it as its cause, with other bytes",
        topic=topic,
        partition=partition,
        offset=at,
        dossier_id=dossier,
    )


def _uuid(text: bytes) -> UUID | None:
    try:
        return UUID(text.decode())
    except ValueError:
        return None
