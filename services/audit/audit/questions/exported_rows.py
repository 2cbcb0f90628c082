"""The columns of the exported tables, and what of a dossier goes into them."""

import json
from typing import Any

import pyarrow as pa

from audit.questions.reading import Dossier
from audit.questions.records import Said
from audit.questions.standing import standing
from audit.questions.state import province_now
from audit.questions.timeline import due_of

_TEXT, _DAY, _NUMBER = pa.string(), pa.date32(), pa.int32()
_MOMENT = pa.timestamp("us", tz="UTC")

EVENTS = pa.schema(
    [
        ("dossier_id", _TEXT),
        ("code", _TEXT),
        ("number", _NUMBER),
        ("time", _MOMENT),
        ("service", _TEXT),
        ("event", _TEXT),
        ("event_id", _TEXT),
        ("actor", _TEXT),
        ("unit_code", _TEXT),
        ("kind", _TEXT),
        ("reasons", _TEXT),
        ("sequence", _NUMBER),
        ("prevhash", _TEXT),
        ("hash", _TEXT),
        ("cause_id", _TEXT),
        ("cause_hash", _TEXT),
        ("topic", _TEXT),
        ("partition", _NUMBER),
        ("offset", pa.int64()),
        ("logged_at", _MOMENT),
        ("data", _TEXT),
    ]
)
DOSSIERS = pa.schema(
    [
        ("dossier_id", _TEXT),
        ("code", _TEXT),
        ("status", _TEXT),
        ("unit_code", _TEXT),
        ("province_code", _TEXT),
        ("procedure_code", _TEXT),
        ("road", _TEXT),
        ("submitted_at", _MOMENT),
        ("accepted_at", _MOMENT),
        ("changed_at", _MOMENT),
        ("due_at", _MOMENT),
        ("first_appointment_at", _MOMENT),
        ("appointment_at", _MOMENT),
        ("apologies", _NUMBER),
        ("entry_unit_code", _TEXT),
        ("number", _TEXT),
        ("book", _TEXT),
        ("page", _TEXT),
        ("registered_on", _DAY),
        ("events", _NUMBER),
    ]
)
DEADLINES = pa.schema(
    [
        ("dossier_id", _TEXT),
        ("code", _TEXT),
        ("event_id", _TEXT),
        ("set_at", _MOMENT),
        ("set_by", _TEXT),
        ("what", _TEXT),
        ("due_at", _MOMENT),
        ("due_on", _DAY),
        ("value", _NUMBER),
        ("unit", _TEXT),
        ("source", _TEXT),
        ("calendar_version", _TEXT),
        ("statutory_due_on", _DAY),
        ("published_due_on", _DAY),
        ("assumed", pa.bool_()),
        ("steps", _TEXT),
    ]
)


def event_row(dossier: Dossier, number: int, one: Said) -> tuple[Any, ...]:
    """Return an event in the order of EVENTS; `number` is its place in causal order."""
    event, data = one.event, one.event.data
    reasons = getattr(data, "reasons", None) or (getattr(data, "reason", None),)
    unit = getattr(data, "unit_code", None) or getattr(data, "to_unit_code", None)
    return (
        dossier.dossier_id,
        dossier.code,
        number,
        event.time,
        event.service,
        data.name,
        str(event.id),
        getattr(data, "actor", None),
        unit,
        getattr(data, "kind", None),
        " ".join(filter(None, reasons)) or None,
        event.sequence,
        event.prevhash,
        one.hash,
        event.causeid,
        event.causehash,
        one.place.topic,
        one.place.partition,
        one.place.offset,
        one.logged_at,
        data.model_dump_json(exclude_none=True),
    )


def dossier_row(dossier: Dossier) -> tuple[Any, ...]:
    """Return a dossier as it stands in the end, in the order of DOSSIERS."""
    now = standing(dossier.events)
    assert now is not None
    first, last, entry = now.first_appointment, now.appointment, now.entry
    return (
        dossier.dossier_id,
        dossier.code,
        now.status,
        now.unit_code,
        province_now(now),
        now.procedure_code,
        now.road,
        now.submitted_at,
        now.accepted_at,
        now.changed_at,
        now.due and now.due.due_at,
        first and first.due_at,
        last and last.due_at,
        now.apologies,
        entry and entry.unit_code,
        entry and entry.number,
        entry and entry.book,
        entry and entry.page,
        entry and entry.registered_on,
        len(dossier.events),
    )


def deadline_row(dossier: Dossier, one: Said) -> tuple[Any, ...] | None:
    """Return what an event makes due, in the order of DEADLINES; None if it makes nothing."""
    found = due_of(one.event.data)
    if found is None:
        return None
    what, due = found
    return (
        dossier.dossier_id,
        dossier.code,
        str(one.event.id),
        one.event.time,
        one.event.data.name,
        what,
        due.due_at,
        due.due_on,
        due.value,
        due.unit,
        due.source,
        due.calendar_version,
        due.statutory_due_on,
        due.published_due_on,
        any(step.assumed for step in due.steps),
        json.dumps([step.model_dump(mode="json") for step in due.steps], ensure_ascii=False),
    )
