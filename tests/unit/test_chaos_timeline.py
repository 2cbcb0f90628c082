"""What a campaign decides beforehand: its faults, its load, its forgeries; when one is over."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random

import pytest

from contracts.topics import LIFECYCLE, PARTICULARS, SUBMISSIONS
from tests.chaos.campaign.course import Fault, Happened
from tests.chaos.campaign.forging import forgeries
from tests.chaos.campaign.kinds import hit_by, kinds
from tests.chaos.campaign.monitor import recovered
from tests.chaos.campaign.orders import orders
from tests.chaos.campaign.timeline import LONG_PAUSE_SECONDS, WARM_UP_SECONDS, lines, timeline
from tests.chaos.campaign.waiting import LONGEST_SECONDS, Patience

SEEDS = range(20)


def test_the_same_seed_gives_the_same_faults_and_another_seed_gives_others():
    assert timeline(7, 5, 1) == timeline(7, 5, 1)
    assert timeline(7, 5, 1) != timeline(8, 5, 1)


@pytest.mark.parametrize("brokers", [1, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_full_campaign_has_a_hundred_faults_and_every_kind(seed: int, brokers: int):
    faults = timeline(seed, 5, brokers)

    assert len(faults) >= 100
    assert {fault.kind for fault in faults} == {kind.name for kind in kinds(brokers)}
    assert len({fault.kind for fault in faults}) >= 16


@pytest.mark.parametrize("seed", SEEDS)
def test_two_minutes_have_at_least_twelve_kinds_and_one_minute_still_runs(seed: int):
    assert len({fault.kind for fault in timeline(seed, 2, 1)}) >= 12
    assert len(timeline(seed, 1, 1)) == 22


@pytest.mark.parametrize("minutes", [1, 2, 5, 10])
@pytest.mark.parametrize("seed", SEEDS)
def test_faults_end_within_the_load_and_never_share_a_target(seed: int, minutes: int):
    faults = timeline(seed, minutes, 1)

    assert all(fault.at >= WARM_UP_SECONDS for fault in faults)
    assert all(fault.at + fault.seconds <= minutes * 60 + 0.1 for fault in faults)
    assert [fault.number for fault in faults] == list(range(1, len(faults) + 1))
    for first, second in combinations(faults, 2):
        if hit_by(first.kind, first.target) & hit_by(second.kind, second.target):
            assert first.at + first.seconds < second.at


def test_a_full_campaign_pauses_one_process_for_longer_than_lease_and_session():
    for seed in SEEDS:
        lasting = [fault.seconds for fault in timeline(seed, 5, 1) if fault.kind == "pause_service"]
        assert LONG_PAUSE_SECONDS in lasting


def test_most_faults_kill_a_process():
    counts = Counter(fault.kind for seed in SEEDS for fault in timeline(seed, 5, 1))

    killed = counts["kill_service"] + counts["kill_at_point"]
    assert killed / len(SEEDS) > 30


def test_with_three_brokers_leaders_are_killed_and_with_one_they_are_not():
    assert any(fault.kind == "kill_leader" for fault in timeline(1, 5, 3))
    assert not any(fault.kind == "kill_leader" for fault in timeline(1, 5, 1))


def test_the_printed_timeline_has_a_line_for_each_fault_and_counts_the_kinds():
    faults = timeline(3, 2, 1)

    printed = list(lines(faults))

    assert len(printed) == len(faults) + 1
    kinds_here = len({fault.kind for fault in faults})
    assert printed[-1] == f"{len(faults)} faults of {kinds_here} kinds"


def test_what_portals_send_is_the_seeds_and_references_are_new_in_every_campaign():
    now = datetime(2026, 11, 28, 3, tzinfo=UTC)

    first, again = orders(5, 60, 12, now, "aa"), orders(5, 60, 12, now, "bb")

    assert len({order.reference for order in first}) == len(first) == 720
    assert not {order.reference for order in first} & {order.reference for order in again}
    assert [(one.at, one.sample.id, one.repeat) for one in first] == [
        (one.at, one.sample.id, one.repeat) for one in again
    ]
    assert {order.sample.road for order in first} == {"http", "bus"}
    assert {"again", "at_once"} <= {order.repeat for order in first}
    assert any(order.papers for order in first)
    assert any(order.sample.then for order in first)


def test_nobody_without_a_personal_number_dies_twice_in_a_campaign():
    made = orders(5, 60, 12, datetime(2026, 11, 28, 3, tzinfo=UTC), "aa")

    nameless = [
        (dead["full_name"], dead["born_on"])
        for order in made
        if (dead := order.sample.submission["form"].get("deceased"))
        if "personal_number" not in dead
    ]
    assert len(nameless) == len(set(nameless)) > 10


@pytest.mark.parametrize("topic", [LIFECYCLE["routing"].name, PARTICULARS.name, SUBMISSIONS.name])
def test_every_forged_record_differs_from_the_true_one_it_is_made_from(topic: str):
    key = b"2b1c0a52-8f0e-4b7e-9a51-6d0a4b1f2c33"
    value = b'{"dossierid":"2b1c0a52-8f0e-4b7e-9a51-6d0a4b1f2c33","sequence":2,"type":"x"}'

    made = forgeries(topic, key, value, (), Random(1))

    sorts = {one.sort for one in made}
    assert len(sorts) == len(made) >= 6
    assert all((one.key, one.value) != (key, value) for one in made)
    assert ("null_value" in sorts) == (topic != PARTICULARS.name)


def test_a_fault_has_recovered_at_the_first_quiet_look_after_its_end():
    begin = datetime(2026, 11, 28, tzinfo=UTC)
    moments = [begin + timedelta(seconds=second) for second in range(6)]
    looks = [(moments[0], {}), (moments[3], {"routing: records": 2}), (moments[5], {})]
    fault = Happened(Fault(1, "cut", "sms", 0, 2), moments[1], moments[2])

    (found,) = recovered([fault], looks)
    (never,) = recovered([replace(fault, ended_at=moments[5])], looks)

    assert found.recovered_at == moments[5]
    assert never.recovered_at is None


def test_a_drain_is_waited_for_while_less_is_left_and_not_for_ever():
    now = 0.0
    patience = Patience(10, lambda: now)
    assert patience.lasts(5)

    now = 9
    assert patience.lasts(4)
    now = 18
    assert patience.lasts(4)
    now = 20
    assert not patience.lasts(4)
    now = LONGEST_SECONDS
    assert not patience.lasts(0)
