"""The CloudEvents 1.0 envelope in structured mode, its chain, and its codec."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, cast
from uuid import UUID, uuid5

from pydantic import (
    AwareDatetime,
    Discriminator,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
)

from contracts.events import EVENTS, EventData
from contracts.model import Contract, DossierCode, Sha256Hex, problems_of

CONTENT_TYPE = "application/cloudevents+json"
GENESIS = "0" * 64
#: No event is larger; readers refuse what is.
MAX_EVENT_BYTES = 64 * 1024


class MalformedEvent(Exception):
    """A record that is no event of ours; `reason` is a constant, `problems` never quote it."""

    def __init__(self, reason: str, problems: list[dict[str, Any]] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.problems = problems or []


class EventTooLarge(Exception):
    """An event of ours that exceeds MAX_EVENT_BYTES; it is not published."""


class Envelope(Contract):
    """A lifecycle event as it stands on the topic.

    `sequence` counts 1, 2, 3 … per dossier and producing service without a gap; `prevhash` is
    the SHA-256 of the bytes of that service's previous event of the dossier (64 zeros first);
    `causeid` and `causehash` name what led to it.
    """

    specversion: Literal["1.0"]
    id: UUID
    type: str
    source: str
    subject: DossierCode
    time: AwareDatetime
    datacontenttype: Literal["application/json"]
    dossierid: UUID
    sequence: Annotated[int, Field(ge=1, le=2**31 - 1)]
    prevhash: Sha256Hex
    causeid: Annotated[str, Field(min_length=1, max_length=120)]
    causehash: Sha256Hex
    traceparent: Annotated[str, Field(pattern=r"^[0-9a-f-]{55}$")] | None = None
    data: EventData

    @property
    def service(self) -> str:
        """Return the producing service, for example `routing`."""
        return self.source.removeprefix("/hotich/")

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it be pickled: the class of an event has no name in a module."""
        return _restored, (type(self.data), self.__getstate__())


def _model_for(data: type[EventData]) -> type[Envelope]:
    name = data.__name__ + "Event"
    fields: dict[str, Any] = {
        "type": (Literal[data.event_type()], ...),
        "source": (Literal[f"/hotich/{data.service}"], ...),
        "data": (data, ...),
    }
    return cast(
        type[Envelope], create_model(name, __base__=Envelope, __doc__=data.__doc__, **fields)
    )


#: The envelope model of each event type.
MODELS: dict[type[EventData], type[Envelope]] = {data: _model_for(data) for data in EVENTS}


def _restored(kind: type[EventData], state: dict[Any, Any]) -> Envelope:
    event = MODELS[kind].__new__(MODELS[kind])
    event.__setstate__(state)
    return event


_ANY: TypeAdapter[Envelope] = TypeAdapter(
    Annotated[reduce(or_, MODELS.values()), Discriminator("type")]  # type: ignore[arg-type]
)


def sha256(body: bytes) -> str:
    """Return the SHA-256 of the bytes, in lower-case hex."""
    return hashlib.sha256(body).hexdigest()


def decode(body: bytes) -> Envelope:
    """Return the event in `body`; raises MalformedEvent with a constant reason."""
    try:
        return _ANY.validate_json(body, strict=True)
    except ValidationError as error:
        problems = problems_of(error)
    kinds = {problem["rule"] for problem in problems}
    if "json_invalid" in kinds:
        raise MalformedEvent("json_invalid", problems)
    if kinds & {"union_tag_invalid", "union_tag_not_found"}:
        raise MalformedEvent("unknown_event_type", problems)
    raise MalformedEvent("schema_violation", problems)


def encode(event: Envelope) -> bytes:
    """Return the bytes that are hashed, stored and published, exactly these.

    Raises EventTooLarge: nobody would read it.
    """
    body = event.model_dump_json(exclude_none=True).encode()
    if len(body) > MAX_EVENT_BYTES:
        raise EventTooLarge(event.type)
    return body


@dataclass(frozen=True)
class Cause:
    """What led to an event: an event, a command or an answer, by id and hash."""

    id: str
    hash: str
    traceparent: str | None = None


@dataclass(frozen=True)
class Head:
    """The end of one service's chain of events about one dossier."""

    dossier_id: UUID
    subject: str
    sequence: int = 0
    hash: str = GENESIS


def event_id(dossier_id: UUID, service: str, sequence: int) -> UUID:
    """Return the id of that event; computing it again gives the same."""
    return uuid5(dossier_id, f"{service}:{sequence}")


def extend(head: Head, data: EventData, cause: Cause, at: datetime) -> tuple[bytes, UUID, Head]:
    """Return the bytes and id of the next event after `head`, and the new head."""
    sequence = head.sequence + 1
    identity = event_id(head.dossier_id, data.service, sequence)
    event = MODELS[type(data)](
        specversion="1.0",
        id=identity,
        type=data.event_type(),
        source=f"/hotich/{data.service}",
        subject=head.subject,
        time=at,
        datacontenttype="application/json",
        dossierid=head.dossier_id,
        sequence=sequence,
        prevhash=head.hash,
        causeid=cause.id,
        causehash=cause.hash,
        traceparent=cause.traceparent,
        data=data,
    )
    body = encode(event)
    return body, identity, Head(head.dossier_id, head.subject, sequence, sha256(body))
