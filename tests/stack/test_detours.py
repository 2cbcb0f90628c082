"""A whole stack with detours: every road leads over one, and each can be troubled alone."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from local_stack.stack import Stack
from tests.flow.kit import following, good_samples, until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def detoured() -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DETOURS", "1")
        with Stack(ROOT, name="test-detours", fresh=True) as started:
            yield started


class Control:
    """The detours of a stack, as those who trouble them see them."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url, self._http = f"{url}/detours", http

    async def all(self) -> dict[str, Any]:
        async with self._http.get(self._url) as response:
            found: dict[str, Any] = await response.json()
            return found

    async def trouble(self, name: str, **body: Any) -> tuple[int, Any]:
        async with self._http.put(f"{self._url}/{name}", json=body) as response:
            return response.status, await response.json()

    async def mend(self, name: str) -> int:
        async with self._http.delete(f"{self._url}/{name}") as response:
            return response.status


@pytest.fixture
async def control(detoured: Stack) -> AsyncIterator[Control]:
    async with aiohttp.ClientSession() as http:
        yield Control(detoured.status().detours["url"], http)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


async def test_when_samples_travel_then_every_detour_was_passed_and_the_promise_holds(
    detoured: Stack, control: Control
):
    status = detoured.status()

    async with following(status, good_samples(20)) as journey:
        await journey.send()
        await journey.arrive()
        breaches = journey.breaches()

    assert breaches == []
    taken = {name: one["taken"] for name, one in (await control.all()).items()}
    assert list(taken) == status.detours["names"]
    assert min(taken.values()) > 0, taken
    assert "detours" not in status.urls


async def test_given_replies_of_the_database_are_dropped_then_it_has_done_what_nobody_heard_of(
    detoured: Stack, control: Control
):
    direct = detoured.create_database("lost_reply")
    port = (await control.all())["database-notifier"]["port"]
    detour = direct.replace(f":{port_of(direct)}/", f":{port}/")
    client = await asyncpg.connect(detour)
    await client.execute("CREATE TABLE told (id int)")

    assert (await control.trouble("database-notifier", kind="drop_replies"))[0] == 200
    try:
        with pytest.raises(TimeoutError):
            await client.execute("INSERT INTO told VALUES (1)", timeout=0.5)
    finally:
        assert await control.mend("database-notifier") == 204
    client.terminate()

    witness = await asyncpg.connect(direct)
    assert await witness.fetchval("SELECT count(*) FROM told") == 1
    await witness.close()


async def test_given_kafka_over_its_detour_then_the_broker_is_known_by_the_detours_port(
    detoured: Stack, control: Control
):
    port = (await control.all())["kafka-1"]["port"]
    found = {}
    for bootstrap in (f"127.0.0.1:{port}", detoured.status().kafka):
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        found[bootstrap] = {
            broker["port"] for broker in (await admin.describe_cluster())["brokers"]
        }
        await admin.close()

    assert found == {
        f"127.0.0.1:{port}": {port},
        detoured.status().kafka: {port_of(detoured.status().kafka)},
    }


async def test_when_a_services_database_is_cut_then_it_alone_is_not_ready_until_it_is_mended(
    detoured: Stack, control: Control
):
    async def answers(service: str) -> int:
        url = f"{detoured.status().urls[service]}/health/ready"
        async with aiohttp.ClientSession() as http, http.get(url) as response:
            return response.status

    async def is_away() -> bool:
        return await answers("routing") == 503

    async def is_back() -> bool:
        return await answers("routing") == 200

    await control.trouble("database-routing", kind="cut")
    try:
        await until(is_away, "routing misses its database")
        assert await answers("intake") == 200
    finally:
        await control.mend("database-routing")
    await until(is_back, "routing has its database again")


async def test_given_an_order_that_means_nothing_then_it_is_refused_by_field(control: Control):
    status, problem = await control.trouble("sms", kind="delay", often=1)

    assert status == 422
    assert {error["field"] for error in problem["errors"]} == {"seconds", "often"}
    assert (await control.trouble("nothing", kind="cut"))[0] == 404
    assert (await control.trouble("sms", kind="throttle"))[0] == 422
    assert (await control.trouble("sms", kind="odd"))[0] == 422
    assert (await control.all())["sms"]["trouble"] is None
