"""The replay: its invented days, and that every dossier goes by a road that is open to it."""

import csv
from datetime import datetime, time
from pathlib import Path

import pytest

from contracts.model import VIETNAM
from local_stack.credentials import LETTER_PROVINCES
from local_stack.replay import SLOW_UNITS, STOPS, on_its_road
from local_stack.replay_law import MOVES, MoveLaw, write_law
from reference import MoveState
from sandbox.samples import load


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> MoveLaw:
    folder: Path = tmp_path_factory.mktemp("law") / "data"
    return write_law(folder)


def channel_of(portal: str) -> str:
    return "provincial-portal" if portal.startswith("provincial-portal-") else portal


@pytest.mark.parametrize("day", STOPS)
def test_every_dossier_of_a_stop_goes_by_a_road_that_is_open_that_day(law: MoveLaw, day):
    samples = load(datetime.combine(day, time(9), VIETNAM))

    for number, sample in enumerate(samples):
        sent = on_its_road(sample, number, day, law)
        province = sent.submission["province_code"]
        assert law.known.may_submit(channel_of(sent.portal), province, day) is None
        assert sent.submission == sample.submission


def test_every_province_of_the_letter_moves_and_one_steps_back(law: MoveLaw):
    states = {code: [law.state(code, day) for day in STOPS] for code in LETTER_PROVINCES}

    assert all(len(set(one)) > 1 or code == "10" for code, one in states.items())
    assert states["06"] == [
        MoveState.LEGACY,
        MoveState.DUAL,
        MoveState.PORTAL_ONLY,
        MoveState.DUAL,
        MoveState.DUAL,
        MoveState.PORTAL_ONLY,
    ]


def test_every_row_says_that_it_is_invented():
    with MOVES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert {row["province_code"] for row in rows} == set(LETTER_PROVINCES)
    assert {(row["reason"], row["confidence"]) for row in rows} == {
        ("invented for the replay", "low")
    }
    assert all("không có thật" in row["source"] for row in rows)


def test_some_dossiers_of_every_stop_wait_for_officers_who_never_come():
    for day in STOPS:
        units = [
            one.submission["unit_code"] for one in load(datetime.combine(day, time(9), VIETNAM))
        ]
        assert set(SLOW_UNITS) <= set(units)
