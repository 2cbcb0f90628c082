"""Whether a record on the bus is from the portal it names (Standard Webhooks, v1)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from re import fullmatch

from standardwebhooks import Webhook

from intake.domain import Party
from plumbing.sequencing import Record

NEEDED = ("portal", "webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True)
class Forged:
    """Why a record is not believed; a constant."""

    reason: str


@dataclass(frozen=True)
class Believed:
    """A record with its portal's signature; `text` is its value."""

    party: Party
    text: str


def party_of(portal: str) -> Party | None:
    """Return who a portal on the bus speaks as, by its id, or None for no such portal."""
    if portal == "national-portal":
        return Party(portal, "national-portal", frozenset({"*"}))
    if portal == "moj-direct":
        return Party(portal, "moj-direct", frozenset({"*"}))
    if found := fullmatch(r"provincial-portal-([0-9]{2})", portal):
        return Party(portal, "provincial-portal", frozenset({found[1]}))
    return None


class Signatures:
    """The secrets of the portals on the bus."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Take `whsec_…` by portal id; raises for a secret that cannot be used."""
        self._webhooks = {portal: Webhook(secret) for portal, secret in secrets.items()}

    def believe(self, record: Record) -> Believed | Forged:
        """Return the record's value and portal if the signature fits.

        How old the signature is does not count: records may wait on the topic.
        """
        headers = _headers(record)
        if isinstance(headers, Forged):
            return headers
        party, webhook = party_of(headers["portal"]), self._webhooks.get(headers["portal"])
        if party is None or webhook is None:
            return Forged("portal_unknown")
        text = _text(record)
        if isinstance(text, Forged):
            return text
        return Believed(party, text) if _fits(webhook, headers, text) else Forged("signature_wrong")


def _fits(webhook: Webhook, headers: Mapping[str, str], text: str) -> bool:
    # Eleven digits of seconds last until the year 5138, within what a datetime holds.
    if not fullmatch(r"[0-9]{1,11}", headers["webhook-timestamp"]):
        return False
    signed_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    expected = webhook.sign(headers["webhook-id"], signed_at, text).encode()
    offered = headers["webhook-signature"].encode().split(b" ")
    return any(hmac.compare_digest(expected, one) for one in offered)


def _text(record: Record) -> str | Forged:
    value: bytes | None = record.value
    if value is None:
        return Forged("tombstone")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return Forged("value_not_utf8")


def _headers(record: Record) -> dict[str, str] | Forged:
    found: dict[str, str] = {}
    for name, value in record.headers:
        # A client may send a header without a value, whatever its type says.
        given: bytes | None = value
        if name not in NEEDED or given is None:
            continue
        if name in found:
            return Forged("header_repeated")
        try:
            found[name] = given.decode()
        except UnicodeDecodeError:
            return Forged("header_not_utf8")
    return found if len(found) == len(NEEDED) else Forged("header_missing")
