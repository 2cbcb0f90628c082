"""What the one-stop holds of a person, opened to be handed to them; which dossiers are over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query, Request
from pydantic import AwareDatetime

from contracts.model import Contract
from plumbing.accesses.opening import Opening
from plumbing.assembly import Running
from plumbing.database import Conn
from plumbing.operating import Operators
from routing.store import load_open

_PAGE = 500
#: What no act and no event makes open again.
ENDED = ("handed_over", "refused", "wrong_authority", "withdrawn", "closed")
#: $1 states, $2 before, $3 after which dossier, $4 how many. What came after the end counts as
#: its end: a correction of the entry is still to be told.
_ENDED = """
SELECT dossier_id, code, status, ended_at FROM (
    SELECT dossier_id, code, status, (rest->'trail'->-1->>'at')::timestamptz AS ended_at
    FROM dossier_case WHERE status = ANY($1::text[]) AND dossier_id > $3) one
WHERE ended_at < $2 ORDER BY dossier_id LIMIT $4
"""
_FIRST = UUID(int=0)


class EndedView(Contract):
    """A dossier that is over, how it ended and when."""

    dossier_id: UUID
    code: str
    status: str
    ended_at: AwareDatetime


class EndedPage(Contract):
    """Some of them by their id; `after` is where the next page begins, None on the last."""

    dossiers: tuple[EndedView, ...]
    after: UUID | None


async def open_own(conn: Conn, access: Opening, dossier_id: UUID) -> dict[str, Any]:
    """Return what officers see of the person."""
    case = await load_open(conn, dossier_id, access)
    if case is None or case.particulars is None:
        return {}
    return {"particulars": case.particulars.model_dump(mode="json")}


async def load_ended(conn: Conn, before: datetime, after: UUID, limit: int) -> EndedPage:
    """Return dossiers that ended before that moment, by their id."""
    rows = await conn.fetch(_ENDED, ENDED, before, after, limit)
    found = tuple(EndedView(**dict(row)) for row in rows)
    return EndedPage(dossiers=found, after=found[-1].dossier_id if len(found) == limit else None)


@dataclass(frozen=True)
class EndedRoutes:
    """Adds the list of dossiers that are over."""

    running: Running

    def __call__(self, app: FastAPI, operators: Operators) -> None:
        """Add it; only operators may use it."""

        @app.get("/v1/ended-dossiers", response_model=EndedPage)
        async def ended(
            request: Request, before: Annotated[AwareDatetime, Query()], after: UUID = _FIRST
        ) -> EndedPage:
            """Return dossiers that ended before that moment, a page at a time."""
            await operators.of(request)
            async with self.running.pool.acquire() as conn:
                return await load_ended(conn, before, after, _PAGE)
