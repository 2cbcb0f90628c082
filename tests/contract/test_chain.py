"""The chain of one service's events about one dossier."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import (
    GENESIS,
    MAX_EVENT_BYTES,
    MODELS,
    Cause,
    Envelope,
    EventTooLarge,
    Head,
    decode,
    encode,
    event_id,
    extend,
    sha256,
)
from contracts.events import (
    EVENTS,
    Accepted,
    EventData,
    NotificationAbandoned,
    Rescheduled,
    Routed,
)

DOSSIER = UUID("00000000-0000-4000-8000-000000000001")
START = Head(DOSSIER, "H29.26740-261124-0001")
AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
CAUSE = Cause("command:1", sha256(b"command"))
ROUTED = Routed(unit_code="26740", reference_version="4f0c9a7d21be")
ACCEPTED = Accepted(
    unit_code="26740", procedure_code="1.001193", actor="officer:1", reference_version="4f0c"
)


def test_the_next_event_counts_on_from_the_head_and_holds_its_hash() -> None:
    first, first_id, after_first = extend(START, ROUTED, CAUSE, AT)

    second, second_id, after_second = extend(after_first, ACCEPTED, CAUSE, AT)

    events = decode(first), decode(second)
    assert [(e.sequence, e.prevhash, e.id) for e in events] == [
        (1, GENESIS, first_id),
        (2, sha256(first), second_id),
    ]
    assert after_first == Head(DOSSIER, START.subject, 1, sha256(first))
    assert after_second == Head(DOSSIER, START.subject, 2, sha256(second))


def test_an_events_id_is_computed_from_dossier_service_and_sequence_alone() -> None:
    _, identity, _ = extend(START, ROUTED, CAUSE, AT)

    _, again, _ = extend(START, ACCEPTED, Cause("other", GENESIS), AT + timedelta(days=1))

    assert identity == again == event_id(DOSSIER, "routing", 1)
    others = {event_id(DOSSIER, "intake", 1), event_id(DOSSIER, "routing", 2)}
    assert identity not in others
    assert len(others) == 2


def test_the_same_decision_at_the_same_instant_gives_the_same_bytes() -> None:
    assert extend(START, ROUTED, CAUSE, AT) == extend(START, ROUTED, CAUSE, AT)


def test_what_led_to_an_event_stands_in_it() -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    body, _, _ = extend(START, ROUTED, Cause("effect:1", sha256(b"answer"), trace), AT)

    event = decode(body)
    assert (event.causeid, event.causehash, event.traceparent) == (
        "effect:1",
        sha256(b"answer"),
        trace,
    )
    assert event.time == AT


def a_data() -> st.SearchStrategy[EventData]:
    """Return any lifecycle event's data: pydantic's own types, filled by hypothesis."""
    return st.one_of([st.builds(kind, **_fields(kind)) for kind in EVENTS])


def _fields(kind: type[EventData]) -> dict[str, st.SearchStrategy[Any]]:
    hash_ = st.from_regex(r"\A[0-9a-f]{64}\Z")
    code = st.from_regex(r"\A[a-z0-9_]{1,64}\Z")
    digits = st.from_regex(r"\A[0-9]{5}\Z")
    zones = st.sampled_from([UTC, timezone(timedelta(hours=7)), timezone(timedelta(minutes=-90))])
    instant = st.datetimes(timezones=zones)
    book = st.from_regex(r"\A[0-9A-Za-z./ -]{1,40}\Z")
    particulars = st.fixed_dictionaries({"version": st.integers(1, 2**31), "sha256": hash_})
    attachment = st.fixed_dictionaries(
        {
            "kind": code,
            "uri": st.just("https://files.example.org/a"),
            "media_type": st.just("image/jpeg"),
            "size_bytes": st.integers(1, 50 * 1024 * 1024),
            "sha256": hash_,
        }
    )
    short = st.text(alphabet="aă ộ1", min_size=1, max_size=20)
    step = st.fixed_dictionaries(
        {
            "kind": code,
            "from_at": instant,
            "to_at": instant,
            "note_vi": short,
            "note_en": short,
            "source": short,
            "assumed": st.booleans(),
        }
    )
    due = st.fixed_dictionaries(
        {
            "due_at": instant,
            "due_on": st.dates(),
            "value": st.integers(0, 60),
            "unit": st.sampled_from(["same_day", "working_day", "hour"]),
            "source": short,
            "calendar_version": st.just("4f0c9a7d21be"),
            "steps": st.lists(step, max_size=3).map(tuple),
            "statutory_due_on": st.none() | st.dates(),
        }
    )
    imported = st.fixed_dictionaries(
        {"batch": code, "stage": st.just("at_register"), "received_at": st.none() | instant}
    )
    by_name: dict[str, st.SearchStrategy[Any]] = {
        "due": due if kind is Rescheduled else st.none() | due,
        "reception_due": st.none() | due,
        "supplement_due": st.none() | due,
        "imported": st.none() | imported,
        "flags": st.lists(code, max_size=2).map(tuple),
        "round": st.integers(2, 99),
        "particulars_version": st.integers(1, 2**31),
        "received_at": st.none() | instant,
        "resubmitted_at": instant,
        "requested_at": instant,
        "from_unit_code": digits,
        "to_unit_code": digits,
        "reason": st.just("erased") if kind is NotificationAbandoned else code,
        "source": short,
        "portal": st.from_regex(r"\A[a-z0-9-]{1,40}\Z"),
        "portal_reference": st.from_regex(r"\A[A-Za-z0-9._/-]{1,64}\Z"),
        "procedure_code": st.just("1.001193"),
        "province_code": st.just("79"),
        "unit_code": digits,
        "residence_unit_code": digits,
        "submitted_at": instant,
        "since": instant,
        "particulars": particulars,
        "attachments": st.lists(attachment, max_size=3).map(tuple),
        "reference_version": st.text(max_size=20),
        "actor": st.from_regex(r"\A[A-Za-z0-9._:-]{1,80}\Z"),
        "reasons": st.lists(code, min_size=1, max_size=3).map(tuple),
        "papers": st.lists(code, max_size=3).map(tuple),
        "number": book,
        "book": book,
        "page": st.none() | book,
        "attempt": st.integers(1, 10**6),
        "status": st.integers(1, 10),
    }
    return {name: by_name[name] for name in kind.model_fields if name in by_name}


@given(st.lists(st.tuples(a_data(), st.datetimes(timezones=st.just(UTC))), max_size=5), st.uuids())
def test_whatever_is_encoded_decodes_to_the_same_and_to_the_same_bytes(
    steps: list[tuple[EventData, datetime]], dossier_id: UUID
) -> None:
    heads: dict[str, Head] = {}
    for data, at in steps:
        head = heads.get(data.service, Head(dossier_id, "H29.26740-261124-0001"))

        body, identity, heads[data.service] = extend(head, data, CAUSE, at)

        event: Envelope = decode(body)
        assert (event.data, event.time, event.id) == (data, at, identity)
        assert type(event) is MODELS[type(data)]
        assert (event.sequence, event.prevhash) == (head.sequence + 1, head.hash)
        assert encode(event) == body


def test_given_an_event_no_reader_would_take_then_it_is_not_made() -> None:
    event = decode(extend(START, ROUTED, CAUSE, AT)[0])
    large = ROUTED.model_copy(update={"reference_version": "x" * MAX_EVENT_BYTES})

    with pytest.raises(EventTooLarge):
        encode(event.model_copy(update={"data": large}))
