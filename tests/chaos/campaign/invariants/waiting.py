"""I6, I9, I11: nothing waits, and what was put aside is what was forged, place by place."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.asyncapi import READS
from contracts.topics import PARTICULARS
from tests.chaos.campaign.course import Place
from tests.chaos.campaign.forgery import APPLIED, CLASH, DEAD, DROPPED, PARKED
from tests.chaos.campaign.invariants.finding import Facts, Verdict, verdict

_ENDED = ("DONE", "REJECTED")


def nothing_waits(facts: Facts) -> Verdict:
    """I6: outboxes are empty, nothing is parked but behind a forgery, every call has its answer.

    A mail whose answer was lost is for a person and allowed; it is counted.
    """
    breaches: list[str] = []
    states = Counter[str]()
    for service in facts.evidence.databases:
        tables = facts.tables(service)
        breaches += [f"{service}: {row['topic']} waits unsent" for row in tables.get("outbox", ())]
        for row in tables.get("inbound_parked", ()):
            if not _behind_a_forgery(facts, row):
                what = f"{row['source']} of {row['dossier_id']}, {row['seq']}"
                breaches.append(f"{service}: {what} is parked")
        for row in tables.get("effect", ()):
            states[row["state"]] += 1
            if row["state"] not in _ENDED and not _is_doubtful_mail(row):
                what = f"{row['kind']} of {row['dossier_id']}"
                breaches.append(f"{service}: {what} is {row['state']}: {row['reason']}")
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return verdict("I6 nothing waits", "all sent, applied, answered", told or "no calls", breaches)


def _is_doubtful_mail(row: Mapping[str, Any]) -> bool:
    return bool(row["state"] == "MANUAL" and row["kind"].startswith("email:") and row["in_doubt"])


def _behind_a_forgery(facts: Facts, row: Mapping[str, Any]) -> bool:
    """Return whether the parked event is forged, or follows a forged one of its chain."""
    forged = facts.forgeries.events.get((row["dossier_id"], row["source"]), ())
    return any(one.hash == row["hash"] or one.sequence < row["seq"] for one in forged)


def forged_is_put_aside(facts: Facts) -> Verdict:
    """I9: the dead letters are the forged records, each at its place and reader, no other."""
    breaches: list[str] = []
    expected = actual = 0
    for service, topics in READS.items():
        names = {topic.name for topic in topics}
        aside = _put_aside(facts, service)
        actual += sum(DEAD in found for found in aside.values())
        for place, fates in facts.forgeries.fates.items():
            if place.topic not in names:
                continue
            expected += fates == {DEAD}
            found = aside.pop(place, Counter())
            breaches += [f"{service}: {place} {why}" for why in _wrong(fates, found)]
        breaches += [
            f"{service}: {place} is {' and '.join(sorted(found))}, and not forged"
            for place, found in aside.items()
            if DEAD in found and place not in facts.forged
        ]
    breaches += _never_written(facts)
    return verdict(
        "I9 dead letters are the forged records",
        f"{expected} dead letters of {len(facts.forged)} forged records",
        f"{actual} dead letters",
        breaches,
    )


def _put_aside(facts: Facts, service: str) -> dict[Place, Counter[str]]:
    tables, found = facts.tables(service), dict[Place, Counter[str]]()
    for table, fate in (("dead_letter", DEAD), ("inbound_parked", PARKED), ("conflict", CLASH)):
        for row in tables.get(table, ()):
            place = Place(row["topic"], row["part"], row["off"])
            found.setdefault(place, Counter())[fate] += 1
    return found


def _wrong(fates: frozenset[str], found: Counter[str]) -> Iterator[str]:
    if found[DEAD] > 1:
        yield f"is {found[DEAD]} dead letters"
    if strange := found.keys() - fates:
        yield f"became {' and '.join(sorted(strange))}, not {' or '.join(sorted(fates))}"
    if not found and not fates & {DROPPED, APPLIED, CLASH}:
        yield f"left no trace, it had to be {' or '.join(sorted(fates))}"


def _never_written(facts: Facts) -> Iterator[str]:
    for place in facts.forged - facts.forgeries.fates.keys():
        # Of a compacted topic the broker may have removed it.
        if place.topic != PARTICULARS.name:
            yield f"{place}: said to be forged, and not on its topic"


def only_forged_clash(facts: Facts) -> Verdict:
    """I11: two events with one sequence were noted only where one of them is forged."""
    forged = facts.forgeries.hashes
    breaches, count = [], 0
    for service in facts.evidence.databases:
        for row in facts.tables(service).get("conflict", ()):
            count += 1
            place = Place(row["topic"], row["part"], row["off"])
            if place not in facts.forged and not forged & {row["have_hash"], row["got_hash"]}:
                breaches.append(f"{service}: {row['source']} of {row['dossier_id']}, {row['seq']}")
    return verdict("I11 clashes", "only with forged events", f"{count} clashes", breaches)
