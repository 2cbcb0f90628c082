"""I16: the archive has what was on the log, byte by byte, and nothing twice."""

import hashlib
from collections.abc import Iterable, Iterator

from contracts.topics import ARCHIVED
from tests.chaos.campaign.course import Place
from tests.chaos.campaign.dump import Record
from tests.chaos.campaign.evidence import Evidence
from tests.chaos.campaign.invariants.finding import Facts, Verdict, verdict


def archived_exactly(facts: Facts) -> Verdict:
    """I16: every record of the archived topics is in the archive, exactly, once."""
    breaches: list[str] = []
    count = kept = 0
    for topic in ARCHIVED:
        wanted = {one.place: _digest(one) for one in facts.evidence.topics.get(topic.name, ())}
        found = list(_digested(facts.evidence.archive.get(topic.name, ())))
        count, kept = count + len(wanted), kept + len(found)
        breaches += _compared(wanted, found, facts.evidence)
    return verdict(
        "I16 archived exactly", f"{count} records on the log", f"{kept} archived", breaches
    )


def _compared(
    wanted: dict[Place, bytes], found: Iterable[tuple[Place, bytes]], evidence: Evidence
) -> Iterator[str]:
    seen: set[Place] = set()
    for place, digest in found:
        if place in seen:
            yield f"{_words(place)}: archived twice"
        elif place not in wanted and not _came_later(place, evidence):
            yield f"{_words(place)}: archived, and not on the log"
        elif wanted.get(place, digest) != digest:
            yield f"{_words(place)}: archived as something else"
        seen.add(place)
    for place in wanted.keys() - seen:
        yield f"{_words(place)}: not archived"


def _came_later(place: Place, evidence: Evidence) -> bool:
    """Return whether it came once the log was read, as accesses of what compares may."""
    partition = (place.topic, place.partition)
    read_to, end = (ends.get(partition, 0) for ends in (evidence.ends, evidence.later_ends))
    return read_to <= place.offset < end


def _digested(records: Iterable[Record]) -> Iterator[tuple[Place, bytes]]:
    return ((one.place, _digest(one)) for one in records)


def _digest(record: Record) -> bytes:
    exact = (record.key, record.headers, record.value, record.at_ms)
    return hashlib.sha256(repr(exact).encode()).digest()


def _words(place: Place) -> str:
    return f"{place.topic}-{place.partition} {place.offset}"
