"""Carries a dossier's trace from what is decided to what follows, also where no event does."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from contracts.envelope import Cause
from plumbing import tracing
from plumbing.database import Conn

Item = TypeVar("Item", bound=Any)

#: The rules' spans of the batch under way.
_batch: ContextVar[list[str] | None] = ContextVar("batch", default=None)
#: What came with the records of the batch under way, by dossier.
_came: ContextVar[Mapping[UUID, str] | None] = ContextVar("came", default=None)

_KNOWN = """
SELECT dossier_id, traceparent FROM stream
WHERE dossier_id = ANY($1::uuid[]) AND traceparent IS NOT NULL
"""
_KEEP = """
UPDATE stream SET traceparent = t.traceparent FROM unnest($1::uuid[], $2::text[])
    t(dossier_id, traceparent) WHERE stream.dossier_id = t.dossier_id
"""


@contextlib.contextmanager
def batch(topic: str, count: int) -> Iterator[None]:
    """Record the batch when a rule was recorded in the block; its span links to all of them."""
    if not tracing.is_on():
        yield
        return
    ours: list[str] = []
    token, started = _batch.set(ours), time.time_ns()
    try:
        yield
    finally:
        _batch.reset(token)
        if ours:
            span = tracing.start(f"settle {topic}", "", started, topic=topic, count=count)
            for one in ours:
                span.add_link(tracing.context_of(one))
            span.end()


@contextlib.contextmanager
def came_with(headers: Mapping[UUID | None, Iterable[tuple[str, bytes]]]) -> Iterator[None]:
    """Let the dossiers of the block begin their traces with what their records' headers carry."""
    if not tracing.is_on():
        yield
        return
    given = {one: tracing.header(pairs) for one, pairs in headers.items()}
    sampled = {one: text for one, text in given.items() if one and tracing.is_sampled(text)}
    token = _came.set(sampled)
    try:
        yield
    finally:
        _came.reset(token)


def deciding(
    service: str, decide: Callable[..., Any], decided: dict[UUID, str]
) -> Callable[..., Any]:
    """Return `decide(part, work, item, context)`; when traces are recorded, one that records it.

    What is decided then carries the span as its `traceparent`; `decided` is told by dossier.
    """
    if not tracing.is_on():
        return decide

    def recorded(part: Any, work: Any, item: Any, context: Any) -> Any:
        parent = _parent_of(item.dossier_id, item.cause)
        if parent is None:
            return decide(part, work, item, context)
        message = getattr(item.message, "data", item.message)
        facts: dict[str, Any] = {"service": service, "dossier_id": str(item.dossier_id)}
        span = tracing.start(f"decide {type(message).__name__}", parent, **facts)
        carried = decided[item.dossier_id] = tracing.text_of(span)
        if (ours := _batch.get()) is not None:
            ours.append(carried)
        try:
            return decide(part, work, carried_by(item, carried), context)
        finally:
            span.end()

    return recorded


def _parent_of(dossier_id: UUID, cause: Cause) -> str | None:
    """Return what the decision follows from, "" to begin a trace, None for nothing recorded."""
    if cause.traceparent is not None:
        return cause.traceparent
    came = _came.get()
    return came.get(dossier_id) if came is not None else tracing.current.get()


def carried_by(item: Any, traceparent: str | None) -> Any:
    """Return the item with that trace as its cause's; as it is, if there is no item or no trace."""
    if item is None or traceparent is None:
        return item
    return replace(item, cause=replace(item.cause, traceparent=traceparent))


async def carried_on(conn: Conn, items: Sequence[Item]) -> Sequence[Item]:
    """Return the items; those that carry no trace go on in the last one of their dossier.

    Personal data, polls and sweeps carry none. Asks the database only while traces are recorded;
    the dossiers must be locked.
    """
    if not tracing.is_on():
        return items
    bare = {i.dossier_id for i in items if _parent_of(i.dossier_id, i.cause) is None}
    if not bare:
        return items
    known = {row["dossier_id"]: row["traceparent"] for row in await conn.fetch(_KNOWN, [*bare])}
    return [
        item if item.cause.traceparent else carried_by(item, known.get(item.dossier_id))
        for item in items
    ]


async def keep(conn: Conn, decided: Mapping[UUID, str]) -> None:
    """Keep the last recorded decision of each dossier, if there is any."""
    if decided:
        await conn.execute(_KEEP, [*decided], [*decided.values()])
