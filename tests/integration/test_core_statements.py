"""What a connection keeps of the work it was used in."""

import asyncio
import weakref
from contextvars import ContextVar

import uvloop

from plumbing.database import Pool
from tests.integration.core_kit import open_bench


class _Batch:
    """Stands for the records FastStream keeps in the context of who handles them."""


_handled: ContextVar[_Batch] = ContextVar("handled")


def test_given_a_statement_first_prepared_in_a_batch_when_it_is_kept_then_the_batch_is_not(
    database: str,
) -> None:
    # The services' loop: Python's own keeps what a timer held also when the timer is cancelled.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(_what_is_left(database)) is None


async def _what_is_left(database: str) -> _Batch | None:
    async with open_bench(database) as bench:
        batch = await asyncio.create_task(_handle(bench.pool))
        # The pool remembers who used a connection last: that is somebody else by now.
        assert await bench.pool.fetchval("SELECT 'said by another'")
        return batch()


async def _handle(pool: Pool) -> "weakref.ref[_Batch]":
    batch = _Batch()
    _handled.set(batch)
    assert await pool.fetchval("SELECT 'first said in this batch'")
    return weakref.ref(batch)
