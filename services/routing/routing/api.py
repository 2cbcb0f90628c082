"""The officer's desk over HTTP: what waits, accept, return. An officer sees their unit only."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import FastAPI, Query, Request
from pydantic import Field

from contracts.decision import Refused
from contracts.envelope import Cause
from contracts.model import Contract, ReturnKind
from plumbing.applying import Item, Part, apply, lock
from plumbing.assembly import Running
from plumbing.serving import ProblemRaised, authenticate
from plumbing.tokens import Client, TokenVerifier
from routing.domain import Accept, Case, GiveBack, allowed_acts
from routing.store import load_desk, load_one

SCOPE = "desk:act"


class DeskRow(Contract):
    """One dossier on the desk."""

    dossier_id: UUID
    dossier_code: str
    procedure_code: str
    papers: tuple[str, ...]
    submitted_at: datetime
    allowed: tuple[str, ...]


class CaseView(Contract):
    """Where a dossier stands after an act."""

    dossier_id: UUID
    dossier_code: str
    status: str
    allowed: tuple[str, ...]


class ReturnRequest(Contract):
    """Why the dossier goes back: a kind, reasons from the closed list, papers asked for."""

    kind: ReturnKind
    reasons: Annotated[tuple[str, ...], Field(min_length=1, max_length=10)]
    papers: Annotated[tuple[str, ...], Field(max_length=20)] = ()


def routes(app: FastAPI, running: Running, part: Part[Case], verifier: TokenVerifier) -> None:
    """Add the desk's routes to the app."""

    async def officer(request: Request) -> tuple[Client, str]:
        client = await authenticate(request, verifier, SCOPE)
        unit = client.claims.get("unit_code")
        if client.claims.get("role") != "officer" or not isinstance(unit, str):
            raise ProblemRaised(403, "not-an-officer", "Not allowed", "The token names no unit.")
        return client, unit

    @app.get("/v1/desk")
    async def desk(
        request: Request, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> list[DeskRow]:
        """Return what waits on the officer's desk, the oldest first."""
        _, unit = await officer(request)
        async with running.pool.acquire() as conn:
            waiting = await load_desk(conn, unit, limit)
        return [
            DeskRow(
                dossier_id=one.dossier_id,
                dossier_code=one.code,
                procedure_code=one.procedure_code,
                papers=one.papers,
                submitted_at=one.submitted_at,
                allowed=("accept", "return"),
            )
            for one in waiting
        ]

    @app.post("/v1/dossiers/{dossier_id}/accept")
    async def accept(request: Request, dossier_id: UUID) -> CaseView:
        """Receive the dossier; 409 with the allowed acts when that is not possible now."""
        client, unit = await officer(request)
        return await _act(running, part, unit, dossier_id, Accept(client.client_id))

    @app.post("/v1/dossiers/{dossier_id}/return")
    async def give_back(request: Request, dossier_id: UUID, body: ReturnRequest) -> CaseView:
        """Give the dossier back; 409 with the allowed acts when that is not possible now."""
        client, unit = await officer(request)
        act = GiveBack(client.client_id, body.kind, body.reasons, body.papers)
        return await _act(running, part, unit, dossier_id, act)


async def _act(
    running: Running, part: Part[Case], unit: str, dossier_id: UUID, act: Accept | GiveBack
) -> CaseView:
    async with running.pool.acquire() as conn, conn.transaction():
        case = await load_one(conn, dossier_id)
        if case is None or case.unit_code != unit:
            raise ProblemRaised(404, "no-such-dossier", "Not found", "Not on your unit's desk.")
        heads = await lock(conn, {dossier_id: case.code})
        cause = Cause(f"command:{uuid4()}", hashlib.sha256(repr(act).encode()).hexdigest())
        item = Item(dossier_id, act, cause)
        (decision,) = await apply(conn, part, running.keys, heads, [item], running.clock())
    if isinstance(decision, Refused):
        raise ProblemRaised(
            409, "act-not-allowed", "Not allowed now", decision.reason, allowed=decision.allowed
        )
    running.wake()
    case = decision.state
    return CaseView(
        dossier_id=dossier_id,
        dossier_code=case.code,
        status=case.status,
        allowed=allowed_acts(case),
    )


def binder(running: Running, part: Part[Case], verifier: TokenVerifier) -> Callable[[FastAPI], Any]:
    """Return what adds the routes once the app exists."""
    return lambda app: routes(app, running, part, verifier)
