"""Checkpoints that are on the log and not in the archive: an older copy of it was put back.

What was published was promised. The archive gets those checkpoints back where they follow its own,
and is only signed again once it has the records they stand over. Where they do not follow, there
are two histories of one place, and it is signed no more.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from audit.archive import write_file
from audit.checkpoints import NONE_BEFORE, Checkpoint, Ledger, parse_checkpoint, place_origin
from audit.frontiers import STATE, Place
from audit.kafka_reading import BrokerAway, BulkReader, Extent
from audit.keys import Keys
from audit.notes import BadNote, digest_of, open_note, split
from contracts.topics import CHECKPOINTS

log = structlog.get_logger()

FILE = f"{STATE}/looked_back.json"

#: The notes on the log from an offset on, and the offset where they end; raises BrokerAway.
Published = Callable[[int], tuple[Iterator[bytes], int]]


@dataclass(frozen=True)
class Back:
    """What came back to a place: checkpoints added to its file, oldest first.

    `newest` is None where they do not follow its own.
    """

    place: Place
    added: tuple[str, ...] = ()
    newest: Checkpoint | None = None


def published_on(reading: Callable[[], BulkReader]) -> Published:
    """Return what reads the notes from Kafka; a topic that is not there has none."""

    def read(begin: int) -> tuple[Iterator[bytes], int]:
        reader = reading()
        with reader:
            try:
                extent = reader.extent(CHECKPOINTS.name, 0)
            except BrokerAway as error:
                if "UNKNOWN" in str(error):
                    return iter(()), 0
                raise
        if begin > extent.end:
            begin = 0  # the topic was made anew

        def notes() -> Iterator[bytes]:
            asked = Extent(max(begin, extent.first), extent.end)
            with reading() as again:
                for messages in again.records(CHECKPOINTS.name, 0, asked):
                    yield from (message.value() or b"" for message in messages)

        return notes(), extent.end

    return read


def look_back(
    root: Path,
    origin: str,
    places: Iterable[Place],
    keys: Keys,
    published: Published,
) -> Iterator[Back]:
    """Yield where the log has newer checkpoints than the archive; those that follow are added.

    Only what a key signed that was to sign then counts. Reads what came since it was last read to
    its end; raises BrokerAway and OSError.
    """
    ledger, begin = Ledger(root), _looked_to(root)
    origins = {place_origin(origin, *place): place for place in places}
    notes, end = published(begin)
    newest: dict[Place, Checkpoint] = {}
    for place, one, _ in _ours(notes, origins, keys):
        newest[place] = max(newest.get(place, one), one, key=lambda each: (each.size, each.time))
    ahead = {place: one for place, one in newest.items() if not _has(ledger, place, one)}
    every = _by_place(_ours(published(0)[0], origins, keys), ahead) if ahead else {}
    is_whole = True
    for place in sorted(ahead):
        back = _bring_back(ledger, place, every[place], ahead[place])
        is_whole = is_whole and back.newest is not None
        yield back
    if is_whole:
        (root / STATE).mkdir(exist_ok=True)
        write_file(root / FILE, json.dumps({"offset": end}).encode() + b"\n")


def _ours(
    notes: Iterable[bytes], origins: Mapping[str, Place], keys: Keys
) -> Iterator[tuple[Place, Checkpoint, str]]:
    known = keys.all_verifiers()
    for content in notes:
        with suppress(BadNote, UnicodeDecodeError):
            note = content.decode()
            opened = open_note(note, known)
            one = parse_checkpoint(opened.text)
            was_to_sign = set(opened.verifiers) & set(keys.verifiers_at(one.time))
            if was_to_sign and (place := origins.get(one.origin)) is not None:
                yield place, one, note


def _by_place(
    notes: Iterable[tuple[Place, Checkpoint, str]], wanted: Iterable[Place]
) -> dict[Place, dict[str, tuple[Checkpoint, str]]]:
    """Return by place, and by the digest of the checkpoint before, what was published."""
    found: dict[Place, dict[str, tuple[Checkpoint, str]]] = {place: {} for place in wanted}
    for place, one, note in notes:
        if place in found:
            found[place].setdefault(one.previous, (one, note))
    return found


def _has(ledger: Ledger, place: Place, one: Checkpoint) -> bool:
    wanted = digest_of(one.text())
    if (last := ledger.last(*place)) is not None and _digest(last) == wanted:
        return True
    return any(_digest(note) == wanted for _, note in ledger.notes(*place))


def _digest(note: str) -> str:
    try:
        return digest_of(split(note)[0])
    except BadNote:
        return ""


def _bring_back(
    ledger: Ledger,
    place: Place,
    by_previous: Mapping[str, tuple[Checkpoint, str]],
    wanted: Checkpoint,
) -> Back:
    last = ledger.last(*place)
    at, missing = NONE_BEFORE if last is None else _digest(last), list[str]()
    reached: Checkpoint | None = None
    while reached != wanted and at in by_previous and len(missing) < len(by_previous):
        reached, note = by_previous[at]
        missing.append(note)
        at = digest_of(reached.text())
    where: dict[str, Any] = {"topic": place[0], "partition": place[1]}
    if reached != wanted:
        log.error("checkpoints_published_differ", expected=wanted.size, **where)
        return Back(place)
    for note in missing:
        ledger.append(*place, note)
    log.warning("checkpoints_brought_back", count=len(missing), expected=wanted.size, **where)
    return Back(place, tuple(missing), wanted)


def _looked_to(root: Path) -> int:
    try:
        offset = json.loads((root / FILE).read_bytes())["offset"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0
    return offset if isinstance(offset, int) and offset >= 0 else 0
