"""Every step of a long life on a real database and the sandbox, and states kept long ago."""

import json
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from contracts.events import CitizenNotified, PortalInformed
from contracts.portal import StatusCallback
from plumbing.assembly import clock_ahead
from tests.integration.notifier_bench import NotifierBench, a_dossier, a_notifier
from tests.integration.sandbox_process import Sandbox, a_sandbox
from tests.unit.lifecycle_kit import (
    APOLOGY,
    APPOINTMENT,
    FORWARDED,
    HANDED_OVER,
    RESUMED,
    STOPPED,
    SUBMITTED,
    VERIFICATION,
    accepted,
    registered,
    resubmitted,
    returned,
)

LONG_LIFE = (
    *(SUBMITTED, FORWARDED, returned(), resubmitted(), accepted(1, 2), APOLOGY, VERIFICATION),
    *(STOPPED, RESUMED, registered(), HANDED_OVER),
)
KEYS = [
    *("submitted", "forwarded", "returned", "resubmitted", "accepted", "rescheduled"),
    *("rescheduled-2", "stopped", "resumed", "registered"),
]


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


@pytest.mark.parametrize("worked", ["all along", "afterwards"])
async def test_given_a_long_life_then_each_step_is_told_once_and_the_portal_is_led(bench, worked):
    dossier = a_dossier()
    if worked == "all along":
        bench.works()

    await bench.knows(dossier)
    await bench.learns(dossier, *LONG_LIFE)
    if worked == "afterwards":
        bench.works()
    await bench.idle()

    assert await bench.journal(dossier, "sms.sent") == KEYS
    said = await bench.said(dossier)
    informed = [(one.step, one.status) for one in said if isinstance(one, PortalInformed)]
    assert informed == [
        *(("submitted", 1), ("forwarded", 1), ("returned", 5), ("resubmitted", 1)),
        *(("accepted", 2), ("rescheduled", 2), ("rescheduled", 2), ("stopped", 8)),
        *(("resumed", 4), ("registered", 9), ("handed_over", 10)),
    ]
    assert [one.step for one in said if isinstance(one, CitizenNotified)] == [
        key.removesuffix("-2") for key in KEYS
    ]


async def test_given_trouble_everywhere_in_a_second_round_then_each_step_is_told_exactly_once(
    bench,
):
    dossier = a_dossier()
    for component, kind in (("sms", "lost_answer"), ("callbacks", "drop")):
        await bench.sandbox.fault(component, kind=kind, share=0.5, times=6, seconds=0)
    bench.works()
    bench.works()

    life = (SUBMITTED, accepted(), returned(), resubmitted(), accepted(2, 2), registered(2))
    await bench.knows(dossier)
    await bench.learns(dossier, *life, HANDED_OVER)
    await bench.idle(60)

    keys = ["submitted", "accepted", "returned", "resubmitted", "accepted-2", "registered"]
    assert await bench.journal(dossier, "sms.sent") == keys
    assert Counter(await bench.journal(dossier, "portal.callback")) == {
        **dict.fromkeys(("submitted", "returned", "resubmitted", "registered", "handed_over"), 1),
        "accepted": 2,
    }


async def test_given_callbacks_then_they_carry_the_statuses_passed_and_the_appointment(
    bench, monkeypatch
):
    dossier, sent = a_dossier(), []
    portal = bench.assembly.callers["portal"]

    async def noted(call):
        sent.append(json.loads(call.request)["body"])
        return await portal(call)

    monkeypatch.setitem(bench.assembly.callers, "portal", noted)
    bench.works()
    await bench.learns(dossier, SUBMITTED, accepted(), registered())
    await bench.idle()

    told = [StatusCallback.model_validate_json(body).data for body in sent]
    assert [(one.status, one.passed, one.due_at) for one in told] == [
        (1, (1,), None),
        (2, (2,), APPOINTMENT),
        (9, (4, 9), None),
    ]


async def test_given_a_service_that_lives_on_another_day_then_portals_still_take_its_callbacks(
    database, sandbox
):
    dossier = a_dossier()

    async with a_notifier(database, sandbox, clock_ahead(-5 * 366 * 86400.0)) as bench:
        bench.works()
        await bench.learns(dossier, SUBMITTED)
        await bench.idle()

        assert await bench.journal(dossier, "portal.callback") == ["submitted"]


async def test_given_a_state_with_everything_when_saved_and_loaded_then_it_is_the_same(bench):
    dossier, late = a_dossier(), a_dossier()
    others = [one for one in LONG_LIFE if one.service != "intake"]
    await bench.learns(dossier, *others, SUBMITTED)
    await bench.learns(late, *others)
    store, ids = bench.assembly.part.store, [dossier.id, late.id]

    async with bench.pool.acquire() as conn:
        loaded = await store.load(conn, ids)
        await store.save(conn, list(loaded.values()))
        again = await store.load(conn, ids)

    assert again == loaded
    assert {one.key for one in loaded[dossier.id].news} == {*KEYS, "handed_over"}
    assert loaded[dossier.id].early == ()
    assert (loaded[late.id].news, len(loaded[late.id].early)) == ((), len(others))


async def test_given_a_row_of_an_older_version_then_its_dossier_goes_on_from_there(bench):
    dossier = a_dossier()
    await bench.knows(dossier)
    await bench.learns(dossier, SUBMITTED, accepted())
    kept = [
        *("step", "event_id", "occurred_at", "kind", "reasons", "papers"),
        *("tried", "citizen", "portal"),
    ]
    await bench.pool.execute(
        "UPDATE correspondence SET news = (SELECT jsonb_agg((SELECT jsonb_object_agg(key, value)"
        " FROM jsonb_each(one) WHERE key = ANY($1))) FROM jsonb_array_elements(news) one)",
        kept,
    )

    bench.works()
    await bench.idle()
    await bench.learns(dossier, registered())
    await bench.idle()

    assert await bench.journal(dossier, "sms.sent") == ["submitted", "accepted", "registered"]
    informed = [one for one in await bench.said(dossier) if isinstance(one, PortalInformed)]
    assert [one.status for one in informed] == [1, 2, 9]
