"""The officer's acts over HTTP; the answer is where the dossier stands after it.

409 with the acts that are allowed when this one is not, 422 when an argument is wrong, 412 when
`If-Match` names another revision than the dossier is: what the officer saw is no more.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Request, Response
from pydantic import Field

from contracts.events import Code
from contracts.model import Contract, ReturnKind, UnitCode
from routing import problems
from routing.acting import Desk
from routing.arguments import Command
from routing.domain import (
    Accept,
    Apologise,
    Forward,
    GiveBack,
    HandOver,
    Resume,
    Stop,
    Verify,
    Withdraw,
)
from routing.officers import Officer, Officers
from routing.views import CaseView

_REVISION = re.compile(r'"([0-9]{1,9})"')


class ReturnRequest(Contract):
    """Why the dossier goes back: a kind, reasons from the closed list, papers asked for."""

    kind: ReturnKind
    reasons: Annotated[tuple[Code, ...], Field(min_length=1, max_length=10)]
    papers: Annotated[tuple[Code, ...], Field(max_length=20)] = ()


class ForwardRequest(Contract):
    """Where the dossier goes, and why."""

    to_unit_code: UnitCode
    reason: Code


class ReasonRequest(Contract):
    """Why, from the closed list of the act."""

    reason: Code


class ApologyRequest(Contract):
    """Why the appointment is not kept, and the day that is promised instead."""

    reason: Code
    new_due_on: date


class HandOverRequest(Contract):
    """How the citizen got the result."""

    method: Literal["in_person", "post", "electronic"]


@dataclass(frozen=True)
class Act:
    """An act about to be done: by whom, on which dossier, decided on which revision of it."""

    desk: Desk
    officer: Officer
    dossier_id: UUID
    seen: int | None
    response: Response

    @property
    def actor(self) -> str:
        """Return who acts, as the log has it."""
        return self.officer.person

    async def do(self, command: Command) -> CaseView:
        """Carry the command out; its new revision also stands in the header `ETag`."""
        view = await self.desk.act(self.officer, self.dossier_id, command, self.seen)
        self.response.headers["etag"] = view.etag
        return view


#: Gives the act a request asks for; raises a 401, 403, 422 or 503 problem.
Asked = Callable[..., Awaitable[Act]]


def routes(app: FastAPI, desk: Desk, officers: Officers) -> None:
    """Add the acts to the app."""

    async def asked(
        request: Request,
        response: Response,
        dossier_id: UUID,
        if_match: Annotated[str | None, Header()] = None,
    ) -> Act:
        officer = await officers.of(request)
        return Act(desk, officer, dossier_id, _seen(if_match), response)

    _add_reception(app, asked)
    _add_course(app, asked)
    _add_appointment(app, asked)


def _seen(if_match: str | None) -> int | None:
    """Return the revision a condition names, None for any; raises a 422 problem for nonsense."""
    if if_match is None or if_match.strip() == "*":
        return None
    revision = _REVISION.fullmatch(if_match.strip())
    if revision is None:
        raise problems.wrong_revision()
    return int(revision[1])


def _add_reception(app: FastAPI, asked: Asked) -> None:
    @app.post("/v1/dossiers/{dossier_id}/accept")
    async def accept(act: Annotated[Act, Depends(asked)]) -> CaseView:
        """Receive the dossier."""
        return await act.do(Accept(act.actor))

    @app.post("/v1/dossiers/{dossier_id}/return")
    async def give_back(act: Annotated[Act, Depends(asked)], body: ReturnRequest) -> CaseView:
        """Ask for a supplement, refuse, or give the dossier back for another authority."""
        return await act.do(GiveBack(act.actor, body.kind, body.reasons, body.papers))

    @app.post("/v1/dossiers/{dossier_id}/forward")
    async def forward(act: Annotated[Act, Depends(asked)], body: ForwardRequest) -> CaseView:
        """Send the dossier on to another unit; from then on it is on that one's desk."""
        return await act.do(Forward(act.actor, body.to_unit_code, body.reason))


def _add_course(app: FastAPI, asked: Asked) -> None:
    @app.post("/v1/dossiers/{dossier_id}/withdraw")
    async def withdraw(act: Annotated[Act, Depends(asked)]) -> CaseView:
        """Give the dossier back because the citizen wants it back."""
        return await act.do(Withdraw(act.actor))

    @app.post("/v1/dossiers/{dossier_id}/stop")
    async def stop(act: Annotated[Act, Depends(asked)], body: ReasonRequest) -> CaseView:
        """Stop the dossier; no deadline runs until it is resumed."""
        return await act.do(Stop(act.actor, body.reason))

    @app.post("/v1/dossiers/{dossier_id}/resume")
    async def resume(act: Annotated[Act, Depends(asked)]) -> CaseView:
        """Let a stopped dossier go on where it stood."""
        return await act.do(Resume(act.actor))


def _add_appointment(app: FastAPI, asked: Asked) -> None:
    @app.post("/v1/dossiers/{dossier_id}/apologise")
    async def apologise(act: Annotated[Act, Depends(asked)], body: ApologyRequest) -> CaseView:
        """Apologise for a delay and promise a new day, once and in time."""
        return await act.do(Apologise(act.actor, body.reason, body.new_due_on))

    @app.post("/v1/dossiers/{dossier_id}/verify")
    async def verify(act: Annotated[Act, Depends(asked)], body: ReasonRequest) -> CaseView:
        """Ask another authority, once; the appointment moves by what the law allows for it."""
        return await act.do(Verify(act.actor, body.reason))

    @app.post("/v1/dossiers/{dossier_id}/hand-over")
    async def hand_over(act: Annotated[Act, Depends(asked)], body: HandOverRequest) -> CaseView:
        """Note that the citizen has the result; the personal data are dropped."""
        return await act.do(HandOver(act.actor, body.method))
