"""Nobody's phone rings at night or at Tết, and what waited too long is not sent any more."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference
from contracts.model import VIETNAM, Step
from notifier.correspondence import News
from notifier.freshness import FRESH, TO_LIVE, why_stale
from notifier.quiet import QuietHours, is_tet, next_day, read_quiet
from notifier.timing import LONGEST_WAIT_SECONDS, not_at_night, not_before
from plumbing.calls import Answer, Call
from tests.integration.notifier_kit import an_sms, in_doubt
from tests.unit.builders import A_DOSSIER, NOW
from tests.unit.notifier_kit import ACCEPTED, CONTACT, SUBMITTED, Notifier, abandoned

KNOWN = reference.load()
NIGHT = QuietHours(time(21), time(7))


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at(2026, 11, 24, 20, 59, 59), at(2026, 11, 24, 20, 59, 59)),
        (at(2026, 11, 24, 21), at(2026, 11, 25, 7)),
        (at(2026, 11, 24, 23, 30), at(2026, 11, 25, 7)),
        (at(2026, 11, 25, 0), at(2026, 11, 25, 7)),
        (at(2026, 11, 25, 6, 59, 59), at(2026, 11, 25, 7)),
        (at(2026, 11, 25, 7), at(2026, 11, 25, 7)),
        (at(2026, 2, 16, 20), at(2026, 2, 16, 20)),
        (at(2026, 2, 16, 21), at(2026, 2, 20, 7)),
        (at(2026, 2, 17, 12), at(2026, 2, 20, 7)),
        (at(2026, 2, 19, 23), at(2026, 2, 20, 7)),
        (at(2026, 2, 20, 7), at(2026, 2, 20, 7)),
        (at(2027, 2, 6, 0), at(2027, 2, 9, 7)),
        (at(2026, 9, 2, 12), at(2026, 9, 2, 12)),
    ],
)
def test_given_a_moment_then_an_sms_may_go_then_or_at_the_next_opening(now, opens):
    assert NIGHT.opens_at(now.astimezone(UTC), KNOWN) == opens


@settings(max_examples=400, deadline=None)
@given(
    st.integers(0, 455 * 86_400).map(lambda seconds: at(2025, 12, 1) + timedelta(seconds=seconds)),
    st.sampled_from([NIGHT, QuietHours(time(12), time(14)), QuietHours(time(0), time(7, 30))]),
)
def test_given_any_moment_of_a_year_then_the_opening_is_not_quiet_and_none_was_before_it(
    now, hours
):
    opens = hours.opens_at(now, KNOWN)
    local = opens.astimezone(VIETNAM)

    assert opens >= now
    assert hours.opens_at(opens, KNOWN) == opens
    assert not is_tet(local.date(), KNOWN)
    assert opens - now <= timedelta(days=4)
    if opens > now:
        # Tết ends at midnight, where the night does not go on.
        assert local.time() in (hours.ends, time(0))
        between = now
        while between < opens:
            assert hours.opens_at(between, KNOWN) == opens
            between += timedelta(minutes=17)


def test_given_a_year_then_three_days_of_it_are_tet():
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]

    assert [day for day in days if is_tet(day, KNOWN)] == [date(2026, 2, n) for n in (17, 18, 19)]


def test_given_a_text_then_the_hours_are_read_from_it_or_there_are_none():
    assert read_quiet("21:00-07:00") == NIGHT
    assert read_quiet(" ") is None
    for wrong in ("21-7", "21:00", "07:00-07:00", "25:00-07:00", "21:00-07:00-08:00"):
        with pytest.raises(ValueError, match=r"not two times|no hour|hour must"):
            read_quiet(wrong)


def test_given_a_moment_then_the_next_day_begins_at_midnight_in_vietnam():
    assert next_day(at(2026, 11, 24, 0)) == at(2026, 11, 25)
    assert next_day(datetime(2026, 11, 24, 17, tzinfo=UTC)) == at(2026, 11, 26)


def test_given_a_wait_then_it_is_looked_at_again_within_the_hour():
    wait = not_before(at(2026, 11, 25, 7), at(2026, 11, 24, 21), "quiet_hours")

    assert wait == Answer("again", "quiet_hours", ours=True, wait_seconds=LONGEST_WAIT_SECONDS)
    soon = not_before(at(2026, 11, 25, 7), at(2026, 11, 25, 6, 59), "quiet_hours")
    assert soon.wait_seconds == 60


class Gateway:
    """Counts what it is asked."""

    def __init__(self, known: str = "no") -> None:
        self.known, self.told, self.asked = known, 0, 0

    async def __call__(self, call: Call) -> Answer:
        self.told += 1
        return Answer("done")

    async def ask(self, call: Call) -> Answer:
        self.asked += 1
        return Answer(self.known, "asked")


@pytest.mark.parametrize(
    ("call", "hour", "known", "outcome", "told", "asked"),
    [
        (an_sms(), 20, "no", "done", 1, 0),
        (an_sms(), 22, "no", "again", 0, 0),
        (in_doubt(an_sms()), 22, "no", "again", 0, 1),
        (in_doubt(an_sms()), 22, "done", "done", 0, 1),
        (in_doubt(an_sms()), 22, "unknown", "unknown", 0, 1),
        (in_doubt(an_sms()), 8, "no", "done", 1, 0),
    ],
)
async def test_given_the_hour_then_a_message_is_sent_or_waits_and_a_doubt_is_only_asked_about(
    call, hour, known, outcome, told, asked
):
    gateway = Gateway(known)
    now = at(2026, 11, 24, hour)

    careful = not_at_night(gateway, gateway.ask, NIGHT, KNOWN, lambda: now)

    assert (await careful(call)).outcome == outcome
    assert (gateway.told, gateway.asked) == (told, asked)


async def test_given_no_quiet_hours_then_also_at_night_a_message_goes():
    gateway = Gateway()
    always = not_at_night(gateway, gateway.ask, None, KNOWN, lambda: at(2026, 2, 17, 3))

    assert (await always(an_sms())).outcome == "done"


def step(name: Step, number: int, **more) -> News:
    return News(name, A_DOSSIER, NOW, key=f"{name}-{number}", **more)


SUPPLEMENT = step("returned", 2, kind="supplement")
REFUSED = step("returned", 3, kind="refused")
WAITED = timedelta(hours=9)


@pytest.mark.parametrize(
    ("told", "place", "age", "why"),
    [
        ((step("accepted", 1), step("registered", 2)), 0, WAITED, "overtaken"),
        ((step("accepted", 1), step("registered", 2)), 0, FRESH - timedelta(seconds=1), None),
        ((step("accepted", 1), step("registered", 2)), 1, timedelta(days=30), None),
        ((step("submitted", 1), REFUSED), 0, WAITED, "overtaken"),
        ((SUPPLEMENT, step("registered", 3)), 0, WAITED, "overtaken"),
        ((SUPPLEMENT, step("resubmitted", 3)), 0, timedelta(days=30), None),
        ((step("accepted", 1), SUPPLEMENT), 0, WAITED, None),
        ((REFUSED,), 0, timedelta(days=30), None),
        ((REFUSED, step("resubmitted", 4, final=True)), 1, timedelta(days=30), None),
        ((step("stopped", 1), step("stopped", 2, final=True)), 0, WAITED, "overtaken"),
        ((step("accepted", 1),), 0, timedelta(days=5), "expired"),
        ((step("accepted", 1),), 0, timedelta(days=5) - timedelta(seconds=1), None),
        ((step("registered", 1), step("personal_id_assigned", 2)), 1, timedelta(days=30), None),
        ((step("registered", 1), step("registration_corrected", 2)), 0, WAITED, None),
    ],
)
def test_given_a_message_that_waited_then_it_is_news_or_not(told, place, age, why):
    assert why_stale(told, told[place].key, age) == why
    assert why_stale(told, "never-was", age) is None


def test_given_any_step_that_expires_then_it_outlives_the_longest_quiet_time():
    longest = at(2026, 2, 20, 7) - at(2026, 2, 16, 21)

    assert all(to_live > longest for to_live in TO_LIVE.values())
    assert not set(TO_LIVE) & {"returned", "registered", "withdrawn", "stopped"}


@pytest.mark.parametrize("why", ["overtaken", "expired"])
def test_given_a_message_that_is_no_news_then_no_other_way_is_taken_and_the_next_step_is_told(why):
    notifier = Notifier(CONTACT, SUBMITTED, ACCEPTED).answers("sms:submitted", "no", why)

    assert notifier.events == [abandoned(SUBMITTED, "submitted", why)]
    assert notifier.kinds("citizen") == ["sms:submitted", "sms:accepted"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["done", "no", "overtaken", "expired", "stuck"]), max_size=8))
def test_given_any_waits_then_no_step_is_asked_after_a_newer_one(answers):
    notifier = Notifier(CONTACT, SUBMITTED, ACCEPTED)
    for outcome in answers:
        out = [kind for kind in notifier.open if not kind.startswith("portal")]
        if not out:
            break
        if outcome == "stuck":
            notifier.loses(out[0], final=True)
        else:
            reason = outcome if outcome in ("overtaken", "expired") else ""
            notifier.answers(out[0], "done" if outcome == "done" else "no", reason)

    steps = [kind.partition(":")[2] for kind in notifier.kinds("citizen")]
    assert steps == sorted(steps, key=["submitted", "accepted"].index)
    assert replace(notifier.state, contact=None).news == notifier.state.news
