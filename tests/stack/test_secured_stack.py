"""A stack with SECURE=1 as a whole: certificates, passwords, roles and secrets in files."""

import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from contracts.grants import principals
from local_stack.credentials import SERVICES, database_of, runtime_role
from local_stack.stack import Stack
from local_stack.status import Status
from tests.flow.kit import following, good_samples
from tests.secret_words import secret_words

ROOT = Path(__file__).parents[2]
#: Who is connected to which database; the server's superuser alone is told all of it.
SESSIONS = """
SELECT DISTINCT datname, usename FROM pg_stat_activity
WHERE backend_type = 'client backend' AND datname <> 'postgres'
"""


@pytest.fixture(scope="module")
def secured() -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SECURE", "1")
        with Stack(ROOT, name="test-secured-stack", fresh=True) as started:
            yield started


@pytest.fixture
def status(secured: Stack) -> Status:
    return secured.status()


async def test_dossiers_of_both_roads_are_registered_and_everybody_is_told_once(status: Status):
    samples = [*good_samples(4, "http"), *good_samples(4, "bus")]
    assert {sample.road for sample in samples} == {"http", "bus"}

    async with following(status, samples) as journey:
        await journey.send()
        await journey.arrive()
        assert journey.breaches() == []
        assert {track.state for track in journey.tracks} == {"registered"}


async def test_no_process_shows_a_secret_in_its_environment_or_command(
    secured: Stack, status: Status
):
    words = secret_words(json.loads((secured.place.state / "secrets.json").read_text()))
    assert len(words) > 30

    for name, pid in status.pids.items():
        process = psutil.Process(pid)
        shown = "\0".join([*process.environ().values(), *process.cmdline()])
        assert process.environ(), name
        assert [word for word in words if word in shown] == [], name


async def test_each_service_works_as_a_role_that_owns_nothing(secured: Stack, status: Status):
    passwords = json.loads((secured.place.state / "secrets.json").read_text())["runtime_passwords"]
    server = await asyncpg.connect(status.database_server)
    seen = {(row["datname"], row["usename"]) for row in await server.fetch(SESSIONS)}
    await server.close()

    assert seen == {(database_of(service), runtime_role(service)) for service in SERVICES}
    for service in SERVICES:
        role = runtime_role(service)
        runtime = await asyncpg.connect(
            status.databases[service], user=role, password=passwords[role]
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await runtime.execute("DROP TABLE outbox")
        await runtime.close()


def test_each_process_has_the_certificate_of_its_own_name(secured: Stack, status: Status):
    for service in (*SERVICES, "audit"):
        told = psutil.Process(status.pids[service]).environ()
        assert service in principals(())
        assert Path(told["KAFKA_CERTIFICATE_FILE"]).stem == service
        assert told["KAFKA_SECURITY_PROTOCOL"] == "SSL"


async def test_a_service_that_is_stopped_and_started_takes_up_what_waited(
    secured: Stack, status: Status
):
    samples = good_samples(3, "bus")
    async with following(status, samples) as journey:
        secured.stop_component("intake")
        await journey.send()
        secured.start_component("intake")
        secured.await_component("intake")
        await journey.arrive()
        assert journey.breaches() == []
