"""Equal turns at one neighbour: who may call next."""

from collections import Counter

import pytest

from plumbing.turns import Line, Turns
from plumbing.valve import IN_A_ROW
from plumbing.valves import Limit, Valves


def a_line(turn: str, lane: str = "register", call: str = "push") -> Line:
    return Line(call, turn, lane)


def some_turns(concurrency: int) -> Turns:
    return Turns(Valves({"push": Limit(concurrency, start=concurrency)}, clock=lambda: 0.0))


def counts(shares: dict) -> dict[str, int]:
    return {line.turn: len(passes) for line, passes in sorted(shares.items())}


@pytest.mark.parametrize(
    ("room", "expected"), [(8, {"01": 4, "79": 4}), (3, {"01": 2, "79": 1}), (1, {"01": 1})]
)
def test_given_two_provinces_when_there_is_room_then_each_has_an_equal_share(room, expected):
    shares = some_turns(concurrency=8).share([a_line("01"), a_line("79")], room)

    assert counts(shares) == expected


def test_given_room_for_one_call_when_it_lands_again_and_again_then_all_are_served_in_turn():
    turns, served = some_turns(concurrency=1), []
    lines = [a_line(turn) for turn in ("01", "48", "79")]

    for _ in range(7):
        ((line, (passed,)),) = turns.share(lines, 10).items()
        passed.report("done")
        turns.landed(line)
        served.append(line.turn)

    assert served == ["01", "48", "79", "01", "48", "79", "01"]


def test_given_a_province_whose_calls_hang_when_others_end_then_it_holds_only_its_share():
    turns, held = some_turns(concurrency=9), 0
    lines = [a_line(turn) for turn in ("01", "48", "79")]

    for _ in range(50):
        for line, passes in turns.share(lines, 3).items():
            for passed in passes:
                if line.turn == "01":
                    held += 1
                    continue
                passed.report("done")
                turns.landed(line)

    assert 1 <= held <= 3


def test_given_a_share_that_was_not_used_when_it_is_given_back_then_the_others_have_it():
    turns = some_turns(concurrency=4)

    turns.unused(turns.share([a_line("01"), a_line("79")], 4))

    assert counts(turns.share([a_line("79")], 4)) == {"79": 4}


def test_given_a_turn_with_two_lanes_then_it_has_no_larger_share_than_others():
    lines = [a_line("01", "register"), a_line("01", "other"), a_line("79")]

    shares = some_turns(concurrency=8).share(lines, 8)

    per_turn = Counter[str]()
    for line, passes in shares.items():
        per_turn[line.turn] += len(passes)
    assert per_turn == {"01": 4, "79": 4}


def test_given_a_neighbour_that_is_shut_then_only_the_others_are_called():
    valves = Valves({"sms": Limit(start=9), "portal": Limit(start=9)}, clock=lambda: 0.0)
    for whose in range(IN_A_ROW):
        passed = valves.begin("sms")
        assert passed is not None
        passed.report("again", whose)

    lines = [Line("sms", "", "citizen"), Line("portal", "", "portal")]
    shares = Turns(valves).share(lines, 4)

    assert {line.call: len(passes) for line, passes in shares.items()} == {"portal": 4}
