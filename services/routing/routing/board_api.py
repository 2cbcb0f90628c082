"""The board of the provinces over HTTP, for who answers for the move of a province."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response

from contracts.board import BoardView, By, UnitView
from contracts.model import ProvinceCode, local_day
from plumbing.assembly import Running
from plumbing.operating import AddRoutes, Operators
from plumbing.serving import ProblemRaised, authenticate
from plumbing.tokens import TokenVerifier
from reference import Reference
from routing.board_counting import Counting
from routing.board_reading import Question, board_of, units_of
from routing.board_store import load_counters, load_open

SCOPE = "board:read"
EVERY_PROVINCE = "*"
#: The range if none is asked for, its last day included, and the longest of each kind.
USUAL_DAYS = 90
MOST_DAYS: dict[By, int] = {"day": 93, "week": 800, "month": 3700}
#: Days before and after these are slips of the pen, and have no neighbours to count with.
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)


def board_binder(
    running: Running, known: Reference, verifier: TokenVerifier
) -> Callable[[FastAPI], None]:
    """Return what adds the board's routes once the app exists."""

    def add(app: FastAPI) -> None:
        _add(app, running, known, verifier)

    return add


def recounting(counting: Counting) -> AddRoutes:
    """Return what adds the operators' way to have the board counted anew."""

    def add(app: FastAPI, operators: Operators) -> None:
        @app.post("/v1/board/recounts", status_code=202, response_class=Response)
        async def recount(request: Request) -> Response:
            """Forget every counter and count the dossiers anew; decisions wait shortly."""
            await operators.of(request)
            await counting.recount()
            return Response(status_code=202)

    return add


def _add(app: FastAPI, running: Running, known: Reference, verifier: TokenVerifier) -> None:
    @app.get("/v1/board")
    async def board(
        request: Request,
        province: ProvinceCode | None = None,
        from_on: Annotated[date | None, Query(alias="from")] = None,
        to_on: Annotated[date | None, Query(alias="to")] = None,
        by: By = "week",
    ) -> BoardView:
        """Return the provinces the token's claim `provinces` lets see, or the one asked for.

        Who may see a province may see what goes on for it on the last day. Days are of Vietnam
        and inclusive; without them the last 90 up to today.
        """
        allowed, now = await _allowed(request, verifier), running.clock()
        first, last = _range(from_on, to_on, by, now)
        seen = _seen(known, allowed, last, province)
        async with running.pool.acquire() as conn:
            counters = await load_counters(conn, seen, first, last, by)
            under_way = await load_open(conn, now)
        return board_of(known, Question(now, first, last, by, seen), counters, under_way)

    @app.get("/v1/board/{province_code}/units")
    async def units(request: Request, province_code: ProvinceCode) -> tuple[UnitView, ...]:
        """Return what is under way now at each unit of the province, where most is late first."""
        allowed = await _allowed(request, verifier)
        _seen(known, allowed, local_day(running.clock()), province_code)
        async with running.pool.acquire() as conn:
            return units_of(known, province_code, await load_open(conn, running.clock()))


async def _allowed(request: Request, verifier: TokenVerifier) -> frozenset[str] | None:
    """Return the provinces of the claim, None for all; raises a 401, 403 or 503 problem."""
    client = await authenticate(request, verifier, SCOPE)
    claim = client.claims.get("provinces")
    if not isinstance(claim, list) or not all(isinstance(one, str) for one in claim):
        raise _not_this_province()
    return None if EVERY_PROVINCE in claim else frozenset(claim)


def _seen(
    known: Reference, allowed: frozenset[str] | None, on: date, province: str | None
) -> frozenset[str] | None:
    """Return which provinces to show, None for all; raises a 403 problem."""
    if allowed is not None:
        allowed = allowed.union(*(known.province_heirs(code, on) for code in allowed))
    if province is None:
        return allowed
    if allowed is not None and province not in allowed:
        raise _not_this_province()
    return frozenset({province})


def _not_this_province() -> ProblemRaised:
    detail = "Mã truy cập không cho xem số liệu của tỉnh này."
    return ProblemRaised(403, "province-not-allowed", "Không có quyền", detail)


def _range(first: date | None, last: date | None, by: By, now: datetime) -> tuple[date, date]:
    """Return the days asked for; raises a 422 problem for none or too many."""
    last = last or local_day(now)
    if not EARLIEST <= last <= LATEST:
        raise _bad_range("to", "no_such_day", "Ngày cuối ngoài khoảng có số liệu.")
    first = first or last - timedelta(days=USUAL_DAYS - 1)
    if first > last:
        raise _bad_range("to", "before_from", "Ngày cuối trước ngày đầu.")
    if (last - first).days >= MOST_DAYS[by]:
        raise _bad_range("from", "too_long", f"Nhiều nhất {MOST_DAYS[by]} ngày khi chia như vậy.")
    return first, last


def _bad_range(where: str, rule: str, detail: str) -> ProblemRaised:
    wrong = {"field": where, "rule": rule, "detail": detail, "source": "OpenAPI"}
    return ProblemRaised(422, "invalid-request", "Yêu cầu không hợp lệ", detail, errors=(wrong,))
