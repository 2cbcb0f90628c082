"""What tests share: one real Kafka, one real PostgreSQL and all services, started once per run."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from local_stack.errors import AlreadyRunning
from local_stack.stack import Stack

ROOT = Path(__file__).resolve().parents[1]


#: In the test stack the officers of this unit receive by hand; every other unit by machine.
DESK_UNIT = "20194"


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


@pytest.fixture
def database(servers: Stack) -> str:
    """Return the url of an empty database that no other test has seen."""
    return servers.create_database(f"t{uuid4().hex[:12]}")


def _started(name: str, *, services: bool) -> Iterator[Stack]:
    name += os.environ.get("TEST_LANE", "")
    try:
        with Stack(ROOT, name=name, services=services, fresh=True) as started:
            yield started
    except AlreadyRunning:
        own = Stack(ROOT, name=f"{name}-{os.getpid()}", services=services, fresh=True)
        try:
            with own as started:
                yield started
        finally:
            own.clean()
