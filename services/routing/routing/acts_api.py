"""The officer's acts over HTTP; the answer is where the dossier stands after it.

409 with the acts that are allowed when this one is not, 422 when an argument is wrong.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import FastAPI, Request
from pydantic import Field

from contracts.events import Code
from contracts.model import Contract, ReturnKind, UnitCode
from routing.acting import Desk
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
from routing.officers import Officers
from routing.views import CaseView


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


def routes(app: FastAPI, desk: Desk, officers: Officers) -> None:
    """Add the acts to the app."""
    _add_reception(app, desk, officers)
    _add_course(app, desk, officers)
    _add_appointment(app, desk, officers)


def _add_reception(app: FastAPI, desk: Desk, officers: Officers) -> None:
    @app.post("/v1/dossiers/{dossier_id}/accept")
    async def accept(request: Request, dossier_id: UUID) -> CaseView:
        """Receive the dossier."""
        officer = await officers.of(request)
        return await desk.act(officer, dossier_id, Accept(officer.client_id))

    @app.post("/v1/dossiers/{dossier_id}/return")
    async def give_back(request: Request, dossier_id: UUID, body: ReturnRequest) -> CaseView:
        """Ask for a supplement, refuse, or give the dossier back for another authority."""
        officer = await officers.of(request)
        act = GiveBack(officer.client_id, body.kind, body.reasons, body.papers)
        return await desk.act(officer, dossier_id, act)

    @app.post("/v1/dossiers/{dossier_id}/forward")
    async def forward(request: Request, dossier_id: UUID, body: ForwardRequest) -> CaseView:
        """Send the dossier on to another unit; from then on it is on that one's desk."""
        officer = await officers.of(request)
        act = Forward(officer.client_id, body.to_unit_code, body.reason)
        return await desk.act(officer, dossier_id, act)


def _add_course(app: FastAPI, desk: Desk, officers: Officers) -> None:
    @app.post("/v1/dossiers/{dossier_id}/withdraw")
    async def withdraw(request: Request, dossier_id: UUID) -> CaseView:
        """Give the dossier back because the citizen wants it back."""
        officer = await officers.of(request)
        return await desk.act(officer, dossier_id, Withdraw(officer.client_id))

    @app.post("/v1/dossiers/{dossier_id}/stop")
    async def stop(request: Request, dossier_id: UUID, body: ReasonRequest) -> CaseView:
        """Stop the dossier; no deadline runs until it is resumed."""
        officer = await officers.of(request)
        return await desk.act(officer, dossier_id, Stop(officer.client_id, body.reason))

    @app.post("/v1/dossiers/{dossier_id}/resume")
    async def resume(request: Request, dossier_id: UUID) -> CaseView:
        """Let a stopped dossier go on where it stood."""
        officer = await officers.of(request)
        return await desk.act(officer, dossier_id, Resume(officer.client_id))


def _add_appointment(app: FastAPI, desk: Desk, officers: Officers) -> None:
    @app.post("/v1/dossiers/{dossier_id}/apologise")
    async def apologise(request: Request, dossier_id: UUID, body: ApologyRequest) -> CaseView:
        """Apologise for a delay and promise a new day, once and in time."""
        officer = await officers.of(request)
        act = Apologise(officer.client_id, body.reason, body.new_due_on)
        return await desk.act(officer, dossier_id, act)

    @app.post("/v1/dossiers/{dossier_id}/verify")
    async def verify(request: Request, dossier_id: UUID, body: ReasonRequest) -> CaseView:
        """Ask another authority, once; the appointment moves by what the law allows for it."""
        officer = await officers.of(request)
        return await desk.act(officer, dossier_id, Verify(officer.client_id, body.reason))

    @app.post("/v1/dossiers/{dossier_id}/hand-over")
    async def hand_over(request: Request, dossier_id: UUID, body: HandOverRequest) -> CaseView:
        """Note that the citizen has the result; the personal data are dropped."""
        officer = await officers.of(request)
        return await desk.act(officer, dossier_id, HandOver(officer.client_id, body.method))
