"""HTTP for operators: what is stuck, why, and acts that two people want."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Query, Request
from pydantic import AwareDatetime

from plumbing.operating import Operators
from plumbing.serving import ProblemRaised
from plumbing.stuck import acting, reading, recording
from plumbing.stuck.items import UnknownItem, read_name
from plumbing.stuck.views import (
    ActRequest,
    ActView,
    HolderView,
    Kind,
    Proposal,
    StuckPage,
    StuckView,
)
from plumbing.stuck.workbench import Workbench

_PROBLEMS: dict[type[Exception], tuple[int, str, str, str]] = {
    UnknownItem: (404, "no-such-item", "No such item", "This service has nothing of that name."),
    acting.NoSuchAct: (404, "no-such-act", "No such act", "Nothing was proposed under that id."),
    acting.AlreadyDone: (409, "already-done", "Already done", "Someone carried the act out."),
    acting.IdTaken: (409, "id-taken", "Id taken", "Under that id something else was proposed."),
    acting.SamePerson: (
        403,
        "another-person-needed",
        "Another person is needed",
        "Who proposed an act cannot approve it.",
    ),
    reading.BadCursor: (
        422,
        "no-such-place",
        "No such place in the list",
        "Give `after` as the page before gave it, with the same kind.",
    ),
}


@contextmanager
def _told() -> Iterator[None]:
    """Answer what the acts raise with a problem document."""
    try:
        yield
    except tuple(_PROBLEMS) as error:
        raise ProblemRaised(*_PROBLEMS[type(error)]) from None


@dataclass(frozen=True)
class StuckRoutes:
    """Adds the routes for what is stuck in one service."""

    bench: Workbench

    def __call__(self, app: FastAPI, operators: Operators) -> None:
        """Add them; only operators may use them."""
        self._add_acts(app, operators)
        self._add_items(app, operators)

    def _add_acts(self, app: FastAPI, operators: Operators) -> None:
        bench = self.bench

        @app.get("/v1/stuck/acts", response_model=list[ActView])
        async def list_acts(
            request: Request,
            before: AwareDatetime | None = None,
            only_open: Annotated[bool, Query(alias="open")] = False,
        ) -> tuple[ActView, ...]:
            """Return what people did and proposed, newest first, fifty at most."""
            await operators.of(request)
            async with bench.pool.acquire() as conn:
                return await recording.latest(conn, before, only_open=only_open)

        @app.post("/v1/stuck/acts", response_model=Proposal)
        async def propose(request: Request, asked: ActRequest) -> Proposal:
            """Return what would happen; propose it to someone else unless it is a dry run."""
            person = await operators.of(request)
            with _told():
                return await acting.propose(bench, asked, person)

        @app.post("/v1/stuck/acts/{act_id}/approval", response_model=ActView)
        async def approve(request: Request, act_id: UUID) -> ActView:
            """Carry out what someone else proposed."""
            person = await operators.of(request)
            with _told():
                return await acting.approve(bench, act_id, person)

    def _add_items(self, app: FastAPI, operators: Operators) -> None:
        bench = self.bench

        @app.get("/v1/stuck", response_model=StuckPage)
        async def list_stuck(
            request: Request, kind: Kind | None = None, after: str | None = None
        ) -> StuckPage:
            """Return what waits for people, oldest first within each kind."""
            await operators.of(request)
            async with bench.pool.acquire() as conn:
                with _told():
                    return await reading.list_page(conn, bench.keys, bench.service, kind, after)

        @app.get("/v1/stuck/{name:path}", response_model=StuckView)
        async def show(request: Request, name: str) -> StuckView:
            """Return one thing with its attempts and what people did about it."""
            await operators.of(request)
            async with bench.pool.acquire() as conn:
                with _told():
                    item = read_name(bench.service, name)
                    return await reading.show(conn, bench.keys, bench.service, item)

        @app.put("/v1/stuck/{name:path}/holder", response_model=HolderView)
        async def take(request: Request, name: str) -> HolderView:
            """Say that the caller looks after it from now on."""
            person = await operators.of(request)
            with _told():
                await acting.take(bench, name, person)
            return HolderView(item=name, holder=person)
