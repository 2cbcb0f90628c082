"""What the statements of the executor do: effects, their leases and the journal of attempts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from plumbing import leases
from plumbing.accesses.opening import NOTE
from tests.simulation.client import Connection
from tests.simulation.server import Row, Transaction
from tests.simulation.statements import Record, nothing, on

Line = tuple[str, str, str]
_OPEN = ("PENDING", "IN_FLIGHT", "IN_DOUBT")
_TOLD = (
    *("dossier_id", "kind", "turn", "lane", "request", "attempt", "in_doubt", "begun", "fence"),
    *("doubt_since", "traceparent"),
)


@on(
    "INSERT INTO effect (effect_id, dossier_id, kind, lane, turn, request, cause_id,"
    " cause_hash, traceparent) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[],"
    " $4::text[], $5::text[], $6::bytea[], $7::text[], $8::text[], $9::text[])"
)
async def _add_effects(_: Connection, tx: Transaction, *columns: Sequence[Any]) -> list[Record]:
    for effect_id, dossier_id, kind, lane, turn, request, *_, trace in zip(*columns, strict=True):
        now = tx.server.now()
        await tx.unique("effect.dossier_id,kind", (dossier_id, kind), "effect", effect_id)
        row: Row = {"dossier_id": dossier_id, "kind": kind, "lane": lane, "request": request}
        row |= {
            "turn": turn,
            "state": "PENDING",
            "in_doubt": False,
            "begun": False,
            "doubt_since": None,
            "traceparent": trace,
        }
        row |= {"fence": 0, "attempt": 0, "due_at": now, "created_at": now, "reason": None}
        row |= {"position": tx.server.following("effect"), "lease_until": None, "owner": None}
        if not await tx.insert("effect", effect_id, row):
            raise AssertionError("unique holds the same effect's lock")
    return []


def _due_at(row: Row) -> datetime:
    due: datetime = row["due_at"]
    return max(due, row["lease_until"]) if row["state"] == "IN_FLIGHT" else due


def _is_due(row: Row, now: datetime) -> bool:
    over = row["state"] != "IN_FLIGHT" or row["lease_until"] < now
    return row["state"] in _OPEN and row["due_at"] <= now and over


def _line(row: Row) -> Line:
    return row["kind"].partition(":")[0], row["turn"], row["lane"]


def _claimable(tx: Transaction, not_these: Sequence[UUID]) -> list[tuple[Any, Row]]:
    """Return what nobody else has in hand and stands first in its dossier's lane, due or not."""
    first: dict[tuple[UUID, str], int] = {}
    rows = [(key, row) for key, row in tx.rows("effect") if row["state"] in _OPEN]
    for _, row in rows:
        place = row["dossier_id"], row["lane"]
        first[place] = min(row["position"], first.get(place, row["position"]))
    return [
        (key, row)
        for key, row in rows
        if row["position"] == first[row["dossier_id"], row["lane"]] and key not in not_these
    ]


# It only tells the planner which way to go.
on(leases.BY_INDEX, pin="3b43a16b")(nothing)
# Nobody reads it again.
on(NOTE, pin="0aad678f")(nothing)


@on(leases.LINES, pin="651186c5")
async def _lines(_: Connection, tx: Transaction, not_these: Sequence[UUID]) -> list[Record]:
    open_ = _claimable(tx, not_these)
    now = tx.server.now()
    if not any(_is_due(row, now) for _, row in open_):
        await tx.server.idle("effect", min((_due_at(row) for _, row in open_), default=None))
        open_, now = _claimable(tx, not_these), tx.server.now()
    lines = {_line(row) for _, row in open_ if _is_due(row, now)}
    return [Record(call=call, turn=turn, lane=lane) for call, turn, lane in sorted(lines)]


@on(leases.CLAIM, pin="0378ac20")
async def _claim(
    _: Connection,
    tx: Transaction,
    lease: float,
    owner: str,
    not_these: Sequence[UUID],
    *lines: Sequence[Any],
) -> list[Record]:
    now = tx.server.now()
    open_ = _claimable(tx, not_these)
    claimed = []
    for *line, room in zip(*lines, strict=True):
        due = [
            (row["due_at"], key, row)
            for key, row in open_
            if _line(row) == tuple(line) and _is_due(row, now) and tx.is_free("effect", key)
        ]
        for _due, key, row in sorted(due, key=lambda one: one[0])[:room]:
            await tx.hold("effect", key)
            if row["state"] == "IN_FLIGHT":
                lost = {"attempt": row["attempt"], "outcome": "lost"}
                await tx.insert("effect_attempt", (key, row["fence"]), lost)
            changed = {
                **row,
                "in_doubt": row["in_doubt"] or row["state"] != "PENDING",
                "state": "IN_FLIGHT",
                "fence": row["fence"] + 1,
                "attempt": row["attempt"] + 1,
                "lease_until": now + timedelta(seconds=lease),
                "owner": owner,
            }
            tx.put("effect", key, changed)
            told = {name: changed[name] for name in _TOLD}
            claimed.append(Record(effect_id=key, **told, age=now - row["created_at"]))
    return claimed


@on(leases.JOURNAL, pin="bc44956a")
async def _journal(_: Connection, tx: Transaction, *columns: Sequence[Any]) -> list[Record]:
    for effect_id, fence, attempt, outcome, *_rest in zip(*columns, strict=True):
        for key, kept in tx.rows("effect_attempt"):
            if key[0] == effect_id and kept["attempt"] > 10 and key[1] <= fence - 50:
                await tx.delete("effect_attempt", key)
        row = {"attempt": attempt, "outcome": outcome}
        await tx.insert("effect_attempt", (effect_id, fence), row)
    return []


async def _finish(fenced: bool, tx: Transaction, columns: Sequence[Sequence[Any]]) -> list[Record]:
    live = []
    for effect_id, fence, state, reason, in_doubt, pause in zip(*columns, strict=True):

        def still(row: Row, fence: int = fence) -> bool:
            return (row["fence"] == fence or not fenced) and row["state"] == "IN_FLIGHT"

        seen = tx.get("effect", effect_id)
        if seen is None or not still(seen) or any(one["effect_id"] == effect_id for one in live):
            continue
        row = await tx.hold("effect", effect_id)
        if row is None or not still(row):
            continue
        now = tx.server.now()
        after = "IN_DOUBT" if state == "PENDING" and row["in_doubt"] else state
        since = (row["doubt_since"] or now) if in_doubt else row["doubt_since"]
        changed: Row = {"reason": reason, "lease_until": None, "state": after}
        changed |= {"in_doubt": row["in_doubt"] or in_doubt, "doubt_since": since}
        changed |= {"begun": row["begun"] and state != "PENDING"}
        changed |= {"due_at": now + timedelta(seconds=pause)}
        if state in ("DONE", "REJECTED"):
            changed["request"] = None
        tx.put("effect", effect_id, {**row, **changed})
        live.append(Record(effect_id=effect_id, fence=row["fence"], doubt_since=since))
    return live


@on(leases.FINISH, pin="5ee34fc4")
async def _finish_fenced(_: Connection, tx: Transaction, *columns: Any) -> list[Record]:
    return await _finish(True, tx, columns)


@on(leases.FINISH.replace("AND e.fence = t.fence", ""))
async def _finish_unfenced(_: Connection, tx: Transaction, *columns: Any) -> list[Record]:
    return await _finish(False, tx, columns)


@on(leases.RELEASE, pin="3e63470b")
async def _release(_: Connection, tx: Transaction, owner: str) -> list[Record]:
    def still(row: Row) -> bool:
        return row["state"] == "IN_FLIGHT" and row["owner"] == owner

    for key, row in tx.rows("effect"):
        if still(row):
            now = tx.server.now()
            await tx.update("effect", key, still, lambda _, now=now: {"lease_until": now})
    return []


async def _begin(fenced: bool, tx: Transaction, *columns: Sequence[Any]) -> list[Record]:
    begun = []
    for effect_id, fence in zip(*columns, strict=True):

        def still(row: Row, fence: int = fence) -> bool:
            return (row["fence"] == fence or not fenced) and row["state"] == "IN_FLIGHT"

        if await tx.update("effect", effect_id, still, lambda _: {"begun": True}):
            begun.append(Record(effect_id=effect_id, fence=fence))
    return begun


@on(leases.BEGIN, pin="ea3e8e78")
async def _begin_fenced(_: Connection, tx: Transaction, *columns: Any) -> list[Record]:
    return await _begin(True, tx, *columns)


@on(leases.BEGIN.replace("AND e.fence = t.fence", ""))
async def _begin_unfenced(_: Connection, tx: Transaction, *columns: Any) -> list[Record]:
    return await _begin(False, tx, *columns)
