"""Cookies that only this service can read and write, and the flags every cookie has."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from plumbing.sealing import KeyRing, Sealed, Unsealable

#: What browsers keep of one cookie at least, name and attributes counted.
MOST_BYTES = 4096
_ATTRIBUTES_BYTES = 128


class CookieTooLarge(Exception):
    """A browser would not keep this cookie."""


def ring_of(keys: str) -> KeyRing:
    """Return the ring of base64 keys of 32 bytes, comma separated; the first one seals.

    Raises ValueError when one is no such key.
    """
    read = [_key(one) for one in keys.split(",")]
    named = {hashlib.sha256(key).hexdigest()[:8]: key for key in read}
    return KeyRing(next(iter(named)), named)


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        raise ValueError("a session key is not base64") from None


@dataclass(frozen=True)
class Jar:
    """Seals cookies of one service: each opens under its own name alone."""

    keys: KeyRing
    secure: bool

    def name(self, name: str) -> str:
        """Return the name as the browser has it; over https no other host can set it."""
        return f"__Host-{name}" if self.secure else name

    def put(
        self, response: Response, name: str, content: Mapping[str, Any], max_age_seconds: int
    ) -> None:
        """Put the content into a sealed cookie; raises CookieTooLarge when none would hold it."""
        plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        packed = self.keys.seal(plain, f"cookie:{name}").pack()
        text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
        if len(text) + len(self.name(name)) + _ATTRIBUTES_BYTES > MOST_BYTES:
            raise CookieTooLarge
        set_cookie(response, self.name(name), text, max_age_seconds, secure=self.secure)

    def take(self, cookies: Mapping[str, str], name: str) -> dict[str, Any] | None:
        """Return what was put; None when there is nothing, or nothing of ours."""
        text = cookies.get(self.name(name), "")
        if not text or len(text) > MOST_BYTES or not text.isascii():
            return None
        try:
            packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            content = json.loads(self.keys.open(Sealed.unpack(packed), f"cookie:{name}"))
        except (binascii.Error, Unsealable, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def drop(self, response: Response, name: str) -> None:
        """Have the browser forget the cookie."""
        set_cookie(response, self.name(name), "", 0, secure=self.secure)


def set_cookie(
    response: Response, name: str, value: str, max_age_seconds: int, *, secure: bool
) -> None:
    """Set a cookie for the whole service that no script reads and no other site sends along."""
    response.set_cookie(
        name,
        value,
        max_age=max_age_seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
