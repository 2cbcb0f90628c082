"""What a portal sees of its callbacks, how it has one again, and the schedule they really keep."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.events import PortalInformed
from notifier.redelivering import MOST_A_DAY
from plumbing import effects
from tests.integration.core_kit import Dossier, until
from tests.integration.notifier_bench import NotifierBench, a_dossier, a_notifier
from tests.integration.notifier_http import (
    NATIONAL,
    PROVINCIAL,
    a_sandbox_of_portals,
    portals_of,
)
from tests.integration.sandbox_process import Sandbox
from tests.unit.builders import a_submission
from tests.unit.lifecycle_kit import accepted


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox_of_portals(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def bench(database: str, sandbox: Sandbox) -> AsyncIterator[NotifierBench]:
    async with a_notifier(database, sandbox) as one:
        yield one
        await sandbox.http.delete("/faults/callbacks")


async def told(bench: NotifierBench, reference: str = "R-1", portal: str = NATIONAL) -> Dossier:
    """Return a dossier whose portal is to hear that it was submitted and accepted."""
    dossier = a_dossier()
    changes = {"portal_reference": reference, "portal": portal}
    await bench.learns(dossier, a_submission().model_copy(update=changes), accepted())
    return dossier


async def test_given_callbacks_then_a_portal_sees_its_own_by_dossier_and_by_status(bench):
    dossier = await told(bench)
    await told(bench, "R-2")
    await told(bench, "R-1", PROVINCIAL)
    async with portals_of(bench, NATIONAL, "moj-direct") as (national, direct):
        waiting = await national.get("/v1/deliveries", status="waiting")
        bench.works()
        await bench.idle()
        mine = await national.get("/v1/deliveries", portal_reference="R-1")
        everything = await national.get("/v1/deliveries", status="delivered", limit=3)
        rest = await national.get("/v1/deliveries", after=everything.body["next"])
        denied = await direct.get("/v1/deliveries")

    assert [one["portal_reference"] for one in waiting.body["items"]] == ["R-1", "R-2"]
    assert [(one["step"], one["status"], one["dossier_code"]) for one in mine.body["items"]] == [
        ("submitted", "delivered", dossier.code),
        ("accepted", "delivered", dossier.code),
    ]
    assert (len(everything.body["items"]), len(rest.body["items"]), rest.body["next"]) == (3, 1, "")
    assert denied.status == 403


async def test_given_a_portal_in_trouble_then_the_trace_shows_every_attempt_and_the_next(
    bench, monkeypatch
):
    monkeypatch.setattr(effects, "backoff", lambda _: 0.02)
    await bench.sandbox.fault("callbacks", kind="error", share=1, times=2, seconds=0)
    await told(bench)
    bench.works()
    await bench.idle()

    async with portals_of(bench, NATIONAL, PROVINCIAL) as (national, provincial):
        listed = await national.get("/v1/deliveries", portal_reference="R-1")
        first, second = [one["id"] for one in listed.body["items"]]
        trace = (await national.get(f"/v1/deliveries/{first}")).body
        at_once = (await national.get(f"/v1/deliveries/{second}")).body
        strange = await provincial.get(f"/v1/deliveries/{first}")

    assert [(one["answer"], one.get("http_status")) for one in trace["attempts"]] == [
        *(("server_error", 500), ("server_error", 500)),
        ("delivered", 204),
    ]
    assert (trace["status"], trace["attempts_made"]) == ("delivered", 3)
    assert [(one["attempt"], one["answer"]) for one in at_once["attempts"]] == [(1, "delivered")]
    assert strange.status == 404


async def test_given_a_failing_callback_then_it_is_listed_with_its_next_try(bench):
    await bench.sandbox.fault("callbacks", kind="error", share=1, times=None, seconds=0)
    await told(bench)
    bench.works()

    async with portals_of(bench, NATIONAL) as (national,):
        found: list[Any] = []

        async def is_failing() -> bool:
            answer = await national.get("/v1/deliveries", status="failing")
            found[:] = answer.body["items"]
            return bool(found)

        await until(is_failing)

    assert (found[0]["status"], found[0]["step"]) == ("failing", "submitted")
    assert found[0]["next_try_at"] > found[0]["created_at"]


async def test_given_a_delivered_step_when_asked_for_again_then_it_comes_as_another_message(bench):
    dossier = await told(bench)
    bench.works()
    await bench.idle()

    async with portals_of(bench, NATIONAL, PROVINCIAL) as (national, provincial):
        listed = (await national.get("/v1/deliveries", portal_reference="R-1")).body["items"]
        strange = await provincial.post(f"/v1/deliveries/{listed[0]['id']}/redeliver")
        again = await national.post(f"/v1/deliveries/{listed[0]['id']}/redeliver")
        await bench.idle()
        after = (await national.get(again.headers["location"])).body

    assert (strange.status, again.status) == (404, 202)
    assert (after["id"], after["again"], after["status"]) == (again.body["id"], 1, "delivered")
    assert (after["event_id"], after["step"]) == (listed[0]["event_id"], "submitted")
    callbacks = await bench.sandbox.journal(again.body["id"])
    assert [(one["kind"], one["event_id"]) for one in callbacks] == [
        ("portal.callback", listed[0]["event_id"])
    ]
    informed = [one for one in await bench.said(dossier) if isinstance(one, PortalInformed)]
    assert [(one.step, one.again) for one in informed] == [
        *(("submitted", 0), ("accepted", 0)),
        ("submitted", 1),
    ]


async def test_given_a_step_still_under_way_then_it_is_not_sent_beside_itself(bench):
    await told(bench)
    async with portals_of(bench, NATIONAL) as (national,):
        (first,) = (await national.get("/v1/deliveries", status="waiting")).body["items"]
        answer = await national.post(f"/v1/deliveries/{first['id']}/redeliver")

    assert (answer.status, answer.body["type"].rpartition("/")[2]) == (409, "under-way")


async def test_given_it_was_asked_for_as_often_as_a_day_allows_then_429_and_another_step_goes(
    bench,
):
    await told(bench)
    bench.works()
    await bench.idle()
    async with portals_of(bench, NATIONAL) as (national,):
        listed = (await national.get("/v1/deliveries", portal_reference="R-1")).body["items"]
        first, second = [f"/v1/deliveries/{one['id']}/redeliver" for one in listed]
        statuses = [(await national.post(first)).status for _ in range(MOST_A_DAY + 1)]
        other = await national.post(second)
        await bench.pool.execute("UPDATE effect SET created_at = created_at - interval '25 hours'")
        tomorrow = await national.post(first)

    assert statuses == [202] * MOST_A_DAY + [429]
    assert (other.status, tomorrow.status) == (202, 202)


async def test_given_the_published_schedule_then_the_executor_keeps_to_it(bench, monkeypatch):
    await bench.sandbox.fault("callbacks", kind="error", share=1, times=None, seconds=0)
    await told(bench)
    async with portals_of(bench, NATIONAL) as (national,):
        schedule = (await national.get("/v1/retry-schedule")).body
    bounds = {
        one["after_attempt"]: (one["least_seconds"], one["most_seconds"])
        for one in schedule["pauses"]
    }
    kept: dict[int, float] = {}
    real, last = effects.backoff, max(bounds)

    def hurried(attempt: int) -> float:
        kept[attempt] = real(attempt)
        return 0.01

    monkeypatch.setattr(effects, "backoff", hurried)
    bench.works()

    async def long_enough() -> bool:
        return len(kept) > last

    await until(long_enough, 40)

    assert last == 7
    for attempt, pause in kept.items():
        least, most = bounds[min(attempt, last)]
        assert least <= pause <= most, attempt
    assert (schedule["horizon_seconds"], schedule["last_attempts"]) == (48 * 3600, 10)
