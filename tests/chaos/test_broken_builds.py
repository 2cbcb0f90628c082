"""The campaign finds what it is there for: three builds that are wrong on purpose turn it red."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack.stack import Stack
from tests.chaos.campaign import run
from tests.chaos.campaign.course import Fault
from tests.chaos.campaign.judging import judged
from tests.chaos.campaign.verdict import Judgement

ROOT = Path(__file__).parents[2]
NAME = "test-broken"
SEED = 11
MINUTES = 0.2
RATE = 10.0

KILLED_BEFORE_COMMIT = [
    ("kill_at_point", target, at, 6.0, {"point": "before_db_commit"})
    for target, at in (("routing", 3), ("registry-sync", 4), ("notifier", 5), ("routing-1", 6))
]
SENT_AGAIN = [
    ("duplicate_records", topic, at, 0.0, {"records": 40})
    for topic, at in (("dossier.intake.v1", 8), ("dossier.routing.v1", 9))
]
ANSWERS_LOST = [
    ("gateway_lost_answers", gateway, 2, 8.0, {"share": 0.4}) for gateway in ("sms", "callbacks")
]
ALL = (*KILLED_BEFORE_COMMIT, *SENT_AGAIN, *ANSWERS_LOST)


@pytest.fixture
def build(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    folder = run.folder_of(ROOT, NAME)
    for name, value in run.environment(folder, 1, request.param).items():
        monkeypatch.setenv(name, value)
    with Stack(ROOT, name=NAME, fresh=True) as started:
        yield started


async def campaign(stack: Stack, faults, drain_seconds: float) -> Judgement:
    timeline = tuple(Fault(number, *fault) for number, fault in enumerate(faults, start=1))
    settings = run.Settings(SEED, MINUTES, 1, RATE, timeline, drain_seconds)
    judgement = await judged(stack, settings, print)
    print(os.environ["BROKEN_BUILD"], [one for one in judgement.verdicts if not one.holds])
    return judgement


@pytest.mark.timeout(240)
@pytest.mark.parametrize("build", [""], indirect=True)
async def test_the_true_build_stands_all_of_it(build: Stack):
    judgement = await campaign(build, ALL, drain_seconds=90)

    assert judgement.broken == ()
    assert all(not one.note for one in judgement.course.faults)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("build", "faults", "invariant"),
    [
        # What was in the batch is never applied.
        ("ack_first", KILLED_BEFORE_COMMIT, "I7"),
        # What was done once is done again.
        ("no_sequence_check", SENT_AGAIN, "I12"),
        # Citizens and portals hear of a step twice.
        ("no_idempotency_key", ANSWERS_LOST, "I3"),
    ],
    indirect=["build"],
)
async def test_a_build_without_one_clause_turns_the_campaign_red(
    build: Stack, faults, invariant: str
):
    judgement = await campaign(build, faults, drain_seconds=25)

    assert invariant in judgement.broken
