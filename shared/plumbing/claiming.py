"""Claims what is due, in fair turns and as far as the valves let through."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import structlog

from plumbing.accesses.opening import open_written, write
from plumbing.accesses.rows import by_service
from plumbing.database import Conn
from plumbing.leases import BY_INDEX, CLAIM, LINES
from plumbing.logs import describe
from plumbing.sealing import KeyRing, Unsealable
from plumbing.turns import Line, Turns
from plumbing.valve import Outcome
from plumbing.valves import Pass, Valves

log = structlog.get_logger()


class Claiming:
    """Claims effects for an owner; each claimed one holds a pass until it has `landed`.

    That their requests are opened is written down with the claim, before the first one is.
    """

    def __init__(
        self, service: str, valves: Valves, owner: str | None, lease_seconds: float
    ) -> None:
        self._by = by_service(service, "opened_to_send")
        self._valves, self._owner, self._lease_seconds = valves, owner, lease_seconds
        self._turns = Turns(valves)
        self._passes: dict[UUID, tuple[Line, Pass]] = {}

    async def claim(self, conn: Conn, room: int, ours: Iterable[UUID] = ()) -> Sequence[Any]:
        """Return the rows of what is ours to call now, at most `room`, and not of `ours`.

        Where much waits it costs one step through the index per turn and lane, and the rows.
        """
        shares: dict[Line, list[Pass]] = {}
        rows: Sequence[Any] = ()
        try:
            async with conn.transaction():
                await conn.execute(BY_INDEX)
                lines = [Line(*row) for row in await conn.fetch(LINES, [*ours])]
                shares = self._turns.share(lines, room)
                rows = await self._claim(conn, shares, [*ours]) if shares else ()
                dossiers = [row["dossier_id"] for row in rows]
                await write(conn, self._by, dossiers, [row["kind"] for row in rows])
            # Only what is known to be committed is ours: an answer that is lost leaves no pass out.
            for row in rows:
                line = Line(row["kind"].partition(":")[0], row["turn"], row["lane"])
                self._passes[row["effect_id"]] = line, shares[line].pop()
        finally:
            self._turns.unused(shares)
        return rows

    async def _claim(
        self, conn: Conn, shares: dict[Line, list[Pass]], ours: list[UUID]
    ) -> Sequence[Any]:
        return await conn.fetch(
            *(CLAIM, float(self._lease_seconds), self._owner, ours),
            [line.call for line in shares],
            [line.turn for line in shares],
            [line.lane for line in shares],
            [len(passes) for passes in shares.values()],
        )

    def report(self, effect_id: UUID, outcome: Outcome) -> None:
        """Tell the valve of a claimed call how it ended."""
        self._passes[effect_id][1].report(outcome, effect_id)

    def landed(self, effect_id: UUID) -> None:
        """Count the call as ended; when nothing was reported it says nothing of the neighbour."""
        line, passed = self._passes.pop(effect_id)
        passed.give_back()
        self._turns.landed(line)


def opened(keys: KeyRing, row: Any) -> bytes | None:
    """Return the request of a claimed call, None when it does not open."""
    try:
        return open_written(keys, row["request"], f"effect:{row['effect_id']}")
    except Unsealable as error:
        log.error("request_does_not_open", kind=row["kind"], error=describe(error))
        return None
