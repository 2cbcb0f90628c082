"""The log of lifecycle events as its raw bytes tell it: chains, copies, what is no event."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.topics import WRITER_OF
from tests.chaos.campaign.course import Place
from tests.chaos.campaign.dump import Record

GENESIS = "0" * 64
#: Long, said again elsewhere, and not needed by any invariant.
_LEFT_OUT = ("due", "reception_due", "supplement_due", "attachments", "particulars")

Key = tuple[str, str]


class NotAnEvent(Exception):
    """Bytes in which no event of ours can be seen."""


@dataclass(frozen=True, slots=True)
class Said:
    """One event as it stands on its topic; `hash` is of its exact bytes, `at_ms` the broker's."""

    place: Place
    at_ms: int
    dossier: str
    service: str
    id: str
    name: str
    code: str
    sequence: int
    prevhash: str
    hash: str
    cause: str
    cause_hash: str
    data: Mapping[str, Any]

    @property
    def key(self) -> Key:
        """Return the chain it belongs to: dossier and producing service."""
        return self.dossier, self.service


def read(record: Record) -> Said:
    """Return the event in a record; raises NotAnEvent, naming what is wrong.

    Reads by itself what an event must have, so that no fault of the services' codec hides one.
    """
    if record.value is None:
        raise NotAnEvent("no value")
    try:
        event = json.loads(record.value)
        said = Said(
            place=record.place,
            at_ms=record.at_ms,
            dossier=event["dossierid"],
            service=event["source"].removeprefix("/hotich/"),
            id=event["id"],
            name=event["type"].split(".")[3],
            code=event["subject"],
            sequence=int(event["sequence"]),
            prevhash=event["prevhash"],
            hash=hashlib.sha256(record.value).hexdigest(),
            cause=event["causeid"],
            cause_hash=event["causehash"],
            data={k: v for k, v in event["data"].items() if k not in _LEFT_OUT},
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as wrong:
        raise NotAnEvent(f"no event: {type(wrong).__name__}") from None
    if said.service != WRITER_OF.get(record.place.topic):
        raise NotAnEvent(f"{said.service} does not write this topic")
    if record.key != said.dossier.encode():
        raise NotAnEvent("the key is not the dossier")
    return said


@dataclass
class Log:
    """Every true event once, in the order of its chain; how it came is counted.

    `copies` are records with the bytes of one before; `rivals` have its sequence and other bytes;
    `ahead` came before their predecessor. Forged records are in none of these.
    """

    chains: dict[Key, list[Said]] = field(default_factory=dict)
    by_dossier: dict[str, list[Said]] = field(default_factory=dict)
    by_id: dict[str, Said] = field(default_factory=dict)
    copies: Counter[str] = field(default_factory=Counter)
    ahead: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    rivals: list[tuple[Said, Said]] = field(default_factory=list)
    no_events: list[tuple[Place, str]] = field(default_factory=list)

    def about(self, dossier: str, *names: str) -> Iterator[Said]:
        """Yield the dossier's events of those names, by the broker's time."""
        return (one for one in self.by_dossier.get(dossier, ()) if one.name in names)

    def of(self, dossier: str, service: str) -> list[Said]:
        """Return what one service said of the dossier, in sequence."""
        return self.chains.get((dossier, service), [])


def read_log(topics: Mapping[str, Iterable[Record]], forged: frozenset[Place]) -> Log:
    """Return the log of the lifecycle topics among these, without the forged records."""
    log = Log()
    for topic in topics.keys() & WRITER_OF.keys():
        _read_topic(log, topics[topic], forged)
    for chain in log.chains.values():
        chain.sort(key=lambda one: one.sequence)
    stories: defaultdict[str, list[Said]] = defaultdict(list)
    for chain in log.chains.values():
        for one in chain:
            stories[one.dossier].append(one)
            log.by_id[one.id] = one
    for story in stories.values():
        story.sort(key=lambda one: (one.at_ms, one.service, one.sequence))
    log.by_dossier = dict(stories)
    return log


def _read_topic(log: Log, records: Iterable[Record], forged: frozenset[Place]) -> None:
    seen: dict[tuple[str, str, int], Said] = {}
    last: Counter[Key] = Counter()
    for record in records:
        if record.place in forged:
            continue
        log.records[record.place.topic] += 1
        try:
            said = read(record)
        except NotAnEvent as wrong:
            log.no_events.append((record.place, str(wrong)))
            continue
        slot = (*said.key, said.sequence)
        first = seen.get(slot)
        if first is None:
            seen[slot] = said
            log.chains.setdefault(said.key, []).append(said)
            log.ahead[record.place.topic] += said.sequence > last[said.key] + 1
            last[said.key] = max(last[said.key], said.sequence)
        elif first.hash == said.hash:
            log.copies[record.place.topic] += 1
        else:
            log.rivals.append((first, said))
