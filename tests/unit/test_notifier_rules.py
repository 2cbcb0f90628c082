"""The notifier's rules: each step told once, in order, to the citizen and to the portal."""

import itertools
import json

import pytest

from contracts.decision import Answered, InDoubt, ParticularsArrived, ParticularsErased
from contracts.events import EVENTS
from contracts.portal import StatusCallback
from notifier.domain import RULES
from tests.unit import lifecycle_kit as life
from tests.unit.builders import A_CODE, an_event
from tests.unit.notifier_kit import (
    ACCEPTED,
    CONTACT,
    CONTEXT,
    IN_DOUBT,
    REGISTERED,
    ROUTED,
    SENT_BACK,
    SUBMITTED,
    Notifier,
    a_contact,
    a_return,
    informed,
    notified,
)

ALL = (SUBMITTED, ACCEPTED, REGISTERED, CONTACT)
IN_ORDER = Notifier(CONTACT, SUBMITTED, ACCEPTED, REGISTERED).answers_all()


@pytest.mark.parametrize("order", list(itertools.permutations(ALL)))
@pytest.mark.parametrize("answered", ["at once", "at the end"])
def test_given_any_order_of_arrival_then_the_same_calls_in_the_same_order(order, answered):
    notifier = Notifier()

    for message in order:
        notifier.hears(message)
        if answered == "at once":
            notifier.answers_all()
    notifier.answers_all()

    assert notifier.lane("citizen") == IN_ORDER.lane("citizen")
    assert notifier.lane("portal") == IN_ORDER.lane("portal")
    assert sorted(map(repr, notifier.events)) == sorted(map(repr, IN_ORDER.events))


def test_given_every_event_of_the_topics_it_reads_then_there_is_a_rule_for_it():
    others = {ParticularsArrived, ParticularsErased, Answered, InDoubt}

    assert set(RULES) - others == {data for data in EVENTS if data.service != "notifier"}


def test_given_the_whole_way_then_every_step_is_told_once_to_both():
    steps = ["submitted", "accepted", "registered"]

    assert IN_ORDER.kinds("citizen") == [f"sms:{step}" for step in steps]
    assert IN_ORDER.kinds("portal") == [f"portal:{step}" for step in steps]
    assert [repr(event) for event in IN_ORDER.events] == [
        repr(event)
        for event in (
            notified(SUBMITTED, "submitted"),
            informed(SUBMITTED, "submitted", 1),
            notified(ACCEPTED, "accepted"),
            informed(ACCEPTED, "accepted", 2),
            notified(REGISTERED, "registered"),
            informed(REGISTERED, "registered", 9),
        )
    ]


def test_given_a_step_not_yet_answered_then_the_next_one_waits_on_that_side_alone():
    notifier = Notifier(CONTACT, SUBMITTED, ACCEPTED).answers("portal:submitted")

    assert notifier.open == ["sms:submitted", "portal:accepted"]


def test_given_no_contact_yet_then_the_portal_is_told_and_the_citizen_later():
    notifier = Notifier(SUBMITTED, ACCEPTED).answers_all()
    assert notifier.kinds("citizen") == []
    assert notifier.kinds("portal") == ["portal:submitted", "portal:accepted"]

    notifier.hears(CONTACT).answers_all()

    assert notifier.kinds("citizen") == ["sms:submitted", "sms:accepted"]


WITHDRAWAL_REQUESTED = an_event(life.WITHDRAWAL_REQUESTED, 2)


@pytest.mark.parametrize("silent", [ROUTED, IN_DOUBT, SENT_BACK, WITHDRAWAL_REQUESTED])
def test_given_inner_news_then_nothing_is_said(silent):
    assert Notifier(CONTACT, SUBMITTED, silent).kinds("citizen") == ["sms:submitted"]
    assert RULES[type(silent.data)](silent, IN_ORDER.state, CONTEXT).state is IN_ORDER.state


@pytest.mark.parametrize(
    ("kind", "status"), [("supplement", 5), ("refused", 3), ("wrong_authority", 3)]
)
def test_given_a_return_then_the_portal_hears_the_status_of_its_kind(kind, status):
    returned = a_return(kind)

    notifier = Notifier(returned, CONTACT, SUBMITTED).answers_all()

    assert notifier.kinds("citizen") == ["sms:submitted", "sms:returned"]
    assert notifier.events[-1] == informed(returned, "returned", status)


def test_given_a_return_after_the_reception_then_it_is_told_last():
    notifier = Notifier(ACCEPTED, a_return("refused"), SUBMITTED, CONTACT).answers_all()

    assert notifier.kinds("portal") == ["portal:submitted", "portal:accepted", "portal:returned"]
    assert notifier.kinds("citizen") == ["sms:submitted", "sms:accepted", "sms:returned"]


def test_given_a_dossier_then_messages_have_the_turn_of_its_province_and_callbacks_the_portals():
    notifier = Notifier(SUBMITTED, a_contact(notify_by=("email", "sms")), ACCEPTED)
    notifier.answers("email:submitted", "no").answers_all()

    turns = {(one.lane, one.turn) for one in notifier.effects}
    assert turns == {("citizen", SUBMITTED.data.province_code), ("portal", "national-portal")}


def test_given_an_event_heard_again_then_it_is_not_told_again():
    notifier = Notifier(CONTACT, SUBMITTED, ACCEPTED, ACCEPTED).answers_all()
    before = notifier.state

    assert notifier.kinds("citizen") == ["sms:submitted", "sms:accepted"]
    assert notifier.hears(SUBMITTED).state == before


def test_given_a_callback_then_it_carries_the_events_own_time_and_the_portals_reference():
    (_, request), *_ = Notifier(SUBMITTED).lane("portal")

    document = json.loads(request)
    callback = StatusCallback.model_validate_json(document["body"])

    assert document["portal"] == "national-portal"
    assert callback.timestamp == callback.data.occurred_at == SUBMITTED.time
    assert callback.data.event_id == SUBMITTED.id
    assert callback.data.portal_reference == "DVCQG-1"
    assert callback.data.dossier_code == A_CODE


def test_given_an_sms_then_its_request_is_what_the_gateway_is_sent():
    ((_, request),) = Notifier(SUBMITTED, CONTACT).lane("citizen")

    message = json.loads(request)

    assert message.pop("text").startswith(f"Hồ sơ {A_CODE} ")
    assert message == {"to": "+84900000001", "reference": f"{A_CODE}:submitted:sms"}
