"""I4, I5, I10, I13: the log itself: no gap, no second version, an unbroken chain, real causes."""

import hashlib
import re
import uuid
from collections.abc import Iterator

from contracts.topics import PARTICULARS, REPLIES_PREFIX
from tests.chaos.campaign.invariants.finding import Facts, Verdict, verdict
from tests.chaos.campaign.said import GENESIS, Said

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def without_a_gap(facts: Facts) -> Verdict:
    """I4: every service's sequences of every dossier are 1 to n."""
    breaches = [f"{place}: {why}" for place, why in facts.log.no_events]
    for (dossier, service), chain in facts.log.chains.items():
        found = [one.sequence for one in chain]
        if found != list(range(1, len(found) + 1)):
            breaches.append(f"{service} of {dossier}: sequences {found[:20]}")
    events = len(facts.log.by_id)
    return verdict(
        "I4 sequences without a gap",
        f"1 to n in {len(facts.log.chains)} chains",
        f"{events} events, {sum(facts.log.copies.values())} copies",
        breaches,
    )


def equal_bytes(facts: Facts) -> Verdict:
    """I5: what has the same sequence, version or id is the same, byte for byte."""
    breaches = [
        f"{first.service} of {first.dossier}, {first.sequence}: other bytes at {rival.place}"
        for first, rival in facts.log.rivals
    ]
    for topic in facts.evidence.topics:
        if topic == PARTICULARS.name or topic.startswith(REPLIES_PREFIX):
            breaches += _same_bytes(facts, topic)
    return verdict(
        "I5 equal sequence, equal bytes",
        "no second version",
        f"{len(breaches)} second versions",
        breaches,
    )


def _same_bytes(facts: Facts, topic: str) -> Iterator[str]:
    label = re.compile(rb'"version":(\d+)' if topic == PARTICULARS.name else rb'"id":"([^"]+)"')
    seen: dict[tuple[bytes | None, bytes], bytes] = {}
    for record in facts.evidence.topics.get(topic, ()):
        if record.place in facts.forged or record.value is None:
            continue
        found = label.search(record.value)
        if found is None:
            yield f"{record.place}: nothing of ours"
            continue
        digest = hashlib.sha256(record.value).digest()
        if seen.setdefault((record.key, found[1]), digest) != digest:
            yield f"{record.place}: other bytes than before"


def chained(facts: Facts) -> Verdict:
    """I10: each event names the hash of the one before; the last is the head in the database."""
    breaches: list[str] = []
    heads = {
        (row["dossier_id"], service): (row["sequence"], row["head_hash"], row["subject"])
        for service in facts.evidence.databases
        for row in facts.tables(service).get("stream", ())
    }
    for (dossier, service), chain in facts.log.chains.items():
        breaches += _chain(chain)
        last = chain[-1]
        head = heads.pop((dossier, service), None)
        if head is None or head[:2] != (last.sequence, last.hash):
            breaches.append(f"{service} of {dossier}: the database ends at {head and head[0]}")
    breaches += [
        f"{service} of {dossier}: {sequence} events in the database, none on the log"
        for (dossier, service), (sequence, _, _) in heads.items()
        if sequence
    ]
    return verdict(
        "I10 hash chain",
        f"{len(facts.log.chains)} heads",
        "from genesis to the database's head",
        breaches,
    )


def _chain(chain: list[Said]) -> Iterator[str]:
    before = GENESIS
    for one in chain:
        if one.prevhash != before:
            yield f"{one.place}: prevhash is not that of the event before"
        if one.id != str(uuid.uuid5(uuid.UUID(one.dossier), f"{one.service}:{one.sequence}")):
            yield f"{one.place}: the id is not that of its place"
        if one.code != chain[0].code:
            yield f"{one.place}: another code than before"
        before = one.hash


def caused(facts: Facts) -> Verdict:
    """I13: what an event names as its cause was there before it."""
    causes = _Causes(facts)
    breaches = [
        f"{one.service} of {one.dossier}, {one.sequence}: {why}"
        for one in facts.log.by_id.values()
        if one.dossier in facts.dossiers and (why := causes.wrong(one))
    ]
    return verdict(
        "I13 causes", f"{len(facts.log.by_id)} causes", f"{len(breaches)} missing or late", breaches
    )


class _Causes:
    """Knows what may be a cause: events, submissions, personal data, calls, the register's word."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._particulars = facts.newest_particulars
        self._effects = {
            row["effect_id"]: row["dossier_id"]
            for service in facts.evidence.databases
            for row in facts.tables(service).get("effect", ())
        }

    def wrong(self, one: Said) -> str:
        """Return what is wrong with the event's cause, "" for nothing."""
        if _UUID.fullmatch(one.cause):
            return self._event(one)
        kind, _, rest = one.cause.partition(":")
        match kind:
            case "particulars":
                newest, _ = self._particulars.get(one.dossier, (0, ""))
                known = rest.isdigit() and 0 < int(rest) <= newest
            case "effect":
                known = self._effects.get(rest) == one.dossier
            case "poll":
                known = rest == one.code and rest in self._facts.outside.pushes
            case "submission" | "supplement" | "withdrawal":
                portal, _, reference = rest.partition(":")
                known = self._was_sent(kind, portal, reference)
            case _:
                known = kind in ("command", "sweep", "erasure", "reconciliation")
        return "" if known else f"{one.cause} is not known"

    def _event(self, one: Said) -> str:
        cause = self._facts.log.by_id.get(one.cause)
        if cause is None or cause.dossier != one.dossier:
            return f"event {one.cause} is not on the log"
        if cause.hash != one.cause_hash:
            return f"event {one.cause} has another hash"
        return "" if cause.at_ms <= one.at_ms else f"event {one.cause} came later"

    def _was_sent(self, kind: str, portal: str, reference: str) -> bool:
        outside = self._facts.outside
        if kind == "submission":
            return bool(outside.sent[portal, reference])
        return bool(outside.follow_ups[portal, reference, kind])
