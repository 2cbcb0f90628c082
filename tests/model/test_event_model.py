"""What holds, and what does not, on the road from an outbox to the next service's database.

Each run visits every state of the model. The project's own design must be free of wrong under every
fault; each design beside it lacks one clause and must be caught, or the model would prove nothing.
"""

from itertools import combinations

import pytest

from tests.model.event_model import SIX_FAULTS, Accepts, Design, Fault, explore_road
from tests.model.exploring import Exploration, Wrong

OURS = Design(guard=True, watchdog=True)
SEQUENCE_ALONE = Design()
ALL_FAULTS = sum(Fault)


@pytest.mark.timeout(600)
def test_given_every_fault_when_two_events_travel_then_each_is_applied_once_and_in_order():
    found = explore_road(OURS, events=2, faults=ALL_FAULTS)

    report("ours, 2 events, all seven faults", found)
    assert found.ways_to == {}
    assert found.states > 150_000
    assert {fault.name for fault in Fault} | {"watchdog seeks back"} <= found.step_names


def test_given_two_faults_of_any_kind_when_three_events_travel_then_nothing_goes_wrong():
    found = {
        faults: explore_road(OURS, events=3, faults=sum(faults))
        for faults in combinations(Fault, 2)
    }

    report("ours, 3 events, every pair of faults", *found.values())
    assert {faults: run.ways_to for faults, run in found.items() if run.wrongs} == {}


@pytest.mark.timeout(600)
def test_given_no_offset_guard_when_nothing_is_skipped_then_the_sequence_alone_is_enough():
    found = explore_road(SEQUENCE_ALONE, events=2, faults=SIX_FAULTS)

    report("sequence alone, 2 events, all but skipping", found)
    assert found.ways_to == {}
    assert found.states > 150_000


def test_given_two_skip_locked_relays_when_the_consumer_parks_then_nothing_goes_wrong():
    found = explore_road(Design(skip_locked_relays=True), events=2, faults=SIX_FAULTS)

    report("SKIP LOCKED relays, parking consumer", found)
    assert found.ways_to == {}


def test_given_two_skip_locked_relays_and_newest_wins_when_nothing_fails_then_an_event_is_lost():
    found = explore_road(Design(Accepts.NEWEST, skip_locked_relays=True), events=2)

    assert found.wrongs == {Wrong.DISORDER, Wrong.LOST}
    assert found.ways_to[Wrong.DISORDER] == (
        "commit",
        "commit",
        "relay sends",
        "other_relay sends",
        "other_relay's head lands",
        "owner polls",
        "owner's transaction",
    )


@pytest.mark.parametrize(
    ("design", "fault", "wrongs"),
    [
        (Design(Accepts.NEWEST), Fault.DROPPED, {Wrong.DISORDER, Wrong.LOST}),
        (Design(Accepts.UNSEEN), Fault.DROPPED, {Wrong.DISORDER}),
        (Design(Accepts.ALL), Fault.ACK_LOST, {Wrong.DOUBLE}),
        (Design(Accepts.ALL), Fault.TAKEOVER, {Wrong.DOUBLE}),
        (Design(Accepts.ALL), Fault.RELAY_CRASH, {Wrong.DOUBLE}),
        (Design(Accepts.ALL), Fault.REBALANCE, {Wrong.DOUBLE}),
        (Design(Accepts.ALL), Fault.CONSUMER_CRASH, {Wrong.DOUBLE}),
        (Design(Accepts.ALL), Fault.DROPPED, {Wrong.DOUBLE, Wrong.DISORDER}),
        (Design(deletes_failed=True), Fault.DROPPED, {Wrong.LOST, Wrong.STUCK}),
        (Design(ack_first=True), Fault.CONSUMER_CRASH, {Wrong.LOST, Wrong.STUCK}),
        (Design(), Fault.SKIP, {Wrong.LOST, Wrong.STUCK}),
        (Design(guard=True), Fault.SKIP, {Wrong.LOST}),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_given_a_design_without_a_clause_when_its_fault_happens_then_it_goes_wrong(
    design: Design, fault: Fault, wrongs: set[Wrong]
):
    without_the_fault = explore_road(design, events=2)
    found = explore_road(design, events=2, faults=fault)

    assert without_the_fault.wrongs == set()
    assert found.wrongs == wrongs


def test_given_the_offset_guard_when_every_record_is_applied_then_only_repeated_sends_double():
    unguarded = {fault for fault in Fault if doubles(Design(Accepts.ALL), fault)}
    guarded = {fault for fault in Fault if doubles(Design(Accepts.ALL, guard=True), fault)}

    assert unguarded == set(Fault) - {Fault.SKIP}
    assert unguarded - guarded == {Fault.REBALANCE, Fault.CONSUMER_CRASH}


def test_given_the_offset_guard_when_the_offset_is_committed_first_then_nothing_is_lost():
    faults = Fault.REBALANCE | Fault.CONSUMER_CRASH | Fault.DROPPED

    found = explore_road(Design(ack_first=True, guard=True), events=2, faults=faults)

    assert found.ways_to == {}


def test_given_the_offset_guard_when_the_last_record_is_skipped_then_it_waits_for_the_next_one():
    found = explore_road(Design(guard=True), events=2, faults=Fault.SKIP)

    assert found.wrongs == {Wrong.LOST}
    assert found.ways_to[Wrong.LOST][-1] == "SKIP"


def doubles(design: Design, fault: Fault) -> bool:
    return Wrong.DOUBLE in explore_road(design, events=2, faults=fault).wrongs


def report(what: str, *found: Exploration) -> None:
    print(f"{what}: {sum(run.states for run in found):,} states")
