"""What is said of lanes while no call is open, and how the replay rounds."""

from importlib.resources import files
from pathlib import Path

import pytest

from board.operations.looking import Seen
from board.operations.wording import Wording
from console.failing import Failed
from console.services import read_status
from local_stack.replay_board import percent
from pages.words import Words
from plumbing.stuck.lane_views import lane_views

WORDS = Words.load(files("board").joinpath("words"))


@pytest.mark.parametrize(
    ("call", "lane"),
    [("sync", "national"), ("sms", "citizen"), ("sms-1", "citizen"), ("nobody", "")],
)
def test_given_no_call_is_open_then_a_valve_still_has_its_lane(call: str, lane: str):
    assert Seen("notifier", ()).lane_of(call) == lane


def test_given_two_gateways_then_the_call_names_its_own():
    say = Wording(WORDS, "vi")

    assert say("call", "sms-1") == "tin nhắn SMS, cổng sms-1"
    assert say("call", "sync") != "sync"


def test_given_nothing_open_then_the_lanes_of_the_service_are_known():
    told = lane_views("notifier", [], [], [], ("portal", "citizen"))

    assert (told.lanes, told.known) == ((), ("citizen", "portal"))


def test_given_no_stack_then_the_message_names_where_it_was_looked_for(tmp_path: Path):
    with pytest.raises(Failed, match=str(tmp_path / "status.json")):
        read_status(tmp_path / "status.json")


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(2, 3, "67 %"), (1, 8, "13 %"), (999, 1000, "99 %"), (3, 3, "100 %"), (0, 0, "")],
)
def test_shares_are_rounded_and_a_part_is_neither_all_nor_none(part: int, whole: int, said: str):
    assert percent(part, whole) == said
