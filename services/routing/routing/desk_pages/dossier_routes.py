"""The page of one dossier, and its papers to print."""

from uuid import UUID

from fastapi import FastAPI, Request
from starlette.responses import Response

from contracts.model import local_day
from routing.desk_pages.act_forms import act_forms, barred_acts
from routing.desk_pages.commands import was_left_by
from routing.desk_pages.dossier import dossier_shown, readings
from routing.desk_pages.front import Front, calendar_of
from routing.desk_store import load_accesses, load_by_codes
from routing.domain import SlipKey
from routing.slips_api import Form, Number, sheet_answer, slip_answer


def add_to(pages: FastAPI, front: Front) -> None:
    """Add the dossier's page and its papers."""

    @pages.get("/ho-so/{dossier_id}")
    async def dossier(
        request: Request, dossier_id: UUID, done: str = "", before: bool = False
    ) -> Response:
        return await _dossier(front, request, dossier_id, done, before)

    @pages.get("/ho-so/{dossier_id}/giay/{key}.{form}")
    async def slip(
        request: Request, dossier_id: UUID, key: SlipKey, form: Form, n: Number = None
    ) -> Response:
        officer = await front.officer(request)
        return await slip_answer(front.desk, officer, dossier_id, key, form, n)

    @pages.get("/ho-so/{dossier_id}/phieu-kiem-soat.{form}")
    async def sheet(request: Request, dossier_id: UUID, form: Form) -> Response:
        officer = await front.officer(request)
        return await sheet_answer(front.desk, officer, dossier_id, form)


async def _dossier(
    front: Front, request: Request, dossier_id: UUID, done: str, before: bool
) -> Response:
    """Show the dossier, once it is written down who reads the personal data on it."""
    officer = await front.officer(request)
    case = await front.desk.see(officer, dossier_id, "page")
    context, names = front.desk.context(), front.names(request)
    async with front.desk.running.pool.acquire() as conn:
        accesses = await load_accesses(conn, dossier_id)
        alike = case.same_event_as
        others = await load_by_codes(conn, alike, officer.unit_code, context) if alike else []
    return front.page(
        request,
        "dossier.html",
        officer,
        shown=dossier_shown(
            case,
            context,
            calendar_of(officer.unit_code, context),
            names,
            {one.code: one.dossier_id for one in others},
        ),
        acts=act_forms(case, context, names),
        barred=barred_acts(case, context),
        readings=readings(accesses, names, local_day(context.now)),
        done=done if was_left_by(done, case.trail, officer.person) else "",
        before=before,
    )
