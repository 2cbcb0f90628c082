"""The usual events read as services write them, without decoding them; None for all others.

What is read here would be decoded to the same: an event in other words, in another order, or with
anything more has to be decoded.
"""

import re
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from contracts.events import EventData, Submitted
from contracts.model import VIETNAM

_UUID = rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SHA256 = rb"[0-9a-f]{64}"
_CODE = rb"[a-z0-9_]{1,64}"
_AT = rb"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}(?:\.[0-9]{6})?)"
_ZONE = rb"(Z|\+07:00)"
_ATTACHMENT = (
    rb'\{"kind":"' + _CODE + rb'","uri":"(?:https|s3|claim)://[!$->A-\[\]-~]{1,300}",'
    rb'"media_type":"[a-z]+/[a-z0-9.+-]{1,80}","size_bytes":[1-9][0-9]{0,6},"sha256":"'
    + _SHA256
    + rb'"\}'
)


def _list_of(one: bytes) -> bytes:
    return rb"\[((?:" + one + rb"(?:," + one + rb")*+)?)\]"


def head_pattern(kind: type[EventData]) -> bytes:
    """Return the pattern of such an event's head, up to the brace its data begin with.

    Its groups: the id, the time and its zone, the id and the hash of the cause.
    """
    return (
        rb'\{"specversion":"1\.0","id":"('
        + _UUID
        + rb')","type":"'
        + re.escape(kind.event_type().encode())
        + rb'","source":"/hotich/'
        + kind.service.encode()
        + rb'","subject":"[A-Z0-9]{1,5}(?:\.[A-Z0-9]{1,5}){0,5}-(?:[0-9]{6}|[0-9]{8})-[0-9]{4,7}"'
        + rb',"time":"'
        + _AT
        + _ZONE
        + rb'","datacontenttype":"application/json","dossierid":"'
        + _UUID
        + rb'","sequence":[1-9][0-9]{0,8},"prevhash":"'
        + _SHA256
        + rb'","causeid":"([ !#-\[\]-~]{1,120})","causehash":"('
        + _SHA256
        + rb')"(?:,"traceparent":"[0-9a-f-]{55}")?,"data":\{'
    )


_SUBMITTED = re.compile(
    head_pattern(Submitted)
    + rb'"channel":"(national-portal|provincial-portal|moj-direct)","portal":"([a-z0-9-]{1,40})",'
    rb'"portal_reference":"[A-Za-z0-9._/-]{1,64}","procedure_code":"([0-9]\.[0-9]{6})",'
    rb'"province_code":"([0-9]{2})","unit_code":"([0-9]{3}|[0-9]{5})",'
    rb'"residence_unit_code":"([0-9]{5})","submitted_at":"'
    + _AT
    + _ZONE
    + rb'","particulars":\{"version":1,"sha256":"'
    + _SHA256
    + rb'"\},"attachments":'
    + _list_of(_ATTACHMENT)
    + rb',"flags":'
    + _list_of(rb'"' + _CODE + rb'"')
    + rb',"same_event_as":\[\]\}\}'
)


class Submission(NamedTuple):
    """A submission of a form that was not under way on the old road, and is like no other.

    Bytes as they are written; `time` and `submitted_at` are in Vietnamese time, without the zone.
    """

    event_id: bytes
    time: bytes
    channel: bytes
    portal: bytes
    procedure_code: bytes
    province_code: bytes
    unit_code: bytes
    residence_unit_code: bytes
    submitted_at: bytes
    attachments: bytes


@lru_cache(maxsize=1)
def submission(value: bytes) -> Submission | None:
    """Return the submission; what was asked last is remembered, for judges ask for it in turn."""
    found = _SUBMITTED.fullmatch(value)
    if found is None:
        return None
    identity, at, zone, _, _, *declared, handed, its, papers, _ = found.groups()
    time, submitted_at = local(at, zone), local(handed, its)
    if time is None or submitted_at is None:
        return None
    return Submission._make((identity, time, *declared, submitted_at, papers))


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


def day(text: bytes) -> date:
    """Return the day of a text of `local`."""
    return _day(text[:10])


@lru_cache(maxsize=4096)
def _day(text: bytes) -> date:
    return date.fromisoformat(text.decode())


@lru_cache(maxsize=4096)
def _hour(text: bytes, zone: bytes) -> bytes | None:
    try:
        at = datetime.fromisoformat(f"{text.decode()}:00:00{zone.decode()}")
        return at.astimezone(VIETNAM).isoformat()[:13].encode()
    except (ValueError, OverflowError):
        return None
