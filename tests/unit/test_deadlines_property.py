"""Deadlines against a slow and obvious engine, and what must hold of all of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from reference import LimitUnit, deadline
from reference.steps import StepKind
from tests.unit.deadline_kit import CALENDAR, CLOSING, limit, moment, pause, slow_due

DAY = 24 * 60
MOST = {
    LimitUnit.SAME_DAY: 0,
    LimitUnit.WORKING_DAY: 6,
    LimitUnit.DAY: 15,
    LimitUnit.WORKING_HOUR: 40,
    LimitUnit.HOUR: 72,
}
ENDS_AT_CLOSING = (LimitUnit.SAME_DAY, LimitUnit.WORKING_DAY, LimitUnit.DAY)
#: Minutes from 2025-12-20 to 2026-12-20; half of them at an hour where something changes.
BOUNDARIES = (0, 420, 690, 810, 900, CLOSING)
starts = st.builds(
    lambda day, clock: day * DAY + clock,
    st.integers(353, 718),
    st.sampled_from([b + d for b in BOUNDARIES for d in (-1, 0, 1) if b + d >= 0])
    | st.integers(0, DAY - 1),
)
limits = st.sampled_from(sorted(MOST)).flatmap(
    lambda unit: st.tuples(st.integers(min(1, MOST[unit]), MOST[unit]), st.just(unit))
)
gaps = st.lists(st.tuples(st.integers(0, 3 * DAY), st.integers(0, 4 * DAY)), max_size=3)


def spans(start: int, gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found, end = [], start
    for wait, length in gaps:
        found.append((end + wait, end + wait + length))
        end += wait + length
    return found


@settings(max_examples=400, deadline=None)
@given(start=starts, limited=limits, gaps=gaps)
def test_it_says_what_the_slow_engine_says_for_every_unit_with_pauses(
    start: int, limited: tuple[int, LimitUnit], gaps: list[tuple[int, int]]
) -> None:
    value, unit = limited
    pauses = spans(start, gaps)

    fast = deadline(
        moment(start),
        limit(value, unit),
        CALENDAR,
        [pause(moment(a), moment(b)) for a, b in pauses],
    )

    assert fast.due_at == moment(slow_due(start, value, unit, pauses))


@settings(max_examples=400, deadline=None)
@given(start=starts, later=st.integers(0, 3 * DAY), limited=limits)
def test_what_is_received_later_is_not_due_earlier(
    start: int, later: int, limited: tuple[int, LimitUnit]
) -> None:
    first = deadline(moment(start), limit(*limited), CALENDAR)
    second = deadline(moment(start + later), limit(*limited), CALENDAR)

    assert first.due_at <= second.due_at


@settings(max_examples=300, deadline=None)
@given(start=starts, limited=limits, gaps=gaps)
def test_a_longer_limit_is_not_due_earlier(
    start: int, limited: tuple[int, LimitUnit], gaps: list[tuple[int, int]]
) -> None:
    value, unit = limited
    pauses = [pause(moment(a), moment(b)) for a, b in spans(start, gaps)]
    longer = value if unit is LimitUnit.SAME_DAY else value + 1

    first = deadline(moment(start), limit(value, unit), CALENDAR, pauses)
    second = deadline(moment(start), limit(longer, unit), CALENDAR, pauses)

    assert first.due_at <= second.due_at


@settings(max_examples=300, deadline=None)
@given(
    start=starts,
    limited=limits,
    wait=st.integers(0, 5 * DAY),
    length=st.integers(0, 4 * DAY),
    more=st.integers(0, 2 * DAY),
)
def test_a_longer_pause_does_not_make_it_due_earlier(
    start: int, limited: tuple[int, LimitUnit], wait: int, length: int, more: int
) -> None:
    begin = start + wait
    due = [
        deadline(moment(start), limit(*limited), CALENDAR, [pause(moment(begin), moment(end))])
        for end in (begin, begin + length, begin + length + more)
    ]

    assert due[0] == deadline(moment(start), limit(*limited), CALENDAR)
    assert due[0].due_at <= due[1].due_at <= due[2].due_at


@settings(max_examples=300, deadline=None)
@given(
    start=starts,
    limited=limits,
    gaps=gaps,
    wait=st.integers(0, 5 * DAY),
    parts=st.tuples(st.integers(0, 2 * DAY), st.integers(0, 2 * DAY)),
)
def test_a_pause_cut_in_two_changes_nothing(
    start: int,
    limited: tuple[int, LimitUnit],
    gaps: list[tuple[int, int]],
    wait: int,
    parts: tuple[int, int],
) -> None:
    before = spans(start, gaps)
    begin = (before[-1][1] if before else start) + wait
    cut, end = begin + parts[0], begin + sum(parts)
    one, two = (
        deadline(
            moment(start),
            limit(*limited),
            CALENDAR,
            [pause(moment(a), moment(b)) for a, b in [*before, *last]],
        )
        for last in ([(begin, end)], [(begin, cut), (cut, end)])
    )

    assert one.due_at == two.due_at


@settings(max_examples=300, deadline=None)
@given(start=starts, limited=limits, gaps=gaps)
def test_every_deadline_is_after_its_start_and_tells_its_steps_in_order(
    start: int, limited: tuple[int, LimitUnit], gaps: list[tuple[int, int]]
) -> None:
    pauses = [pause(moment(a), moment(b)) for a, b in spans(start, gaps)]

    found = deadline(moment(start), limit(*limited), CALENDAR, pauses)

    assert found.due_at > moment(start)
    assert found.due_on == found.due_at.date()
    assert [found.steps[0].kind, found.steps[-1].kind] == [StepKind.RECEIVED, StepKind.DUE]
    assert all(step.from_at <= step.to_at and step.source for step in found.steps)
    counted = [s for s in found.steps if s.kind in (StepKind.DAY_OFF, StepKind.DAY_WORKED)]
    assert counted == sorted(set(counted), key=lambda step: step.from_at)
    if found.unit in ENDS_AT_CLOSING:
        assert found.due_at == CALENDAR.day(found.due_on).closing
