"""Signed calls as the notifier makes them, written down once more and apart from it.

Source: Standard Webhooks 1.0, symmetric signatures.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp

from console.failing import Failed

PREFIX = "whsec_"
#: An answer is waited for so long (docs/portals.md).
PATIENCE_SECONDS = 10.0
_MOST_BYTES = 4 * 1024 * 1024 + 1


@dataclass(frozen=True)
class Heard:
    """An answer: its status, how long it took, and its body, at most a little over 4 MB."""

    status: int
    seconds: float
    body: bytes

    @property
    def is_yes(self) -> bool:
        """Return whether it is a 2xx."""
        return 200 <= self.status < 300

    @property
    def is_no(self) -> bool:
        """Return whether it is a 4xx: the call is at fault, and is not to come again as it is."""
        return 400 <= self.status < 500

    @property
    def shown(self) -> str:
        """Return it as evidence."""
        return f"{self.status} after {self.seconds:.1f} s"


@dataclass(frozen=True)
class Endpoint:
    """An address that takes signed calls, and the secret they are signed with."""

    session: aiohttp.ClientSession
    url: str
    secret: str
    patience_seconds: float = PATIENCE_SECONDS

    def __post_init__(self) -> None:
        """Refuse a secret nothing can be signed with; raises Failed without quoting it."""
        key_of(self.secret)

    @property
    def is_sheltered(self) -> bool:
        """Return whether calls are encrypted or never leave the machine."""
        parts = urlsplit(self.url)
        return parts.scheme == "https" or is_loopback(parts.hostname or "")

    async def call(
        self,
        body: bytes,
        *,
        identity: str = "",
        secret: str = "",
        age_seconds: int = 0,
        headers: Mapping[str, str] | None = None,
        pause_seconds: float = 0,
    ) -> Heard:
        """Send a signed body and return the answer; redirects are not followed.

        `headers` take the place of those made; one that is empty is left out. With a pause half of
        the body comes later. Raises aiohttp.ClientError or TimeoutError without an answer.
        """
        identity, at = identity or str(uuid4()), int(time.time()) - age_seconds
        made = {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(at),
            "webhook-signature": sign(secret or self.secret, identity, at, body),
        } | dict(headers or {})
        sent = {name: value for name, value in made.items() if value}
        data = _slowly(body, pause_seconds) if pause_seconds else body
        began = time.monotonic()
        async with asyncio.timeout(self.patience_seconds + pause_seconds):
            async with self.session.post(
                self.url, data=data, headers=sent, allow_redirects=False
            ) as response:
                text = await response.content.read(_MOST_BYTES)
                while not response.content.at_eof() and len(text) < _MOST_BYTES:
                    text += await response.content.read(_MOST_BYTES - len(text))
                return Heard(response.status, time.monotonic() - began, text)


def sign(secret: str, identity: str, at: int, body: bytes) -> str:
    """Return the header `webhook-signature` for these bytes."""
    signed = f"{identity}.{at}.".encode() + body
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def key_of(secret: str) -> bytes:
    """Return the key in `whsec_…`; raises Failed for another text, without quoting it."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise Failed("the secret is whsec_ and base64, as the operator of the services gave it")
    return key


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine."""
    return host in {"localhost", "::1"} or host.startswith("127.")


async def _slowly(body: bytes, pause_seconds: float) -> AsyncIterator[bytes]:
    half = len(body) // 2
    yield body[:half]
    await asyncio.sleep(pause_seconds)
    yield body[half:]
