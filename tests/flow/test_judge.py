"""The judge of fault campaigns on real runs: a quiet one is right, what is forged is found."""

import asyncio
import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from contracts.topics import LIFECYCLE, PARTICULARS, SUBMISSIONS
from local_stack.stack import Stack
from local_stack.status import Status
from sandbox.samples import Sample, load, load_rejected
from tests.chaos.campaign.course import Course, Place, Sent
from tests.chaos.campaign.evidence import committed, gather
from tests.chaos.campaign.personal import personal_values
from tests.chaos.campaign.verdict import judge
from tests.chaos.campaign.waiting import Waiting
from tests.flow.kit import all_consumed, following, producing, until
from tests.flow.test_bad_input import lifecycle_poison

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def quiet() -> Iterator[Stack]:
    """A stack nobody else has written into."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OFFICER_UNITS", raising=False)
        with Stack(ROOT, name="test-judge", fresh=True) as started:
            yield started


@pytest.fixture(scope="module")
async def course(quiet: Stack) -> Course:
    """All samples, the unlawful ones too, on their way and at their end, without any fault."""
    status = quiet.status()
    began_at = datetime.now(UTC)
    samples = [*load(), *load_rejected()]
    async with following(status, samples) as journey:
        await journey.send()
        await journey.arrive()
        sent = tuple(
            Sent(
                portal=track.sample.portal,
                reference=str(track.sample.submission["portal_reference"]),
                road=track.sample.road,
                expect=track.sample.expect,
                sent_at=track.sent_at,
                outcome="refused" if track.state == "refused" else "ok",
                code=track.code or None,
                dossier_id=str(track.dossier_id) if track.dossier_id else None,
            )
            for track in journey.tracks
        )
    await _quiet(status)
    now = datetime.now(UTC)
    return Course(
        seed=1,
        minutes=0.0,
        brokers=1,
        began_at=began_at,
        load_ended_at=now,
        healed_at=now,
        drained_at=now,
        faults=(),
        sent=sent,
        forged=(),
        again=(),
        personal=tuple({value for sample in samples for value in _personal(sample)}),
    )


def _personal(sample: Sample) -> frozenset[str]:
    return personal_values([sample.submission, *(one.body for one in sample.then)])


async def _quiet(status: Status) -> None:
    """Wait for everything, the personal numbers too that the register gives half a minute later."""
    async with Waiting(status) as waiting:

        async def nothing_is_left() -> bool:
            # What moves on between two places of one look is seen by the second.
            return not await waiting.left() and not await waiting.left()

        await until(nothing_is_left, "everything is sent, settled and answered")
    await until(lambda: _is_told(status), "Kafka is told of everything settled")


async def _is_told(status: Status) -> bool:
    """Return whether Kafka knows of every partition what the databases know: it is told beside."""
    told = await committed(status, list(status.databases))
    for service, url in status.databases.items():
        connection = await asyncpg.connect(url)
        try:
            rows = await connection.fetch("SELECT topic, part, next_offset FROM consumer_offset")
        finally:
            await connection.close()
        if any(told[service].get((row[0], row[1]), 0) < row[2] for row in rows):
            return False
    return True


async def test_a_quiet_run_of_every_sample_breaks_no_invariant(quiet: Stack, course: Course):
    evidence = await gather(quiet.status(), course, ROOT)
    judgement = judge(evidence, course)

    breaches = {one.name: one.breaches for one in judgement.verdicts if not one.holds}
    assert breaches == {}, breaches
    assert judgement.figures["dossiers"]["taken"] == len(load())
    told = [one for one in evidence.journal if one.get("step") == "personal_id_assigned"]
    assert {one["kind"] for one in told} == {"portal.callback", "national.progress"}
    replays = next(one for one in judgement.verdicts if one.name.startswith("I15"))
    assert "0 left out" in replays.actual


async def test_forged_records_are_right_when_the_course_knows_them_and_wrong_when_not(
    quiet: Stack, course: Course
):
    status = quiet.status()
    places = []
    async with producing(status) as producer:
        for _, key, value, headers in lifecycle_poison():
            for topic in (LIFECYCLE["intake"].name, LIFECYCLE["registry-sync"].name):
                sent = await producer.send_and_wait(topic, value, key=key, headers=headers)
                places.append(Place(topic, sent.partition, sent.offset))
        for topic in (SUBMISSIONS.name, PARTICULARS.name):
            sent = await producer.send_and_wait(topic, b"\xff{", key=b"R-1")
            places.append(Place(topic, sent.partition, sent.offset))
    await until(lambda: all_consumed(status), "the forged records are settled")
    await until(lambda: _is_told(status), "Kafka is told of the forged records")
    knows = dataclasses.replace(course, forged=tuple(places))

    evidence = await gather(status, knows, ROOT)

    judgement = await asyncio.to_thread(judge, evidence, knows)
    assert {one.name: one.breaches for one in judgement.verdicts if not one.holds} == {}
    assert judgement.figures["put_aside"]["dead_letter"] > len(places)
    assert {"I4", "I9"} <= set(judge(evidence, course).broken)
