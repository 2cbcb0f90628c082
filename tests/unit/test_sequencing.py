"""Records in their dossier's order: read, then sorted, as pure functions."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Cause, Head, decode, encode, extend, sha256
from contracts.events import Accepted, RegisterReturned, Routed
from contracts.topics import LIFECYCLE
from plumbing.sequencing import (
    Arrived,
    Cursor,
    Key,
    Record,
    Sorted,
    Unreadable,
    Waiting,
    read,
    sort,
)

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
DOSSIERS = [UUID(int=n, version=4) for n in (1, 2, 3)]
KEY: Key = (DOSSIERS[0], "routing")
OTHER_BYTES = sha256(b"something else")


def a_chain(length: int, dossier_id: UUID = DOSSIERS[0], service: str = "routing") -> list[bytes]:
    """Return the bytes of one service's first events about a dossier."""
    bodies, head = [], Head(dossier_id, "H29.26740-261124-0001")
    for number in range(length):
        data: Any = Routed(unit_code="26740", reference_version=str(number))
        if service == "registry-sync":
            data = RegisterReturned(kind="refused", reasons=(f"reason_{number}",))
        body, _, head = extend(head, data, Cause("command", OTHER_BYTES), AT)
        bodies.append(body)
    return bodies


def a_record(body: bytes | None, offset: int = 0, **changes: Any) -> Record:
    """Return the record that carries `body` on its service's topic under its dossier's key."""
    event = decode(body) if body is not None and "key" not in changes else None
    key = str(event.dossierid).encode() if event else None
    topic = LIFECYCLE[event.service if event else "routing"].name
    fields = {"topic": topic, "key": key, "value": body} | changes
    record: Record = ConsumerRecord(
        partition=0,
        offset=offset,
        timestamp=0,
        timestamp_type=1,
        checksum=None,
        serialized_key_size=-1,
        serialized_value_size=-1,
        headers=(),
        **fields,
    )
    return record


def arrive(*bodies: bytes) -> list[Arrived]:
    """Return what `read` makes of the bodies, one offset after another."""
    read_records = [read(a_record(body, offset)) for offset, body in enumerate(bodies)]
    return [one for one in read_records if isinstance(one, Arrived)]


def forged(body: bytes) -> bytes:
    """Return an event for the same place that follows another one than it should."""
    event = decode(body)
    return encode(event.model_copy(update={"prevhash": sha256(b"forged" + body)}))


def rewritten(body: bytes) -> bytes:
    """Return an event for the same place after the same one, with other bytes."""
    return encode(decode(body).model_copy(update={"causeid": "another"}))


def waiting(*parked: Arrived) -> Waiting:
    slots: Waiting = {}
    for one in parked:
        slots.setdefault(one.slot, {})[one.hash] = one
    return slots


def cursor_after(body: bytes) -> dict[Key, Cursor]:
    event = decode(body)
    key = (event.dossierid, event.service)
    return {key: Cursor(event.sequence, event.id, sha256(body))}


def applied(result: Sorted) -> list[bytes]:
    return [encode(item.message) for item in result.items]  # type: ignore[arg-type]


# --- read


def test_given_an_event_on_its_topic_under_its_key_when_read_then_it_arrived() -> None:
    (body,) = a_chain(1)

    arrived = read(a_record(body, offset=7))

    topic = LIFECYCLE["routing"].name
    assert arrived == Arrived(decode(body), sha256(body), body, topic, 0, 7)
    assert isinstance(arrived, Arrived)
    assert (arrived.key, arrived.slot) == (KEY, (*KEY, 1))


BODY = a_chain(1)[0]
DOSSIER_KEY = str(DOSSIERS[0]).encode()
TOO_LARGE = json.dumps(json.loads(BODY) | {"causeid": "x" * 65_536}).encode()
UNREADABLE: dict[str, tuple[bytes | None, dict[str, Any], str]] = {
    "tombstone": (None, {"key": DOSSIER_KEY}, "tombstone"),
    "too large": (TOO_LARGE, {"key": DOSSIER_KEY}, "too_large"),
    "not JSON": (b"{", {"key": DOSSIER_KEY}, "json_invalid"),
    "not UTF-8": (BODY.replace(b"26740", b"\xff6740"), {"key": DOSSIER_KEY}, "json_invalid"),
    "unknown type": (
        BODY.replace(b"dossier.routed", b"dossier.burnt"),
        {"key": DOSSIER_KEY},
        "unknown_event_type",
    ),
    "unknown field": (
        BODY.replace(b'"data":{', b'"data":{"name":"Mai",'),
        {"key": DOSSIER_KEY},
        "schema_violation",
    ),
    "on another service's topic": (
        BODY,
        {"topic": LIFECYCLE["intake"].name},
        "wrong_source_for_topic",
    ),
    "on no lifecycle topic": (
        BODY,
        {"topic": "portal.submissions.v1"},
        "wrong_source_for_topic",
    ),
    "key of another dossier": (
        BODY,
        {"key": str(DOSSIERS[1]).encode()},
        "key_is_not_the_dossier",
    ),
    "key that names no dossier": (BODY, {"key": b"ABC"}, "key_is_not_the_dossier"),
    "key that is not text": (BODY, {"key": b"\xff\xfe"}, "key_is_not_the_dossier"),
    "no key": (BODY, {"key": None}, "key_is_not_the_dossier"),
}


@pytest.mark.parametrize(("body", "changes", "reason"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_given_a_record_that_is_no_event_when_read_then_it_is_unreadable_for_a_constant_reason(
    body: bytes | None, changes: dict[str, Any], reason: str
) -> None:
    record = a_record(body, **changes)

    unreadable = read(record)

    assert isinstance(unreadable, Unreadable)
    assert (unreadable.record, unreadable.reason) == (record, reason)
    assert "Mai" not in unreadable.problems
    assert isinstance(json.loads(unreadable.problems), list)


def test_given_the_largest_body_allowed_when_read_then_it_arrived() -> None:
    padding = 64 * 1024 - len(BODY)

    assert isinstance(read(a_record(BODY + b" " * padding)), Arrived)
    unreadable = read(a_record(BODY + b" " * (padding + 1)))
    assert isinstance(unreadable, Unreadable)
    assert unreadable.reason == "too_large"


# --- sort


def test_given_the_next_events_when_sorted_then_each_is_applied_and_the_cursor_follows() -> None:
    bodies = a_chain(3)

    result = sort(arrive(*bodies), {}, {})

    assert applied(result) == bodies
    assert result.cursors == cursor_after(bodies[2])
    assert (result.duplicates, result.parked, result.conflicts, result.broken) == (0, [], [], [])
    assert [item.cause for item in result.items] == [
        Cause(str(decode(body).id), sha256(body)) for body in bodies
    ]


def test_given_an_event_again_when_sorted_then_it_is_a_duplicate() -> None:
    bodies = a_chain(2)

    result = sort(arrive(bodies[0], bodies[1], *bodies), {}, {})
    later = sort(arrive(*bodies), cursor_after(bodies[1]), {})

    assert applied(result) == bodies
    assert result.duplicates == 2
    assert (later.items, later.duplicates, later.conflicts) == ([], 2, [])


def test_given_a_gap_when_sorted_then_what_is_ahead_parks_once() -> None:
    first, _, third = a_chain(3)

    result = sort(arrive(first, third, third), {}, {})
    nothing_new = sort(arrive(third), cursor_after(first), waiting(*arrive(third)))

    assert applied(result) == [first]
    assert [one.body for one in result.parked] == [third]
    assert result.duplicates == 1
    assert (nothing_new.parked, nothing_new.duplicates) == ([], 1)


def test_given_a_gap_that_closes_in_the_same_batch_when_sorted_then_all_are_applied() -> None:
    first, second, third, fourth = a_chain(4)

    result = sort(arrive(fourth, first, third, second), {}, {})

    assert applied(result) == [first, second, third, fourth]
    assert result.parked == []


def test_given_parked_events_when_what_they_waited_for_comes_then_they_follow_it() -> None:
    first, second, third, fourth = a_chain(4)
    parked = waiting(*arrive(third, fourth))

    result = sort(arrive(second), cursor_after(first), parked)

    assert applied(result) == [second, third, fourth]
    assert result.cursors == cursor_after(fourth)
    assert result.parked == []


def test_given_an_older_copy_parked_when_it_also_arrives_directly_then_it_is_applied_once() -> None:
    first, second, third = a_chain(3)
    parked = waiting(*arrive(second))

    result = sort(arrive(first, second, third), {}, parked)

    assert applied(result) == [first, second, third]
    assert (result.duplicates, result.conflicts, result.parked) == (1, [], [])


def test_given_cursors_that_do_not_move_when_sorted_then_they_are_not_written_again() -> None:
    first, second = a_chain(2)
    known = cursor_after(first) | {(DOSSIERS[1], "routing"): Cursor(4)}

    assert sort(arrive(second), known, {}).cursors == cursor_after(second)
    assert sort(arrive(second), known, {}).cursors == {}


def test_given_other_bytes_for_the_last_event_when_sorted_then_it_is_a_conflict() -> None:
    (body,) = a_chain(1)
    other = arrive(rewritten(body))

    result = sort(other, cursor_after(body), {})

    assert result.conflicts == [(other[0], sha256(body))]
    assert (result.items, result.cursors) == ([], {})


def test_given_two_bodies_for_one_place_ahead_when_sorted_then_both_park_and_it_is_a_conflict() -> (
    None
):
    first, second, _ = a_chain(3)
    one, other = arrive(second, rewritten(second))

    result = sort([one, other], {}, {})

    assert result.parked == [one, other]
    assert result.conflicts == [(other, one.hash)]
    assert sort(arrive(first), {}, waiting(one, other)).cursors[KEY].sequence == 2


def test_given_a_forged_predecessor_when_sorted_then_it_is_broken_and_the_true_one_is_applied() -> (
    None
):
    first, second = a_chain(2)

    result = sort(arrive(forged(first), first, forged(second), second), {}, {})

    assert applied(result) == [first, second]
    assert [one.body for one in result.broken] == [forged(first), forged(second)]
    assert result.parked == []


def test_given_a_forged_and_a_true_event_parked_when_released_then_the_fitting_one_is_applied() -> (
    None
):
    first, second, third = a_chain(3)
    for order in ((second, forged(second)), (forged(second), second)):
        parked = waiting(*arrive(*order, third))

        result = sort(arrive(first), {}, parked)

        assert applied(result) == [first, second, third]
        assert [(one.body, have) for one, have in result.conflicts] == [
            (forged(second), sha256(second))
        ]


def test_given_only_a_forged_event_parked_when_released_then_the_rest_waits_for_the_true_one() -> (
    None
):
    first, second, third = a_chain(3)
    parked = waiting(*arrive(forged(second), third))

    result = sort(arrive(first), {}, parked)
    after = sort(arrive(second), result.cursors, parked)

    assert applied(result) == [first]
    assert applied(after) == [second, third]


def test_given_two_services_and_dossiers_when_sorted_then_none_waits_for_another() -> None:
    mine, theirs = a_chain(2), a_chain(2, service="registry-sync")
    another = a_chain(1, DOSSIERS[1])

    result = sort(arrive(mine[1], theirs[0], theirs[1], another[0]), {}, {})

    assert applied(result) == [*theirs, *another]
    assert [one.body for one in result.parked] == [mine[1]]


# --- any delivery


@st.composite
def deliveries(draw: st.DrawFn, *, with_forged: bool) -> tuple[list[list[bytes]], list[bytes]]:
    """Return up to three chains, and a delivery: all of it shuffled, some of it repeated."""
    places = st.tuples(st.sampled_from(DOSSIERS), st.sampled_from(["routing", "registry-sync"]))
    chosen = draw(st.lists(places, min_size=1, max_size=3, unique=True))
    chains = [a_chain(draw(st.integers(1, 8)), *place) for place in chosen]
    every = [body for chain in chains for body in chain]
    again = draw(st.lists(st.sampled_from(every), max_size=6))
    if with_forged:
        again += [forged(body) for body in draw(st.lists(st.sampled_from(every), max_size=4))]
    return chains, draw(st.permutations([*every, *again]))


def deliver(bodies: list[bytes], cuts: list[int]) -> tuple[list[bytes], Waiting, list[Sorted]]:
    """Sort batch by batch as the database would carry cursors and parked records between them."""
    cursors: dict[Key, Cursor] = {}
    parked: Waiting = {}
    done, results = [], []
    edges = sorted({0, len(bodies), *(cut % (len(bodies) + 1) for cut in cuts)})
    for start, end in pairwise(edges):
        result = sort(
            arrive(*bodies[start:end]),
            {key: replace(cursor) for key, cursor in cursors.items()},
            {slot: dict(candidates) for slot, candidates in parked.items()},
        )
        cursors |= result.cursors
        for one in result.parked:
            parked.setdefault(one.slot, {})[one.hash] = one
        parked = {
            slot: candidates
            for slot, candidates in parked.items()
            if slot[2] > cursors.get(slot[:2], Cursor()).sequence
        }
        done += applied(result)
        results.append(result)
    return done, parked, results


@given(deliveries(with_forged=False), st.lists(st.integers(0, 40), max_size=8))
def test_any_shuffle_with_duplicates_in_any_batches_applies_each_event_once_in_order(
    delivery: tuple[list[list[bytes]], list[bytes]], cuts: list[int]
) -> None:
    chains, bodies = delivery

    done, parked, results = deliver(bodies, cuts)

    for chain in chains:
        assert [body for body in done if body in chain] == chain
    assert len(done) == sum(len(chain) for chain in chains)
    assert parked == {}
    assert [(result.conflicts, result.broken) for result in results] == [([], [])] * len(results)
    assert len(done) + sum(result.duplicates for result in results) == len(bodies)


@given(deliveries(with_forged=True), st.lists(st.integers(0, 40), max_size=8))
def test_no_forged_event_is_applied_or_keeps_a_true_one_from_being_applied(
    delivery: tuple[list[list[bytes]], list[bytes]], cuts: list[int]
) -> None:
    chains, bodies = delivery

    done, _, _ = deliver(bodies, cuts)

    for chain in chains:
        assert [body for body in done if body in chain] == chain
    assert len(done) == sum(len(chain) for chain in chains)


def test_a_causes_trace_goes_on_to_what_it_leads_to() -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    accepted = Accepted(
        unit_code="26740", procedure_code="1.001193", actor="officer", reference_version="1"
    )
    cause = Cause("command", OTHER_BYTES, trace)
    body, identity, _ = extend(Head(DOSSIERS[0], "H29-261124-0001"), accepted, cause, AT)

    (item,) = sort(arrive(body), {}, {}).items

    assert item.cause == Cause(str(identity), sha256(body), trace)
