"""The ways to the citizen: the one they chose, the next one, none, and none after erasure."""

import json
from typing import Any

import pytest

from contracts.decision import Answered, InDoubt, ParticularsArrived
from contracts.events import PortalInformed
from notifier.domain import RULES
from tests.unit.builders import NOW
from tests.unit.notifier_kit import (
    ACCEPTED,
    CONTACT,
    CONTEXT,
    ERASED,
    REGISTERED,
    SUBMITTED,
    Notifier,
    a_contact,
    abandoned,
    notified,
)


@pytest.mark.parametrize(
    ("contact", "way"),
    [
        ({"notify_by": ("email", "sms")}, "email"),
        ({"notify_by": ("sms", "email")}, "sms"),
        ({"notify_by": ()}, "sms"),
        ({"notify_by": (), "phone": None}, "email"),
        ({"notify_by": ("sms",), "phone": None}, "email"),
    ],
)
def test_given_what_the_person_chose_then_the_first_way_they_have_is_taken(contact, way):
    assert Notifier(SUBMITTED, a_contact(**contact)).kinds("citizen") == [f"{way}:submitted"]


def test_given_no_way_at_all_then_the_steps_are_abandoned_and_the_portal_is_told():
    notifier = Notifier(SUBMITTED, ACCEPTED, a_contact(phone=None, email=None)).answers_all()

    assert notifier.kinds("citizen") == []
    assert notifier.kinds("portal") == ["portal:submitted", "portal:accepted"]
    assert abandoned(SUBMITTED, "submitted", "no_contact") in notifier.events
    assert abandoned(ACCEPTED, "accepted", "no_contact") in notifier.events


def test_given_a_refused_way_then_the_next_one_is_taken_before_the_next_step():
    notifier = Notifier(CONTACT, SUBMITTED, ACCEPTED).answers("sms:submitted", "no").answers_all()

    assert notifier.kinds("citizen") == ["sms:submitted", "email:submitted", "sms:accepted"]
    assert notified(SUBMITTED, "submitted", "email") in notifier.events


def test_given_every_way_refused_then_the_person_is_unreachable_for_that_step():
    notifier = Notifier(CONTACT, SUBMITTED, ACCEPTED)
    notifier.answers("sms:submitted", "no").answers("email:submitted", "no").answers_all()

    assert notifier.events[0] == abandoned(SUBMITTED, "submitted", "unreachable")
    assert notifier.kinds("citizen")[-1] == "sms:accepted"


def test_given_one_way_only_and_refused_then_unreachable():
    notifier = Notifier(a_contact(email=None), SUBMITTED).answers("sms:submitted", "no")

    assert notifier.events == [abandoned(SUBMITTED, "submitted", "unreachable")]


def test_given_a_newer_contact_then_the_next_step_goes_there():
    notifier = Notifier(CONTACT, SUBMITTED, ACCEPTED, a_contact(2, phone="+84900000002"))

    notifier.answers_all()

    assert [json.loads(request)["to"] for _, request in notifier.lane("citizen")] == [
        "+84900000001",
        "+84900000002",
    ]


def test_given_a_doubt_that_can_be_asked_about_then_everything_waits():
    notifier = Notifier(CONTACT, SUBMITTED, ACCEPTED)
    before = notifier.state

    notifier.loses("sms:submitted", final=False)

    assert notifier.state is before
    assert notifier.events == []


def test_given_a_doubt_for_ever_then_no_other_way_is_tried_and_the_next_step_is_told():
    notifier = Notifier(a_contact(notify_by=("email", "sms")), SUBMITTED, ACCEPTED)

    notifier.loses("email:submitted", final=True)

    assert notifier.events == [abandoned(SUBMITTED, "submitted", "in_doubt")]
    assert notifier.kinds("citizen") == ["email:submitted", "email:accepted"]


def test_given_a_doubt_resolved_by_a_person_then_it_is_published_that_the_citizen_was_told():
    notifier = Notifier(CONTACT, SUBMITTED).loses("sms:submitted", final=True)

    notifier.hears(Answered("sms:submitted", "done", "", {}))
    notifier.hears(Answered("sms:submitted", "done", "", {}))

    assert notifier.events == [
        abandoned(SUBMITTED, "submitted", "in_doubt"),
        notified(SUBMITTED, "submitted"),
    ]


def test_given_a_message_two_people_gave_up_then_no_other_way_is_tried_and_it_stays_in_doubt():
    notifier = Notifier(CONTACT, SUBMITTED, ACCEPTED).loses("sms:submitted", final=False)

    notifier.answers("sms:submitted", "no", reason="discarded")

    assert notifier.events == [abandoned(SUBMITTED, "submitted", "in_doubt")]
    assert notifier.kinds("citizen") == ["sms:submitted", "sms:accepted"]


@pytest.mark.parametrize("end", ["no", "in doubt"])
def test_given_a_portal_that_will_not_hear_then_the_next_step_is_tried_and_nothing_is_claimed(end):
    notifier = Notifier(SUBMITTED, ACCEPTED)

    if end == "no":
        notifier.answers("portal:submitted", "no")
    else:
        notifier.loses("portal:submitted", final=True)

    assert notifier.open == ["portal:accepted"]
    assert notifier.events == []


@pytest.mark.parametrize("place", range(5))
def test_given_erasure_at_any_point_then_no_contact_is_kept_and_what_is_left_is_abandoned(place):
    messages: list[Any] = [CONTACT, SUBMITTED, ACCEPTED, REGISTERED]
    messages.insert(place, ERASED)
    notifier = Notifier()

    for message in messages:
        notifier.hears(message).answers_all()

    told = max(place - 1, 0)
    steps = [(SUBMITTED, "submitted"), (ACCEPTED, "accepted"), (REGISTERED, "registered")]
    outcomes = [one for one in notifier.events if not isinstance(one, PortalInformed)]
    assert outcomes == [
        notified(about, step) if number < told else abandoned(about, step, "erased")
        for number, (about, step) in enumerate(steps)
    ]
    assert notifier.kinds("portal") == [f"portal:{step}" for _, step in steps]
    assert (notifier.state.contact, notifier.state.erased) == (None, True)


@pytest.mark.parametrize("outcome", ["done", "no"])
def test_given_erasure_while_a_message_is_out_then_its_answer_decides_and_the_rest_ends(outcome):
    notifier = Notifier(CONTACT, SUBMITTED, ACCEPTED).hears(ERASED)
    assert notifier.events == [abandoned(ACCEPTED, "accepted", "erased")]

    notifier.answers("sms:submitted", outcome)

    ends = {
        "done": notified(SUBMITTED, "submitted"),
        "no": abandoned(SUBMITTED, "submitted", "erased"),
    }
    assert notifier.events[1:] == [ends[outcome]]
    assert notifier.kinds("citizen") == ["sms:submitted"]


def test_given_erased_data_when_an_old_version_comes_again_then_it_is_not_kept():
    notifier = Notifier(SUBMITTED, ERASED)

    assert RULES[ParticularsArrived](CONTACT, notifier.state, CONTEXT).state is notifier.state


@pytest.mark.parametrize("kind", ["sms:accepted", "portal:accepted"])
def test_given_an_answer_to_what_was_not_asked_then_nothing_changes(kind):
    notifier = Notifier(SUBMITTED, CONTACT)
    before = notifier.state

    notifier.hears(Answered(kind, "no", "", {}), InDoubt(kind, 1, NOW, final=True))

    assert notifier.state is before
