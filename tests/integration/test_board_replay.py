"""The months of the letter with a clock that is moved by hand: rules, store and board on real
PostgreSQL, without Kafka, HTTP and the other services. `make replay` shows the same on a stack.
"""

from collections.abc import AsyncIterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from contracts.board import BoardView
from contracts.model import VIETNAM
from local_stack.replay import SLOW_UNITS, STOPS, on_its_road
from local_stack.replay_law import MoveLaw, write_law
from routing.board_reading import Question, board_of
from routing.board_store import load_counters, load_open
from sandbox.samples import Sample, load
from tests.integration.board_kit import Board
from tests.integration.routing_kit import a_one_stop
from tests.unit.builders import a_paper
from tests.unit.test_replay import channel_of


@pytest.fixture
def law(tmp_path: Path) -> MoveLaw:
    return write_law(tmp_path / "data")


@pytest.fixture
async def board(database: str, law: MoveLaw) -> AsyncIterator[Board]:
    async with a_one_stop(database) as one:
        one.known, one.by_officer = law.known, False
        yield Board(one)


async def live(board: Board, day: date, law: MoveLaw) -> None:
    """Let the samples of that day come; all but the slow units' are registered within the hour."""
    one_stop = board.one_stop
    one_stop.now = datetime.combine(day, time(9), VIETNAM)
    sent = [on_its_road(one, n, day, law) for n, one in enumerate(load(one_stop.now))]
    slow = [one for one in sent if one.submission["unit_code"] in SLOW_UNITS]
    quick = [one for one in sent if one not in slow]
    made = [board.submitted(**said(one)) for one in quick]
    await board.settle(*(record for _, record in made))
    one_stop.by_officer = True
    await board.settle(*(board.submitted(**said(one))[1] for one in slow))
    one_stop.by_officer = False
    accepted = [dossier_id for dossier_id, _ in made if await _is_accepted(board, dossier_id)]
    await board.settle(*(board.registered(dossier_id) for dossier_id in accepted))
    await board.counting.roll_up()


def said(sample: Sample) -> dict[str, Any]:
    """Return what the event of the sample's submission says."""
    names = ("province_code", "unit_code", "residence_unit_code", "procedure_code")
    body = sample.submission
    return {name: body[name] for name in names} | {
        "channel": channel_of(sample.portal),
        "portal": sample.portal,
        "attachments": tuple(a_paper(one["kind"]) for one in body.get("attachments", ())),
    }


async def _is_accepted(board: Board, dossier_id: UUID) -> bool:
    return (await board.one_stop.case(dossier_id)).status == "accepted"


async def seen(board: Board, law: MoveLaw, day: date) -> BoardView:
    now = board.one_stop.now
    async with board.one_stop.pool.acquire() as conn:
        counters = await load_counters(conn, None, STOPS[0].replace(day=1), day)
        under_way = await load_open(conn, now)
    asked = Question(now, STOPS[0].replace(day=1), day, "month", None)
    return board_of(law.known, asked, counters, under_way)


async def test_given_the_months_of_the_letter_then_the_board_shows_seven_provinces_moving(
    board: Board, law: MoveLaw
):
    views = []
    for day in STOPS:
        await live(board, day, law)
        views.append(await seen(board, law, day))

    for number, (day, view) in enumerate(zip(STOPS, views, strict=True), 1):
        assert len(view.provinces) == 7
        assert sum(sum(one.roads.values()) for one in view.provinces) == 36 * number
        for one in view.provinces:
            assert one.move is not None
            assert one.move.state == law.state(one.province_code, day)
            assert one.periods[-1].last_on == day
            if one.move.state == "portal-only" and one.move.since <= day.replace(day=1):
                assert "moj-direct" not in one.periods[-1].roads
            if one.move.state == "legacy":
                assert set(one.periods[-1].roads) == {"moj-direct"}
    last = {one.province_code: one for one in views[-1].provinces}
    assert last["79"].roads["moj-direct"] == 12
    assert [sum(period.roads.values()) for period in last["79"].periods] == [6] * 6
    waiting = last["74"]
    # Eight on the slow unit's desk, and four whose citizen never sent the supplement.
    assert (waiting.old_road.open, waiting.old_road.oldest_days) == (12, 151)
    assert (waiting.reception.open, waiting.reception.open_late) == (12, 10)
    assert last["79"].old_road.open == 0
    counted = await board.counters()
    assert await board.recounted() == counted
