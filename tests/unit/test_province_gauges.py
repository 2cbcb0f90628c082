"""The gauges of the provinces: what is under way, late and submitted, and the days of a move."""

from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from prometheus_client import REGISTRY

from reference import load
from routing.board_store import Figures, OpenCases
from routing.province_gauges import ProvinceGauges, figures_of
from routing.store import SERVICE

KNOWN = load()
DAY = date(2026, 11, 23)
UNIT = "26737"


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"service": SERVICE, **labels})


def some(road: str, status: str, count: int, late: int = 0, unit: str = UNIT) -> OpenCases:
    received, accepted = status == "received", status == "accepted"
    return OpenCases(unit, DAY, road, status, count, None, late * received, late * accepted)


class Told:
    """A database that tells what it is given, and nothing of days that are over."""

    def __init__(self, *under_way: OpenCases) -> None:
        self.under_way = under_way

    @asynccontextmanager
    async def acquire(self) -> Any:
        yield self

    async def fetch(self, sql: str, *_: Any) -> list[dict[str, Any]]:
        return [asdict(one) for one in self.under_way] if "dossier_case" in sql else []


def gauges(pool: Told, now: datetime) -> ProvinceGauges:
    running: Any = SimpleNamespace(pool=pool, clock=lambda: now)
    return ProvinceGauges(running, KNOWN, 30)


def test_units_add_up_to_their_province_and_a_unit_of_no_map_is_in_none() -> None:
    under_way = [
        some("national-portal", "received", 4, late=1),
        some("national-portal", "accepted", 3, late=2),
        some("", "received", 1, unit="00000"),
    ]
    counters = {
        ("79", DAY, "moj-direct", "submitted", ""): Figures(5),
        ("79", date(2026, 11, 24), "moj-direct", "submitted", ""): Figures(2),
        ("79", DAY, "moj-direct", "registered", ""): Figures(9),
    }

    figures = figures_of(KNOWN, under_way, counters)

    assert +figures == {
        ("cases", "79", "national-portal", "received"): 4,
        ("cases", "79", "national-portal", "accepted"): 3,
        ("cases", "none", "none", "received"): 1,
        ("overdue", "79", "reception"): 1,
        ("overdue", "79", "appointment"): 2,
        ("submitted", "79", "moj-direct"): 7,
    }


async def test_what_is_under_way_no_more_is_shown_as_zero() -> None:
    told = Told(some("imported", "accepted", 3, late=2))
    one = gauges(told, datetime(2026, 11, 23, 3, tzinfo=UTC))
    labels = {"province": "79", "road": "imported", "state": "accepted"}

    await one.refresh()
    before = shown("dossiers_province_cases", **labels)
    told.under_way = ()
    await one.refresh()

    assert (before, shown("dossiers_province_cases", **labels)) == (3, 0)
    assert shown("dossiers_province_overdue_cases", province="79", kind="appointment") == 0


async def test_the_days_of_a_move_are_shown_while_one_is_ahead() -> None:
    moving = sorted({row.province_code for row in KNOWN.moves})
    one = gauges(Told(), datetime(2021, 11, 15, 3, tzinfo=UTC))

    await one.refresh()
    left = {code: shown("dossiers_move_left_days", province=code) for code in moving}
    one.running.clock = lambda: datetime(2026, 11, 23, 3, tzinfo=UTC)
    await one.refresh()

    assert any(days is not None and days > 0 for days in left.values())
    assert all(shown("dossiers_move_left_days", province=code) is None for code in moving)
