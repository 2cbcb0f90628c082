"""What came of the dossiers written into the scratch schema, in bulk; nothing is sent."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from contracts.asyncapi import READS
from contracts.decision import State
from contracts.envelope import Envelope
from contracts.topics import PARTICULARS as PARTICULARS_TOPIC
from plumbing.database import Conn
from plumbing.inlets import PARTICULARS
from plumbing.rebuilding.planning import ENDED, Call, KnownAnswer, Plan
from plumbing.rebuilding.proving import Told
from plumbing.rebuilding.stories import Heard
from plumbing.sealing import KeyRing

S = TypeVar("S", bound=State)

#: So many dossiers are written by one statement.
CHUNK = 1000
_CURSOR = ("dossier_id", "source", "last_seq", "last_id", "last_hash")
_PARKED = ("dossier_id", "source", "seq", "hash", "body", "topic", "part", "off")
_EFFECT = (
    *("effect_id", "dossier_id", "kind", "lane", "turn", "state", "in_doubt", "begun", "request"),
    *("cause_id", "cause_hash", "doubt_since", "ended_at"),
)
#: Of each dossier its calls that the live table knows, by kind.
Known = Mapping[UUID, Mapping[str, KnownAnswer]]


async def write(
    conn: Conn, plan: Plan[S], keys: KeyRing | None, told: Sequence[Told[S]], known: Known
) -> None:
    """Write the dossiers' chains, cursors, what is parked, calls and states in one transaction."""
    async with conn.transaction():
        await conn.execute("SET LOCAL synchronous_commit = off")
        await _copy(
            conn,
            "stream",
            ("dossier_id", "subject", "sequence", "head_hash"),
            (
                (one.story.dossier_id, _subject(one), one.head.sequence, one.head.hash)
                for one in told
            ),
        )
        await _copy(conn, "inbound_cursor", _CURSOR, _cursors(plan.service, told))
        await _copy(conn, "inbound_parked", _PARKED, _parked(told))
        await _copy(conn, "effect", _EFFECT, _effects(keys, told, known))
        states = [one.state for one in told if one.state is not None]
        for begin in range(0, len(states), CHUNK):
            await plan.part.store.save(conn, states[begin : begin + CHUNK])
        await plan.also(conn, told)


async def write_offsets(conn: Conn, service: str, ends: Mapping[tuple[str, int], int]) -> None:
    """Write from where the service reads on: (topic, partition) -> its next offset."""
    await _copy(
        conn,
        "consumer_offset",
        ("part", "topic", "grp", "next_offset"),
        [(part, topic, service, end) for (topic, part), end in sorted(ends.items())],
    )


def _subject(one: Told[Any]) -> str:
    return one.head.subject or one.story.subject


def _cursors(service: str, told: Iterable[Told[Any]]) -> Iterable[tuple[Any, ...]]:
    hears = PARTICULARS_TOPIC in READS[service]
    for one in told:
        dossier_id = one.story.dossier_id
        for source, last in one.heard.items():
            if source == PARTICULARS and not hears:
                continue
            yield dossier_id, source, last.number, _id_of(last), last.cause.hash


def _id_of(heard: Heard) -> UUID | None:
    return heard.message.id if isinstance(heard.message, Envelope) else None


def _parked(told: Iterable[Told[Any]]) -> Iterable[tuple[Any, ...]]:
    for one in told:
        for late in one.story.parked:
            event, place = late.event, (late.topic, late.partition, late.offset)
            yield event.dossierid, event.service, event.sequence, late.hash, late.body, *place


def _effects(
    keys: KeyRing | None, told: Iterable[Told[Any]], known: Known
) -> Iterable[tuple[Any, ...]]:
    for one in told:
        dossier_id = one.story.dossier_id
        for call in one.calls:
            yield _effect(keys, dossier_id, call, known.get(dossier_id, {}).get(call.kind))


def _effect(
    keys: KeyRing | None, dossier_id: UUID, call: Call, live: KnownAnswer | None
) -> tuple[Any, ...]:
    """Return the row of a call: ended as it is known, else open and never simply to be made.

    What nobody knows the answer of may have happened: it is in doubt, so the outside is asked
    before it is told.
    """
    identity = (call.effect_id, dossier_id, call.kind, call.lane, call.turn)
    cause = (call.cause.id, call.cause.hash)
    if call.state in ENDED:
        return (*identity, call.state, False, False, None, *cause, None, call.at)
    request = keys and keys.seal(call.request, f"effect:{call.effect_id}").pack()
    if live is not None and live.state not in ENDED:
        doubt = live.state == "IN_DOUBT"
        return (*identity, live.state, doubt, False, request, *cause, None, None)
    return (*identity, "IN_DOUBT", True, True, request, *cause, call.at, None)


async def _copy(
    conn: Conn, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    await conn.copy_records_to_table(table, records=list(rows), columns=list(columns))
