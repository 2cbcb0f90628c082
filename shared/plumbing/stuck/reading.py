"""Lists what is stuck, page by page, and shows one thing with its history."""

import base64
import json
from collections.abc import Sequence
from dataclasses import astuple
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.topics import LIFECYCLE
from plumbing.accesses.opening import write
from plumbing.accesses.rows import by_service
from plumbing.database import Conn
from plumbing.sealing import KeyRing, Unsealable
from plumbing.stuck import listing, recording
from plumbing.stuck.items import (
    EffectItem,
    Item,
    LetterItem,
    SentItem,
    UnknownItem,
    micros,
    name_of,
)
from plumbing.stuck.letters import OPEN_OF_DOSSIERS, opened
from plumbing.stuck.views import Attempt, Kind, StuckItem, StuckPage, StuckView, WaitsFor

PAGE = 100
#: In the order of a list of everything; `waiting` is listed by itself.
LISTED: tuple[Kind, ...] = ("parked", "dead_letter", "conflict", "manual", "in_doubt")
_FIRST = (datetime(1970, 1, 1, tzinfo=UTC), "")


class BadCursor(Exception):
    """A place in the list that was never given out."""


def _place(after: str | None, kinds: Sequence[Kind]) -> tuple[Sequence[Kind], datetime, str]:
    if not after:
        return kinds, *_FIRST
    try:
        kind, since, key = json.loads(base64.urlsafe_b64decode(after.encode()))
        at = datetime.fromisoformat(since)
        if at.tzinfo is None or not str(key).isprintable():
            raise BadCursor
        return kinds[kinds.index(kind) :], at, str(key)
    except (ValueError, TypeError, RecursionError):
        raise BadCursor from None


def _after(kind: str, row: Any) -> str:
    place = [kind, row["since"].isoformat(), row["key"]]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


async def list_page(
    conn: Conn, keys: KeyRing, service: str, kind: Kind | None, after: str | None
) -> StuckPage:
    """Return at most a hundred things, oldest first within each kind; raises BadCursor."""
    kinds, since, key = _place(after, (kind,) if kind else LISTED)
    rows: list[Any] = []
    for number, one in enumerate(kinds):
        start = (since, key) if number == 0 else _FIRST
        room = PAGE - len(rows)
        rows += await conn.fetch(listing.page(one), service, *start, room)
        if len(rows) == PAGE:
            following = _after(one, rows[-1])
            break
    else:
        following = None
    waits = await _waits_for(conn, keys, service, rows)
    items = tuple(_item(service, row, waits.get(row["key"])) for row in rows)
    return StuckPage(items=items, after=following)


def _item(service: str, row: Any, waits_for: WaitsFor | None) -> StuckItem:
    return StuckItem(
        item=f"{service}/{row['key']}",
        service=service,
        kind=row["kind"],
        dossier_id=row["dossier_id"],
        code=row["code"],
        since=row["since"],
        age_seconds=row["age_seconds"],
        reason=row["reason"],
        call=row["call"],
        attempts=row["attempts"],
        holder=row["holder"],
        waits_for=waits_for,
    )


async def show(conn: Conn, keys: KeyRing, service: str, item: Item) -> StuckView:
    """Return one thing with its attempts and acts, also when it waits no more.

    Raises UnknownItem when there is no such thing.
    """
    row = await _row(conn, service, item)
    if row is None:
        raise UnknownItem
    waits = await _waits_for(conn, keys, service, [row])
    attempts: list[Any] = []
    if isinstance(item, EffectItem):
        attempts = await conn.fetch(listing.ATTEMPTS, item.effect_id)
    shown = _item(service, row, waits.get(row["key"]))
    return StuckView(
        **shown.model_dump(),
        facts={name: _text(value) for name, value in json.loads(row["facts"]).items()},
        history=tuple(Attempt(**dict(one)) for one in reversed(attempts)),
        acts=await recording.acts_about(conn, shown.item),
    )


async def is_there(conn: Conn, service: str, item: Item) -> bool:
    """Return whether there is such a thing, be it that it waits no more."""
    return await _row(conn, service, item) is not None


async def _row(conn: Conn, service: str, item: Item) -> Any:
    if isinstance(item, SentItem):
        return None
    named = (*astuple(item)[:-1], item.instant) if isinstance(item, LetterItem) else astuple(item)
    return await conn.fetchrow(listing.one(item.sort), service, *named)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


async def _waits_for(
    conn: Conn, keys: KeyRing, service: str, rows: Sequence[Any]
) -> dict[str, WaitsFor]:
    parked = [row for row in rows if row["kind"] == "parked"]
    letters = await _missing_letters(conn, keys, service, parked) if parked else {}
    found = {}
    for row in parked:
        missing, last = row["missing"], max(row["missing"], row["first_waiting"] - 1)
        letter = letters.get((row["dossier_id"], row["producer"], missing))
        here = name_of(service, letter) if letter else ""
        there = name_of(row["producer"], SentItem(row["dossier_id"], missing, last))
        found[row["key"]] = WaitsFor(
            producer=row["producer"],
            sequence=missing,
            first_waiting=row["first_waiting"],
            waiting=row["waiting"],
            dead_letter=here,
            redrive=here or there,
        )
    return found


async def _missing_letters(
    conn: Conn, keys: KeyRing, service: str, parked: Sequence[Any]
) -> dict[tuple[UUID, str, int], LetterItem]:
    """Return the dead letters of these dossiers by producer and sequence, the newest of each."""
    topics = {LIFECYCLE[row["producer"]].name: row["producer"] for row in parked}
    ids = list({row["dossier_id"] for row in parked})
    rows = await conn.fetch(OPEN_OF_DOSSIERS, ids, list(topics))
    opened_of = list({row["dossier_id"] for row in rows})
    await write(conn, by_service(service, "opened_letter", "parked"), opened_of)
    found = {}
    for row in rows:
        try:
            document = json.loads(opened(keys, row).value or b"")
            place = row["dossier_id"], topics[row["topic"]], int(document["sequence"])
        except (Unsealable, ValueError, KeyError, TypeError):
            continue
        letter = LetterItem(row["topic"], row["part"], row["off"], micros(row["at"]))
        found[place] = letter
    return found
