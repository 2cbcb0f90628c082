"""Serves the pages of the provinces and their files."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Request, Response
from starlette.routing import Route

from board.asking import Services
from board.provinces import exports, plots
from board.provinces.figures import (
    ROADS,
    Range,
    by_portals,
    load_board,
    load_units,
    of_province,
    punctual,
    quick_ranges,
)
from contracts.board import BoardView
from pages import formats
from pages.problems import PageProblem
from pages.signing_in import Session, SignIn
from pages.site import Site, language_of
from pages.words import Language

PATH: Final = "/tien-do"
#: Parts of a plot: their class, and the key of their words.
ROAD_PARTS: Final = tuple((road, f"road.{road}") for road in ROADS)
PUNCTUALITY_PARTS: Final = (
    ("on-time", "on_time"),
    ("late", "late"),
    ("open-late", "open_late"),
)

Text = Annotated[str, Query(max_length=10)]
First = Annotated[str, Query(alias="from", max_length=10)]
Last = Annotated[str, Query(alias="to", max_length=10)]


@dataclass(frozen=True)
class Provinces:
    """Shows the board to whoever may see it."""

    site: Site
    sign_in: SignIn
    services: Services

    async def load(
        self, request: Request, asked: Range, province: str = ""
    ) -> tuple[Session, BoardView, bool]:
        """Return who looks, the board, and whether the range asked for had to be left out."""
        session = await self.sign_in.session(request, back=PATH)
        try:
            return session, await load_board(self.services, session.token, asked, province), False
        except PageProblem as problem:
            if problem.status != 422:
                raise
        return session, await load_board(self.services, session.token, Range(), province), True

    def page(
        self, request: Request, template: str, board: BoardView, *, bad: bool, **values: Any
    ) -> Response:
        """Return the page; templates get what plots and shares are made with besides."""
        shown = Range(board.from_on.isoformat(), board.to_on.isoformat(), board.by)
        return self.site.page(
            request,
            template,
            status=422 if bad else 200,
            board=board,
            bad_range=bad,
            roads=ROADS,
            road_parts=ROAD_PARTS,
            punctuality_parts=PUNCTUALITY_PARTS,
            short_day=partial(_short_day, language_of(request)),
            plots=plots,
            punctual=punctual,
            by_portals=by_portals,
            shown=shown,
            query=urlencode(shown.query),
            quick={key: urlencode(one.query) for key, one in quick_ranges(board).items()},
            **values,
        )


def _short_day(language: Language, on: date) -> str:
    """Return the day without its name."""
    return formats.day(on, language).partition(" " if language == "en" else ", ")[2]


def add_to(app: FastAPI, site: Site, sign_in: SignIn, services: Services) -> None:
    """Add the pages to the app."""
    pages, provinces = site.sub_app(), Provinces(site, sign_in, services)
    _add_files(pages, provinces)
    _add_pages(pages, provinces)
    app.router.routes.append(Route(PATH, pages))
    app.router.routes.append(Route(PATH + "/{rest:path}", pages))


def _add_pages(pages: FastAPI, provinces: Provinces) -> None:
    @pages.get(PATH)
    async def overview(
        request: Request, first: First = "", last: Last = "", by: Text = ""
    ) -> Response:
        _, board, bad = await provinces.load(request, Range(first, last, by))
        return provinces.page(request, "provinces.html", board, bad=bad)

    @pages.get(PATH + "/{code}")
    async def one(
        request: Request, code: str, first: First = "", last: Last = "", by: Text = ""
    ) -> Response:
        if len(code) != 2 or not code.isascii() or not code.isdigit():
            raise PageProblem(404, "provinces.no_such")
        session, board, bad = await provinces.load(request, Range(first, last, by), code)
        units = await load_units(provinces.services, session.token, code)
        found = of_province(board, code)
        return provinces.page(
            request,
            "province.html",
            board,
            bad=bad,
            province=found,
            units=units,
            highest=max(sum(one.roads.values()) for one in found.periods),
        )


def _add_files(pages: FastAPI, provinces: Provinces) -> None:
    @pages.get(PATH + "/so-lieu.{kind}")
    async def file(
        request: Request,
        kind: Literal["csv", "xlsx"],
        first: First = "",
        last: Last = "",
        by: Text = "",
        province: Annotated[str, Query(max_length=2)] = "",
    ) -> Response:
        _, board, bad = await provinces.load(request, Range(first, last, by), province)
        if bad:
            raise PageProblem(422, "provinces.bad_range")
        made = exports.as_csv if kind == "csv" else exports.as_xlsx
        body = made(board, provinces.site.words, language_of(request))
        name = f"tien-do-{province or 'cac-tinh'}-{board.from_on}-{board.to_on}.{kind}"
        return Response(
            body,
            media_type=exports.CSV_TYPE if kind == "csv" else exports.XLSX_TYPE,
            headers={
                "content-disposition": f'attachment; filename="{name}"',
                "cache-control": "no-store",
                "x-content-type-options": "nosniff",
            },
        )
