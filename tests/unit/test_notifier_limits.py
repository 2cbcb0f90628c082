"""How long a call is tried: for two days, and after a pause or an outage some times more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from notifier.limits import LAST_ATTEMPTS, RETRY_HORIZON, within_horizon
from plumbing.calls import Answer, Call
from tests.integration.notifier_kit import an_sms, begun, in_doubt


class Outside:
    """Gives one answer, and counts how often it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.asked = answer, 0

    async def __call__(self, call: Call) -> Answer:
        """Return the answer."""
        self.asked += 1
        return self.answer


def late(call: Call) -> Call:
    """Return the call as it is made when two days are over."""
    return replace(call, age=RETRY_HORIZON)


@pytest.mark.parametrize("outcome", ["again", "unknown", "done", "no", "stuck"])
async def test_given_two_days_are_not_over_then_every_answer_stands(outcome):
    bounded = within_horizon(Outside(Answer(outcome)))
    before = replace(an_sms(), age=RETRY_HORIZON - timedelta(seconds=1))

    answers = [await bounded(before) for _ in range(LAST_ATTEMPTS + 2)]

    assert {one.outcome for one in answers} == {outcome}


async def test_given_a_call_held_back_by_a_pause_then_it_is_tried_before_it_is_given_up():
    outside = Outside(Answer("again", "not_connected"))
    bounded, call = within_horizon(outside), late(an_sms())

    answers = [await bounded(call) for _ in range(LAST_ATTEMPTS + 1)]

    assert answers[:-1] == [Answer("again", "not_connected")] * LAST_ATTEMPTS
    assert answers[-1] == Answer("no", "horizon", ours=True)
    assert outside.asked == LAST_ATTEMPTS


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (Answer("unknown", "asked"), Answer("stuck", "horizon", ours=True)),
        (Answer("unknown", "asked", at_work=True), Answer("stuck", "horizon", at_work=True)),
        (Answer("again", "http_503"), Answer("no", "horizon", ours=True)),
        (Answer("done"), Answer("done")),
    ],
)
@pytest.mark.parametrize("again", [in_doubt, begun])
async def test_given_doubt_when_given_up_then_it_was_asked_once_more_and_decides_by_that_answer(
    answer, end, again
):
    outside = Outside(Answer("again", "not_connected"))
    bounded, call = within_horizon(outside), late(an_sms())
    for _ in range(LAST_ATTEMPTS):
        await bounded(call)
    outside.answer = answer

    assert await bounded(again(call)) == end
    assert outside.asked == LAST_ATTEMPTS + 1


@pytest.mark.parametrize("outcome", ["done", "no", "stuck"])
async def test_given_a_final_answer_past_the_horizon_then_it_stands_and_counting_begins_anew(
    outcome,
):
    outside = Outside(Answer("again"))
    bounded, call = within_horizon(outside), late(an_sms())
    for _ in range(LAST_ATTEMPTS - 1):
        await bounded(call)
    outside.answer = Answer(outcome)
    assert await bounded(call) == Answer(outcome)
    outside.answer = Answer("again")

    answers = [await bounded(call) for _ in range(LAST_ATTEMPTS)]

    assert {one.outcome for one in answers} == {"again"}


async def test_given_more_calls_than_are_counted_then_the_oldest_count_is_forgotten(monkeypatch):
    monkeypatch.setattr("notifier.limits.COUNTED", 2)
    bounded = within_horizon(Outside(Answer("again")))
    first, *others = [late(an_sms()) for _ in range(4)]
    for _ in range(LAST_ATTEMPTS):
        await bounded(first)
    for other in others:
        await bounded(other)

    assert (await bounded(first)).outcome == "again"
