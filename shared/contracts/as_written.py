"""The usual events read as services write them, without decoding them; None for all others.

What is read here would be decoded to the same: an event in other words, in another order, or with
anything more has to be decoded.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from contracts.events import Submitted
from contracts.model import VIETNAM
from contracts.told import Told, shape
from contracts.usual import DECLARED, FROM, PAPERS, SUBMITTED, WRITINGS

_OURS = b"+07:00"
_KIND = re.compile(rb'"kind":"([a-z0-9_]+)"')
#: Where something of an event's own stands, up to the second number, and its name.
Place = tuple[int, int, str]


class Reading(NamedTuple):
    """What a usual event tells, and from which places, in order.

    `told_from` names them, in the order of `Told`. Where the moment an event counts from stands
    again a place is called `again` or, for its hour, `clock`; it has that zone.
    """

    told: Told
    places: list[Place]
    told_from: tuple[str, ...]
    counted: str
    zone: bytes


def is_read(event_type: str) -> bool:
    """Return whether events of the type may be read as they are written."""
    return event_type in WRITINGS


_SUBMITTED = Submitted.event_type()


def told(event_type: str, value: bytes) -> Told | None:
    """Return what a usual event tells; None for all others."""
    if event_type == _SUBMITTED:
        found = SUBMITTED.fullmatch(value)
        return None if found is None else _submission(found)
    reading = read(event_type, value)
    return reading and reading.told


def _submission(found: re.Match[bytes]) -> Told | None:
    identity, at, submitted, zone, unit, residence = found.group(
        "id", "time", "submitted", "zone", "unit", "residence"
    )
    time, counted = local(at, _OURS), local(submitted, zone)
    if time is None or counted is None:
        return None
    words = (*found.group(*DECLARED), *_KIND.findall(found["papers"]))
    return Told(shape(b" ".join(words)), identity, time, b"", b"", counted, unit, residence)


def read(event_type: str, value: bytes) -> Reading | None:
    """Return what a usual event tells, and from where; None for all others."""
    writing = WRITINGS.get(event_type)
    found = None if writing is None or b"\0" in value else writing.matches(value)
    if writing is None or found is None:
        return None
    spans, counted = found.regs, writing.counted
    places = [(*spans[at], name) for at, name in writing.groups if spans[at][0] >= 0]
    if writing.papers is not None:
        places += _papers(value, spans[writing.papers])
        its = _submission(found)
        return its and Reading(its, places, writing.told, counted, found["zone"])
    if counted == "from" and (begins := FROM.search(value, found.end())):
        places.append((*begins.span(1), "from"))
    texts = {name: value[begin:end] for begin, end, name in places if name in writing.told}
    for name in ("time", counted):
        moment = local(texts[name], _OURS) if name in texts else b""
        if moment is None:
            return None
        texts[name] = moment
    if texts[counted]:
        places += _again(value, found.end(), texts[counted], places[-1])
        places.sort()
    own = [texts.get(name, b"") for name in writing.told]
    its = Told(shape(_text(value, places)), *own)
    return Reading(its, places, writing.told, counted, _OURS)


def _again(value: bytes, begin: int, at: bytes, last: Place) -> Iterator[Place]:
    """Yield where the moment an event counts from stands again, whole or as an hour.

    The `last` place before may be where it stood first.
    """
    whole, hour = at + _OURS, clock(at)
    found = value.find(whole, begin)
    while found >= 0:
        if found != last[0]:
            yield found, found + len(at), "again"
        found = value.find(whole, found + len(whole))
    rest = value.replace(whole, b"\0" * len(whole))
    found = rest.find(hour, begin)
    while found >= 0:
        yield found, found + len(hour), "clock"
        found = rest.find(hour, found + len(hour))


def clock(at: bytes) -> bytes:
    """Return the hour of a moment as steps have it: with seconds, unless there are none."""
    return at[11:16] if len(at) == len("2026-11-24T00:00:00") and at[17:] == b"00" else at[11:19]


_NAMED: Final = {
    name: b"\0%b\0" % name.encode()
    for name in (
        *(name for one in WRITINGS.values() for _, name in one.groups),
        *("from", "again", "clock", "uri", "size", "sha256"),
    )
}


def _papers(value: bytes, span: tuple[int, int]) -> Iterator[Place]:
    for paper in PAPERS.finditer(value, *span):
        for name in ("uri", "size", "sha256"):
            yield *paper.span(name), name


def _text(value: bytes, places: list[Place]) -> bytes:
    """Return what is written, with names at these places."""
    parts, at = list[bytes](), 0
    for begin, end, name in places:
        parts += value[at:begin], _NAMED[name]
        at = end
    parts.append(value[at:])
    return b"".join(parts)


def local(text: bytes, zone: bytes) -> bytes | None:
    """Return a moment of an event in Vietnamese time, without the zone; None where it is none."""
    # Written by us it would be shorter, and what it is compared with is.
    if text.endswith(b".000000"):
        return None
    hour = _hour(text[:13], zone)
    return None if hour is None else hour + text[13:]


def moment(text: bytes) -> datetime:
    """Return the moment of a text of `local`."""
    return datetime.fromisoformat(text.decode()).replace(tzinfo=VIETNAM)


@lru_cache(maxsize=4096)
def day(text: bytes) -> date:
    """Return the day of a text of `local`, or of its first ten bytes."""
    return date.fromisoformat(text[:10].decode())


@lru_cache(maxsize=4096)
def _hour(text: bytes, zone: bytes) -> bytes | None:
    try:
        at = datetime.fromisoformat(f"{text.decode()}:00:00{zone.decode()}")
        return at.astimezone(VIETNAM).isoformat()[:13].encode()
    except (ValueError, OverflowError):
        return None
