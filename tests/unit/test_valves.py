"""The valve before a neighbour: how far it opens, when it shuts, how it opens again."""

import heapq
import random
from collections.abc import Callable
from itertools import count

import pytest

from plumbing.valve import ALONE, IN_A_ROW, LATEST, LONGEST_SECONDS, RAMP_SECONDS, Valve
from plumbing.valves import Limit, Valves, ValveState

FULL = 32
_names = count()


def a_valve(maximum: int = FULL, start: int = FULL, jitter: float = 1.0) -> Valve:
    return Valve(maximum, start, lambda: jitter)


def call(valve: Valve, outcome: str, now: float, whose: object = None) -> None:
    """Make one call that ends at once; of a dossier of its own unless it is said whose."""
    begun = valve.begin(now)
    assert begun is not None
    valve.report(begun, outcome, next(_names) if whose is None else whose, now)  # type: ignore[arg-type]


def fail(valve: Valve, now: float = 0.0, times: int = IN_A_ROW) -> None:
    for _ in range(times):
        call(valve, "unknown", now)


def a_shut_valve(jitter: float = 1.0) -> Valve:
    valve = a_valve(jitter=jitter)
    fail(valve)
    return valve


@pytest.mark.parametrize("outcome", ["done", "no", "never"])
def test_given_answers_that_show_the_neighbour_at_work_then_the_window_grows_to_its_maximum(
    outcome,
):
    valve = a_valve(maximum=6, start=4)

    windows = []
    for _ in range(3):
        call(valve, outcome, 0.0)
        windows.append(valve.window)

    assert windows == [5, 6, 6]


def test_given_a_window_when_it_is_full_then_nothing_more_begins():
    valve = a_valve(maximum=2)

    begun = [valve.begin(0.0) for _ in range(3)]

    assert [one is not None for one in begun] == [True, True, False]
    assert valve.room(0.0) == 0


@pytest.mark.parametrize("outcome", ["again", "unknown", "stuck"])
def test_given_several_failures_of_calls_under_way_together_then_the_window_halves_once(outcome):
    valve = a_valve()
    under_way = [valve.begin(0.0) for _ in range(3)]

    for one in under_way:
        assert one is not None
        valve.report(one, outcome, next(_names), 1.0)
    later = valve.begin(1.0)
    assert (valve.window, later is not None) == (FULL // 2, True)
    assert later is not None
    valve.report(later, outcome, next(_names), 2.0)

    assert valve.window == FULL // 4


def test_given_failures_in_a_row_of_different_calls_then_it_shuts_and_not_one_before():
    valve = a_valve()

    fail(valve, times=IN_A_ROW - 1)
    before = valve.state(0.0)
    fail(valve, times=1)

    assert (before, valve.state(0.0), valve.room(0.0)) == ("open", "shut", 0)


def test_given_one_poisoned_dossier_tried_again_and_again_then_it_stays_open_for_the_others():
    valve = a_valve()

    for _ in range(3 * LATEST):
        call(valve, "unknown", 0.0, "poisoned")
        call(valve, "unknown", 0.0, "poisoned too")

    assert (valve.state(0.0), valve.window) == ("open", 1)


def test_given_dossiers_that_failed_while_others_came_through_then_they_neither_shut_nor_narrow():
    valve = a_valve()
    poisoned = [f"poisoned {n}" for n in range(IN_A_ROW - 1)]

    for one in poisoned:
        call(valve, "unknown", 0.0, one)
    call(valve, "done", 1.0)
    before = valve.window
    for _ in range(LATEST):
        for one in poisoned:
            call(valve, "unknown", 2.0, one)

    assert (valve.state(2.0), valve.window) == ("open", before)
    fail(valve, 3.0)
    assert valve.state(3.0) == "shut"


def test_given_a_dossier_that_came_through_at_last_when_it_fails_again_then_it_counts():
    valve = a_valve()

    for outcome in ("unknown", "done"):
        call(valve, outcome, 0.0, "once poisoned")
        call(valve, "done", 0.0)
    before = valve.window
    call(valve, "unknown", 1.0, "once poisoned")

    assert valve.window == before // 2


def test_given_a_known_poisoned_dossier_on_trial_then_the_next_call_is_tried_at_once():
    valve = a_valve()
    call(valve, "unknown", 0.0, "poisoned")
    call(valve, "done", 0.0)
    fail(valve)

    call(valve, "unknown", 1.0, "poisoned")
    trying = valve.state(1.0), valve.room(1.0)
    call(valve, "done", 1.0)

    assert (trying, valve.state(1.0)) == (("trying", 1), "open")


def test_given_more_than_can_be_known_that_failed_alone_then_the_oldest_count_again():
    valve = a_valve()

    for one in range(ALONE + IN_A_ROW):
        call(valve, "unknown", 0.0, one)
        call(valve, "done", 0.0)
    for one in range(IN_A_ROW, 2 * IN_A_ROW):
        call(valve, "unknown", 1.0, one)
    known = valve.state(1.0)
    for one in range(IN_A_ROW):
        if valve.room(1.0):
            call(valve, "unknown", 1.0, one)

    assert (known, valve.state(1.0)) == ("open", "shut")


def test_given_thirty_poisoned_dossiers_and_few_good_ones_then_it_is_open_nearly_all_the_time():
    rng = random.Random(1)
    valve, now, shut, step, hour = Valve(8, 4, rng.random), 0.0, 0.0, 0.02, 3600.0
    waiting = [(0.0, n, 8) for n in range(30)]  # due, whose, attempts before
    good = {30 + n: 5.0 * n for n in range(int(hour / 5))}
    waiting += [(due, whose, 0) for whose, due in good.items()]
    heapq.heapify(waiting)

    while now < hour:
        while waiting and waiting[0][0] <= now and (begun := valve.begin(now)):
            _, whose, attempt = heapq.heappop(waiting)
            valve.report(begun, "done" if whose in good else "unknown", whose, now)
            if whose not in good:
                pause = min(60.0, 0.5 * 2 ** min(attempt, 8)) * rng.uniform(0.5, 1.0)
                heapq.heappush(waiting, (now + pause, whose, attempt + 1))
        shut += step * (valve.state(now) != "open")
        now += step

    assert shut < hour / 4


def test_given_most_of_the_latest_calls_failed_though_never_in_a_row_then_it_shuts():
    valve = a_valve()

    outcomes = ["again", "again", "done"] * LATEST
    shut_after = next(
        index
        for index, outcome in enumerate(outcomes, 1)
        if call(valve, outcome, 0.0) or valve.state(0.0) == "shut"
    )

    assert shut_after == LATEST


def test_given_a_third_of_the_calls_failed_then_it_stays_open():
    valve = a_valve()

    for outcome in ["again", "done", "done"] * LATEST:
        call(valve, outcome, 0.0)

    assert valve.state(0.0) == "open"


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 0.5), (1.0, 1.0)])
def test_given_a_shut_valve_when_its_jittered_pause_is_over_then_one_call_is_let_through_on_trial(
    jitter, pause
):
    valve = a_shut_valve(jitter)

    before, after = valve.room(pause - 0.01), valve.room(pause)
    first, second = valve.begin(pause), valve.begin(pause)

    assert (before, after) == (0, 1)
    assert (first is not None, second) == (True, None)
    assert valve.state(pause) == "trying"


def test_given_trials_that_fail_then_the_pauses_double_up_to_the_longest():
    valve, now, pauses = a_shut_valve(), 0.0, []

    for _ in range(8):
        shut_at = now
        while valve.state(now) == "shut":
            now += 0.5
        pauses.append(now - shut_at)
        call(valve, "unknown", now)

    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_SECONDS, LONGEST_SECONDS, LONGEST_SECONDS]


def test_given_a_trial_that_succeeds_then_the_window_begins_at_one_and_grows_with_time():
    valve = a_shut_valve()

    call(valve, "done", 1.0)
    windows = []
    for step in range(4):
        for _ in range(50):
            call(valve, "done", 1.0 + step * RAMP_SECONDS * 1.01)
        windows.append(valve.window)

    assert windows == [1, 2, 3, 4]


def test_given_a_trial_that_was_not_made_then_the_next_one_is_let_through():
    valve = a_shut_valve()

    trial = valve.begin(1.0)
    assert trial is not None
    valve.give_back(trial)

    assert (valve.room(1.0), valve.flying) == (1, 0)


@pytest.mark.parametrize("outcome", ["done", "unknown"])
def test_given_calls_begun_before_it_shut_when_they_end_later_then_they_change_nothing(outcome):
    valve = a_valve(maximum=10 * FULL, start=10 * FULL)
    late = [valve.begin(0.0) for _ in range(IN_A_ROW)]
    fail(valve)
    begun = valve.begin(1.0)
    assert begun is not None

    for one in late:
        assert one is not None
        valve.report(one, outcome, next(_names), 1.0)
    still_trying = valve.state(1.0), valve.room(1.0)
    valve.report(begun, "done", "trial", 1.0)

    assert (still_trying, valve.state(1.0), valve.window, valve.flying) == (
        ("trying", 0),
        "open",
        1,
        0,
    )


def test_given_a_neighbour_known_by_its_turns_when_one_is_away_then_only_that_one_is_shut():
    valves = Valves({"portal": Limit(concurrency=3, per_turn=2, start=2)}, clock=lambda: 0.0)

    for whose in range(IN_A_ROW):
        passed = valves.begin("portal", "away")
        assert passed is not None
        passed.report("unknown", whose)
    begun = [valves.begin("portal", turn) for turn in ("away", "a", "a", "a", "b", "b")]

    assert [one is not None for one in begun] == [False, True, True, False, True, False]
    assert [(one.turn, one.state, one.flying) for one in valves.states()] == [
        ("a", "open", 2),
        ("away", "shut", 0),
        ("b", "open", 1),
    ]


def test_given_a_pass_when_nothing_was_reported_or_it_was_twice_then_it_counts_once():
    valves = Valves({"sms": Limit(start=2)}, clock=lambda: 0.0)

    passed = valves.begin("sms")
    assert passed is not None
    with passed:
        assert valves.room("sms") == 1
    other = valves.begin("sms")
    assert other is not None
    other.report("done")
    other.report("done")

    assert valves.states() == [ValveState("sms", "", "open", 3, 0)]
    assert (valves.room("sms"), valves.may_call_any(["sms"])) == (3, True)


class Neighbour:
    """Ten thousand dossiers wait for a neighbour that is away for an hour; time is virtual."""

    def __init__(self, back_at: float, waiting: int, latency: float = 0.05) -> None:
        self.valve, self.back_at, self.waiting = a_valve(jitter=0.5), back_at, waiting
        self.latency, self.now, self.calls = latency, 0.0, list[float]()
        self._ends: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def run(self) -> None:
        while self.waiting:
            while self.waiting and (begun := self.valve.begin(self.now)):
                self.calls.append(self.now)
                self.waiting -= 1
                heapq.heappush(self._ends, self._end(begun))
            if self._ends:
                self.now, _, ended = heapq.heappop(self._ends)
                ended()
            else:
                self.now += 0.1

    def _end(self, begun):
        ends_at = self.now + self.latency

        def ended() -> None:
            up = ends_at >= self.back_at
            self.waiting += not up
            self.valve.report(begun, "done" if up else "again", next(_names), ends_at)

        return ends_at, next(self._order), ended

    def between(self, start: float, end: float) -> int:
        return sum(start <= at < end for at in self.calls)


def test_given_an_outage_of_an_hour_with_ten_thousand_waiting_then_the_neighbour_sees_a_ramp():
    hour = 3600.0
    outside = Neighbour(back_at=hour, waiting=10_000)

    outside.run()

    opened = next(at for at in outside.calls if at >= hour - outside.latency)
    per_second = [outside.between(opened + n, opened + n + 1) for n in range(12)]
    full = FULL / outside.latency
    assert outside.between(0.0, hour) < FULL + 2 * hour / LONGEST_SECONDS
    assert opened < hour + LONGEST_SECONDS
    assert per_second[0] < full / 4
    assert per_second[:6] == sorted(per_second[:6])
    assert full * 0.9 < max(per_second) <= full * 1.1
