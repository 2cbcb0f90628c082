"""The one-stop's papers over HTTP, to print or to send: slips and the control sheet."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import FastAPI, Query, Request, Response

from contracts.particulars import Particulars
from routing.acting import Desk
from routing.domain import Case, Issued, SlipKey
from routing.officers import Officer, Officers
from routing.problems import no_such_paper
from routing.slips.building import slip_of
from routing.slips.content import Citizen, ControlSheet, Dossier, Slip
from routing.slips.control import control_sheet
from routing.slips.html import render_html, style_source
from routing.slips.printing import render_pdf

Form = Literal["pdf", "html"]
Number = Annotated[int | None, Query(ge=1, le=1000)]

#: A paper shows a citizen: it is not kept on the way, and loads and runs nothing.
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_POLICY = (
    "default-src 'none'; style-src {}; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
#: Browsers show a PDF in a page of their own making, which has styles in its tags.
_PDF = _HEADERS | {"content-security-policy": _POLICY.format("'unsafe-inline'")}


def routes(app: FastAPI, desk: Desk, officers: Officers) -> None:
    """Add the papers to the app."""

    @app.get("/v1/dossiers/{dossier_id}/slips/{key}.{form}", response_class=Response)
    async def slip(
        request: Request,
        dossier_id: UUID,
        key: SlipKey,
        form: Form,
        n: Number = None,
    ) -> Response:
        """Return the `n`-th slip issued of that key, else the last; who read it is written down."""
        return await slip_answer(desk, await officers.of(request), dossier_id, key, form, n)

    @app.get("/v1/dossiers/{dossier_id}/control-sheet.{form}", response_class=Response)
    async def sheet(request: Request, dossier_id: UUID, form: Form) -> Response:
        """Return the control sheet as of now; nothing personal stands on it."""
        return await sheet_answer(desk, await officers.of(request), dossier_id, form)


async def slip_answer(
    desk: Desk, officer: Officer, dossier_id: UUID, key: SlipKey, form: Form, n: int | None
) -> Response:
    """Return the slip, once it is written down who reads it; raises a 404 problem."""
    case = await desk.see(officer, dossier_id, f"slip:{key}:{n or 'last'}")
    issued = _issued(case, key, n)
    if issued is None:
        raise no_such_paper()
    dossier, known = dossier_at(case, issued.at), desk.context().reference
    return await _answer(slip_of(dossier, issued.data, issued.at, known), form)


async def sheet_answer(desk: Desk, officer: Officer, dossier_id: UUID, form: Form) -> Response:
    """Return the control sheet as of now; raises a 404 problem."""
    case, context = await desk.look(officer, dossier_id), desk.context()
    now = context.now
    printed = control_sheet(case.trail, context.reference, dossier_at(case, now), now)
    return await _answer(printed, form)


def dossier_at(case: Case, at: datetime) -> Dossier:
    """Return what a paper of that moment says of the dossier: unit and papers are those of then.

    Papers of a slip issued before they were kept with it are not known: those there are now.
    """
    papers = {one.at: one.papers for one in case.issued}.get(at) or case.papers
    units = [entry.unit_code for entry in case.trail if entry.unit_code and entry.at <= at]
    return Dossier(
        code=case.code,
        procedure_code=case.procedure_code,
        unit_code=units[-1] if units else case.unit_code,
        papers=papers,
        received_at=case.received_at,
        due=case.appointment,
        citizen=_citizen(case.particulars),
    )


def _citizen(particulars: Particulars | None) -> Citizen | None:
    if particulars is None:
        return None
    one = particulars.applicant
    return Citizen(full_name=one.full_name, phone=one.phone or "", email=one.email or "")


def _issued(case: Case, key: SlipKey, n: int | None) -> Issued | None:
    of_key = [one for one in case.issued if one.key == key]
    if n is None:
        return of_key[-1] if of_key else None
    return of_key[n - 1] if n <= len(of_key) else None


async def _answer(paper: Slip | ControlSheet | None, form: Form) -> Response:
    if paper is None:
        raise no_such_paper()
    if form == "html":
        document = render_html(paper)
        policy = _POLICY.format(style_source(document))
        headers = _HEADERS | {"content-security-policy": policy}
        return Response(document, 200, headers, "text/html; charset=utf-8")
    return Response(await render_pdf(paper), 200, _PDF, "application/pdf")
