"""The page of a service's comparisons with its neighbours: the last runs, and beginning one."""

from typing import get_args

from fastapi import FastAPI, Request, Response
from pydantic import TypeAdapter

from board.operations.desk import PATH, Desk, back_to
from contracts.reconciliation import Reconciliation, Scope
from pages.problems import PageProblem
from pages.signing_in import Session

_RUNS = TypeAdapter(tuple[Reconciliation, ...])
_ASKED = "/v1/reconciliations"
_MOST = "50"


def add_to(pages: FastAPI, desk: Desk) -> None:
    """Add the page and its form's target."""

    @pages.get("/doi-chieu/{service}")
    async def show(request: Request, service: str, neighbour: str = "") -> Response:
        session = await desk.operator(request)
        runs = await _runs(desk, session, service, neighbour)
        every = runs if not neighbour else await _runs(desk, session, service, "")
        neighbours = sorted({one.neighbour for one in every})
        return desk.page(
            request,
            "operations-comparisons.html",
            service=service,
            neighbour=neighbour,
            runs=runs,
            neighbours=neighbours,
            neighbour_options=[(name, desk.say(request)("neighbour", name)) for name in neighbours],
        )

    @pages.post("/doi-chieu/{service}")
    async def begin(request: Request, service: str) -> Response:
        session, form = await desk.posted(request)
        asked = {"neighbour": form.text("neighbour"), "scope": form.text("scope")}
        if asked["scope"] not in get_args(Scope):
            raise PageProblem(422, "problem.wrong_address")
        answer = await desk.ask(session, service, "POST", _ASKED, json=asked)
        if answer.problem == "reconciliation-under-way":
            return back_to(f"{PATH}/doi-chieu/{service}", "compared_before")
        if not answer.is_yes:
            raise desk.refusal(service, answer)
        return back_to(f"{PATH}/doi-chieu/{service}", "compared")


async def _runs(
    desk: Desk, session: Session, service: str, neighbour: str
) -> tuple[Reconciliation, ...]:
    params = {"neighbour": neighbour, "limit": _MOST}
    return _RUNS.validate_python(await desk.told(session, service, "GET", _ASKED, params=params))
