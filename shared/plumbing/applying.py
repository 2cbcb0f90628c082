"""Runs rules on a set of dossiers in the caller's transaction and writes what they decided."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID, uuid5

from contracts.decision import Context, Decision, Effect, Refused, State
from contracts.envelope import GENESIS, Cause, Envelope, Head, extend
from contracts.events import EventData
from contracts.topics import LIFECYCLE
from plumbing import carrying
from plumbing.database import Conn
from plumbing.outbox import OutboxRow, add
from plumbing.sealing import KeyRing

S = TypeVar("S", bound=State)
Rule = Callable[[Any, Any, Any], "Decision[Any] | Refused"]


class RuleRefusedEvent(Exception):
    """A rule said no to something that has happened: a bug here or in another service."""


class NoSuchRule(Exception):
    """No rule of this service takes that kind of message."""


class Store(Protocol[S]):
    """A service's own state: all of its SQL."""

    def new(self, dossier_id: UUID, subject: str) -> S:
        """Return the state of a dossier never seen before."""
        ...

    async def load(self, conn: Conn, ids: Sequence[UUID]) -> dict[UUID, S]:
        """Return the states that exist; the rows are locked by the caller's lock on `stream`."""
        ...

    async def save(self, conn: Conn, states: Sequence[S]) -> None:
        """Write the states, new and changed, in one statement."""
        ...


@dataclass(frozen=True)
class Part(Generic[S]):
    """What a service plugs in: its rules, its store and the context its rules are given.

    `unheard` names calls (`sync` of `sync:accepted`) whose answers no rule has to hear.
    """

    service: str
    rules: Mapping[type, Rule]
    store: Store[S]
    context: Callable[[datetime], Context]
    unheard: frozenset[str] = frozenset()

    def decide(self, message: object, state: S, context: Context) -> "Decision[S] | Refused":
        """Return what the rule for this message says; raises NoSuchRule when there is none."""
        kind = type(message.data) if isinstance(message, Envelope) else type(message)
        rule = self.rules.get(kind)
        if rule is None:
            raise NoSuchRule(kind.__name__)
        return rule(message, state, context)


@dataclass(frozen=True)
class Item:
    """One message for one dossier, and what led to it."""

    dossier_id: UUID
    message: object
    cause: Cause


@dataclass
class _Work(Generic[S]):
    heads: dict[UUID, Head]
    loaded: dict[UUID, S]
    states: dict[UUID, S]
    rows: list[OutboxRow] = field(default_factory=list)
    effects: list[tuple[UUID, Effect, Cause]] = field(default_factory=list)


async def lock(conn: Conn, subjects: Mapping[UUID, str]) -> dict[UUID, Head]:
    """Lock the dossiers, in id order, until the transaction ends; return the chains' heads.

    `subjects` gives the dossier code of each; it is kept for those never seen before.
    """
    ids = sorted(subjects)
    await conn.execute(
        "INSERT INTO stream (dossier_id, subject, head_hash)"
        " SELECT *, $3 FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING",
        ids,
        [subjects[dossier_id] for dossier_id in ids],
        GENESIS,
    )
    rows = await conn.fetch(
        "SELECT dossier_id, subject, sequence, head_hash FROM stream"
        " WHERE dossier_id = ANY($1::uuid[]) ORDER BY dossier_id FOR UPDATE",
        ids,
    )
    heads = {
        row["dossier_id"]: Head(
            row["dossier_id"], row["subject"], row["sequence"], row["head_hash"]
        )
        for row in rows
    }
    return await give_subjects(conn, heads, subjects)


async def give_subjects(
    conn: Conn, heads: dict[UUID, Head], subjects: Mapping[UUID, str]
) -> dict[UUID, Head]:
    """Write the codes of those of the locked dossiers that have none; return all heads.

    Personal data may arrive before the event that names the dossier's code.
    """
    late = {i: subjects[i] for i, head in heads.items() if not head.subject and subjects.get(i)}
    if late:
        await conn.execute(
            "UPDATE stream SET subject = t.subject"
            " FROM unnest($1::uuid[], $2::text[]) t(id, subject) WHERE dossier_id = t.id",
            list(late),
            list(late.values()),
        )
    return {
        i: Head(i, late[i], head.sequence, head.hash) if i in late else head
        for i, head in heads.items()
    }


async def apply(
    conn: Conn,
    part: Part[S],
    keys: KeyRing,
    heads: dict[UUID, Head],
    items: Sequence[Item],
    now: datetime,
) -> list["Decision[S] | Refused"]:
    """Decide each item in order on the locked dossiers and write everything in bulk.

    Returns one decision per item; a Refused changes nothing. Rows of `heads` must be locked.
    """
    items, recorded = await carrying.carried_on(conn, items), dict[UUID, str]()
    ids = sorted({item.dossier_id for item in items})
    loaded = await part.store.load(conn, ids)
    work = _Work(heads, loaded, dict(loaded))
    context = part.context(now)
    decide = carrying.deciding(part.service, _decide, recorded)
    decisions = [decide(part, work, item, context) for item in items]
    await _write(conn, part, keys, work)
    await carrying.keep(conn, recorded)
    return decisions


async def apply_facts(
    conn: Conn,
    part: Part[S],
    keys: KeyRing,
    heads: dict[UUID, Head],
    items: Sequence[Item],
    now: datetime,
) -> None:
    """Apply what has happened and cannot be refused; raises RuleRefusedEvent when a rule does."""
    decisions = await apply(conn, part, keys, heads, items, now)
    if any(isinstance(decision, Refused) for decision in decisions):
        raise RuleRefusedEvent(part.service)


def _decide(part: Part[S], work: _Work[S], item: Item, context: Context) -> "Decision[S] | Refused":
    dossier_id = item.dossier_id
    head = work.heads[dossier_id]
    state = work.states.get(dossier_id)
    if state is None:
        state = part.store.new(dossier_id, head.subject)
    decision = part.decide(item.message, state, context)
    if isinstance(decision, Refused):
        return decision
    work.states[dossier_id] = decision.state
    for data in decision.events:
        _publish(part.service, work, dossier_id, data, item.cause, context.now)
    work.effects += [(dossier_id, effect, item.cause) for effect in decision.effects]
    return decision


def _publish(
    service: str,
    work: _Work[S],
    dossier_id: UUID,
    data: EventData,
    cause: Cause,
    now: datetime,
) -> None:
    body, identity, work.heads[dossier_id] = extend(work.heads[dossier_id], data, cause, now)
    topic = LIFECYCLE[service].name
    work.rows.append(OutboxRow(topic, str(dossier_id).encode(), body, identity))


async def _write(conn: Conn, part: Part[S], keys: KeyRing, work: _Work[S]) -> None:
    changed = [s for i, s in work.states.items() if s is not work.loaded.get(i)]
    if changed:
        await part.store.save(conn, changed)
    if work.rows:
        moved = {UUID(row.key.decode()) for row in work.rows}
        await conn.execute(
            "UPDATE stream SET sequence = t.sequence, head_hash = t.hash"
            " FROM unnest($1::uuid[], $2::int[], $3::text[]) t(id, sequence, hash)"
            " WHERE dossier_id = t.id",
            list(moved),
            [work.heads[i].sequence for i in moved],
            [work.heads[i].hash for i in moved],
        )
        await add(conn, work.rows)
    if work.effects:
        await _add_effects(conn, keys, work.effects)


async def _add_effects(
    conn: Conn, keys: KeyRing, effects: Sequence[tuple[UUID, Effect, Cause]]
) -> None:
    identities = [uuid5(dossier_id, effect.kind) for dossier_id, effect, _ in effects]
    await conn.execute(
        "INSERT INTO effect (effect_id, dossier_id, kind, lane, turn, request, cause_id,"
        " cause_hash, traceparent) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[],"
        " $4::text[], $5::text[], $6::bytea[], $7::text[], $8::text[], $9::text[])",
        identities,
        [dossier_id for dossier_id, _, _ in effects],
        [effect.kind for _, effect, _ in effects],
        [effect.lane for _, effect, _ in effects],
        [effect.turn for _, effect, _ in effects],
        [
            keys.seal(effect.request, f"effect:{identity}").pack()
            for identity, (_, effect, _) in zip(identities, effects, strict=True)
        ],
        [cause.id for _, _, cause in effects],
        [cause.hash for _, _, cause in effects],
        [cause.traceparent for _, _, cause in effects],
    )
