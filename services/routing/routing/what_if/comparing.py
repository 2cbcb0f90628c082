"""What of a decision the log has is not what the rules make of it."""

from collections.abc import Iterator, Sequence
from typing import Any

from contracts.decision import Decision, Refused
from contracts.envelope import Envelope
from contracts.events import (
    Accepted,
    Due,
    EventData,
    Forwarded,
    Rescheduled,
    Resumed,
    Returned,
    Routed,
    Submitted,
)
from contracts.model import VIETNAM
from contracts.what_if import Aspect, Judged, Kind
from routing.domain import AUTOMATIC, Accept, Case

#: Events that carry until when something is due, what it is, and under which name.
_DUES: dict[type[EventData], tuple[Kind, str]] = {
    Routed: ("reception_due", "reception_due"),
    Forwarded: ("reception_due", "reception_due"),
    Accepted: ("appointment", "due"),
    Resumed: ("appointment", "due"),
    Rescheduled: ("appointment", "due"),
    Returned: ("supplement_due", "supplement_due"),
}


def compare(
    message: object, group: Sequence[Envelope], found: Decision[Case] | Refused, before: Case
) -> tuple[Judged, ...]:
    """Return each decision in the events of one cause, against what the rules answer to it."""
    first = group[0]
    unit_code = _unit_of(group, before)
    if isinstance(found, Refused):
        kind: Kind = "reception" if isinstance(message, Accept) else "act"
        said = _outcome([event.data for event in group]) or first.data.name
        return (
            Judged(
                kind,
                ("not_allowed",),
                said,
                found.reason,
                unit_code=unit_code,
                event=first.data.name,
                sequence=first.sequence,
            ),
        )
    return tuple(_decisions(message, group, found.events, unit_code))


def _decisions(
    message: object, group: Sequence[Envelope], found: Sequence[EventData], unit_code: str
) -> Iterator[Judged]:
    said = [event.data for event in group]
    if isinstance(message, Envelope) and isinstance(message.data, Submitted):
        here = _authority(said), _authority(found)
        yield _plain("authority", here, (_sources(said), _sources(found)), group[0], unit_code)
        if here[0] != here[1]:
            return
    outcomes = _outcome(said), _outcome(found)
    same = outcomes[0] == outcomes[1]
    if any(outcomes):
        event = next((one for one in group if isinstance(one.data, Accepted | Returned)), group[0])
        yield _plain("reception", outcomes, ("", ""), event, unit_code)
    elif not any(type(data) in _DUES for data in said):
        yield _plain("act", (_names(said), _names(found)), ("", ""), group[0], unit_code)
    for event in group:
        other = next((data for data in found if type(data) is type(event.data)), None)
        if type(event.data) in _DUES and (other is not None or same):
            yield from _due(event, other, unit_code)


def _due(event: Envelope, other: EventData | None, unit_code: str) -> Iterator[Judged]:
    kind, name = _DUES[type(event.data)]
    if isinstance(event.data, Returned) and event.data.kind != "supplement":
        return
    said: Due | None = getattr(event.data, name)
    found: Due | None = getattr(other, name, None)
    if said is None and found is None:
        return
    aspects = differing(said, found)
    if not aspects:
        yield Judged(kind)
        return
    yield Judged(
        kind,
        aspects,
        due_text(said),
        due_text(found),
        said.source if said else "",
        found.source if found else "",
        unit_code,
        event.data.name,
        event.sequence,
        said.calendar_version if said else "",
        found.calendar_version if found else "",
        said.steps if said else (),
        found.steps if found else (),
    )


def differing(said: Due | None, found: Due | None) -> tuple[Aspect, ...]:
    """Return what of two due moments is not the same; `reasons` are the steps that lead there."""
    if said is None or found is None:
        return () if said is found else ("due",)
    pairs: tuple[tuple[Aspect, Any, Any], ...] = (
        ("due", (said.due_at, said.due_on), (found.due_at, found.due_on)),
        ("promises", _promises(said), _promises(found)),
        ("limit", (said.value, said.unit), (found.value, found.unit)),
        ("source", said.source, found.source),
        ("calendar", said.calendar_version, found.calendar_version),
        ("reasons", said.steps, found.steps),
    )
    return tuple(aspect for aspect, one, other in pairs if one != other)


def _promises(due: Due) -> tuple[Any, ...]:
    return due.statutory_due_on, due.published_due_on


def due_text(due: Due | None) -> str:
    """Return a due moment with its limit, in Vietnamese time; `none` where no limit is known."""
    if due is None:
        return "none"
    text = f"{due.due_at.astimezone(VIETNAM):%Y-%m-%d %H:%M:%S} ({due.value} {due.unit})"
    promises = (("law", due.statutory_due_on), ("published", due.published_due_on))
    return ", ".join([text, *(f"{name}: {day}" for name, day in promises if day is not None)])


def _plain(
    kind: Kind, texts: tuple[str, str], sources: tuple[str, str], event: Envelope, unit_code: str
) -> Judged:
    if texts[0] == texts[1]:
        return Judged(kind)
    return Judged(kind, ("outcome",), *texts, *sources, unit_code, event.data.name, event.sequence)


def _authority(events: Sequence[EventData]) -> str:
    """Return which unit a submission came to, and how: as it was submitted, sent on or given back.

    A unit that is no more hands it to its successor after that, by no rule about competence.
    """
    for data in events:
        match data:
            case Routed():
                return f"competent: {data.unit_code}"
            case Forwarded(reason="not_competent", actor=actor) if actor == AUTOMATIC:
                return f"sent on to {data.to_unit_code}"
            case Returned(kind="wrong_authority"):
                return "given back: not competent"
    return "undecided"


def _outcome(events: Sequence[EventData]) -> str:
    """Return what became of a reception, "" where none was decided."""
    for data in events:
        match data:
            case Accepted():
                return "accepted"
            case Returned():
                return " ".join((data.kind, *data.reasons, *data.papers))
    return ""


def _names(events: Sequence[EventData]) -> str:
    return " ".join(data.name for data in events)


def _sources(events: Sequence[EventData]) -> str:
    found = [data.source for data in events if isinstance(data, Forwarded)]
    return found[0] if found else ""


def _unit_of(group: Sequence[Envelope], before: Case) -> str:
    for event in group:
        match event.data:
            case Routed() | Accepted():
                return event.data.unit_code
            case Forwarded():
                return event.data.to_unit_code
    return before.unit_code
