"""Two gateways on a real database: one dies, falters or loses answers, and nobody is told twice."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest

from notifier.citizens import Citizens
from notifier.failover import Failover, Gateways
from notifier.smtp import MailServer
from plumbing import effects
from plumbing.assembly import utc_now
from reference import load
from tests.integration.core_kit import RING, Dossier, until
from tests.integration.notifier_bench import TWO, NotifierBench, a_dossier, a_notifier
from tests.integration.sandbox_process import Sandbox, a_sandbox

STEPS = ["submitted", "accepted", "registered"]
NAMES = ("sms-1", "sms-2")


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def bench(
    database: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[NotifierBench]:
    monkeypatch.setattr(effects, "DRAIN_SECONDS", 0.05)
    async with a_notifier(database, sandbox, gateways=TWO) as one:
        yield one
        for component in ("sms", *NAMES):
            await sandbox.http.delete(f"/faults/{component}")


async def told(bench: NotifierBench, dossiers: Sequence[Dossier], *steps: str) -> None:
    for dossier in dossiers:
        await bench.knows(dossier)
        await bench.hears(dossier, *steps)


async def sent(bench: NotifierBench, dossiers: Sequence[Dossier]) -> list[dict[str, str]]:
    codes = {one.code for one in dossiers}
    return [
        entry
        for entry in await bench.sandbox.journal()
        if entry["kind"] in ("sms.sent", "mail.sent") and entry["reference"].split(":")[0] in codes
    ]


def failover(bench: NotifierBench) -> Failover:
    gateways = Gateways(bench.running.valves, NAMES)
    return Failover(bench.assembly.part, bench.pool, RING, utc_now, gateways, lambda: None)


async def test_given_two_gateways_then_both_send_and_each_step_goes_out_once(bench):
    dossiers = [a_dossier() for _ in range(16)]
    bench.works()

    await told(bench, dossiers, "submitted", "routed", "accepted", "registered")
    await bench.idle()

    entries = await sent(bench, dossiers)
    assert {one["gateway"] for one in entries} == set(NAMES)
    assert set(Counter(one["reference"] for one in entries).values()) == {1}
    assert len(entries) == 48
    for dossier in dossiers:
        assert await bench.outcomes(dossier) == [f"{step} sms" for step in STEPS]


async def test_given_a_gateway_that_refuses_then_the_other_one_sends_and_no_mail_goes(
    database, sandbox
):
    nobody = (("sms-1", "nowhere", 1), ("sms-2", "sms-2", 1))
    dossiers = [a_dossier() for _ in range(12)]
    async with a_notifier(database, sandbox, gateways=nobody) as bench:
        bench.works()
        await told(bench, dossiers, "submitted", "routed", "accepted", "registered")
        await bench.idle()

        entries = await sent(bench, dossiers)
        assert {one.get("gateway") for one in entries} == {"sms-2"}
        assert Counter(one["reference"] for one in entries).most_common(1)[0][1] == 1
        assert len(entries) == 36
        moved = await bench.pool.fetchval(
            "SELECT count(*) FROM effect WHERE kind LIKE 'sms-1:%' AND state = 'REJECTED'"
            " AND reason = 'elsewhere' AND request IS NULL"
        )
        assert moved > 0


@pytest.mark.parametrize("kind", ["lost_answer", "drop", "error"])
async def test_given_lost_answers_then_only_the_gateway_that_may_have_it_is_asked_again(
    bench, kind
):
    dossiers = [a_dossier() for _ in range(10)]
    await bench.sandbox.fault("sms-1", kind=kind, share=1, times=8, seconds=0)
    bench.works()

    await told(bench, dossiers, "submitted", "routed", "accepted")
    await bench.idle(60)

    entries = await sent(bench, dossiers)
    assert set(Counter(one["reference"] for one in entries).values()) == {1}
    assert len(entries) == 20
    doubted = await bench.pool.fetch(
        "SELECT kind FROM effect WHERE doubt_since IS NOT NULL AND state <> 'DONE'"
    )
    assert doubted == []
    for dossier in dossiers:
        assert await bench.outcomes(dossier) == ["submitted sms", "accepted sms"]


async def test_given_messages_wait_before_a_shut_gateway_then_they_move_but_not_what_is_in_doubt(
    bench,
):
    dossiers = [a_dossier() for _ in range(20)]
    await told(bench, dossiers, "submitted")
    rows = await bench.pool.fetch(
        "SELECT effect_id FROM effect WHERE kind = 'sms-1:submitted' ORDER BY position"
    )
    doubtful, taken = rows[0]["effect_id"], rows[1]["effect_id"]
    await bench.pool.execute(
        "UPDATE effect SET state = 'IN_DOUBT', in_doubt = true WHERE effect_id = $1", doubtful
    )
    await bench.pool.execute(
        "UPDATE effect SET state = 'IN_FLIGHT', fence = 7,"
        " lease_until = clock_timestamp() + interval '1 minute' WHERE effect_id = $1",
        taken,
    )

    moved = await failover(bench).move("sms-1")

    assert moved == len(rows) - 2
    states = await bench.pool.fetch(
        "SELECT effect_id, state, reason FROM effect WHERE kind = 'sms-1:submitted'"
    )
    stayed = {row["effect_id"] for row in states if row["state"] != "REJECTED"}
    assert stayed == {doubtful, taken}
    there = "SELECT count(*) FROM effect WHERE kind = 'sms-2:submitted:moved'"
    assert await bench.pool.fetchval(there) == moved
    assert await failover(bench).move("sms-1") == 0
    assert await failover(bench).move("sms-2") + moved == len(dossiers) - 2


async def test_given_a_valve_that_is_shut_then_what_waits_is_moved_without_being_asked(bench):
    dossiers = [a_dossier() for _ in range(10)]
    await told(bench, dossiers, "submitted")
    way = failover(bench)
    for number in range(5):
        passed = bench.running.valves.begin("sms-1")
        assert passed is not None
        passed.report("again", number)
    assert way.gateways.away() == {"sms-1"}

    assert await way.move("sms-1") > 0
    bench.works()
    await until(lambda: _all_said(bench, dossiers), 20)

    entries = await sent(bench, dossiers)
    assert {one["gateway"] for one in entries} == {"sms-2"}
    assert set(Counter(one["reference"] for one in entries).values()) == {1}


async def _all_said(bench: NotifierBench, dossiers: Sequence[Dossier]) -> bool:
    return all([await bench.outcomes(one) == ["submitted sms"] for one in dossiers])


async def test_given_a_message_of_before_there_were_two_then_the_first_gateway_answers_for_it(
    bench,
):
    dossier = a_dossier()
    await told(bench, [dossier], "submitted")
    await bench.pool.execute(
        "UPDATE effect SET kind = 'sms:submitted' WHERE kind LIKE 'sms-%:submitted'"
    )
    bench.works()
    await bench.idle()

    (entry,) = await sent(bench, [dossier])
    assert entry["gateway"] == "sms-1"
    assert await bench.outcomes(dossier) == ["submitted sms"]


async def test_given_a_dossier_that_cannot_be_moved_then_the_others_are_and_it_waits_on(bench):
    dossiers = [a_dossier() for _ in range(12)]
    await told(bench, dossiers, "submitted")
    count = "SELECT count(*) FROM effect WHERE kind = $1 AND state = 'PENDING'"
    waiting = await bench.pool.fetchval(count, "sms-1:submitted")
    await bench.pool.execute(
        "UPDATE correspondence SET contact = decode('00', 'hex') WHERE dossier_id ="
        " (SELECT min(dossier_id::text)::uuid FROM effect WHERE kind = 'sms-1:submitted')"
    )

    assert await failover(bench).move("sms-1") == waiting - 1
    assert await failover(bench).move("sms-1") == 0
    assert await bench.pool.fetchval(count, "sms-1:submitted") == 1
    assert await bench.pool.fetchval(count, "sms-2:submitted:moved") == waiting - 1


async def test_given_a_receipt_of_before_there_were_two_then_the_first_gateway_is_asked(bench):
    mails = MailServer("127.0.0.1", 1, "tu@example.vn")
    citizens = Citizens(bench.running, bench.running.settings, load(), mails)
    (receipts, _) = citizens.tasks(bench.assembly.part, bench.sandbox.http)

    asked = receipts.__self__.gateways  # type: ignore[attr-defined]
    assert set(asked) == {"sms", *NAMES}
    assert asked["sms"] is asked["sms-1"]
