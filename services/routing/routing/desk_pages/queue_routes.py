"""The lists of the unit, and the way to a dossier by its code."""

import re
from typing import Annotated

from fastapi import FastAPI, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from contracts.model import ProcedureCode
from pages.forms import posted
from pages.problems import PageProblem
from routing.desk import ListName, Place, load_list
from routing.desk_pages.front import HOME, Front, calendar_of, dossier_url
from routing.desk_pages.left import near_until
from routing.desk_pages.queue import list_url, procedure_choices, queue_rows, tabs
from routing.desk_store import count_lists, load_by_codes, load_by_ending
from routing.domain import Case, RoutingContext
from routing.officers import Officer

PAGE = 50
#: What a whole code or the end of one is written with; shorter ends would find everything.
_CODE = re.compile(r"[0-9A-Z.-]{4,40}")


def add_to(pages: FastAPI, front: Front) -> None:
    """Add lists, their counts and the search."""

    @pages.get("/")
    async def queue(
        request: Request,
        name: Annotated[ListName, Query(alias="list")] = "waiting",
        procedure: ProcedureCode | None = None,
        after: str | None = None,
        done: str = "",
        before: bool = False,
    ) -> Response:
        told = (done if done == "forward" else "", before)
        return await _queue(front, request, name, procedure, after, told)

    @pages.get("/so-luong")
    async def counts(request: Request) -> Response:
        officer = await front.officer(request)
        return JSONResponse(await _counts(front, officer))

    @pages.post("/tim")
    async def find(request: Request) -> Response:
        return await _find(front, request)

    @pages.get("/tim")
    async def nothing_asked(request: Request) -> Response:
        return RedirectResponse(HOME, 303)


async def _queue(
    front: Front,
    request: Request,
    name: ListName,
    procedure: str | None,
    after: str | None,
    told: tuple[str, bool],
) -> Response:
    officer = await front.officer(request)
    place = None if after is None else Place.read(after)
    if after is not None and place is None:
        raise PageProblem(422, "desk.no_place")
    context, names = front.desk.context(), front.names(request)
    async with front.desk.running.pool.acquire() as conn:
        cases, goes_on = await load_list(
            conn, name, officer.unit_code, place, PAGE, context, procedure
        )
    calendar = calendar_of(officer.unit_code, context)
    return front.page(
        request,
        "queue.html",
        officer,
        tabs=tabs(await _counts(front, officer), name),
        name=name,
        rows=queue_rows(cases, context, calendar, names),
        procedure=procedure or "",
        procedures=procedure_choices(names, context),
        next_url=list_url(name, procedure, goes_on) if goes_on else "",
        first_url=list_url(name, procedure) if place else "",
        done=told[0],
        before=told[1],
    )


async def _counts(front: Front, officer: Officer) -> dict[ListName, int]:
    context = front.desk.context()
    until = near_until(context.now, calendar_of(officer.unit_code, context))
    async with front.desk.running.pool.acquire() as conn:
        return await count_lists(conn, officer.unit_code, context.now, until)


async def _find(front: Front, request: Request) -> Response:
    """Go to the dossier of that code or end; show those there are when several end so."""
    session = await front.sign_in.session(request, back=HOME)
    officer = await front.officer(request)
    form = await posted(request, session)
    asked = form.text("code").upper().replace(" ", "")
    context, readable = front.desk.context(), _CODE.fullmatch(asked) is not None
    cases = await _found(front, officer, asked, context) if readable else []
    if len(cases) == 1:
        return RedirectResponse(dossier_url(cases[0].dossier_id), 303)
    rows = queue_rows(cases, context, calendar_of(officer.unit_code, context), front.names(request))
    status = 200 if cases else 404 if readable else 422
    return front.page(
        request,
        "found.html",
        officer,
        status=status,
        rows=rows,
        asked=form.text("code")[:40],
        readable=readable,
    )


async def _found(front: Front, officer: Officer, asked: str, context: RoutingContext) -> list[Case]:
    async with front.desk.running.pool.acquire() as conn:
        whole = await load_by_codes(conn, (asked,), officer.unit_code, context)
        return whole or await load_by_ending(conn, asked, officer.unit_code, context)
