"""Where a dossier stands for the portals: every event decided, every step legal."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference
from contracts.events import EVENTS, Accepted, EventData, HandedOver, Registered
from contracts.lifecycle import UndecidedEvent, passed, statuses, target_status
from reference import Clock, Table
from tests.unit.lifecycle_kit import (
    ANY_EVENT,
    CLOSED,
    FORWARDED,
    HANDED_OVER,
    ONE_OF_EACH,
    RESUMED,
    STOPPED,
    SUBMITTED,
    WITHDRAWN,
    accepted,
    legal_lives,
    registered,
    resubmitted,
    returned,
)

KNOWN = reference.load()
ROWS = {row.code: row for row in KNOWN.statuses}
REFUSED, ELSEWHERE = returned("refused"), returned("wrong_authority")


def last(reached: tuple[int, ...], otherwise: int | None) -> int | None:
    return reached[-1] if reached else otherwise


#: A dossier back on the desk with its supplement: of the same type as the first routing.
TAKEN = resubmitted()


def test_given_each_event_type_there_is_then_what_it_means_to_a_portal_is_decided():
    targets = {type(data).name: target_status(data) for data in ONE_OF_EACH if data != TAKEN}

    assert {type(data) for data in ONE_OF_EACH} == set(EVENTS)
    assert target_status(TAKEN) == 1
    assert targets == {
        "submitted": 1,
        "routed": None,
        "forwarded": None,
        "accepted": 2,
        "returned": 5,
        "resubmitted": None,
        "withdrawal_requested": None,
        "withdrawn": 7,
        "stopped": 8,
        "resumed": 4,
        "rescheduled": None,
        "registered": 9,
        "register_returned": None,
        "registration_in_doubt": None,
        "personal_id_assigned": None,
        "registration_corrected": None,
        "handed_over": 10,
        "citizen_notified": None,
        "notification_abandoned": None,
        "portal_informed": None,
    }
    assert [target_status(data) for data in (REFUSED, ELSEWHERE, CLOSED)] == [3, 3, 8]


def test_given_an_event_type_nobody_decided_then_that_is_said():
    class Lost(EventData):
        name = "lost"
        service = "routing"

    with pytest.raises(UndecidedEvent):
        target_status(Lost())


@pytest.mark.parametrize(
    ("current", "data", "way"),
    [
        (None, SUBMITTED, (1,)),
        (None, accepted(), (1, 2)),
        (None, resubmitted(), ()),
        (1, SUBMITTED, ()),
        (1, accepted(), (2,)),
        (1, returned(), (5,)),
        (1, REFUSED, (3,)),
        (1, WITHDRAWN, (7,)),
        (1, STOPPED, (8,)),
        (1, registered(), (2, 4, 9)),
        (1, FORWARDED, ()),
        (2, returned(), (5,)),
        (2, REFUSED, (4, 3)),
        (2, STOPPED, (8,)),
        (2, resubmitted(), ()),
        (2, registered(), (4, 9)),
        (4, resubmitted(), ()),
        (4, accepted(), ()),
        (4, registered(), (9,)),
        (4, HANDED_OVER, (9, 10)),
        (5, resubmitted(), (1,)),
        (5, accepted(2), (2,)),
        (5, WITHDRAWN, (7,)),
        (5, CLOSED, (8,)),
        (5, registered(), (4, 9)),
        (8, RESUMED, (4,)),
        (8, registered(), (4, 9)),
        (8, WITHDRAWN, (1, 7)),
        (8, REFUSED, (1, 3)),
        (8, CLOSED, ()),
        (8, resubmitted(), (1,)),
        (9, HANDED_OVER, (10,)),
        (9, STOPPED, ()),
        (9, registered(), ()),
        (3, registered(), ()),
        (7, accepted(), ()),
        (10, registered(), ()),
    ],
)
def test_given_a_status_and_an_event_then_the_shortest_legal_way_is_passed(current, data, way):
    assert passed(current, data, KNOWN) == way


def test_given_a_supplement_and_a_second_round_then_the_statuses_come_twice():
    life = [SUBMITTED, accepted(), returned(), resubmitted(), accepted(2), registered(2)]

    assert statuses([*life, HANDED_OVER], KNOWN) == (1, 2, 5, 1, 2, 4, 9, 10)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(ANY_EVENT), max_size=12))
def test_given_any_events_in_any_order_then_every_step_is_legal_and_an_end_is_an_end(events):
    reached = statuses(events, KNOWN)

    assert reached[:1] in ((), (1,))
    for before, after in pairwise(reached):
        assert after in ROWS[before].next
        assert not ROWS[before].terminal


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(ANY_EVENT), max_size=8), st.sampled_from(ANY_EVENT))
def test_given_any_status_then_no_paused_one_is_passed_on_the_way(events, data):
    current = last(statuses(events, KNOWN), None)

    for on_the_way in passed(current, data, KNOWN)[:-1]:
        assert ROWS[on_the_way].clock is not Clock.PAUSED


@settings(max_examples=400, deadline=None)
@given(legal_lives())
def test_given_a_life_the_one_stop_allows_then_every_events_status_is_reached(life):
    current = None

    for data in life:
        target, before = target_status(data), current
        current = last(passed(before, data, KNOWN), before)
        after_a_stop_at_reception = isinstance(data, Accepted) and before == 4
        after_an_end = isinstance(data, Registered | HandedOver) and before in (3, 7)
        if target is None or after_a_stop_at_reception or after_an_end:
            assert current == before
        else:
            assert current == target


def test_given_a_stop_at_reception_when_accepted_afterwards_then_it_stays_in_process():
    life = [SUBMITTED, STOPPED, RESUMED, accepted(), registered()]

    assert statuses(life, KNOWN) == (1, 8, 4, 9)


def test_given_other_transitions_then_other_ways_are_found():
    rows = {str(row.code): ((line, row),) for line, row in KNOWN.statuses.numbered()}
    ((line, in_process),) = rows["4"]
    narrower = rows | {"4": ((line, in_process.model_copy(update={"next": (3, 8)})),)}
    other = replace(KNOWN, statuses=Table("statuses.csv", narrower))

    assert passed(2, registered(), KNOWN) == (4, 9)
    assert passed(2, registered(), other) == ()
