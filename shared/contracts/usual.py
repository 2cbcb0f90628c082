"""How the usual events are written: strictly, so that all they match is what a decoder takes."""

import re
from collections.abc import Mapping
from typing import Final

from contracts.events import Accepted, EventData, Routed, Submitted

_UUID = rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SHA256 = rb"[0-9a-f]{64}"
_CODE = rb"[a-z0-9_]{1,64}"
_AT = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}(?:\.[0-9]{6})?"
_UNIT = rb'"unit_code":"(?P<unit>[0-9]{3}|[0-9]{5})",'
_ATTACHMENT = (
    rb'\{"kind":"' + _CODE + rb'","uri":"(?:https|s3|claim)://(?P<uri>[!$->A-\[\]-~]{1,300})",'
    rb'"media_type":"[a-z]+/[a-z0-9.+-]{1,80}","size_bytes":(?P<size>[1-9][0-9]{0,6}),'
    rb'"sha256":"(?P<sha256>' + _SHA256 + rb')"\}'
)
PAPERS = re.compile(_ATTACHMENT)
FROM = re.compile(rb'"from_at":"(' + _AT + rb')\+07:00"')


def _list_of(one: bytes) -> bytes:
    one = re.sub(rb"\(\?P<[a-z0-9]+>", b"(?:", one)
    return rb"\[(?:" + one + rb"(?:," + one + rb")*+)?\]"


def _head(kind: type[EventData]) -> bytes:
    """Return the pattern of such an event's head, up to the brace its data begin with."""
    return (
        rb'\{"specversion":"1\.0","id":"(?P<id>'
        + _UUID
        + rb')","type":"'
        + re.escape(kind.event_type().encode())
        + rb'","source":"/hotich/'
        + kind.service.encode()
        + rb'","subject":"(?P<subject>[A-Z0-9]{1,5}(?:\.[A-Z0-9]{1,5}){0,5}'
        + rb'-(?:[0-9]{6}|[0-9]{8})-[0-9]{4,7})"'
        + rb',"time":"(?P<time>'
        + _AT
        + rb')\+07:00","datacontenttype":"application/json","dossierid":"(?P<dossierid>'
        + _UUID
        + rb')","sequence":[1-9][0-9]{0,8},"prevhash":"(?P<prevhash>'
        + _SHA256
        + rb')","causeid":"(?P<causeid>[ !#-\[\]-~]{1,120})","causehash":"(?P<causehash>'
        + _SHA256
        + rb')"(?:,"traceparent":"(?P<traceparent>[0-9a-f-]{55})")?,"data":\{'
    )


SUBMITTED = re.compile(
    _head(Submitted) + rb'"channel":"(?P<channel>national-portal|provincial-portal|moj-direct)",'
    rb'"portal":"(?P<portal>[a-z0-9-]{1,40})",'
    rb'"portal_reference":"(?P<reference>[A-Za-z0-9._/-]{1,64})",'
    rb'"procedure_code":"(?P<procedure>[0-9]\.[0-9]{6})","province_code":"(?P<province>[0-9]{2})",'
    + _UNIT
    + rb'"residence_unit_code":"(?P<residence>[0-9]{5})","submitted_at":"(?P<submitted>'
    + _AT
    + rb')(?P<zone>Z|\+07:00)","particulars":\{"version":1,"sha256":"(?P<sha256>'
    + _SHA256
    + rb')"\},"attachments":'
    + rb"(?P<papers>"
    + _list_of(_ATTACHMENT)
    + rb")"
    + rb',"flags":'
    + _list_of(rb'"' + _CODE + rb'"')
    + rb',"same_event_as":\[\]\}\}'
)
_ROUTED = re.compile(_head(Routed) + _UNIT)
_ACCEPTED = re.compile(
    _head(Accepted)
    + _UNIT
    + rb'"procedure_code":"[0-9]\.[0-9]{6}","actor":"(?P<actor>[A-Za-z0-9._:-]{1,80})",'
)
#: What the shape of a submission says, beside the kinds of paper.
DECLARED: Final = ("channel", "portal", "procedure", "province")


class Writing:
    """How events of a type are usually written, and which places are told of.

    These are named in the order of `Told`, from `event_id` on. What it counts from is `counted`; it
    is written again in the data of all that has no `papers`.
    """

    def __init__(self, pattern: re.Pattern[bytes], counted: str, told: tuple[str, ...]) -> None:
        """Number the groups of the pattern that are places."""
        self.counted, self.told, groups = counted, told, dict(pattern.groupindex)
        self.papers = groups.pop("papers", None)
        self.matches = pattern.match if self.papers is None else pattern.fullmatch
        groups.pop("zone", None)
        self.groups = [(number, name) for name, number in groups.items() if name not in DECLARED]


WRITINGS: Final[Mapping[str, Writing]] = {
    Submitted.event_type(): Writing(
        SUBMITTED, "submitted", ("id", "time", "", "", "submitted", "unit", "residence")
    ),
    Routed.event_type(): Writing(
        _ROUTED, "from", ("", "time", "causeid", "causehash", "from", "unit", "")
    ),
    Accepted.event_type(): Writing(
        _ACCEPTED, "time", ("", "time", "causeid", "causehash", "time", "unit", "actor")
    ),
}
