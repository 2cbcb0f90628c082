"""What holds messages back, on a real database: the night, the caps, the trial; and receipts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from contracts.model import VIETNAM
from notifier.channels import SmsGateway
from notifier.outside import open_session
from notifier.receiving import Receipts
from notifier.trial import digest
from plumbing.assembly import utc_now
from tests.integration.core_kit import RING, until
from tests.integration.notifier_bench import NotifierBench, a_dossier, a_notifier
from tests.integration.sandbox_process import SECRETS, Sandbox, a_sandbox

SWITCHED_OFF = "+84000000001"


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


async def waits(bench: NotifierBench, kind: str, reason: str) -> None:
    """Return once that call waits for that reason."""

    async def is_waiting() -> bool:
        row = await bench.pool.fetchrow(
            "SELECT state, reason, due_at > clock_timestamp() + interval '50 minutes' AS later"
            " FROM effect WHERE kind = $1",
            kind,
        )
        return row is not None and (row["state"], row["reason"], row["later"]) == (
            "PENDING",
            reason,
            True,
        )

    await until(is_waiting, 10)


async def later(bench: NotifierBench, *, age: timedelta = timedelta(0)) -> None:
    """Make everything due now, as if it had been asked for so long ago."""
    await bench.pool.execute(
        "UPDATE effect SET due_at = clock_timestamp(), created_at = created_at - $1::interval"
        " WHERE state = 'PENDING'",
        age,
    )


async def test_given_the_night_then_an_sms_waits_for_the_morning_and_a_mail_does_not(
    database, sandbox
):
    clock = Clock(datetime(2026, 11, 24, 22, tzinfo=VIETNAM))
    dossier, other = a_dossier(), a_dossier()
    async with a_notifier(database, sandbox, clock, quiet_hours="21:00-07:00") as bench:
        bench.works()
        await bench.knows(dossier)
        await bench.knows(other, notify_by=["email"])
        await bench.hears(other, "submitted")
        await until(lambda: said(bench, other, "submitted email"), 10)
        await bench.hears(dossier, "submitted")
        await waits(bench, "sms:submitted", "quiet_hours")
        assert await bench.journal(dossier, "sms.sent") == []

        clock.now += timedelta(hours=9)
        await later(bench)
        await bench.idle()

        assert await bench.journal(dossier, "sms.sent") == ["submitted"]
        valve = next(one for one in bench.running.valves.states() if one.call == "sms")
        assert valve.state == "open"


async def said(bench: NotifierBench, dossier: object, *outcomes: str) -> bool:
    return await bench.outcomes(dossier) == list(outcomes)  # type: ignore[arg-type]


async def test_given_the_result_came_over_night_then_the_morning_tells_it_alone(database, sandbox):
    clock = Clock(datetime(2026, 11, 24, 22, tzinfo=VIETNAM))
    dossier = a_dossier()
    async with a_notifier(database, sandbox, clock, quiet_hours="21:00-07:00") as bench:
        bench.works()
        await bench.knows(dossier)
        await bench.hears(dossier, "submitted", "routed", "accepted", "registered")
        await waits(bench, "sms:submitted", "quiet_hours")

        clock.now += timedelta(hours=9)
        await later(bench, age=timedelta(hours=9))
        await bench.idle()

        assert await bench.journal(dossier, "sms.sent") == ["accepted", "registered"]
        assert (await bench.outcomes(dossier))[0] == "submitted overtaken"
        assert (await bench.outcomes(dossier))[-1] == "registered sms"


async def test_given_a_cap_then_what_is_above_it_goes_by_mail_and_is_counted_once(
    database, sandbox
):
    caps = {"sms_price": 500, "sms_cap_dossier": 1500}
    dossier = a_dossier()
    async with a_notifier(database, sandbox, **caps) as bench:
        await bench.sandbox.fault("sms", kind="busy", share=1, times=2, seconds=0)
        bench.works()
        await bench.knows(dossier)
        await bench.hears(dossier, "submitted", "routed", "accepted", "registered")
        await bench.idle()

        outcomes = await bench.outcomes(dossier)
        assert outcomes[0] == "submitted sms"
        assert outcomes[-1] == "registered email"
        rows = await bench.pool.fetch("SELECT key, cost FROM sms_spent ORDER BY key")
        assert sum(row["cost"] for row in rows) <= 1500
        day = await bench.pool.fetchval("SELECT sum(spent) FROM sms_day")
        assert day == sum(row["cost"] for row in rows) > 0
        assert len(await bench.journal(dossier, "sms.sent", "mail.sent")) == 3


async def test_given_a_cap_and_no_mail_then_the_next_day_is_waited_for_unless_it_is_urgent(
    database, sandbox
):
    clock = Clock(datetime(2026, 11, 24, 9, tzinfo=VIETNAM))
    caps = {"sms_price": 500, "sms_cap_province": 1500}
    dossier, urgent = a_dossier(), a_dossier()
    async with a_notifier(database, sandbox, clock, **caps) as bench:
        bench.works()
        await bench.knows(dossier, email=None)
        await bench.knows(urgent, email=None)
        await bench.hears(dossier, "submitted", "routed", "accepted")
        await waits(bench, "sms:accepted", "over_cap")
        await bench.pool.execute("UPDATE sms_day SET spent = 0")
        await bench.hears(urgent, "submitted")
        await until(lambda: said(bench, urgent, "submitted sms"), 10)
        await bench.pool.execute("UPDATE sms_day SET spent = 1500")
        await bench.hears(urgent, "routed", "returned")
        await until(lambda: said(bench, urgent, "submitted sms", "returned sms"), 10)

        clock.now += timedelta(days=1)
        await later(bench)
        await bench.idle()

        assert await bench.journal(dossier, "sms.sent") == ["submitted", "accepted"]


async def test_given_messages_at_once_then_the_cap_of_a_province_is_not_passed(database, sandbox):
    caps = {"sms_price": 500, "sms_cap_province": 6000}
    async with a_notifier(database, sandbox, **caps) as bench:
        dossiers = [a_dossier() for _ in range(12)]
        for dossier in dossiers:
            await bench.knows(dossier)
            await bench.hears(dossier, "submitted")
        bench.works()
        bench.works()
        await bench.idle()

        spent = await bench.pool.fetchval("SELECT sum(spent) FROM sms_day")
        assert 0 < spent <= 6000
        ways = {outcome for one in dossiers for outcome in await bench.outcomes(one)}
        assert ways == {"submitted sms", "submitted email"}


async def test_given_a_trial_then_only_those_on_the_list_get_anything(database, sandbox):
    listed, other, mailed = a_dossier(), a_dossier(), a_dossier()
    allowed = ",".join((digest("+84900000077"), digest("thu.77@example.com")))
    async with a_notifier(database, sandbox, trial_recipients=allowed) as bench:
        bench.works()
        await bench.knows(listed, phone="+84900000077")
        await bench.knows(mailed, email="thu.77@example.com")
        await bench.knows(other)
        for dossier in (listed, mailed, other):
            await bench.hears(dossier, "submitted")
        await bench.idle()

        assert await bench.outcomes(listed) == ["submitted sms"]
        assert await bench.outcomes(mailed) == ["submitted email"]
        assert await bench.outcomes(other) == ["submitted trial"]
        assert await bench.journal(other, "sms.sent", "mail.sent") == []


def receipts(bench: NotifierBench, gateway: SmsGateway) -> Receipts:
    return Receipts(
        bench.assembly.part,
        bench.pool,
        RING,
        utc_now,
        {"sms": gateway},
        bench.running.valves,
        lambda: None,
    )


async def asked_until(bench: NotifierBench, ask: Receipts, done: Callable[[], object]) -> None:
    async def is_done() -> bool:
        await bench.pool.execute("UPDATE sms_receipt SET ask_at = clock_timestamp(), asked = 0")
        await ask.ask_due()
        result = done()
        return bool(await result) if asyncio.iscoroutine(result) else bool(result)

    await until(is_done, 15)


async def test_given_receipts_then_what_was_not_delivered_goes_by_mail_once_and_ends_stay(
    database, sandbox
):
    good, bad, silent = a_dossier(), a_dossier(), a_dossier()
    async with a_notifier(database, sandbox) as bench, open_session() as http:
        bench.works()
        await bench.knows(good)
        await bench.knows(bad, phone=SWITCHED_OFF)
        await bench.knows(silent, phone="+84000000002")
        for dossier in (good, bad, silent):
            await bench.hears(dossier, "submitted")
        await bench.idle()
        gateway = SmsGateway(http, f"{sandbox.url}/sms", SECRETS["sms"]["token"])
        ask = receipts(bench, gateway)

        await asked_until(bench, ask, lambda: said(bench, bad, "submitted sms", "submitted email"))
        await asked_until(bench, ask, lambda: ended(bench, 2))
        for _ in range(8):
            await bench.pool.execute("UPDATE sms_receipt SET ask_at = clock_timestamp()")
            await ask.ask_due()

        assert await bench.journal(bad, "sms.sent", "mail.sent") == ["submitted", "submitted"]
        assert await bench.journal(good, "sms.sent", "mail.sent") == ["submitted"]
        told = await bench.said(bad)
        assert [getattr(one, "instead_of", None) for one in told if one.name != "portal_informed"]
        rows = await bench.pool.fetch("SELECT dossier_id, status FROM sms_receipt")
        states = {row["dossier_id"]: row["status"] for row in rows}
        assert [states[one.id] for one in (good, bad, silent)] == ["delivered", "failed", "unknown"]


async def ended(bench: NotifierBench, count: int) -> bool:
    return (
        await bench.pool.fetchval("SELECT count(*) FROM sms_receipt WHERE status <> 'taken'")
        >= count
    )


async def test_given_a_late_word_after_the_end_then_the_status_stays(database, sandbox):
    async with a_notifier(database, sandbox) as bench:
        dossier = a_dossier()
        bench.works()
        await bench.knows(dossier)
        await bench.hears(dossier, "submitted")
        await bench.idle()
        await bench.pool.execute("UPDATE sms_receipt SET status = 'failed'")
        row = await bench.pool.fetchrow("SELECT effect_id, dossier_id, kind FROM sms_receipt")
        async with open_session() as http:
            ask = receipts(bench, SmsGateway(http, f"{sandbox.url}/sms", "sms-token"))
            await ask._end([(row, "failed")])
            await ask._end([(row, "delivered")])

        assert await bench.pool.fetchval("SELECT status FROM sms_receipt") == "failed"
        assert await bench.outcomes(dossier) == ["submitted sms"]


async def test_given_a_call_whose_answer_is_not_recorded_then_nobody_asks_what_became_of_it(
    database, sandbox
):
    dossier = a_dossier()
    async with a_notifier(database, sandbox) as bench, open_session() as http:
        await bench.knows(dossier, phone=SWITCHED_OFF)
        await bench.hears(dossier, "submitted")
        # As after a crash between the note and the record: the network's word may come first.
        await bench.pool.execute(
            "INSERT INTO sms_receipt (effect_id, dossier_id, kind, status, ask_at)"
            " SELECT effect_id, dossier_id, kind, 'taken', clock_timestamp() FROM effect"
            " WHERE kind = 'sms:submitted'"
        )
        ask = receipts(bench, SmsGateway(http, f"{sandbox.url}/sms", SECRETS["sms"]["token"]))
        assert await ask.ask_due() == 0

        bench.works()
        await until(lambda: said(bench, dossier, "submitted sms"), 10)
        await asked_until(
            bench, ask, lambda: said(bench, dossier, "submitted sms", "submitted email")
        )


async def test_given_a_dossier_whose_receipt_no_rule_hears_then_the_others_are_asked_about(
    database, sandbox
):
    odd, other = a_dossier(), a_dossier()
    async with a_notifier(database, sandbox) as bench, open_session() as http:
        bench.works()
        for dossier in (odd, other):
            await bench.knows(dossier, phone=SWITCHED_OFF)
            await bench.hears(dossier, "submitted")
        await bench.idle()
        contact = "UPDATE correspondence SET contact = decode('00', 'hex') WHERE dossier_id = $1"
        await bench.pool.execute(contact, odd.id)
        await bench.pool.execute(
            "UPDATE sms_receipt SET taken_at = taken_at - interval '1 second',"
            " ask_at = ask_at - interval '1 second' WHERE dossier_id = $1",
            odd.id,
        )
        ask = receipts(bench, SmsGateway(http, f"{sandbox.url}/sms", SECRETS["sms"]["token"]))

        await asked_until(
            bench, ask, lambda: said(bench, other, "submitted sms", "submitted email")
        )

        assert await bench.outcomes(odd) == ["submitted sms"]


async def test_given_a_doubt_that_the_night_finds_out_then_its_receipt_is_asked_for_too(
    database, sandbox
):
    clock = Clock(datetime(2026, 11, 24, 20, tzinfo=VIETNAM))
    dossier = a_dossier()
    async with a_notifier(database, sandbox, clock, quiet_hours="21:00-07:00") as bench:
        await bench.knows(dossier)
        await bench.hears(dossier, "submitted")
        await bench.sandbox.fault("sms", kind="lost_answer", share=1, times=1, seconds=0)
        bench.works()
        state = "SELECT state = 'IN_DOUBT' FROM effect WHERE kind = 'sms:submitted'"
        await until(lambda: bench.pool.fetchval(state), 10)
        clock.now += timedelta(hours=2)
        await bench.pool.execute("UPDATE effect SET due_at = clock_timestamp()")
        await until(lambda: said(bench, dossier, "submitted sms"), 20)

        assert await bench.pool.fetchval("SELECT count(*) FROM sms_receipt") == 1
