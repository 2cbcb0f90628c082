"""What tests share: one real Kafka, one real PostgreSQL and all services, started once per run."""

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


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The whole stack with empty topics and databases; stopped after the last test.

    A second run of the tests in the same clone gets a stack of its own.
    """
    os.environ["OFFICER_UNITS"] = DESK_UNIT
    try:
        with Stack(ROOT, name="test", fresh=True) as started:
            yield started
    except AlreadyRunning:
        own = Stack(ROOT, name=f"test-{os.getpid()}", fresh=True)
        try:
            with own as started:
                yield started
        finally:
            own.clean()


@pytest.fixture
def database(stack: Stack) -> str:
    """Return the url of an empty database that no other test has seen."""
    return stack.create_database(f"t{uuid4().hex[:12]}")
