"""Calls in doubt, by hand or waiting: shown with their attempts, redriven, given up."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from structlog.contextvars import get_contextvars

from contracts.decision import Effect
from plumbing import claiming, effects, metrics
from plumbing.calls import Answer, Call
from plumbing.logs import KNOWN_KEYS
from plumbing.stuck import acting, calls, counting, listing, reading
from tests.integration.core_kit import RING, Dossier, until
from tests.integration.core_outside import (
    AGAIN,
    DONE,
    STUCK,
    TELL,
    UNKNOWN,
    Held,
    Outside,
    all_ended,
    an_executor,
    end_leases,
    kill,
    kill_in_a_call,
    open_effects,
    running,
    states,
)
from tests.integration.stuck_kit import OTHER, SERVICE, Desk, a_desk, told

NEVER = Answer("never", "malformed", words="Nguyễn Thị Thử Nghiệm: dữ liệu không hợp lệ")


@pytest_asyncio.fixture(loop_scope="session")
async def desk(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    for module in (effects, claiming):
        if hasattr(module, "backoff"):
            monkeypatch.setattr(module, "backoff", lambda _: 0.02)
    async with a_desk(database) as one:
        yield one


async def called(desk: Desk, *answers: Any, effect: Effect = TELL) -> tuple[Dossier, str]:
    """Call until nothing is open; return the dossier and the name of its only call."""
    dossier = Dossier()
    await desk.bench.bring(dossier, effect)
    async with running(an_executor(desk.bench, Outside([*answers]))):
        await all_ended(desk.bench)
    ((effect_id,),) = await desk.bench.fetch(
        "SELECT effect_id FROM effect WHERE dossier_id = $1", dossier.id
    )
    return dossier, f"notifier/effect/{effect_id}"


async def called_again(desk: Desk, answer: Any = DONE) -> list[Call]:
    """Call what is due now; return the calls."""
    outside = Outside([answer])
    async with running(an_executor(desk.bench, outside)):
        await all_ended(desk.bench)
    return outside.calls


async def test_given_a_call_that_certainly_did_not_happen_when_redriven_then_it_is_made_as_it_was(
    desk,
):
    dossier, item = await called(desk, NEVER)
    (listed,) = await desk.stuck("manual")
    assert (listed.item, listed.reason, listed.call) == (item, "malformed", TELL.kind)

    assert await desk.act("redrive", item) == ["due_now"]

    (call,) = await called_again(desk)
    assert (call.in_doubt, call.request, call.attempt) == (False, TELL.request, 2)
    assert await desk.bench.trail(dossier) == ("brought", f"done {TELL.kind}")
    assert await desk.stuck() == []


async def test_given_a_call_that_may_have_happened_when_redriven_then_it_is_asked_about_first(desk):
    _, item = await called(desk, UNKNOWN, STUCK)

    assert await desk.act("redrive", item) == ["due_now_asked_first"]

    (call,) = await called_again(desk)
    assert call.in_doubt


async def test_given_doubt_before_a_technical_no_when_redriven_then_the_doubt_is_still_there(desk):
    _, item = await called(desk, UNKNOWN, NEVER)

    assert await desk.act("redrive", item) == ["due_now_asked_first"]


async def begun_and_lost(call: Call) -> Answer:
    """Begin what cannot be asked about; no answer comes."""
    if not call.begun:
        await call.begin()
    return Answer("stuck", "no_answer")


async def test_given_a_mail_that_was_begun_then_it_is_sent_again_only_when_it_was_not_delivered(
    desk,
):
    dossier = Dossier()
    await desk.bench.bring(dossier, TELL)
    async with running(an_executor(desk.bench, begun_and_lost)):
        await all_ended(desk.bench)
    (item,) = [one.item for one in await desk.stuck("manual")]

    refused = await desk.propose("redrive", item, reason="try once more")
    assert told(refused.items) == ["no: was_begun_needs_not_delivered"]
    assert await desk.act("redrive", item, reason="not_delivered") == ["due_now"]

    (call,) = await called_again(desk)
    assert (call.begun, call.in_doubt) == (False, False)
    assert (await desk.bench.trail(dossier))[-1] == f"done {TELL.kind}"


async def test_given_a_call_by_hand_when_discarded_then_its_rule_hears_no_and_the_request_is_gone(
    desk,
):
    dossier, item = await called(desk, NEVER)

    assert await desk.act("discard", item) == ["discarded"]

    assert await states(desk.bench) == [(TELL.kind, "REJECTED", "discarded")]
    assert await desk.bench.fetch("SELECT request FROM effect") == [(None,)]
    assert await desk.bench.trail(dossier) == ("brought", f"no {TELL.kind} discarded")
    assert await desk.bench.count("outbox") == 1
    assert told((await desk.propose("redrive", item)).items) == ["no: already_ended"]
    assert await called_again(desk) == []


async def test_given_a_call_in_doubt_when_discarded_in_a_dry_run_then_its_rule_hears_nothing(desk):
    dossier, item = await called(desk, UNKNOWN, STUCK)
    before = await desk.bench.trail(dossier)

    proposal = await desk.propose("discard", item, dry_run=True)

    assert told(proposal.items) == ["discarded"]
    assert await desk.bench.trail(dossier) == before
    assert await states(desk.bench) == [(TELL.kind, "MANUAL", STUCK.reason)]


async def test_given_a_call_under_way_then_nothing_is_done_to_it(desk):
    await desk.bench.bring(Dossier(), TELL)
    held = Held(DONE)
    executor = an_executor(desk.bench, held)
    task = asyncio.create_task(executor.run())
    await held.begun.wait()
    ((effect_id,),) = await desk.bench.fetch("SELECT effect_id FROM effect")
    item = f"notifier/effect/{effect_id}"

    for act in ("redrive", "discard"):
        assert told((await desk.propose(act, item)).items) == ["no: under_way_now"]

    await kill(executor, task)
    await end_leases(desk.bench)


async def test_given_a_call_tried_many_times_when_redriven_then_it_does_not_wait_any_longer(desk):
    await desk.bench.bring(Dossier(), TELL)
    async with running(an_executor(desk.bench, Outside([AGAIN]))):
        await until(lambda: desk.stuck("waiting"))
    await desk.bench.pool.execute(
        "UPDATE effect SET state = 'PENDING', due_at = clock_timestamp() + interval '1 hour'"
    )
    (item,) = [one.item for one in await desk.stuck("waiting")]

    assert await desk.stuck() == []  # what is tried by itself is no trouble of people
    assert await desk.act("redrive", item) == ["due_now"]

    assert len(await called_again(desk)) == 1


async def test_given_an_erased_request_then_it_cannot_be_made_again_but_given_up(desk):
    _, item = await called(desk, NEVER)
    await desk.bench.pool.execute("UPDATE effect SET request = NULL")

    assert told((await desk.propose("redrive", item)).items) == ["no: request_was_erased"]
    assert await desk.act("discard", item) == ["discarded"]


async def test_given_attempts_then_all_are_shown_in_order_with_steps_and_without_words(desk):
    async def asks(call: Call) -> Answer:
        call.note("asked", "unknown")
        return [UNKNOWN, AGAIN, NEVER][min(call.attempt, 3) - 1]

    await desk.bench.bring(Dossier(), TELL)
    async with running(an_executor(desk.bench, asks)):
        await all_ended(desk.bench)
    (item,) = [one.item for one in await desk.stuck("manual")]

    shown = await desk.show(item)

    assert [(one.attempt, one.outcome) for one in shown.history] == [
        (1, "unknown"),
        (2, "again"),
        (3, "never"),
    ]
    assert shown.history[0].steps == "asked:unknown"
    assert "Thử" not in shown.model_dump_json()
    assert shown.facts["may_have_happened"] == "true"


async def test_given_every_kind_of_trouble_then_the_gauges_count_it_with_its_age(desk):
    await called(desk, NEVER)
    await called(desk, UNKNOWN, STUCK)
    await desk.bench.pool.execute("UPDATE effect SET ended_at = ended_at - interval '1 hour'")
    await desk.bench.bring(Dossier(), TELL)
    async with running(an_executor(desk.bench, Outside([UNKNOWN]))):
        await until(lambda: desk.stuck("in_doubt"))
    assert await open_effects(desk.bench) == 1

    async with desk.bench.pool.acquire() as conn:
        await counting.refresh(conn, "stuck-test")

    def value(gauge: Any, kind: str) -> float:
        return gauge.labels("stuck-test", kind)._value.get()

    kinds = ("manual", "in_doubt", "parked", "dead_letter", "conflict")
    assert [value(metrics.STUCK, kind) for kind in kinds] == [2, 1, 0, 0, 0]
    assert value(metrics.STUCK_AGE, "manual") >= 3600
    assert 0 < value(metrics.STUCK_AGE, "in_doubt") < 3600
    assert value(metrics.STUCK_AGE, "parked") == 0


async def test_given_a_mail_redriven_when_an_older_proposal_is_approved_then_it_is_not_sent_again(
    desk,
):
    await desk.bench.bring(Dossier(), TELL)
    async with running(an_executor(desk.bench, begun_and_lost)):
        await all_ended(desk.bench)
    (item,) = [one.item for one in await desk.stuck("manual")]
    alias = item.upper().replace("NOTIFIER/EFFECT", "notifier/effect")
    first, second = [
        await desk.propose("redrive", name, reason="not_delivered") for name in (item, alias)
    ]
    await desk.approve(first.act_id)
    assert told((await desk.approve(second.act_id)).items) == ["no: acted_on_since"]

    third = await desk.propose("redrive", item, reason="not_delivered")
    async with running(an_executor(desk.bench, begun_and_lost)):
        await all_ended(desk.bench)

    # It may have arrived by now: whoever proposed it looked before it was sent once more.
    assert told((await desk.approve(third.act_id)).items) == ["no: acted_on_since"]
    assert await desk.act("redrive", item, reason="not_delivered") == ["due_now"]


async def test_given_a_call_that_is_tried_by_itself_when_an_act_is_approved_then_it_is_done(desk):
    await desk.bench.bring(Dossier(), TELL)
    async with running(an_executor(desk.bench, Outside([UNKNOWN]))):
        await until(lambda: desk.stuck("in_doubt"))
        (item,) = [one.item for one in await desk.stuck("in_doubt")]
    await desk.bench.pool.execute("UPDATE effect SET state = 'IN_DOUBT', lease_until = NULL")
    proposal = await desk.propose("discard", item)
    await desk.bench.pool.execute("UPDATE effect_attempt SET at = at + interval '1 hour'")

    assert told((await desk.approve(proposal.act_id)).items) == ["discarded"]


@pytest.mark.parametrize("answer", [DONE, STUCK], ids=lambda answer: answer.outcome)
async def test_given_a_later_call_of_its_lane_then_one_by_hand_is_not_made_after_it(desk, answer):
    dossier, item = await called(desk, NEVER)
    await desk.bench.bring(dossier, Effect("toy:later", TELL.lane, b"later"))
    await desk.bench.bring(Dossier(), TELL)
    await called_again(desk, answer)

    assert told((await desk.propose("redrive", item)).items) == ["no: overtaken"]
    assert await desk.act("discard", item) == ["discarded"]


async def test_given_a_later_call_of_another_lane_then_one_by_hand_is_redriven(desk):
    dossier, item = await called(desk, NEVER)
    await desk.bench.bring(dossier, Effect("toy:later", "another", b"later"))

    assert await desk.act("redrive", item) == ["due_now"]


@pytest.mark.parametrize(
    ("act", "outcome", "state"),
    [("redrive", "due_now_asked_first", "IN_DOUBT"), ("discard", "discarded", "REJECTED")],
)
async def test_given_a_call_whose_process_ended_in_a_paused_lane_then_it_can_be_acted_on(
    desk, act, outcome, state
):
    await desk.bench.bring(Dossier(), TELL)
    await kill_in_a_call(desk.bench)
    ((effect_id,),) = await desk.bench.fetch("SELECT effect_id FROM effect")

    assert await desk.act(act, f"notifier/effect/{effect_id}") == [outcome]

    assert await desk.bench.fetch("SELECT state FROM effect") == [(state,)]
    assert await desk.bench.fetch("SELECT attempt, outcome FROM effect_attempt") == [(1, "lost")]


async def test_given_an_item_by_another_spelling_then_it_is_acted_on_and_taken_as_the_one_it_is(
    desk,
):
    _, item = await called(desk, NEVER)
    alias = f"notifier/effect/{{{item.rpartition('/')[2].upper()}}}"

    proposal = await desk.propose("redrive", alias, item)
    await acting.take(desk.workbench, alias, OTHER)

    assert [one.item for one in proposal.items] == [item]
    shown = await desk.show(alias)
    assert (shown.holder, [one.act for one in shown.acts]) == (OTHER, ["redrive", "take"])


@pytest.mark.parametrize("name", ["effect/a\x00", "parked/{}/a\x00", "dead_letter/a\x00/1/1/1"])
async def test_given_a_name_with_a_control_character_then_there_is_no_such_item(desk, name):
    item = f"notifier/{name.format(Dossier().id)}"

    assert told((await desk.propose("discard", item)).items) == ["no: no_such_item"]


@pytest.mark.parametrize(
    "place",
    [["manual", "2026-01-01T00:00:00", ""], ["manual", "2026-01-01T00:00:00+00:00", "\x00"]],
)
async def test_given_a_place_in_the_list_that_was_never_given_out_then_it_is_refused(desk, place):
    after = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()

    async with desk.bench.pool.acquire() as conn:
        with pytest.raises(reading.BadCursor):
            await reading.list_page(conn, RING, "notifier", None, after)


async def test_given_a_dry_run_or_a_proposal_then_what_its_rules_log_is_marked_as_a_trial(
    desk, monkeypatch
):
    _, item = await called(desk, NEVER)
    seen, discard = [], calls.discard

    async def noting(*args: Any) -> str:
        seen.append(get_contextvars().get("trial"))
        return await discard(*args)

    monkeypatch.setattr(calls, "discard", noting)
    await desk.propose("discard", item, dry_run=True)
    await desk.act("discard", item)

    assert seen == [True, True, None]
    assert "trial" in KNOWN_KEYS


@pytest.mark.parametrize(("times", "ends"), [(acting.TRIES - 1, True), (acting.TRIES, False)])
async def test_given_a_deadlock_with_a_consumer_when_an_act_is_carried_out_then_it_is_begun_anew(
    desk, monkeypatch, times, ends
):
    _, item = await called(desk, NEVER)
    proposal = await desk.propose("discard", item)
    discard, left = calls.discard, [asyncpg.DeadlockDetectedError()] * times

    async def tangled(*args: Any) -> str:
        outcome = await discard(*args)
        if left:
            raise left.pop()
        return outcome

    monkeypatch.setattr(calls, "discard", tangled)
    if ends:
        assert told((await desk.approve(proposal.act_id)).items) == ["discarded"]
        assert await states(desk.bench) == [(TELL.kind, "REJECTED", "discarded")]
    else:
        with pytest.raises(asyncpg.DeadlockDetectedError):
            await desk.approve(proposal.act_id)
        assert await states(desk.bench) == [(TELL.kind, "MANUAL", "malformed")]


@pytest.mark.parametrize(
    ("kind", "state", "in_doubt"), [("manual", "MANUAL", False), ("in_doubt", "IN_DOUBT", True)]
)
async def test_given_very_much_that_waits_when_a_page_is_listed_then_only_that_page_is_read(
    desk, kind, state, in_doubt
):
    await desk.bench.pool.execute(
        "INSERT INTO effect (effect_id, dossier_id, kind, lane, state, in_doubt, cause_id,"
        " cause_hash, ended_at, doubt_since) SELECT gen_random_uuid(), gen_random_uuid(), 'toy:a',"
        " 'told', $1, $2, '', '', t, t FROM generate_series(now() - interval '20000 s', now(),"
        " '1 s') t",
        *(state, in_doubt),
    )
    await desk.bench.pool.execute("ANALYZE")
    middle = datetime.now(UTC) - timedelta(seconds=10_000)
    plan = await desk.bench.pool.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {listing.page(kind)}", SERVICE, middle, "", 100
    )

    def rows(node: dict[str, Any]) -> float:
        seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        own = seen * node["Actual Loops"]
        return max(own, *map(rows, node["Plans"])) if "Plans" in node else own

    assert rows(json.loads(plan)[0]["Plan"]) < 1000
