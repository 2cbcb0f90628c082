"""Dead letters, what is parked behind them, and conflicts: listed, redriven, discarded."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from contracts.envelope import sha256
from plumbing import metrics
from plumbing.stuck import counting
from plumbing.stuck.acting import AlreadyDone, NoSuchAct, SamePerson, approve, take
from plumbing.stuck.items import UnknownItem
from tests.integration.core_kit import FIRST, PARTICULARS, ROUTING, Dossier, Log, routed_log
from tests.integration.stuck_kit import (
    BUGGY,
    ONE,
    OTHER,
    REFUSED,
    Desk,
    a_desk,
    a_letter_and_its_followers,
    told,
)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(database: str) -> AsyncIterator[Desk]:
    async with a_desk(database) as one:
        yield one


async def everything(desk: Desk) -> list[Any]:
    """Return all there is but the record of what people did."""
    tables = ("dead_letter", "inbound_parked", "inbound_cursor", "outbox", "effect", "toy_case")
    return [await desk.bench.fetch(f"SELECT t::text FROM {t} t ORDER BY 1") for t in tables]


async def test_given_a_letter_when_the_bug_is_mended_and_two_want_it_then_it_and_what_waited_apply(
    desk,
):
    dossier, letter = await a_letter_and_its_followers(desk)
    BUGGY.clear()

    outcomes = await desk.act("redrive", letter)

    assert outcomes == ["applied"]
    assert await desk.bench.trail(dossier) == ("routing:1", "routing:2", "routing:3")
    assert await desk.stuck() == []
    assert len(desk.woken) == 1
    assert await desk.bench.count("dead_letter WHERE settled_by IS NOT NULL") == 1
    (act,) = (await desk.show(letter)).acts
    assert (act.act, act.proposed_by, act.approved_by, act.reason) == (
        "redrive",
        ONE,
        OTHER,
        "mended",
    )
    assert told(act.items) == ["applied"]


async def test_given_a_letter_when_redriven_twice_then_it_is_settled_once(desk):
    _, letter = await a_letter_and_its_followers(desk)
    BUGGY.clear()
    first, second = await desk.propose("redrive", letter), await desk.propose("redrive", letter)

    await desk.approve(first.act_id)
    done = await desk.approve(second.act_id)

    assert told(done.items) == ["no: acted_on_since"]
    assert await desk.bench.count("outbox") == 3


async def test_given_a_bug_that_is_still_there_then_nothing_changes_and_the_reason_is_told(desk):
    _, letter = await a_letter_and_its_followers(desk)
    before = await everything(desk)

    proposal = await desk.propose("redrive", letter)

    assert proposal.act_id is None
    assert told(proposal.items) == ["no: fails_again: ZeroDivisionError"]
    assert await everything(desk) == before


async def test_given_a_letter_that_is_no_event_then_redriving_makes_no_second_letter(desk):
    log = Log()
    log.add(ROUTING, b"{", Dossier())
    await desk.bench.settle(log.records[FIRST])
    (letter,) = await desk.stuck("dead_letter")

    proposal = await desk.propose("redrive", letter.item)

    assert told(proposal.items) == ["no: fails_again: json_invalid"]
    assert await desk.bench.count("dead_letter") == 1


async def test_given_a_bug_that_comes_back_before_the_approval_then_it_is_told_and_others_are_done(
    desk,
):
    bad, letter = await a_letter_and_its_followers(desk)
    other, log = Dossier(), Log()
    log.add(ROUTING, other.says("routed"), other, partition=1)
    log.add(ROUTING, other.says("accepted"), other, partition=1)
    BUGGY.add(other.id)
    (rows,) = log.records.values()
    await desk.bench.settle(rows)
    letters = [one.item for one in await desk.stuck("dead_letter")]
    BUGGY.clear()
    proposal = await desk.propose("redrive", *letters)
    REFUSED.add(bad.id)

    done = await desk.approve(proposal.act_id)

    by_item = {one.item: one.outcome for one in done.items if one.possible}
    assert by_item == {next(one for one in letters if one != letter): "applied"}
    assert [one.item for one in await desk.stuck("dead_letter")] == [letter]
    assert await desk.bench.trail(bad) == ("routing:1",)
    assert await desk.bench.trail(other) == ("routing:1", "routing:2")


async def test_given_a_dry_run_then_it_tells_what_would_happen_and_nothing_is_changed(desk):
    _, letter = await a_letter_and_its_followers(desk)
    BUGGY.clear()
    before = await everything(desk)

    proposal = await desk.propose("redrive", letter, dry_run=True)

    assert (proposal.act_id, told(proposal.items)) == (None, ["applied"])
    assert await everything(desk) == before
    assert await desk.bench.count("stuck_act") == 0


async def test_given_a_proposal_then_its_own_author_cannot_approve_it_and_it_is_done_once(desk):
    _, letter = await a_letter_and_its_followers(desk)
    BUGGY.clear()
    act_id = (await desk.propose("redrive", letter)).act_id
    assert act_id is not None

    with pytest.raises(SamePerson):
        await approve(desk.workbench, act_id, ONE)
    assert len(await desk.stuck("dead_letter")) == 1
    await desk.approve(act_id)
    with pytest.raises(AlreadyDone):
        await desk.approve(act_id)
    with pytest.raises(NoSuchAct):
        await approve(desk.workbench, Dossier().id, OTHER)


async def test_given_a_discarded_letter_then_it_is_kept_leaves_the_list_and_can_be_redriven(desk):
    dossier, letter = await a_letter_and_its_followers(desk)

    assert await desk.act("discard", letter, reason="of no use") == ["discarded"]
    assert [one.kind for one in await desk.stuck()] == ["parked"]
    assert await desk.bench.count("dead_letter") == 1
    async with desk.bench.pool.acquire() as conn:
        await counting.refresh(conn, "letters-test")
    gauges = [metrics.STUCK.labels("letters-test", kind) for kind in ("parked", "dead_letter")]
    assert [gauge._value.get() for gauge in gauges] == [1, 0]
    BUGGY.clear()
    (parked,) = await desk.stuck("parked")
    assert parked.waits_for.redrive == letter
    assert await desk.act("redrive", letter) == ["applied"]

    assert await desk.bench.trail(dossier) == ("routing:1", "routing:2", "routing:3")
    assert await desk.stuck() == []


async def test_given_what_is_parked_then_it_tells_for_what_it_waits_and_where_that_lies(desk):
    dossier, letter = await a_letter_and_its_followers(desk)

    (parked,) = await desk.stuck("parked")

    assert (parked.dossier_id, parked.code) == (dossier.id, dossier.code)
    waits = parked.waits_for
    assert (waits.producer, waits.sequence, waits.first_waiting) == ("routing", 2, 3)
    assert waits.dead_letter == waits.redrive == letter
    for act in ("redrive", "discard"):
        (outcome,) = told((await desk.propose(act, parked.item)).items)
        assert outcome.startswith("no: ")


async def test_given_what_never_arrived_then_the_producer_is_named_with_what_it_is_to_say_again(
    desk,
):
    dossier, log = Dossier(), Log()
    said = [dossier.says(name) for name in ("routed", "accepted", "returned")]
    log.add(ROUTING, said[2], dossier)
    await desk.bench.settle(log.records[FIRST])

    (parked,) = await desk.stuck()

    assert parked.waits_for.dead_letter == ""
    assert parked.waits_for.redrive == f"routing/sent/{dossier.id}/1/2"


async def test_given_a_conflict_then_two_people_take_it_off_the_list(desk):
    dossier = Dossier()
    log = routed_log(dossier, names=("routed",))
    twin = Dossier(dossier.id, dossier.code)
    log.add(ROUTING, twin.says("routed", causeid="another"), dossier)
    await desk.bench.settle(log.records[FIRST])
    (conflict,) = await desk.stuck()

    assert (conflict.kind, conflict.dossier_id) == ("conflict", dossier.id)
    assert told((await desk.propose("redrive", conflict.item)).items) == ["no: no_such_act_for_it"]
    assert await desk.act("discard", conflict.item) == ["discarded"]
    assert await desk.stuck() == []
    assert told((await desk.propose("discard", conflict.item)).items) == ["no: no_such_item"]


async def test_given_three_hundred_of_each_kind_then_the_pages_hold_each_once_oldest_first(desk):
    await desk.bench.pool.execute(
        "INSERT INTO inbound_parked (dossier_id, source, seq, hash, body, topic, part, off,"
        " parked_at) SELECT gen_random_uuid(), 'routing', 2, 'h', '', $1, 0, n,"
        " clock_timestamp() - make_interval(secs => n / 2) FROM generate_series(1, 300) n",
        ROUTING,
    )
    await desk.bench.pool.execute(
        "INSERT INTO dead_letter (topic, part, off, reason, record, at)"
        " SELECT $1, 0, n, 'json_invalid', '', '2026-11-24'::timestamptz"
        " FROM generate_series(1, 300) n",
        ROUTING,
    )

    found = await desk.stuck()

    assert len({one.item for one in found}) == len(found) == 600
    parked = [one.since for one in found if one.kind == "parked"]
    assert parked == sorted(parked)
    assert {one.item for one in await desk.stuck("parked")} == {
        one.item for one in found if one.kind == "parked"
    }


async def test_given_personal_data_in_a_letter_then_nothing_of_it_is_shown(desk):
    log = Log()
    secret = {"full_name": "Nguyễn Thị Thử Nghiệm", "phone": "0900000123"}
    log.add(PARTICULARS.name, json.dumps(secret).encode(), Dossier())
    (rows,) = log.records.values()
    await desk.bench.settle(rows)
    (letter,) = await desk.stuck()

    shown = (await desk.show(letter.item)).model_dump_json()

    assert "schema_violation" in shown
    assert "Thử" not in shown
    assert "0900000123" not in shown


async def test_given_someone_takes_an_item_then_it_is_theirs_and_recorded(desk):
    _, letter = await a_letter_and_its_followers(desk)

    await take(desk.workbench, letter, ONE)
    await take(desk.workbench, letter, OTHER)

    shown = await desk.show(letter)
    assert shown.holder == OTHER
    assert [(one.act, one.proposed_by) for one in shown.acts] == [("take", ONE), ("take", OTHER)]
    assert all(one.done_at for one in shown.acts)
    with pytest.raises(UnknownItem):
        await take(desk.workbench, f"notifier/effect/{Dossier().id}", ONE)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "notifier",
        "routing/effect/00000000-0000-0000-0000-000000000000",
        "notifier/effect/one",
        "notifier/dead_letter/dossier.routing.v1/0/1/99999999999999999999999999",
        "notifier/conflict/-",
        "notifier/effect/00000000-0000-0000-0000-000000000000",
        f"notifier/dead_letter/dossier.routing.v1/0/{2**70}/1",
    ],
)
async def test_given_a_name_of_nothing_then_it_is_no_such_item(desk, name):
    assert told((await desk.propose("redrive", name)).items) == ["no: no_such_item"]
    with pytest.raises(UnknownItem):
        await desk.show(name)


async def test_given_a_hole_then_the_producer_publishes_it_again_and_what_waited_is_applied(desk):
    # Here the producer is the service itself, so that one database plays both.
    dossier, log = Dossier(), Log()
    said = [dossier.says("routed"), dossier.says("accepted")]
    log.add(ROUTING, said[0], dossier)
    await desk.bench.settle(log.records[FIRST])
    (published,) = await desk.bench.fetch("SELECT topic, key, body, event_id FROM outbox")
    await desk.bench.pool.execute("DELETE FROM outbox")
    again = f"notifier/sent/{dossier.id}/1/1"

    assert told((await desk.propose("redrive", again)).items) == ["no: not_kept_any_more"]
    for number in (7, 8):  # a row may have been sent twice
        await desk.bench.pool.execute(
            "INSERT INTO outbox_sent (id, topic, key, body, event_id, created_at)"
            " VALUES ($1, $2, $3, $4, $5, now())",
            number,
            *published,
        )
    assert told((await desk.propose("redrive", f"{again[:-1]}2")).items) == [
        "no: was_never_said_here"
    ]
    assert await desk.act("redrive", again) == ["published_again"]

    rows = await desk.bench.fetch("SELECT topic, key, body, event_id FROM outbox")
    assert rows == [published]
    assert sha256(rows[0][2]) == sha256(published[2])
    assert told((await desk.propose("redrive", again)).items) == ["no: waits_in_the_outbox"]
