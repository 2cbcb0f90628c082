"""A consumer that is older than what it reads: what happens, and that redriving mends it."""

from collections.abc import AsyncIterator
from functools import reduce
from operator import or_
from typing import Annotated

import pytest
import pytest_asyncio
from pydantic import Discriminator, TypeAdapter

from contracts import envelope
from contracts.events import Accepted
from plumbing.settling import Flood, FloodGate
from tests.integration.core_kit import ROUTING, Dossier, Log
from tests.integration.stuck_kit import Desk, a_desk, told


@pytest_asyncio.fixture(loop_scope="session")
async def desk(database: str) -> AsyncIterator[Desk]:
    async with a_desk(database) as one:
        yield one


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let readers know every event but `accepted`; undo it for the update."""
    models = [model for data, model in envelope.MODELS.items() if data is not Accepted]
    known = TypeAdapter(Annotated[reduce(or_, models), Discriminator("type")])
    monkeypatch.setattr(envelope, "_ANY", known)
    return monkeypatch


async def hears(desk: Desk, dossier: Dossier, *names: str, partition: int = 0) -> None:
    """Settle what the producer says of the dossier, on a partition of its own."""
    log = Log()
    for name in names:
        log.add(ROUTING, dossier.says(name), dossier, partition=partition)
    (rows,) = log.records.values()
    await desk.bench.settle(rows)


async def test_given_news_an_older_consumer_cannot_read_then_the_dossier_waits_and_no_other(
    desk: Desk, older: pytest.MonkeyPatch
):
    dossier, other = Dossier(), Dossier()

    await hears(desk, dossier, "routed", "accepted", "routed", "accepted", "routed")
    await hears(desk, other, "routed", "routed", partition=1)

    letters = await desk.stuck("dead_letter")
    assert [one.reason for one in letters] == ["unknown_event_type"] * 2
    assert [one.dossier_id for one in await desk.stuck("parked")] == [dossier.id]
    assert await desk.bench.trail(dossier) == ("routing:1",)
    assert await desk.bench.trail(other) == ("routing:1", "routing:2")
    proposal = await desk.propose("redrive", *[one.item for one in letters])
    assert told(proposal.items) == ["no: fails_again: unknown_event_type"] * 2


async def test_given_the_update_when_redriven_then_everything_follows_in_order(
    desk: Desk, older: pytest.MonkeyPatch
):
    dossier = Dossier()
    await hears(desk, dossier, "routed", "accepted", "routed", "accepted", "routed")
    letters = [one.item for one in await desk.stuck("dead_letter")]
    older.undo()

    outcomes = await desk.act("redrive", *letters)

    assert outcomes == ["applied"] * 2
    assert await desk.bench.trail(dossier) == tuple(f"routing:{n}" for n in range(1, 6))
    assert await desk.stuck() == []


async def test_given_more_of_it_than_may_be_then_the_process_stops_and_nothing_moved_on(
    desk: Desk, older: pytest.MonkeyPatch
):
    dossier = Dossier()
    desk.bench.settler.flood = FloodGate(2)

    with pytest.raises(Flood):
        await hears(desk, dossier, "routed", *["accepted"] * 3)
    assert await desk.bench.count("dead_letter") == 0
    assert await desk.bench.trail(dossier) == ()
