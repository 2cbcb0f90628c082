"""What tests share: one real Kafka, one real PostgreSQL and all services, started once per run."""

import gc
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local_stack import postgres
from local_stack.errors import AlreadyRunning
from local_stack.stack import Stack
from tests.databases import Databases, migrations_of

ROOT = Path(__file__).resolve().parents[1]


#: In the test stack the officers of this unit receive by hand; every other unit by machine.
DESK_UNIT = "20194"


def pytest_configure(config: pytest.Config) -> None:
    """Make our marks known, let a busy machine be slow, and be interrupted in the background, too.

    A job in the background ignores SIGINT, and so would the processes that tests interrupt.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "empty_database: `database` has no table yet")
    slow = [HealthCheck.too_slow]
    settings.register_profile("busy", deadline=None, suppress_health_check=slow)
    settings.load_profile("busy")


def pytest_collection_finish() -> None:
    """Spare the collector what lives to the end: a third of the time of small tests was its."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The whole stack with empty topics and databases; stopped after the last test.

    A second run of the tests in the same clone gets a stack of its own.
    """
    os.environ["OFFICER_UNITS"] = DESK_UNIT
    yield from _started("test", services=True)


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Kafka and PostgreSQL, of the whole stack when a test of this run wants one, else alone."""
    if any("stack" in getattr(item, "fixturenames", ()) for item in request.session.items):
        yield request.getfixturevalue("stack")
    else:
        yield from _started("test-servers", services=False)


@pytest.fixture(scope="session")
def databases(servers: Stack) -> Databases:
    """The databases of the server that tests have used and may use again."""
    return Databases(servers.status().database_server)


@pytest.fixture
async def database(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[str]:
    """Give the url of a database without rows, migrated for the tests of that module.

    With the mark `empty_database`, or where no migrations are known for the module
    (`databases.BY_MODULE`), nothing is in it.
    """
    folders = migrations_of(request.path.name)
    if folders is None or request.node.get_closest_marker("empty_database"):
        yield (await databases.make()).url
        return
    lent = await databases.lend(folders)
    yield lent.url
    await databases.take_back(lent, folders)


def _started(name: str, *, services: bool) -> Iterator[Stack]:
    name += os.environ.get("TEST_LANE", "")
    try:
        with Stack(ROOT, name=name, services=services, fresh=True) as started:
            _spare_vacuum(started)
            yield started
    except AlreadyRunning:
        own = Stack(ROOT, name=f"{name}-{os.getpid()}", services=services, fresh=True)
        try:
            with own as started:
                _spare_vacuum(started)
                yield started
        finally:
            own.clean()


def _spare_vacuum(started: Stack) -> None:
    """Look at databases less often: there are hundreds, each for a moment only."""
    script = "ALTER SYSTEM SET autovacuum_naptime = '1h';\nSELECT pg_reload_conf();"
    postgres.run_sql(started.status().database_server, script)
