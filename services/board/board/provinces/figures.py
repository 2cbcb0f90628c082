"""Asks the one-stop for the board, in the name of the person who looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import TypeAdapter, ValidationError

from board.asking import Answer, Away, Services
from contracts.board import BoardView, By, ProvinceView, PunctualityView, Road, UnitView
from contracts.model import local_day
from pages.problems import NotSignedIn, PageProblem

ONE_STOP = "routing"
#: The roads in the order they are shown: the lawful ones first.
ROADS: tuple[Road, ...] = ("national-portal", "provincial-portal", "moj-direct", "imported")
PORTALS: tuple[Road, ...] = ("national-portal", "provincial-portal")
_UNITS = TypeAdapter(tuple[UnitView, ...])


@dataclass(frozen=True)
class Range:
    """What a person asked for, as they wrote it; empty means the usual."""

    first: str = ""
    last: str = ""
    by: str = ""

    @property
    def query(self) -> dict[str, str]:
        """Return it as the address of a page or of the one-stop carries it."""
        given = {"from": self.first, "to": self.last, "by": self.by}
        return {name: text for name, text in given.items() if text}


async def load_board(services: Services, token: str, asked: Range, province: str = "") -> BoardView:
    """Return the board of the range; raises NotSignedIn or PageProblem."""
    query = asked.query | ({"province": province} if province else {})
    answer = await _asked(services, token, "/v1/board", query)
    try:
        return BoardView.model_validate(answer.document)
    except ValidationError:
        raise _away() from None


async def load_units(services: Services, token: str, province: str) -> tuple[UnitView, ...]:
    """Return what is under way at the units of a province; raises NotSignedIn or PageProblem."""
    answer = await _asked(services, token, f"/v1/board/{province}/units", {})
    try:
        return _UNITS.validate_python(answer.document)
    except ValidationError:
        raise _away() from None


async def _asked(services: Services, token: str, path: str, query: Mapping[str, str]) -> Answer:
    try:
        answer = await services.ask(token, ONE_STOP, "GET", path, params=dict(query))
    except Away:
        raise _away() from None
    match answer.status:
        case 200:
            return answer
        case 401:
            raise NotSignedIn
        case 403:
            raise PageProblem(403, "provinces.not_yours")
        case 422:
            raise PageProblem(422, "provinces.bad_range")
    raise _away()


def _away() -> PageProblem:
    return PageProblem(503, "provinces.away", {"retry-after": "5"})


def share(part: int, whole: int) -> int | None:
    """Return how many of a hundred, rounded so that neither all nor none is said of a part."""
    if not whole:
        return None
    rounded = round(100 * part / whole)
    if part not in (0, whole):
        return min(max(rounded, 1), 99)
    return rounded


def by_portals(province: ProvinceView) -> int | None:
    """Return how many of a hundred dossiers came by the portals."""
    count = sum(province.roads.get(road, 0) for road in PORTALS)
    return share(count, sum(province.roads.values()))


def punctual(one: PunctualityView) -> int | None:
    """Return how many of a hundred were on time; what waits and is late already counts as late."""
    return share(one.on_time, one.on_time + one.late + one.open_late)


def quick_ranges(board: BoardView) -> dict[str, Range]:
    """Return the ranges a person picks with one step, by the key of their words."""
    today = local_day(board.as_of)
    return {
        "provinces.last_30": _ending(today, today - timedelta(days=29), "day"),
        "provinces.last_90": _ending(today, today - timedelta(days=89), "week"),
        "provinces.this_year": _ending(today, today.replace(month=1, day=1), "month"),
        "provinces.last_12": _ending(today, _a_year_before(today), "month"),
    }


def _ending(last: date, first: date, by: By) -> Range:
    return Range(first.isoformat(), last.isoformat(), by)


def _a_year_before(day: date) -> date:
    """Return the first day of the month eleven before: twelve months, this one included."""
    months = day.year * 12 + day.month - 1 - 11
    return date(months // 12, months % 12 + 1, 1)


def of_province(board: BoardView, code: str) -> ProvinceView:
    """Return the province of the board; raises PageProblem when nothing is known of it."""
    found = next((one for one in board.provinces if one.province_code == code), None)
    if found is None:
        raise PageProblem(404, "provinces.no_such")
    return found
