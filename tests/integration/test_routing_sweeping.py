"""What time brings about: supplements that never came, and units that are no more."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from contracts.events import Forwarded, Stopped
from plumbing import metrics
from plumbing.logs import KNOWN_KEYS
from routing import overview, sweeping
from routing.domain import RULES, Case, Expire
from routing.domain.stopping import UNDER_WAY
from routing.sweeping import Sweeper
from tests.integration.core_kit import until
from tests.integration.routing_kit import (
    MERGED_UNIT,
    NOW,
    OTHER_UNIT,
    UNIT,
    OneStop,
    a_case,
    a_due,
    a_one_stop,
    an_accepted,
)

MERGER = datetime(2025, 6, 30, 17, 0, tzinfo=UTC)
BEFORE_MERGER = date(2025, 6, 20)


@pytest.fixture
async def one_stop(database: str) -> AsyncIterator[OneStop]:
    async with a_one_stop(database) as one:
        yield one


def a_sweeper(one_stop: OneStop) -> Sweeper:
    return Sweeper(one_stop.running, one_stop.part, 0.02)


def asked(number: int, due_at: datetime) -> Case:
    """Return a case whose citizen has time for a supplement until then."""
    return a_case(number, status="supplement", supplements=1, supplement_due=a_due(due_at))


async def test_given_a_supplement_when_its_last_moment_is_over_then_the_case_is_closed(
    one_stop: OneStop,
):
    moment = NOW - UNDER_WAY
    late, in_time = asked(1, moment - timedelta(microseconds=1)), asked(2, moment)
    await one_stop.put(late, in_time)

    moved = await a_sweeper(one_stop).sweep()

    assert moved == 1
    assert (await one_stop.case(late.dossier_id)).status == "closed"
    (said,) = await one_stop.said(late.dossier_id)
    assert (said.reason, said.final) == ("supplement_not_received", True)
    assert await one_stop.case(in_time.dossier_id) == in_time
    assert one_stop.wakes == 1


async def test_given_two_sweepers_at_once_then_each_case_gets_one_event(one_stop: OneStop):
    cases = [asked(number, NOW - timedelta(days=2)) for number in range(120)]
    await one_stop.put(*cases)

    moved = await asyncio.gather(*(a_sweeper(one_stop).sweep() for _ in range(2)))

    assert sum(moved) == 120
    said = [await one_stop.said(case.dossier_id) for case in cases]
    assert {len(events) for events in said} == {1}
    assert {type(events[0]) for events in said} == {Stopped}


@pytest.mark.parametrize("status", ["received", "supplement", "accepted", "stopped", "registered"])
async def test_given_a_case_of_a_merged_unit_when_swept_then_its_successor_has_it(
    one_stop: OneStop, status: Any
):
    case = a_case(
        status=status,
        unit_code=MERGED_UNIT,
        residence_unit_code=MERGED_UNIT,
        unit_on=BEFORE_MERGER,
        submitted_at=datetime(2025, 6, 20, 3, tzinfo=UTC),
    )
    await one_stop.put(case)

    one_stop.now = MERGER - timedelta(seconds=1)
    before = await a_sweeper(one_stop).sweep()
    one_stop.now = MERGER
    after = await a_sweeper(one_stop).sweep()
    again = await a_sweeper(one_stop).sweep()

    assert (before, after, again) == (0, 1, 0)
    moved = await one_stop.case(case.dossier_id)
    assert (moved.status, moved.unit_code) == (status, UNIT)
    (said,) = await one_stop.said(case.dossier_id)
    assert isinstance(said, Forwarded)
    assert (said.from_unit_code, said.to_unit_code) == (MERGED_UNIT, UNIT)


@pytest.mark.parametrize("status", ["refused", "wrong_authority", "withdrawn", "handed_over"])
async def test_given_a_decided_case_of_a_merged_unit_when_swept_then_it_stays(
    one_stop: OneStop, status: Any
):
    await one_stop.put(a_case(status=status, unit_code=MERGED_UNIT, unit_on=BEFORE_MERGER))

    assert await a_sweeper(one_stop).sweep() == 0


async def test_given_a_unit_nobody_goes_on_for_when_swept_then_it_is_left_alone_for_an_hour(
    one_stop: OneStop, monkeypatch: pytest.MonkeyPatch
):
    await one_stop.put(*(a_case(n, unit_code="99999", residence_unit_code="99999") for n in (1, 2)))
    looked_at: list[str] = []

    async def load_held(conn: Any, unit_code: str, *more: Any) -> list[Case]:
        looked_at.append(unit_code)
        return await overview.load_held(conn, unit_code, *more)

    monkeypatch.setattr(sweeping, "load_held", load_held)
    sweeper = a_sweeper(one_stop)
    counts = []
    with capture_logs() as lines:
        for minutes in (0, 59, 1):
            one_stop.now += timedelta(minutes=minutes)
            await sweeper.sweep()
            counts.append(len(looked_at))

    assert counts == [1, 1, 2]
    told = {"event": "nobody_goes_on", "log_level": "warning", "unit_code": "99999", "count": 2}
    assert lines == [told, told]
    assert told.keys() - {"event", "log_level"} <= KNOWN_KEYS


async def test_given_a_unit_that_goes_on_under_its_code_when_swept_then_nobody_is_warned(
    one_stop: OneStop,
):
    await one_stop.put(a_case(unit_code=OTHER_UNIT, unit_on=BEFORE_MERGER))

    with capture_logs() as lines:
        moved = await a_sweeper(one_stop).sweep()

    assert (moved, lines) == (0, [])


async def test_given_more_cases_than_one_batch_when_swept_then_all_are_moved(
    one_stop: OneStop, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sweeping, "BATCH", 4)
    expired = [asked(number, NOW - timedelta(days=2)) for number in range(9)]
    merged = [
        a_case(
            100 + number,
            unit_code=MERGED_UNIT,
            residence_unit_code=MERGED_UNIT,
            unit_on=BEFORE_MERGER - timedelta(days=number % 3),
        )
        for number in range(9)
    ]
    await one_stop.put(*expired, *merged)

    assert await a_sweeper(one_stop).sweep() == 18


async def test_given_a_case_no_rule_can_take_when_swept_then_the_others_are_moved(
    one_stop: OneStop,
):
    bad, good = (asked(number, NOW - timedelta(days=2)) for number in (1, 2))
    await one_stop.put(bad, good)

    def expire(act: Any, case: Case, context: Any) -> Any:
        if case.dossier_id == bad.dossier_id:
            raise ZeroDivisionError
        return RULES[Expire](act, case, context)

    one_stop.part = type(one_stop.part)(
        "routing", {**RULES, Expire: expire}, one_stop.part.store, one_stop.context
    )
    moved = await a_sweeper(one_stop).sweep()

    assert moved == 1
    assert (await one_stop.case(good.dossier_id)).status == "closed"
    assert (await one_stop.case(bad.dossier_id)).status == "supplement"


async def test_given_a_service_that_starts_then_it_sweeps_at_once_and_again(one_stop: OneStop):
    first, second = asked(1, NOW - timedelta(days=2)), asked(2, NOW)
    await one_stop.put(first, second)
    sweeping = asyncio.create_task(a_sweeper(one_stop).run())

    async def closed(case: Case) -> bool:
        return (await one_stop.case(case.dossier_id)).status == "closed"

    try:
        await until(lambda: closed(first))
        one_stop.now = NOW + timedelta(days=2)
        await until(lambda: closed(second))
    finally:
        sweeping.cancel()
        await asyncio.wait([sweeping])


async def test_given_open_and_late_cases_when_swept_then_the_gauges_count_them(one_stop: OneStop):
    hour = timedelta(hours=1)
    await one_stop.put(
        a_case(1, reception_due=a_due(NOW - hour)),
        a_case(2, reception_due=a_due(NOW)),
        an_accepted(3, NOW - hour),
        an_accepted(4, NOW),
        an_accepted(5, None),
        a_case(6, status="stopped"),
        a_case(7, status="registered"),
        asked(8, NOW + hour),
    )

    await a_sweeper(one_stop).sweep()

    def gauge(one: Any, label: str) -> float:
        return float(one.labels("routing", label)._value.get())

    states = ("received", "supplement", "accepted", "stopped")
    assert [gauge(metrics.OPEN_CASES, state) for state in states] == [2, 1, 3, 1]
    assert gauge(metrics.OVERDUE_CASES, "reception") == 1
    assert gauge(metrics.OVERDUE_CASES, "appointment") == 1
