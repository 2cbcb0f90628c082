"""The notifier on a real database and the sandbox: who is told what, in which order."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.integration.notifier_bench import (
    NotifierBench,
    a_dossier,
    a_notifier,
)
from tests.integration.sandbox_process import Sandbox, a_sandbox

STEPS = ["submitted", "accepted", "registered"]
UNREACHABLE_PHONE, UNREACHABLE_MAILBOX = "+84000000000", "unreachable@example.org"


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def bench(database: str, sandbox: Sandbox) -> AsyncIterator[NotifierBench]:
    async with a_notifier(database, sandbox) as one:
        yield one
        for component in ("sms", "mail", "callbacks"):
            await sandbox.http.delete(f"/faults/{component}")


async def test_given_a_whole_life_then_both_are_told_of_each_step_once_in_order(bench):
    dossier = a_dossier()
    bench.works()

    await bench.knows(dossier)
    await bench.hears(dossier, "submitted", "routed", "accepted", "registered")
    await bench.idle()

    assert await bench.journal(dossier, "sms.sent") == STEPS
    assert await bench.journal(dossier, "portal.callback") == STEPS
    assert await bench.outcomes(dossier) == [f"{step} sms" for step in STEPS]
    assert Counter(one.name for one in await bench.said(dossier)) == {
        "citizen_notified": 3,
        "portal_informed": 3,
    }


async def test_given_everything_came_the_wrong_way_round_then_it_is_told_in_order(bench):
    dossier = a_dossier()
    bench.works()

    await bench.hears(dossier, "registered", "routed", "accepted", "submitted")
    await bench.idle()
    assert await bench.journal(dossier, "portal.callback") == STEPS
    assert await bench.journal(dossier, "sms.sent", "mail.sent") == []
    await bench.knows(dossier, notify_by=["email"])
    await bench.idle()

    assert await bench.journal(dossier, "mail.sent") == STEPS
    assert await bench.outcomes(dossier) == [f"{step} email" for step in STEPS]


async def test_given_a_return_then_the_citizen_and_the_portal_hear_it(bench):
    dossier = a_dossier()
    bench.works()

    await bench.knows(dossier)
    await bench.hears(dossier, "submitted", "routed", "returned")
    await bench.idle()

    assert await bench.journal(dossier, "sms.sent") == ["submitted", "returned"]
    callbacks = [one for one in await bench.said(dossier) if one.name == "portal_informed"]
    assert [(one.step, one.status) for one in callbacks] == [("submitted", 1), ("returned", 5)]


async def test_given_a_phone_that_cannot_be_reached_then_a_mail_goes_before_the_next_step(bench):
    dossier = a_dossier()
    await bench.knows(dossier, phone=UNREACHABLE_PHONE)
    await bench.hears(dossier, "submitted", "routed", "accepted")

    bench.works()
    await bench.idle()

    assert await bench.journal(dossier, "sms.sent", "mail.sent") == ["submitted", "accepted"]
    assert await bench.outcomes(dossier) == ["submitted email", "accepted email"]


async def test_given_nothing_reaches_the_person_then_unreachable_and_the_portal_hears_on(bench):
    dossier = a_dossier()
    bench.works()

    await bench.knows(dossier, phone=UNREACHABLE_PHONE, email=UNREACHABLE_MAILBOX)
    await bench.hears(dossier, "submitted", "routed", "accepted")
    await bench.idle()

    assert await bench.journal(dossier, "sms.sent", "mail.sent") == []
    assert await bench.outcomes(dossier) == ["submitted unreachable", "accepted unreachable"]
    assert await bench.journal(dossier, "portal.callback") == ["submitted", "accepted"]


async def test_given_a_contact_then_neither_it_nor_its_message_rests_in_the_clear(bench):
    dossier = a_dossier()
    await bench.knows(dossier)
    await bench.hears(dossier, "submitted")

    contact = await bench.pool.fetchval("SELECT contact FROM correspondence")
    requests = await bench.pool.fetch("SELECT request FROM effect")
    rows = await bench.pool.fetch("SELECT correspondence::text FROM correspondence")

    resting = b"".join([contact, *(row["request"] for row in requests), str(rows).encode()])
    for personal in ("+84900000001", "thu@example.com", "Nguyễn"):
        assert personal.encode() not in resting


async def test_given_erasure_then_nothing_of_the_contact_is_kept_and_nothing_more_is_sent(bench):
    dossier = a_dossier()
    bench.works()
    await bench.knows(dossier)
    await bench.hears(dossier, "submitted")
    await bench.idle()

    await bench.forgets(dossier)
    await bench.hears(dossier, "routed", "accepted", "registered")
    await bench.idle()

    assert await bench.journal(dossier, "sms.sent", "mail.sent") == ["submitted"]
    assert await bench.outcomes(dossier) == [
        "submitted sms",
        "accepted erased",
        "registered erased",
    ]
    assert await bench.journal(dossier, "portal.callback") == STEPS
    assert await bench.pool.fetchval("SELECT contact FROM correspondence") is None
    assert await bench.pool.fetchval("SELECT count(*) FROM effect WHERE request IS NOT NULL") == 0


async def test_given_erasure_while_a_message_waits_to_be_sent_then_it_is_not_sent(bench):
    dossier = a_dossier()
    await bench.knows(dossier)
    await bench.hears(dossier, "submitted")

    await bench.forgets(dossier)
    bench.works()
    await bench.idle()

    assert await bench.journal(dossier, "sms.sent", "mail.sent") == []
    assert await bench.outcomes(dossier) == ["submitted erased"]
    assert await bench.states(dossier) == {
        "sms:submitted": "REJECTED",
        "portal:submitted": "DONE",
    }
    assert await bench.pool.fetchval("SELECT count(*) FROM effect WHERE request IS NOT NULL") == 0


async def test_given_a_state_when_saved_and_loaded_then_it_is_the_same(bench):
    dossiers = [a_dossier() for _ in range(3)]
    await bench.knows(dossiers[0])
    await bench.hears(dossiers[0], "submitted", "routed", "returned")
    await bench.hears(dossiers[1], "registered")
    await bench.knows(dossiers[2])
    await bench.forgets(dossiers[2])
    store = bench.assembly.part.store

    async with bench.pool.acquire() as conn:
        loaded = await store.load(conn, [one.id for one in dossiers])
        await store.save(conn, list(loaded.values()))
        again = await store.load(conn, [one.id for one in dossiers])

    assert again == loaded
    assert [loaded[one.id].erased for one in dossiers] == [False, False, True]
    assert loaded[dossiers[0].id].news[1].reasons == ("paper_missing",)
    assert [one.step for one in loaded[dossiers[1].id].early] == ["registered"]
