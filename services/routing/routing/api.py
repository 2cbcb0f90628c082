"""The officer's desk over HTTP: lists and dossiers. An officer sees their unit only."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import FastAPI, Query, Request, Response

from contracts.model import Contract
from contracts.particulars import Particulars
from plumbing.applying import Part
from plumbing.assembly import Running
from plumbing.tokens import TokenVerifier
from routing import acts_api, problems, slips_api
from routing.acting import Desk
from routing.desk import ListName, Place, load_list
from routing.domain import Case, prepared_apology, why_not
from routing.officers import Officers
from routing.views import CaseView, DeskRow, row_of, view_of

Limit = Annotated[int, Query(ge=1, le=500)]


class ParticularsView(Contract):
    """The personal data of a dossier as they were last handed in."""

    dossier_id: UUID
    particulars: Particulars


class PreparedApology(Contract):
    """An apology that an officer only has to send: the reason and the new day it would give."""

    reason: str
    new_due_on: date


def binder(running: Running, part: Part[Case], verifier: TokenVerifier) -> Callable[[FastAPI], Any]:
    """Return what adds the routes once the app exists."""
    desk, officers = Desk(running, part), Officers(verifier)

    def add(app: FastAPI) -> None:
        _add_lists(app, desk, officers)
        _add_dossiers(app, desk, officers)
        acts_api.routes(app, desk, officers)
        slips_api.routes(app, desk, officers)

    return add


def _add_lists(app: FastAPI, desk: Desk, officers: Officers) -> None:
    @app.get("/v1/desk")
    async def lists(
        request: Request,
        response: Response,
        name: Annotated[ListName, Query(alias="list")] = "waiting",
        after: str | None = None,
        limit: Limit = 100,
    ) -> list[DeskRow]:
        """Return one list of the officer's unit, the most pressing first.

        Where it goes on stands in the header `Link` as `rel="next"`.
        """
        officer = await officers.of(request)
        place = None if after is None else Place.read(after)
        if after is not None and place is None:
            raise problems.wrong_place()
        context = desk.context()
        async with desk.running.pool.acquire() as conn:
            cases, goes_on = await load_list(conn, name, officer.unit_code, place, limit, context)
        if goes_on is not None:
            query = urlencode({"list": name, "after": goes_on.text(), "limit": limit})
            response.headers["link"] = f'</v1/desk?{query}>; rel="next"'
        return [row_of(case, context) for case in cases]


def _add_dossiers(app: FastAPI, desk: Desk, officers: Officers) -> None:
    @app.get("/v1/dossiers/{dossier_id}")
    async def dossier(request: Request, response: Response, dossier_id: UUID) -> CaseView:
        """Return where the dossier stands, what may be done, and its whole way.

        Its revision also stands in the header `ETag`.
        """
        officer = await officers.of(request)
        view = view_of(await desk.look(officer, dossier_id), desk.context())
        response.headers["etag"] = view.etag
        return view

    @app.get("/v1/dossiers/{dossier_id}/particulars")
    async def particulars(
        request: Request, response: Response, dossier_id: UUID
    ) -> ParticularsView:
        """Return the personal data; that they were read is written down first."""
        officer = await officers.of(request)
        case = await desk.see(officer, dossier_id, "particulars")
        response.headers["cache-control"] = "no-store"
        if case.particulars is None:
            raise problems.no_particulars(erased=case.erased)
        return ParticularsView(dossier_id=dossier_id, particulars=case.particulars)

    @app.get("/v1/dossiers/{dossier_id}/prepared-apology")
    async def apology(request: Request, dossier_id: UUID) -> PreparedApology:
        """Return an apology made ready, from the last working day on which it is in time."""
        officer = await officers.of(request)
        case, context = await desk.look(officer, dossier_id), desk.context()
        prepared = prepared_apology(case, context)
        if prepared is None:
            raise problems.no_apology_prepared(why_not("apologise", case, context))
        return PreparedApology(reason=prepared.reason, new_due_on=prepared.new_due_on)
