"""The pages of the provinces over real HTTP, with a one-stop that answers what a test says."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import aiohttp
from fastapi import FastAPI
from starlette.requests import Request

from board import provinces
from board.asking import Answer, Away, Services
from contracts.board import (
    BoardView,
    MoveRow,
    MoveView,
    OldRoadView,
    PeriodView,
    ProvinceView,
    PunctualityView,
    ReasonView,
    UnitView,
)
from pages.problems import NotSignedIn
from pages.signing_in import Session, SignIn
from pages.site import Site
from tests.unit.pages_kit import Visitor, listening, serving, visiting

AS_OF = datetime(2022, 1, 15, 2, tzinfo=UTC)
LETTER = "Công văn Cục CNTT, Bộ Tư pháp, 12/10/2021"


def a_move(state: str = "dual", left: int | None = 75) -> MoveView:
    """Return a move that ends on 2022-03-31."""
    rows = [
        ("legacy", date(2016, 1, 1), date(2021, 10, 11), "derived"),
        ("dual", date(2021, 10, 12), date(2022, 3, 31), "derived"),
        ("portal-only", date(2022, 4, 1), None, "found"),
    ]
    return MoveView(
        state=state,
        since=date(2021, 10, 12),
        cut_over=date(2022, 4, 1),
        direct_until=date(2022, 3, 31),
        grace_until=date(2022, 4, 5),
        days_left=left,
        rows=tuple(
            MoveRow(
                state=name,
                first_on=first,
                last_on=last,
                grace_days=5 if name == "portal-only" else 0,
                reason="the letter",
                source=LETTER,
                confidence=confidence,
            )
            for name, first, last, confidence in rows
        ),
    )


def a_province(code: str = "79", name: str = "Hồ Chí Minh", **changes: Any) -> ProvinceView:
    """Return a province half moved, with three months of figures; `changes` replace fields."""
    months = [date(2021, 11, 1), date(2021, 12, 1), date(2022, 1, 1)]
    counts = [(3, 2, 15, 4), (8, 5, 9, 0), (14, 7, 3, 0)]
    roads = ("national-portal", "provincial-portal", "moj-direct", "imported")
    periods = tuple(
        PeriodView(
            first_on=first,
            last_on=(first + timedelta(days=31)).replace(day=1) - timedelta(days=1),
            roads=dict(zip(roads, row, strict=True)),
        )
        for first, row in zip(months, counts, strict=True)
    )
    fields: dict[str, Any] = {
        "province_code": code,
        "name": name,
        "successor": None,
        "move": a_move(),
        "roads": {road: sum(row[n] for row in counts) for n, road in enumerate(roads)},
        "periods": periods,
        "totals": {"submitted": 70, "accepted": 64, "returned": 6, "registered": 51},
        "returns": (
            ReasonView(
                kind="supplement",
                reason="missing_paper",
                text_vi="Hồ sơ còn thiếu giấy tờ; đề nghị bổ sung giấy tờ được nêu.",
                text_en="Papers are missing; please add those named.",
                count=5,
            ),
        ),
        "reception": PunctualityView(on_time=60, late=4, late_minutes=960, open=3, open_late=1),
        "appointment": PunctualityView(on_time=44, late=7, late_minutes=2520, open=9, open_late=2),
        "old_road": OldRoadView(
            open=5,
            by_road={"imported": 1, "moj-direct": 4},
            oldest_submitted_at=datetime(2021, 11, 20, 2, tzinfo=UTC),
            oldest_days=56,
        ),
    }
    return ProvinceView(**(fields | changes))


def a_board(*found: ProvinceView) -> BoardView:
    """Return a board of three months with these provinces."""
    return BoardView(
        as_of=AS_OF,
        from_on=date(2021, 11, 1),
        to_on=date(2022, 1, 31),
        by="month",
        provinces=found or (a_province(),),
    )


UNITS = (
    UnitView(
        unit_code="26737",
        name="Phường Mẫu",
        open=12,
        statuses={"accepted": 9, "received": 3},
        old_road=5,
        late_reception=1,
        late_appointment=2,
        oldest_submitted_at=AS_OF,
    ),
)


@dataclass
class OneStop:
    """Answers by path; a status or an exception stands for a no. `asked` keeps the questions."""

    board: BoardView | int | Exception = field(default_factory=a_board)
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)

    def answer(self, token: str, path: str, params: Mapping[str, str]) -> Answer:
        """Return what is answered."""
        self.asked.append((token, path, params))
        if isinstance(self.board, Exception):
            raise self.board
        if isinstance(self.board, int):
            return Answer(self.board, {"type": "x/bad"})
        if path.endswith("/units"):
            return Answer(200, [one.model_dump(mode="json") for one in UNITS])
        if params.get("by") == "hour":
            return Answer(422, {"type": "x/invalid-request"})
        return Answer(200, self.board.model_dump(mode="json"))


@dataclass(frozen=True)
class Asking(Services):
    """Services of which one is the played one-stop."""

    one_stop: OneStop = field(default_factory=OneStop)

    async def ask(self, token: str, service: str, method: str, path: str, **how: Any) -> Answer:
        """Return what the one-stop of the test answers."""
        assert (service, method) == ("routing", "GET")
        return self.one_stop.answer(token, path, how["params"])


@dataclass
class Door:
    """Lets in whom the test says."""

    open: bool = True

    async def session(self, request: Request, *, back: str = "") -> Session:
        """Return the viewer."""
        if not self.open:
            raise NotSignedIn(back)
        session = Session(
            "viewer-79", "Người xem Mẫu", {"scope": "board:read"}, "token", "c", AS_OF
        )
        request.state.session = session
        return session


def an_app(one_stop: OneStop, door: Door) -> FastAPI:
    """Return the pages alone."""
    app, site = FastAPI(), Site("board", "board.provinces", home="/", brand="board.brand")
    services = Asking({}, cast(aiohttp.ClientSession, None), one_stop)
    site.mount_static(app)
    provinces.add_to(app, site, cast(SignIn, door), services)
    return app


@dataclass
class Reading:
    """A visitor, and what stands behind the pages."""

    visitor: Visitor
    one_stop: OneStop
    door: Door


@asynccontextmanager
async def reading() -> AsyncIterator[Reading]:
    """Give a visitor of the pages."""
    one_stop, door = OneStop(), Door()
    with listening() as (listener, url):
        async with serving(an_app(one_stop, door), listener), visiting(url) as visitor:
            yield Reading(visitor, one_stop, door)


def away() -> Away:
    """Return that the one-stop does not answer."""
    return Away("routing", "not_reached")


def renamed(province: ProvinceView, name: str) -> ProvinceView:
    """Return the province with another name."""
    return province.model_copy(update={"name": name})
