"""Two SMS gateways: who gets a message, and that another one gets it only when that is certain."""

from collections import Counter
from dataclasses import replace
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.decision import Answered
from contracts.events import CitizenNotified
from notifier.domain import RULES
from notifier.failover import Gateways, or_elsewhere
from notifier.gateways import (
    Gateway,
    Sending,
    channel_of,
    first_gateway,
    other_gateway,
    step_key,
)
from notifier.reasons import ELSEWHERE
from plumbing.calls import Answer, Call
from plumbing.valves import Valves
from tests.integration.notifier_kit import an_sms, in_doubt
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

TWO = (Gateway("sms-1", 3), Gateway("sms-2", 1))
SENDING = Sending(CONTEXT.now, CONTEXT.reference, TWO)
NAMES = [one.name for one in TWO]


class Told(Notifier):
    """The rules with two gateways."""

    sending = SENDING

    def hears(self, *messages):
        for message in messages:
            kind = type(message.data) if hasattr(message, "data") else type(message)
            decision = RULES[kind](message, self.state, self.sending)
            self.state = decision.state
            self.effects += decision.effects
            self.events += decision.events
            self.open += [effect.kind for effect in decision.effects]
        return self

    @property
    def out(self) -> str:
        """Return the one message to the citizen that is not answered."""
        (kind,) = [one for one in self.open if not one.startswith("portal")]
        return kind


def another(name: str) -> str:
    return "sms-2" if name == "sms-1" else "sms-1"


def test_given_weights_then_messages_are_shared_by_them_and_each_has_one_gateway():
    ids = [uuid5(UUID(int=0), str(number)) for number in range(4000)]

    chosen = Counter(first_gateway(SENDING, one, "accepted") for one in ids)

    assert 0.72 < chosen["sms-1"] / 4000 < 0.78
    again = Counter(first_gateway(SENDING, one, "accepted") for one in ids)
    assert again == chosen


def test_given_a_gateway_more_then_only_its_share_goes_elsewhere():
    ids = [uuid5(UUID(int=1), str(number)) for number in range(500)]
    three = replace(SENDING, gateways=(*TWO, Gateway("sms-3", 1)))

    for one in ids:
        before, after = (first_gateway(which, one, "accepted") for which in (SENDING, three))
        assert after in (before, "sms-3")


@pytest.mark.parametrize("away", NAMES)
def test_given_a_gateway_is_away_then_new_messages_go_to_the_other_one(away):
    sending = replace(SENDING, away=frozenset({away}))

    for number in range(50):
        assert first_gateway(sending, UUID(int=number), "accepted") == another(away)


def test_given_all_are_away_or_one_takes_nothing_new_then_somebody_is_still_chosen():
    both = replace(SENDING, away=frozenset(NAMES))
    retired = replace(SENDING, gateways=(Gateway("sms-1", 0), Gateway("sms-2", 1)))

    assert {first_gateway(both, UUID(int=n), "x") for n in range(50)} == set(NAMES)
    assert {first_gateway(retired, UUID(int=n), "x") for n in range(50)} == {"sms-2"}
    assert other_gateway(retired, UUID(int=1), "x", "sms-2") == "sms-2"
    assert first_gateway(CONTEXT, UUID(int=1), "x") == "sms"


def test_given_a_message_of_before_when_it_moves_then_not_to_the_gateway_that_had_it():
    ids = [UUID(int=number) for number in range(50)]
    of_that_name = replace(SENDING, gateways=(Gateway("sms-1"), Gateway("sms")))

    assert {other_gateway(SENDING, one, "x", "sms") for one in ids} == {"sms-2"}
    assert {other_gateway(of_that_name, one, "x", "sms") for one in ids} == {"sms-1"}
    assert other_gateway(CONTEXT, ids[0], "x", "sms") == "sms"


def test_given_a_kind_then_its_channel_and_its_step_are_read_from_it():
    assert [channel_of(one) for one in ("email:a", "sms:a", "sms-2:a:moved")] == [
        *("email", "sms", "sms")
    ]
    kinds = ("sms:accepted-2", "sms-2:accepted-2:moved", "email:accepted-2")
    assert {step_key(kind) for kind in kinds} == {"accepted-2"}


def test_given_a_gateway_that_did_not_take_it_then_the_other_is_asked_the_same_once():
    told = Told(CONTACT, SUBMITTED, ACCEPTED)
    first = told.out

    told.answers(first, "no", ELSEWHERE)

    name = first.partition(":")[0]
    assert told.out == f"{another(name)}:submitted:moved"
    requests = [request for _, request in told.lane("citizen")]
    assert requests[0] == requests[1]
    told.answers(told.out)
    assert told.events[0] == notified(SUBMITTED, "submitted")
    assert step_key(told.out) == "accepted"


def test_given_the_other_gateway_refuses_the_message_then_the_mail_is_next():
    told = Told(CONTACT, SUBMITTED)
    told.answers(told.out, "no", ELSEWHERE).answers(told.out, "no", "http_422")

    assert told.out == "email:submitted"


def test_given_doubt_at_the_other_gateway_for_ever_then_the_step_is_given_up():
    told = Told(CONTACT, SUBMITTED)
    told.answers(told.out, "no", ELSEWHERE).loses(told.out, final=True)

    assert told.events == [abandoned(SUBMITTED, "submitted", "in_doubt")]


def test_given_erasure_or_no_phone_any_more_then_it_does_not_go_to_the_other_gateway():
    erased = Told(CONTACT, SUBMITTED).hears(ERASED)
    erased.answers(erased.out, "no", ELSEWHERE)
    without = Told(CONTACT, SUBMITTED).hears(a_contact(2, phone=None))
    without.answers(without.out, "no", ELSEWHERE)

    assert erased.events == [abandoned(SUBMITTED, "submitted", "erased")]
    assert without.out == "email:submitted"


def test_given_a_late_word_of_the_first_gateway_then_it_changes_nothing():
    told = Told(CONTACT, SUBMITTED)
    first = told.out
    told.answers(first, "no", ELSEWHERE).answers(told.out)
    before = told.state

    told.hears(Answered(first, "no", ELSEWHERE, {}), Answered(first, "done", "", {}))

    assert told.state is before


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_given_any_answers_then_a_step_is_asked_of_each_gateway_at_most_once_and_told_once(data):
    told = Told(CONTACT, SUBMITTED, ACCEPTED)
    for _ in range(30):
        told.sending = replace(SENDING, away=frozenset(data.draw(st.sets(st.sampled_from(NAMES)))))
        messages = [one for one in told.open if not one.startswith("portal")]
        assert len(messages) <= 1
        if not messages:
            break
        outcome = data.draw(st.sampled_from(["done", ELSEWHERE, "http_422", "stuck"]))
        moves = outcome == ELSEWHERE and not told.out.endswith(":moved")
        if outcome == "stuck":
            told.loses(told.out, final=True)
        elif moves and told.out.startswith("sms"):
            told.answers(told.out, "no", ELSEWHERE)
        else:
            told.answers(told.out, "done" if outcome == "done" else "no", "http_422")

    kinds = told.kinds("citizen")
    assert len(kinds) == len(set(kinds))
    asked = Counter((one.partition(":")[0], step_key(one)) for one in kinds)
    assert max(asked.values()) == 1
    said = [one.about for one in told.events if isinstance(one, CitizenNotified)]
    assert len(said) == len(set(said))


def valves(*shut: str) -> Valves:
    made = Valves(clock=lambda: 0.0)
    for name in shut:
        for number in range(6):
            if passed := made.begin(name):
                passed.report("again", number)
    return made


def answering(answer: Answer):
    async def caller(call: Call) -> Answer:
        return answer

    return caller


@pytest.mark.parametrize(
    ("answer", "call", "shut", "moves"),
    [
        (Answer("again", "not_connected"), an_sms(), (), True),
        (Answer("again", "http_503"), an_sms(), ("sms-1",), True),
        (Answer("again", "not_connected"), an_sms(), ("sms-2",), False),
        (Answer("again", "not_connected"), in_doubt(an_sms()), (), False),
        (Answer("unknown", "no_answer"), an_sms(), (), False),
        (Answer("again", "database_away", ours=True), an_sms(), (), False),
        (Answer("done"), an_sms(), (), False),
        (Answer("no", "http_422"), an_sms(), (), False),
        (
            Answer("again", "not_connected"),
            replace(an_sms(), kind="sms-1:accepted:moved"),
            (),
            False,
        ),
    ],
)
async def test_only_what_was_certainly_never_taken_goes_elsewhere_while_another_is_there(
    answer, call, shut, moves
):
    gateways = Gateways(valves(*shut), NAMES)

    said = await or_elsewhere(answering(answer), "sms-1", gateways)(call)

    assert said == (Answer("no", ELSEWHERE, away=True) if moves else answer)
    assert said.heard == ("again" if moves else answer.heard)


def test_given_a_refusal_of_one_request_then_its_gateway_counts_as_at_work():
    assert Answer("no", ELSEWHERE, at_work=True).heard == "done"
    assert Answer("no", ELSEWHERE, away=True).heard == "again"
    assert Answer("unknown").heard == "unknown"


def test_given_valves_then_who_is_away_is_read_from_those_of_the_gateways_alone():
    gateways = Gateways(valves("sms-1", "portal"), NAMES)

    assert gateways.away() == {"sms-1"}
    assert (gateways.others_there("sms-1"), gateways.others_there("sms-2")) == (True, False)


def test_given_the_pause_of_a_valve_is_over_then_its_gateway_is_tried_again():
    now = 0.0
    made = Valves(clock=lambda: now)
    for number in range(6):
        if passed := made.begin("sms-1"):
            passed.report("again", number)
    gateways = Gateways(made, NAMES)
    assert gateways.away() == {"sms-1"}

    now = 60.0

    assert gateways.away() == frozenset()
