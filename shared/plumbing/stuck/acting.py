"""Carries acts out: tried and undone for a dry run, for good once two people want it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID, uuid4

import asyncpg
import structlog
from structlog.contextvars import bound_contextvars

from plumbing.database import Conn
from plumbing.logs import describe
from plumbing.settling import condemns
from plumbing.stuck import calls, letters, publishing, reading, recording
from plumbing.stuck.items import (
    ConflictItem,
    EffectItem,
    Item,
    LetterItem,
    ParkedItem,
    SentItem,
    UnknownItem,
    dossier_of,
    name_of,
    read_name,
)
from plumbing.stuck.views import ActItem, ActRequest, ActView, Proposal
from plumbing.stuck.workbench import Impossible, Workbench

log = structlog.get_logger()
T = TypeVar("T")

#: So often an act is begun anew when it and others waited for each other's dossiers: whose dossier
#: a letter is of that came under no dossier's key, only its inlet finds.
TRIES = 3


class NoSuchAct(Exception):
    """Nothing was ever proposed under that id."""


class AlreadyDone(Exception):
    """The act was carried out before."""


class SamePerson(Exception):
    """Who proposed an act cannot approve it."""


class IdTaken(Exception):
    """Under that id something else was proposed."""


@dataclass(frozen=True)
class _Wanted:
    """An act to carry out; `seen_at`: when it was proposed, None while it is tried."""

    act: str
    reason: str
    act_id: UUID
    seen_at: datetime | None = None


async def propose(bench: Workbench, asked: ActRequest, person: str) -> Proposal:
    """Return what would happen to each item; unless it is a dry run, propose what is possible.

    Everything is really done, in a transaction that is undone: what is told is what was seen.
    Log lines that come of it carry `trial`. Raises IdTaken for the id of another act.
    """
    if not asked.dry_run and (before := await _proposed_before(bench, asked, person)) is not None:
        return before
    items = tuple(dict.fromkeys(_one_name(bench.service, name) for name in asked.items))
    await letters.write_down(bench, asked.act, items, person)
    seen_at, outcomes = await _untangled(lambda: _try_out(bench, asked, items))
    possible = [one.item for one in outcomes if one.possible]
    if asked.dry_run or not possible:
        return Proposal(act_id=None, items=outcomes)
    act_id = asked.act_id or uuid4()
    said = (possible, asked.act, asked.reason, person, seen_at)
    async with bench.pool.acquire() as conn, conn.transaction():
        is_new = await recording.propose(conn, act_id, *said)
    if not is_new:
        return await _proposed_before(bench, asked, person) or Proposal(act_id=None, items=outcomes)
    log.info("stuck_act_proposed", kind=asked.act, count=len(possible))
    return Proposal(act_id=act_id, items=outcomes)


async def _proposed_before(bench: Workbench, asked: ActRequest, person: str) -> Proposal | None:
    """Return what the person proposed under the id, None when nobody did; raises IdTaken."""
    if asked.act_id is None:
        return None
    async with bench.pool.acquire() as conn, conn.transaction():
        act = await recording.held(conn, asked.act_id)
    if act is None:
        return None
    if (act.proposed_by, act.act, act.reason) != (person, asked.act, asked.reason):
        raise IdTaken
    return Proposal(act_id=act.act_id, items=act.items)


async def _try_out(
    bench: Workbench, asked: ActRequest, items: Sequence[str]
) -> tuple[datetime, tuple[ActItem, ...]]:
    wanted = _Wanted(asked.act, asked.reason, uuid4())
    async with bench.pool.acquire() as conn:
        seen_at: datetime = await conn.fetchval("SELECT clock_timestamp()")
        trial = conn.transaction()
        await trial.start()
        try:
            with bound_contextvars(trial=True):
                return seen_at, await _carry_out(bench, conn, wanted, items)
        finally:
            await trial.rollback()


async def _untangled(act: Callable[[], Awaitable[T]]) -> T:
    """Return what the act gives, begun anew when the database ended it to untangle a deadlock."""
    for attempt in range(1, TRIES):
        try:
            return await act()
        except asyncpg.DeadlockDetectedError as error:
            log.info("stuck_act_begins_anew", attempt=attempt, error=describe(error))
    return await act()


def _one_name(service: str, name: str) -> str:
    """Return the one name of the item, or the name as it is when there can be no such item."""
    try:
        return name_of(service, read_name(service, name))
    except UnknownItem:
        return name


async def approve(bench: Workbench, act_id: UUID, person: str) -> ActView:
    """Carry the act out in one transaction and record it; return what came of it.

    An item that has changed since and for which nothing can be done any more is told, and
    spares the others. Raises NoSuchAct, AlreadyDone or SamePerson.
    """
    async with bench.pool.acquire() as conn, conn.transaction():
        act = await recording.held(conn, act_id)
    if act is not None:
        await letters.write_down(bench, act.act, [one.item for one in act.items], person)
    done = await _untangled(lambda: _approve(bench, act_id, person))
    bench.wake()
    log.info("stuck_act_done", kind=done.act, count=sum(one.possible for one in done.items))
    return done


async def _approve(bench: Workbench, act_id: UUID, person: str) -> ActView:
    async with bench.pool.acquire() as conn, conn.transaction():
        act = await recording.held(conn, act_id)
        if act is None:
            raise NoSuchAct
        if act.done_at is not None:
            raise AlreadyDone
        if act.proposed_by == person:
            raise SamePerson
        names = [one.item for one in act.items]
        wanted = _Wanted(act.act, act.reason, act_id, act.proposed_at)
        outcomes = await _carry_out(bench, conn, wanted, names)
        await recording.finish(conn, act_id, person, outcomes)
        done = await recording.held(conn, act_id)
        assert done is not None
        return done


async def take(bench: Workbench, name: str, person: str) -> None:
    """Note who looks after the item from now on; raises UnknownItem when there is none."""
    item = read_name(bench.service, name)
    name = name_of(bench.service, item)
    async with bench.pool.acquire() as conn, conn.transaction():
        if not await reading.is_there(conn, bench.service, item):
            raise UnknownItem
        await recording.hold(conn, name, person)
        await recording.note(conn, name, "take", "takes it", person)


async def _carry_out(
    bench: Workbench, conn: Conn, wanted: _Wanted, names: Sequence[str]
) -> tuple[ActItem, ...]:
    found: dict[str, Item] = {}
    outcomes: dict[str, ActItem] = {}
    for name in names:
        try:
            found[name] = read_name(bench.service, name)
        except UnknownItem:
            outcomes[name] = ActItem(item=name, possible=False, outcome="no_such_item")
    for name in await _in_order(conn, found):
        try:
            async with conn.transaction():
                outcome = await _do(bench, conn, wanted, name, found[name])
            outcomes[name] = ActItem(item=name, possible=True, outcome=outcome)
        except Impossible as no:
            outcomes[name] = ActItem(item=name, possible=False, outcome=no.outcome)
        except Exception as error:  # a rule's bug costs its own item
            if not condemns(error):
                raise
            outcome = f"fails: {describe(error)}"
            outcomes[name] = ActItem(item=name, possible=False, outcome=outcome)
    return tuple(outcomes[name] for name in names)


async def _in_order(conn: Conn, found: dict[str, Item]) -> list[str]:
    """Return the names by dossier, dead letters in the order they came, with the dossiers locked.

    All who work on several dossiers lock them in the order of their ids.
    """
    dossiers = {name: await dossier_of(conn, item) for name, item in found.items()}
    await conn.execute(
        "SELECT 1 FROM stream WHERE dossier_id = ANY($1::uuid[]) ORDER BY dossier_id FOR UPDATE",
        [dossier_id for dossier_id in dossiers.values() if dossier_id is not None],
    )

    def place(name: str) -> tuple[str, int, str]:
        item = found[name]
        offset = item.offset if isinstance(item, LetterItem) else 0
        return str(dossiers[name] or ""), offset, name

    return sorted(found, key=place)


async def _do(bench: Workbench, conn: Conn, wanted: _Wanted, name: str, item: Item) -> str:
    act_id, seen_at = wanted.act_id, wanted.seen_at
    # Who proposed it saw the item as it was before.
    if seen_at is not None and await recording.was_acted_on(conn, name, seen_at):
        raise Impossible("acted_on_since")
    match wanted.act, item:
        case "redrive", EffectItem():
            return await calls.redrive(conn, item, wanted.reason, seen_at)
        case "discard", EffectItem():
            return await calls.discard(bench, conn, item, seen_at)
        case "redrive", LetterItem():
            return await letters.redrive(bench, conn, item, act_id)
        case "discard", LetterItem():
            return await letters.discard(conn, item, act_id)
        case "redrive", SentItem():
            return await publishing.publish_again(conn, bench.service, item)
        case "discard", ConflictItem(number):
            return await recording.settle_conflict(conn, number, act_id)
        case "redrive", ParkedItem():
            raise Impossible("redrive_what_it_waits_for")
        case _:
            raise Impossible("no_such_act_for_it")
