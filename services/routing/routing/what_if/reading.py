"""Reads the usual steps of the one-stop as they are written; None for all others."""

import re
from functools import lru_cache
from typing import NamedTuple

from contracts.as_written import head_pattern, local
from contracts.events import Accepted, Routed

_KIND = re.compile(rb'"kind":"([a-z0-9_]+)"')
_UNIT = rb'"unit_code":"([0-9]{3}|[0-9]{5})",'
_ROUTED = re.compile(head_pattern(Routed) + _UNIT)
_ACCEPTED = re.compile(
    head_pattern(Accepted)
    + _UNIT
    + rb'"procedure_code":"([0-9]\.[0-9]{6})","actor":"([A-Za-z0-9._:-]{1,80})",'
)
#: What stands in an event for a moment, by name.
Marks = dict[bytes, bytes]
_ZONE = b"+07:00"


class Step(NamedTuple):
    """What the one-stop said: where, when and by what cause, and the rest as written.

    `time` is in Vietnamese time without the zone, `written` as it stands there with it.
    Of a reception also the procedure, and who received.
    """

    unit_code: bytes
    time: bytes
    written: bytes
    cause: bytes
    cause_hash: bytes
    rest: bytes
    procedure_code: bytes = b""
    actor: bytes = b""


def routed(value: bytes) -> Step | None:
    """Return that the dossier came on a desk."""
    found = _ROUTED.match(value)
    if found is None:
        return None
    _, at, zone, cause, cause_hash, unit = found.groups()
    time = local(at, zone)
    return (
        None
        if time is None
        else Step(unit, time, at + zone, cause, cause_hash, value[found.end() :])
    )


def accepted(value: bytes) -> Step | None:
    """Return that the dossier was received."""
    found = _ACCEPTED.match(value)
    if found is None:
        return None
    _, at, zone, cause, cause_hash, unit, procedure, actor = found.groups()
    time, rest = local(at, zone), value[found.end() :]
    return (
        None
        if time is None
        else Step(unit, time, at + zone, cause, cause_hash, rest, procedure, actor)
    )


def marks(at: bytes, written: bytes = b"") -> Marks:
    """Return what stands in an event for the moment it counts from: as steps have it, and notes.

    `at` is in Vietnamese time without the zone, `written` the same as the event itself has it.
    """
    clock = at[11:16] if len(at) == len("2026-11-24T00:00:00") and at[17:] == b"00" else at[11:19]
    return {b"from": at + _ZONE, b"at": written, b"clock": clock}


def template(rest: bytes, told: Marks) -> bytes:
    """Return what is written with places for the moment; `%` it with the `marks` of another."""
    made = rest.replace(b"%", b"%%")
    for name, text in told.items():
        if text:
            made = made.replace(text, b"%(" + name + b")b")
    return made


def papers(attachments: bytes) -> tuple[str, ...]:
    """Return the kinds of paper of a submission, each once and in order."""
    return _papers(tuple(_KIND.findall(attachments))) if attachments else ()


@lru_cache(maxsize=4096)
def _papers(kinds: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(sorted({kind.decode() for kind in kinds}))
