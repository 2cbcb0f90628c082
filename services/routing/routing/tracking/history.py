"""A dossier's way as its citizen reads it: each event in a sentence; nobody is named."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.model import local_day
from routing.domain import Case, TrailEntry
from routing.domain.book_notes import noted_entry
from routing.looking import by_hour
from routing.tracking.offices import name_of
from routing.tracking.saying import Said, Speaker
from routing.tracking.store import Look

#: The events whose sentence depends on the first word of their note.
_BY_KIND = frozenset({"returned", "rescheduled"})
_ACTS = {"stopped": "stop", "forwarded": "forward"}
#: What a look was at, by how the access log calls it; an officer's page shows personal data too.
_LOOKED_AT = ("tracking", "particulars", "slip", "receipt")
_SHOWS = {"page": "particulars"}


@dataclass(frozen=True)
class Line:
    """One event: when, what happened, and the reasons or papers named with it."""

    at: str
    said: Said
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """Looks of one hour: when, by whom (a unit, or whoever knows the number), at what."""

    at: str
    count: int
    who: Said
    what: tuple[Said, ...]


def history_of(case: Case, speaker: Speaker) -> tuple[Line, ...]:
    """Return the dossier's way, the newest event first."""
    entries = sorted(case.trail, key=lambda entry: entry.at)
    lines = [_line(entry, speaker) for entry in entries]
    return tuple(reversed(lines))


def _line(entry: TrailEntry, speaker: Speaker) -> Line:
    said = Said(f"tracking.event.{_key(entry)}", _places(entry, speaker))
    return Line(speaker.moment(entry.at), said, _details(entry, speaker))


def _key(entry: TrailEntry) -> str:
    words = entry.note.split()
    if entry.event in _BY_KIND and words:
        return f"{entry.event}_{words[0]}"
    if entry.event == "stopped" and "final" in words:
        return "stopped_final"
    if entry.event == "submitted" and "imported" in words:
        return "imported"
    return entry.event


def _places(entry: TrailEntry, speaker: Speaker) -> dict[str, str]:
    places = {}
    if entry.event in ("routed", "forwarded"):
        places["unit"] = name_of(entry.unit_code, local_day(entry.at), speaker.known)
    if entry.event == "rescheduled" and entry.due_at is not None:
        places["moment"] = speaker.moment(entry.due_at)
    if entry.event in ("registered", "registration_corrected"):
        noted = noted_entry(entry.note)
        places |= {"number": noted.number if noted else "", "book": noted.book if noted else ""}
    return places


def _details(entry: TrailEntry, speaker: Speaker) -> tuple[str, ...]:
    codes = entry.note.split()
    if entry.event in ("returned", "register_returned"):
        return (*speaker.reasons(codes[1:]), *speaker.papers(codes[1:]))
    if entry.event == "rescheduled":
        return speaker.act_reasons("apology" if "apology" in codes else "verification", codes[1:])
    act = _ACTS.get(entry.event)
    return speaker.act_reasons(act, codes) if act else ()


def seen_of(looks: Sequence[Look], speaker: Speaker) -> tuple[Seen, ...]:
    """Return looks as the citizen reads them; the unit alone, no officer.

    Those of one unit that follow one another within an hour are one.
    """
    return tuple(
        Seen(
            one.when(speaker.language),
            one.count,
            _who(one.looks[0], speaker),
            tuple(Said(key) for key in dict.fromkeys(_what(look) for look in one.looks)),
        )
        for one in by_hour(looks, lambda look: look.unit_code)
    )


def _who(look: Look, speaker: Speaker) -> Said:
    if not look.unit_code:
        return Said("tracking.who.citizen")
    unit = name_of(look.unit_code, local_day(look.at), speaker.known)
    return Said("tracking.who.unit", {"unit": unit})


def _what(look: Look) -> str:
    what = look.what.partition(":")[0]
    what = _SHOWS.get(what, what)
    return f"tracking.what.{what if what in _LOOKED_AT else 'other'}"
