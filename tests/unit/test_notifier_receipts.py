"""Receipts, caps and the trial: the rules of what a message may cost and of what came of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import CitizenNotified
from notifier.correspondence import Contact, Correspondence, News
from notifier.messages import template_of
from notifier.reasons import OVER_CAP, TRIAL
from notifier.receipts import SAID, Undelivered, following, on_undelivered
from notifier.requests import MailRequest, SmsRequest
from notifier.spending import Budget, holds_up_urgent, is_urgent, other_way
from notifier.trial import digest, only_those
from plumbing.calls import Answer, Call
from tests.integration.notifier_kit import EMAIL, PHONE, a_mail, an_sms, begun, in_doubt
from tests.unit.builders import A_DOSSIER, NOW
from tests.unit.notifier_kit import (
    ACCEPTED,
    CONTACT,
    CONTEXT,
    ERASED,
    SUBMITTED,
    Notifier,
    a_contact,
    abandoned,
    notified,
)


def undelivered(notifier: Notifier, kind: str = "sms:submitted") -> Notifier:
    decision = on_undelivered(Undelivered(kind), notifier.state, CONTEXT)
    notifier.state = decision.state
    notifier.effects += decision.effects
    notifier.events += decision.events
    notifier.open += [effect.kind for effect in decision.effects]
    return notifier


def test_given_an_sms_the_network_gave_up_then_the_step_is_told_once_by_mail_and_that_is_said():
    notifier = undelivered(Notifier(CONTACT, SUBMITTED).answers_all())
    assert notifier.open == ["email:submitted"]
    again = undelivered(notifier)
    assert again.open == ["email:submitted"]

    notifier.answers("email:submitted")

    about = SUBMITTED.id
    last = CitizenNotified(
        step="submitted",
        channel="email",
        about=about,
        template=template_of("vi"),
        instead_of="sms",
    )
    told = [one for one in notifier.events if isinstance(one, CitizenNotified)]
    assert told == [notified(SUBMITTED, "submitted"), last]
    assert undelivered(notifier).open == []


def test_given_a_later_step_was_told_or_is_being_told_then_the_older_one_is_not_told_after_it():
    for answered in (True, False):
        notifier = Notifier(CONTACT, SUBMITTED).answers_all().hears(ACCEPTED)
        if answered:
            notifier.answers_all()
        before = notifier.state
        assert undelivered(notifier).state is before


def test_given_the_mail_is_out_then_the_next_step_waits_for_its_answer():
    notifier = undelivered(Notifier(CONTACT, SUBMITTED).answers_all()).hears(ACCEPTED)
    assert [kind for kind in notifier.open if "portal" not in kind] == ["email:submitted"]

    notifier.answers_all()

    assert notifier.kinds("citizen") == ["sms:submitted", "email:submitted", "sms:accepted"]


def test_given_no_mail_address_erasure_or_an_unknown_step_then_nothing_follows():
    without = Notifier(a_contact(email=None), SUBMITTED).answers_all()
    erased = Notifier(CONTACT, SUBMITTED).answers_all().hears(ERASED)
    told = Notifier(CONTACT, SUBMITTED).answers_all()

    assert undelivered(without).open == undelivered(erased).open == []
    assert undelivered(told, "sms:never").open == []
    mailed = Notifier(a_contact(notify_by=("email", "sms")), SUBMITTED).answers_all()
    assert undelivered(mailed).open == []


def test_given_a_mail_that_is_refused_after_it_then_that_nobody_was_reached_is_said():
    notifier = undelivered(Notifier(CONTACT, SUBMITTED).answers_all())
    notifier.answers("email:submitted", "no")

    assert notifier.events[-1] == abandoned(SUBMITTED, "submitted", "unreachable")


@given(st.lists(st.sampled_from(["taken", "sent", "", "odd", *SAID]), max_size=8))
def test_given_any_words_of_a_gateway_then_a_message_never_goes_back(words):
    now, seen = "taken", ["taken"]
    for word in words:
        now = following(now, word)
        seen.append(now)

    ends = [one for one in seen if one != "taken"]
    assert len(set(ends)) <= 1
    assert seen == sorted(seen, key=lambda one: one != "taken")


@pytest.mark.parametrize(
    ("budget", "spent", "allowed"),
    [
        (Budget(500, 1000, None), (500, 10**9), True),
        (Budget(500, 1000, None), (501, 0), False),
        (Budget(500, None, 1000), (10**9, 500), True),
        (Budget(500, None, 1000), (0, 501), False),
        (Budget(500, 0, None), (0, 0), False),
    ],
)
def test_given_caps_then_they_may_be_reached_and_not_passed(budget, spent, allowed):
    assert budget.allows(500, *spent) is allowed


def test_given_no_price_or_no_cap_then_nothing_is_counted():
    assert not Budget(0, 1, 1).is_capped
    assert not Budget(500).is_capped
    assert Budget(500, province=1).is_capped


def a_step(step: str, **more) -> News:
    return News(step, A_DOSSIER, NOW, **more)


def test_given_a_supplement_or_a_refusal_then_it_is_urgent_and_nothing_else_is():
    assert is_urgent(a_step("returned", kind="supplement"))
    assert is_urgent(a_step("returned", kind="refused"))
    assert not is_urgent(a_step("returned", kind="wrong_authority"))
    assert not any(is_urgent(a_step(one)) for one in ("submitted", "accepted", "registered"))


def test_given_an_urgent_step_behind_then_what_stands_before_it_goes_out_too():
    first, urgent = a_step("accepted", key="accepted"), a_step("returned", kind="supplement")
    later = a_step("accepted", key="accepted-2")
    state = Correspondence(A_DOSSIER, news=(first, urgent, later))

    assert [holds_up_urgent(state, one) for one in state.news] == [True, True, False]
    told = Correspondence(A_DOSSIER, news=(first, replace(urgent, citizen="told"), later))
    assert not holds_up_urgent(told, first)


def test_given_a_mail_address_that_was_not_tried_then_there_is_another_way():
    def of(email: str | None, *tried: str) -> bool:
        contact = Contact("Nguyễn Thị Thử", PHONE, email, ())
        return other_way(
            Correspondence(A_DOSSIER, contact=contact), a_step("accepted", tried=tried)
        )

    assert of(EMAIL, "sms")
    assert not of(EMAIL, "sms", "email")
    assert not of(None)


def test_given_too_dear_an_sms_then_the_mail_is_next():
    notifier = Notifier(CONTACT, SUBMITTED).answers("sms:submitted", "no", OVER_CAP)

    assert "email:submitted" in notifier.open


class Sent:
    """Counts what is sent."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, call: Call) -> Answer:
        self.count += 1
        return Answer("done")


@pytest.mark.parametrize(
    ("call", "allowed", "outcome"),
    [
        (an_sms(), None, "done"),
        (an_sms(), frozenset(), "no"),
        (an_sms(), frozenset({digest(PHONE)}), "done"),
        (an_sms(), frozenset({digest(EMAIL)}), "no"),
        (a_mail(), frozenset({digest(EMAIL.upper())}), "done"),
        (a_mail(), frozenset({digest(PHONE)}), "no"),
        (in_doubt(an_sms()), frozenset(), "done"),
        (begun(a_mail()), frozenset(), "done"),
    ],
)
async def test_given_a_trial_then_nobody_else_is_written_to_and_a_doubt_is_still_found_out(
    call, allowed, outcome
):
    sent = Sent()

    answer = await only_those(allowed, sent)(call)

    assert answer.outcome == outcome
    assert sent.count == (outcome == "done")
    if outcome == "no":
        assert answer == Answer("no", TRIAL, ours=True)


def test_given_a_person_outside_the_trial_then_that_is_why_they_are_not_told():
    notifier = Notifier(CONTACT, SUBMITTED).answers("sms:submitted", "no", TRIAL)
    notifier.answers("email:submitted", "no", TRIAL)

    assert notifier.events == [abandoned(SUBMITTED, "submitted", "trial")]


def test_given_one_address_in_the_trial_then_the_other_way_is_taken():
    notifier = Notifier(CONTACT, SUBMITTED).answers("sms:submitted", "no", TRIAL)
    notifier.answers("email:submitted")

    assert notifier.events == [notified(SUBMITTED, "submitted", "email")]


def test_given_a_request_of_before_then_it_is_read_as_ever():
    assert SmsRequest.model_validate_json(an_sms().request).to == PHONE
    assert MailRequest.model_validate_json(a_mail().request).to == EMAIL
