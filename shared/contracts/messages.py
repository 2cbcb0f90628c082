"""Every kind of record that stands on a topic."""

import inspect
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from contracts.audit import ACCESS_BLOCK_TYPE, AccessBlock
from contracts.envelope import CONTENT_TYPE, MODELS
from contracts.events import EVENTS
from contracts.particulars import ParticularsRecord
from contracts.portal import (
    RECEIVED_TYPE,
    REFUSED_TYPE,
    SUBMISSION_TYPE,
    SUPPLEMENT_TYPE,
    WITHDRAWAL_TYPE,
    PortalReply,
    PortalSubmission,
    PortalSupplement,
    PortalWithdrawal,
    Receipt,
    Refusal,
)
from contracts.topics import (
    ACCESS,
    CHECKPOINTS,
    LIFECYCLE,
    PARTICULARS,
    REPLIES,
    SUBMISSIONS,
    Topic,
)


class SubmissionReceived(PortalReply):
    """What a portal sent was taken; the answer names the dossier's code."""

    type: Literal["vn.hotich.portal.submission_received.v1"]
    data: Receipt


class SubmissionRefused(PortalReply):
    """What a portal sent could not be taken, with every field error at once."""

    type: Literal["vn.hotich.portal.submission_refused.v1"]
    data: Refusal


@dataclass(frozen=True)
class Message:
    """One kind of record on a topic; without a model it is a tombstone, or plain text.

    `name` is its CloudEvents type where it has one, and the name of its schema file.
    """

    id: str
    topic: Topic
    name: str
    summary: str
    model: type[BaseModel] | None
    content_type: str = CONTENT_TYPE
    headers: tuple[str, ...] = ("content-type",)


def _of(
    id_: str, topic: Topic, name: str, model: type[BaseModel], *headers: str, **more: str
) -> Message:
    summary = inspect.cleandoc(model.__doc__ or "").splitlines()[0]
    return Message(id_, topic, name, summary, model, headers=("content-type", *headers), **more)


_SIGNED = ("portal", "webhook-id", "webhook-timestamp", "webhook-signature")

#: Every kind of record there is, topic by topic.
MESSAGES: tuple[Message, ...] = (
    _of("PortalSubmission", SUBMISSIONS, SUBMISSION_TYPE, PortalSubmission, *_SIGNED),
    _of("PortalSupplement", SUBMISSIONS, SUPPLEMENT_TYPE, PortalSupplement, *_SIGNED),
    _of("PortalWithdrawal", SUBMISSIONS, WITHDRAWAL_TYPE, PortalWithdrawal, *_SIGNED),
    _of("SubmissionReceived", REPLIES, RECEIVED_TYPE, SubmissionReceived),
    _of("SubmissionRefused", REPLIES, REFUSED_TYPE, SubmissionRefused),
    _of(
        "ParticularsRecord",
        PARTICULARS,
        "particulars_record",
        ParticularsRecord,
        content_type="application/json",
    ),
    Message(
        "ParticularsErased",
        PARTICULARS,
        "particulars_erased",
        "A tombstone: the personal data of the dossier is erased, and stays so.",
        None,
        "application/json",
    ),
    *(
        _of(data.__name__, LIFECYCLE[data.service], data.event_type(), MODELS[data])
        for data in EVENTS
    ),
    *(
        _of(
            f"AccessBlock-{service}",
            topic,
            ACCESS_BLOCK_TYPE,
            AccessBlock,
            content_type="application/json",
        )
        for service, topic in ACCESS.items()
    ),
    Message(
        "Checkpoint",
        CHECKPOINTS,
        "checkpoint",
        "A signed note (C2SP) with the size and the root of one topic-partition's Merkle tree.",
        None,
        "text/plain",
    ),
)
