"""Everything the log says of one dossier, in the order it happened, as an auditor reads it."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from audit.questions.ordering import causal
from audit.questions.reading import Dossier
from audit.questions.records import Said, Told
from audit.questions.saying import Saying, day, iso, moment
from audit.questions.standing import Standing, standing
from contracts.events import Due, EventData
from contracts.model import local_day

#: The due dates an event may carry, by field and event.
_DUES = {
    "routed": ("reception_due", "reception"),
    "forwarded": ("reception_due", "reception"),
    "accepted": ("due", "appointment"),
    "rescheduled": ("due", "appointment"),
    "resumed": ("due", "appointment"),
    "returned": ("supplement_due", "supplement"),
}
#: The act whose list a reason of an event is of, beside those of a return.
_ACTS = {"stopped": "stop", "forwarded": "forward"}


def due_of(data: EventData) -> tuple[str, Due] | None:
    """Return what an event makes due, or None: reception, appointment or supplement, and when."""
    field, kind = _DUES.get(data.name, ("", ""))
    due = getattr(data, field, None) if field else None
    return (kind, due) if isinstance(due, Due) else None


def timeline_document(dossier: Dossier) -> dict[str, Any]:
    """Return the timeline for a JSON document; times of Vietnam."""
    events = causal(dossier.events)
    now = standing(events)
    numbers = {str(one.event.id): number for number, one in enumerate(events, 1)}
    return {
        "dossier_id": dossier.dossier_id,
        "code": dossier.code,
        "status": now.status if now else None,
        "events": [_entry(number, one, numbers, events) for number, one in enumerate(events, 1)],
    }


def _entry(
    number: int, one: Said, numbers: dict[str, int], events: Sequence[Said]
) -> dict[str, Any]:
    event, due = one.event, due_of(one.event.data)
    cause = numbers.get(event.causeid)
    return {
        "number": number,
        "time": iso(event.time),
        "service": event.service,
        "event": event.data.name,
        "id": str(event.id),
        "actor": getattr(event.data, "actor", None),
        "place": {
            "topic": one.place.topic,
            "partition": one.place.partition,
            "offset": one.place.offset,
            "logged_at": iso(one.logged_at),
        },
        "chain": {
            "sequence": event.sequence,
            "prevhash": event.prevhash,
            "hash": one.hash,
        },
        "cause": {
            "id": event.causeid,
            "hash": event.causehash,
            "number": cause,
            "fits": None if cause is None else events[cause - 1].hash == event.causehash,
        },
        "due": None if due is None else {"kind": due[0], **due[1].model_dump(mode="json")},
        "data": event.data.model_dump(mode="json", exclude_none=True),
    }


def timeline_text(dossier: Dossier, origin: str, told: Told, saying: Saying) -> list[str]:
    """Return the timeline as lines for an auditor."""
    say, events = saying.say, causal(dossier.events)
    now = standing(events) or Standing(events[0].event.dossierid, dossier.code)
    lines = [
        say("timeline.title", code=dossier.code),
        say("timeline.id", id=dossier.dossier_id, origin=origin),
        say("timeline.now", status=say(f"status.{now.status}")),
        say("timeline.count", count=len(events)),
    ]
    numbers = {str(one.event.id): number for number, one in enumerate(events, 1)}
    for number, one in enumerate(events, 1):
        data = one.event.data
        lines += ["", f"{number:3}. {moment(one.event.time)}  {say(f'step.{data.name}')}"]
        on = local_day(one.event.time)
        facts = [*_facts(data, on, saying), *_dues(data, saying)]
        lines += [f"     {line}" for line in (*facts, *_proof(one, numbers, events, saying))]
    return [*lines, *([""] if told.counts else []), *saying.told(told)]


def _proof(
    one: Said, numbers: dict[str, int], events: Sequence[Said], saying: Saying
) -> Iterator[str]:
    event, cause = one.event, numbers.get(one.event.causeid)
    yield saying.say("timeline.place", place=one.place, at=moment(one.logged_at))
    yield saying.say(
        "timeline.chain",
        service=event.service,
        sequence=event.sequence,
        before=event.prevhash[:16],
        hash=one.hash,
    )
    if cause is None:
        yield saying.say("timeline.cause_outside", cause=event.causeid)
    else:
        fits = events[cause - 1].hash == event.causehash
        yield saying.say(f"timeline.cause_{'event' if fits else 'other'}", number=cause)


def _dues(data: EventData, saying: Saying) -> Iterator[str]:
    found = due_of(data)
    if found is None:
        return
    kind, due = found
    say = saying.say
    at = moment(due.due_at)
    yield say("due.moment", kind=say(f"due.{kind}"), at=at)
    limit = say(f"limit.{due.unit}", value=due.value)
    yield "  " + say("due.limit", limit=limit, source=due.source, calendar=due.calendar_version)
    if due.statutory_due_on and due.published_due_on:
        both = {"statutory": day(due.statutory_due_on), "published": day(due.published_due_on)}
        yield "  " + say("due.both", **both)
    for step in due.steps:
        note = step.note_vi if saying.language == "vi" else step.note_en
        line = say("due.step", note=note, source=step.source)
        yield "  - " + (say("due.assumed", step=line) if step.assumed else line)


def _facts(data: EventData, on: date, saying: Saying) -> Iterator[str]:
    """Yield what an event says beside its due dates, one matter a line."""
    say = saying.say
    for field, key, value in _said(data):
        match field:
            case "unit_code" | "to_unit_code" | "from_unit_code":
                value = saying.unit(str(value), on)
            case "procedure_code":
                value = saying.procedure(str(value))
            case "channel" if data.name == "submitted":
                value = say(f"road.{value}")
            case "channel" | "method":
                value = say(f"way.{value}")
            case "kind":
                value = say(f"kind.{value}")
            case "step":
                value = say(f"step.{value}")
            case "flags":
                value = say(f"flag.{value}")
            case "actor":
                value = say(f"actor.{value}")
            case "papers":
                value = saying.paper(str(value))
            case "reasons" | "reason":
                value = _reason(data, str(value), saying)
        yield say(f"fact.{key}", value=value)
    if hasattr(data, "registered_on") and hasattr(data, "number"):
        places = {"number": data.number, "book": getattr(data, "book", "")}
        yield say("fact.entry", **places, day=day(data.registered_on))


def _reason(data: EventData, code: str, saying: Saying) -> str:
    if data.name == "notification_abandoned":
        return saying.say(f"unsaid.{code}")
    kind = getattr(data, "kind", "") if data.name == "rescheduled" else ""
    return f"{saying.reason(code, kind or _ACTS.get(data.name, ''))} ({code})"


#: The fields of events that are told, in this order, and by which words.
_TOLD = (
    ("channel", "channel"),
    ("procedure_code", "procedure"),
    ("from_unit_code", "from_unit"),
    ("unit_code", "unit"),
    ("to_unit_code", "unit"),
    ("kind", "kind"),
    ("step", "step"),
    ("reason", "reason"),
    ("reasons", "reason"),
    ("papers", "paper"),
    ("flags", "flag"),
    ("same_event_as", "same_event"),
    ("source", "source"),
    ("method", "by"),
    ("portal", "portal"),
    ("status", "portal_status"),
    ("old_due_on", "old_due"),
    ("page", "page"),
    ("attempt", "attempt"),
    ("round", "round"),
    ("actor", "actor"),
    ("reference_version", "reference"),
)


def _said(data: EventData) -> Iterator[tuple[str, str, object]]:
    for field, key in _TOLD:
        value = getattr(data, field, None)
        told_by = "by" if field == "channel" and data.name != "submitted" else key
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None and not (field == "round" and one == 1):
                yield field, told_by, day(one) if isinstance(one, date) else one
    imported = getattr(data, "imported", None)
    if imported is not None:
        yield "", "imported", imported.batch
    for field in ("final", "on_request", "at_register"):
        if getattr(data, field, False):
            yield "", field, ""
    if getattr(data, "certain", True) is False:
        yield "", "uncertain", ""
