"""The one promise, by the stack's own checker, for every dossier nothing overtook."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from contracts.envelope import Envelope, MalformedEvent, decode
from contracts.topics import LIFECYCLE
from local_stack.promise import broken_promises
from local_stack.tracks import Track
from sandbox.samples import Sample
from tests.chaos.campaign.course import Sent
from tests.chaos.campaign.invariants.finding import Facts, Verdict, verdict
from tests.chaos.campaign.invariants.intake import allowed
from tests.chaos.campaign.steps import is_silent, steps_of


def promise_kept(facts: Facts) -> Verdict:
    """Check `make run`'s promise: told and registered exactly once, as its sample ends."""
    tracks = _tracks(facts)
    for topic in LIFECYCLE.values():
        for event in _in_order(facts, topic.name, tracks.keys()):
            tracks[str(event.dossierid)].see(event)
    for track in tracks.values():
        if track.outcome in _ends(facts, track):
            track.sample = _sample(facts.sent[_party(track)], track.outcome)
    breaches = broken_promises(list(tracks.values()), _journal(facts, tracks))
    return verdict(
        "Promise of make run", f"{len(tracks)} dossiers", f"{len(breaches)} breaches", breaches
    )


def _in_order(facts: Facts, topic: str, dossiers: Collection[str]) -> list[Envelope]:
    """Return the topic's true events of those dossiers, each once, in the order of its chain."""
    events: dict[UUID, Envelope] = {}
    for record in facts.evidence.topics.get(topic, ()):
        if (record.key or b"").decode(errors="replace") not in dossiers:
            continue
        # What else is no event, or has a rival, is told by I4, I5 and I9.
        if record.place not in facts.put_in:
            with suppress(MalformedEvent):
                event = decode(record.value or b"")
                events.setdefault(event.id, event)
    return sorted(events.values(), key=lambda event: (event.dossierid, event.sequence))


def _tracks(facts: Facts) -> dict[str, Track]:
    """Return a track for each dossier whose every step had to be told."""
    tracks = {}
    for party, sent in facts.sent.items():
        for one in facts.submitted.get(party, ())[:1]:
            if one.dossier in facts.dossiers and _is_plain(facts, one.dossier):
                tracks[one.dossier] = Track(_sample(sent, sent.expect))
    return tracks


def _is_plain(facts: Facts, dossier: str) -> bool:
    steps = steps_of(facts.log, dossier)
    return all((s.citizen_must or is_silent(s)) and s.portal_must for s in steps)


def _sample(sent: Sent, expect: str) -> Sample:
    known: Any = expect
    return Sample(sent.reference, "", sent.portal, sent.road, {}, known)


def _party(track: Track) -> tuple[str, str]:
    return track.sample.portal, track.sample.id


def _ends(facts: Facts, track: Track) -> set[str]:
    return allowed(facts, facts.sent[_party(track)])


def _journal(facts: Facts, tracks: dict[str, Track]) -> Iterator[dict[str, Any]]:
    """Yield the journal; a mail in doubt that did not come counts as told: it is said so."""
    for entry in facts.evidence.journal:
        yield dict(entry)
    for track in tracks.values():
        for about, how in track.told.items():
            heard = track.steps.get(UUID(str(about)))
            if how == "in_doubt" and heard is not None:
                key = (track.code, heard.key, "email")
                if not facts.outside.told[key]:
                    yield {"kind": "mail.sent", "reference": ":".join(key)}
