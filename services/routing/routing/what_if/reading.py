"""Reads the usual events as they are written, without decoding them; None for all others."""

import re
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from contracts.model import VIETNAM

_TIME = re.compile(rb'"time":"([^"\\]+)","datacontenttype":"')
_ENVELOPE = (
    rb'"time":"([^"\\]+)","datacontenttype":"application/json","dossierid":"[^"\\]+",'
    rb'"sequence":[0-9]+,"prevhash":"[^"\\]+","causeid":"([^"\\]+)","causehash":"[^"\\]+"'
    rb'(?:,"traceparent":"[^"\\]+")?,"data":\{"unit_code":"([^"\\]+)",'
)
_ROUTED = re.compile(_ENVELOPE)
_ACCEPTED = re.compile(_ENVELOPE + rb'"procedure_code":"[^"\\]+","actor":"([^"\\]+)",')
_SUBMITTED = re.compile(
    rb'"data":\{"channel":"[^"\\]+","portal":"[^"\\]+","portal_reference":"[^"\\]+",'
    rb'"procedure_code":"([^"\\]+)","province_code":"[^"\\]+","unit_code":"([^"\\]+)",'
    rb'"residence_unit_code":"([^"\\]+)","submitted_at":"([^"\\]+)",'
    rb'"particulars":\{"version":1,"sha256":"[0-9a-f]+"\},"attachments":\[(.*?)\],'
    rb'"flags":\[[^\]]*\],"same_event_as":\[\]\}\}$'
)
_KIND = re.compile(rb'"kind":"([a-z0-9_]+)"')


class Submission(NamedTuple):
    """What the one-stop's rules ask of a submission, of one that is nothing special.

    All moments here are in Vietnamese time, `time` is as it is written.
    """

    procedure_code: str
    unit_code: str
    residence_unit_code: str
    submitted_at: datetime
    papers: tuple[str, ...]
    time: bytes


class Step(NamedTuple):
    """What the one-stop said: where, when, why, by whom if by anybody, and the rest as written."""

    unit_code: bytes
    time: datetime
    written: bytes
    cause: bytes
    actor: bytes
    rest: bytes


def submission(value: bytes) -> Submission | None:
    """Return the submission; None for one that is imported, like another, or written otherwise."""
    head, found = _TIME.search(value), _SUBMITTED.search(value)
    if head is None or found is None:
        return None
    procedure, unit, residence, at, attachments = found.groups()
    submitted_at = moment(at)
    if submitted_at is None:
        return None
    papers = _papers(tuple(_KIND.findall(attachments)))
    return Submission(
        procedure.decode(), unit.decode(), residence.decode(), submitted_at, papers, head[1]
    )


def routed(value: bytes) -> Step | None:
    """Return that the dossier came on a desk."""
    return _step(_ROUTED.search(value), value)


def accepted(value: bytes) -> Step | None:
    """Return that the dossier was received."""
    return _step(_ACCEPTED.search(value), value)


def _step(found: re.Match[bytes] | None, value: bytes) -> Step | None:
    if found is None:
        return None
    written, cause, unit_code, *actor = found.groups()
    time = moment(written)
    if time is None:
        return None
    return Step(unit_code, time, written, cause, actor[0] if actor else b"", value[found.end() :])


def moment(text: bytes) -> datetime | None:
    """Return the moment in Vietnamese time; None for what is none, or has no time zone."""
    try:
        at = datetime.fromisoformat(text.decode())
    except ValueError:
        return None
    return at.astimezone(VIETNAM) if at.tzinfo is not None else None


def marks(at: datetime, written: bytes) -> dict[bytes, bytes]:
    """Return what stands in an event for the moment it counts from: as steps have it, and notes.

    `written` is the same moment as the event itself has it.
    """
    text = at.isoformat().encode()
    clock = text[11:19] if at.second or at.microsecond else text[11:16]
    return {b"from": text, b"at": written, b"clock": clock}


def template(rest: bytes, told: dict[bytes, bytes]) -> bytes:
    """Return what is written with places for the moment; `%` it with the `marks` of another."""
    made = rest.replace(b"%", b"%%")
    for name, text in told.items():
        if text:
            made = made.replace(text, b"%(" + name + b")b")
    return made


@lru_cache(maxsize=4096)
def _papers(kinds: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(sorted({kind.decode() for kind in kinds}))
