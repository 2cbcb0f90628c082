"""What holds when an act outside the house is tried again, and what does not."""

from tests.model.effect_model import ALL_FAULTS, Design, Fault, explore_effect
from tests.model.exploring import Wrong


def test_given_only_lease_and_fence_when_the_call_is_repeated_blindly_then_the_act_doubles():
    found = explore_effect(Design())

    assert found.wrongs == {Wrong.DOUBLE}


def test_given_a_question_before_each_retry_when_an_answer_is_lost_then_the_act_is_done_once():
    blind = explore_effect(Design(), faults=Fault.ANSWER_LOST)
    asking = explore_effect(Design(asks_first=True), faults=Fault.ANSWER_LOST)

    assert blind.wrongs == {Wrong.DOUBLE}
    assert asking.wrongs == set()


def test_given_a_question_before_each_retry_when_the_first_call_arrives_late_then_the_act_doubles():
    found = explore_effect(Design(asks_first=True), faults=Fault.EARLY_LEASE_END)

    assert found.wrongs == {Wrong.DOUBLE}
    assert found.ways_to[Wrong.DOUBLE] == (
        "a worker takes the lease",
        "it calls",
        "EARLY_LEASE_END",
        "a worker takes the lease",
        "it asks and hears no",
        "it calls",
        "the other side gets a request",
        "the other side gets a request",
    )


def test_given_an_idempotency_key_when_everything_fails_then_the_act_is_done_once_and_ends():
    asking = explore_effect(Design(asks_first=True, keyed=True), faults=ALL_FAULTS)
    blind = explore_effect(Design(keyed=True), faults=ALL_FAULTS)

    print(f"keyed, all faults: {asking.states:,} states asking, {blind.states:,} blind")
    assert asking.ways_to == blind.ways_to == {}
    assert {fault.name for fault in Fault} <= asking.step_names & blind.step_names


def test_given_no_key_when_a_retry_outwaits_every_request_and_asks_then_the_act_is_done_once():
    asking = explore_effect(Design(asks_first=True, outwaits=True), faults=ALL_FAULTS)
    blind = explore_effect(Design(outwaits=True), faults=ALL_FAULTS)

    assert asking.wrongs == set()
    assert blind.wrongs == {Wrong.DOUBLE}
