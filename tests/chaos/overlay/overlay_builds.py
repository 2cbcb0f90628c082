"""Builds that are wrong on purpose, each without one clause the promise stands on."""

import dataclasses
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from overlay_points import Gone, change_argument, demand, replace


def ack_first() -> None:
    """Commit the partition's offset in a transaction of its own, before the batch's effects."""
    from plumbing import offsets, settling

    async def moved_before(*_: Any) -> None:
        """Do nothing: the offset has been moved already."""

    def settling_after(old: Any) -> Any:
        async def settle(self: Any, tp: Any, records: Any, expected: int) -> Any:
            async with self.pool.acquire() as conn:
                step = offsets.Step(tp.partition, expected, records[-1].offset + 1)
                await offsets.advance(conn, self.group, tp.topic, [step])
            return await old(self, tp, records, expected)

        return settle

    demand(offsets, "advance", "conn", "group", "topic", "steps")
    demand(settling.Settler, "settle", "self", "tp", "records", "expected")
    known = {**vars(offsets), "advance": moved_before}
    replace(settling, "offsets", lambda _: SimpleNamespace(**known))
    replace(settling.Settler, "settle", settling_after)


def no_sequence_check() -> None:
    """Apply every event as it comes: copies and gaps too, and nobody compares hashes."""
    from plumbing import inlets
    from plumbing.applying import Item
    from plumbing.sequencing import Cause, Cursor, Sorted

    def as_they_come(arrived: Any, cursors: Any, waiting: Any) -> Any:
        result = Sorted(cursors=cursors)
        for record in arrived:
            event = record.event
            cursors[record.key] = Cursor(event.sequence, event.id, record.hash)
            cause = Cause(str(event.id), record.hash, event.traceparent)
            result.items.append(Item(event.dossierid, event, cause))
        return result

    demand(inlets, "sort", "arrived", "cursors", "waiting")
    replace(inlets, "sort", lambda _: as_they_come)


def no_idempotency_key() -> None:
    """Make each attempt at a call under a key of its own, and ask nobody first."""
    from plumbing.calls import Call
    from plumbing.effects import Executor

    if not {"effect_id", "in_doubt"} <= {one.name for one in dataclasses.fields(Call)}:
        raise Gone("Call has no effect_id or no in_doubt")

    def forgetful(caller: Any) -> Any:
        async def call_out(call: Any) -> Any:
            return await caller(dataclasses.replace(call, effect_id=uuid4(), in_doubt=False))

        return call_out

    def callers(given: Mapping[str, Any]) -> dict[str, Any]:
        return {kind: forgetful(caller) for kind, caller in given.items()}

    change_argument(Executor, "callers", callers)


BUILDS: dict[str, Callable[[], None]] = {
    one.__name__: one for one in (ack_first, no_sequence_check, no_idempotency_key)
}
