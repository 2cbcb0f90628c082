"""The calls a rule decides on: everything to send, fixed once, byte for byte."""

from datetime import datetime

from pydantic import AwareDatetime

from contracts.decision import Effect
from contracts.model import Contract, Language, PortalId
from contracts.portal import StatusCallback, StatusUpdate
from notifier.correspondence import Contact, Correspondence, News
from notifier.gateways import MOVED, channel_of
from notifier.messages import mail_subject, mail_text, sms_text
from reference import Reference

CITIZEN, PORTAL = "citizen", "portal"


class SmsRequest(Contract):
    """The body the SMS gateway is sent, as it stands."""

    to: str
    text: str
    reference: str


class MailRequest(Contract):
    """A mail before it is one; `date` is when the step happened."""

    to: str
    subject: str
    text: str
    reference: str
    date: AwareDatetime
    language: Language = "vi"


class CallbackRequest(Contract):
    """The body to sign and send, as it stands, and the portal that is told."""

    portal: PortalId
    body: str


def status_of(news: News) -> int:
    """Return the portal's number for where the dossier stands at that step; it had its turn."""
    assert news.status is not None
    return news.status


def to_citizen(
    told: Correspondence, contact: Contact, way: str, news: News, data: Reference
) -> Effect:
    """Return the message of one step by that way, `email` or a gateway; the person must have it.

    A way that ends with MOVED is a gateway after another one.

    Provinces have equal turns at the gateway and at the mail server.
    """
    channel = channel_of(f"{way}:")
    code, to = told.dossier_code, contact.address(channel) or ""
    reference = f"{code}:{news.key}:{channel}"
    request: Contract
    if channel == "sms":
        request = SmsRequest(
            to=to, text=sms_text(code, news, data, contact.language), reference=reference
        )
    else:
        request = MailRequest(
            to=to,
            subject=mail_subject(code, news, data, contact.language),
            text=mail_text(code, contact.full_name, news, data, contact.language),
            reference=reference,
            date=news.occurred_at,
            language=contact.language,
        )
    body = request.model_dump_json().encode()
    name = way.removesuffix(MOVED)
    kind = f"{name}:{news.key}{way.removeprefix(name)}"
    return Effect(kind, CITIZEN, body, turn=told.province_code)


def appointment_of(news: News) -> datetime | None:
    """Return the appointment a step sets; the last moment to complete a dossier is none."""
    return None if news.step == "returned" else news.due_at


def callback_of(told: Correspondence, news: News) -> str:
    """Return the document that tells a portal of one step, byte for byte."""
    update = StatusUpdate(
        portal_reference=told.portal_reference,
        dossier_code=told.dossier_code,
        status=status_of(news),
        step=news.step,
        event_id=news.event_id,
        occurred_at=news.occurred_at,
        passed=news.passed,
        due_at=appointment_of(news),
    )
    callback = StatusCallback(timestamp=news.occurred_at, data=update)
    return callback.model_dump_json(exclude_none=True)


def to_portal(told: Correspondence, news: News) -> Effect:
    """Return the callback of one step to the portal that handed in the dossier."""
    request = CallbackRequest(portal=told.portal, body=callback_of(told, news))
    body_bytes = request.model_dump_json().encode()
    return Effect(f"portal:{news.key}", PORTAL, body_bytes, turn=told.portal)
