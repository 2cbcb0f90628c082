"""Pages that show: all at a glance, what is stuck, one stuck thing, one proposal."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request, Response
from pydantic import TypeAdapter, ValidationError

from board.operations.desk import Desk, path_of, place_of, service_of
from board.operations.findings import STUCK, find
from board.operations.looking import how_open, look
from pages.problems import PageProblem
from pages.signing_in import Session
from plumbing.stuck.views import ActView, StuckPage, StuckView

REFRESH_SECONDS = 5
KINDS = (*STUCK, "waiting")
_ACTS = TypeAdapter(tuple[ActView, ...])


def add_to(pages: FastAPI, desk: Desk) -> None:
    """Add the pages."""

    @pages.get("/")
    async def overview(request: Request) -> Response:
        session = await desk.operator(request)
        seen = await look(desk.services, session.token)
        now = datetime.now(UTC)
        return desk.page(
            request,
            "operations.html",
            seen=seen,
            findings=find(seen, now),
            kinds=STUCK,
            how_open=how_open,
            refresh_seconds=REFRESH_SECONDS,
        )

    @pages.get("/dang-cho")
    async def listed(
        request: Request, service: str = "", kind: str = "", after: str = ""
    ) -> Response:
        session = await desk.operator(request)
        return await _listed(desk, request, session, service, kind, after)

    @pages.get("/viec/{item:path}")
    async def one(request: Request, item: str) -> Response:
        session = await desk.operator(request)
        return await show_item(desk, request, session, item)

    @pages.get("/de-xuat/{service}/{act_id}")
    async def act(request: Request, service: str, act_id: UUID) -> Response:
        session = await desk.operator(request)
        found = await read_act(desk, session, service, act_id)
        return desk.page(
            request, "operations-act.html", service=service, act=found, place_of=place_of
        )


async def _listed(
    desk: Desk, request: Request, session: Session, service: str, kind: str, after: str
) -> Response:
    if kind and kind not in KINDS:
        raise PageProblem(404, "problem.not_found")
    asked = {"kind": kind, "after": after}
    told = await desk.told(
        session, service, "GET", "/v1/stuck", params={k: v for k, v in asked.items() if v}
    )
    return desk.page(
        request,
        "operations-stuck.html",
        service=service,
        kind=kind,
        listed=StuckPage.model_validate(told),
        place_of=place_of,
        service_options=[(name, name) for name in desk.services.urls],
        kind_options=[
            ("", desk.say(request)("operations", "every_kind")),
            *((one, desk.say(request)("kind", one)) for one in KINDS),
        ],
        after=after,
    )


async def show_item(
    desk: Desk,
    request: Request,
    session: Session,
    item: str,
    *,
    status: int = 200,
    **more: Any,
) -> Response:
    """Return the page of one stuck thing; `more`: what was typed and what is wrong with it."""
    told = await desk.told(session, service_of(item), "GET", path_of(item))
    try:
        view = StuckView.model_validate(told)
    except ValidationError:
        raise PageProblem(502, "operations.unreadable", service=service_of(item)) from None
    open_acts = [act for act in view.acts if act.done_at is None]
    return desk.page(
        request,
        "operations-item.html",
        status=status,
        view=view,
        target=view.waits_for.redrive if view.waits_for else view.item,
        open_acts=open_acts,
        place_of=place_of,
        **{"wrong": {}, "reason": "", **more},
    )


async def read_act(desk: Desk, session: Session, service: str, act_id: UUID) -> ActView:
    """Return the act, be it open or done; raises PageProblem when it is not among the latest."""
    for only_open in ("true", "false"):
        told = await desk.told(
            session, service, "GET", "/v1/stuck/acts", params={"open": only_open}
        )
        for act in _ACTS.validate_python(told):
            if act.act_id == act_id:
                return act
    raise PageProblem(404, "operations.refused.no_such_act", service=service)
