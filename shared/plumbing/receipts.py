"""Receipts that anybody can verify without us: a signed text in a QR code, nothing personal."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, TypeGuard

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import AwareDatetime, Field, ValidationError

from contracts.model import Contract, DossierCode, ProcedureCode, UnitCode

TYPE, ALGORITHM = "hotich-receipt", "Ed25519"
#: Longer than any receipt; of a longer text nothing is read.
MOST_CHARACTERS = 2000

_KID = re.compile(r"[A-Za-z0-9._-]{1,64}")

Verdict = Literal["genuine", "unreadable", "unknown_key", "forged", "expired_key"]


class ReceiptFacts(Contract):
    """What a receipt says: which dossier, where, received when, the result due when.

    `due_on` is missing where no appointment could be computed.
    """

    code: DossierCode
    unit: UnitCode
    procedure: ProcedureCode
    received_at: AwareDatetime
    due_on: date | None = None
    issued_at: AwareDatetime


class _KeySettings(Contract):
    seed: Annotated[bytes, Field(min_length=32, max_length=32)]
    until: AwareDatetime | None = None


@dataclass(frozen=True)
class Checked:
    """The verdict on a text, with what it says and the key it names as far as they can be read.

    Only of a genuine one are the facts true.
    """

    verdict: Verdict
    facts: ReceiptFacts | None = None
    kid: str = ""


class ReceiptKeys:
    """Signs with the current key; the others stay known, each until the day it stopped signing."""

    def __init__(self, current: str, keys: Mapping[str, _KeySettings]) -> None:
        if current not in keys:
            raise ValueError("the current key is not there")
        self._private = {kid: _private(kid, one.seed) for kid, one in keys.items()}
        self._until = {kid: one.until for kid, one in keys.items()}
        self._current = current

    @classmethod
    def from_json(cls, text: str) -> "ReceiptKeys":
        """Return the keys of `{"current": kid, "keys": {kid: {"seed": base64, "until": moment}}}`.

        A seed is 32 bytes; `until` is left out while a key signs. Raises ValueError.
        """
        document = json.loads(text)
        read = {
            kid: _KeySettings(seed=base64.b64decode(one["seed"]), until=one.get("until"))
            for kid, one in document["keys"].items()
        }
        return cls(document["current"], read)

    def sign(self, facts: ReceiptFacts) -> str:
        """Return the receipt as a compact JWS; the same text for the same facts.

        Source: RFC 7515, RFC 9864 (Ed25519).
        """
        header = {"alg": ALGORITHM, "kid": self._current, "typ": TYPE}
        plain = facts.model_dump_json(exclude_none=True).encode()
        return jws.serialize_compact(
            header, plain, self._private[self._current], algorithms=[ALGORITHM]
        )

    def public(self) -> dict[str, Any]:
        """Return the public keys as a JWK set; `exp` is when a key stopped signing."""
        keys = []
        for kid, key in self._private.items():
            until = self._until[kid]
            expiry = {} if until is None else {"exp": int(until.timestamp())}
            named = {"kid": kid, "use": "sig", "alg": ALGORITHM}
            keys.append({**key.as_dict(private=False), **named, **expiry})
        return {"keys": keys}


def check(text: str, public: Mapping[str, Any]) -> Checked:
    """Return the verdict on a text by a JWK set, without asking anybody; never raises for a text.

    A receipt is genuine when a key of the set signed it, byte for byte, before that key's `exp`.
    Raises ValueError when the set is no JWK set.
    """
    keys = _by_kid(public)
    read = _read("".join(text.split()))
    if read is None:
        return Checked("unreadable")
    token, kid, facts = read
    if kid not in keys:
        return Checked("unknown_key", facts, kid)
    key, until = keys[kid]
    try:
        jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return Checked("forged", facts, kid)
    if until is not None and facts.issued_at > until:
        return Checked("expired_key", facts, kid)
    return Checked("genuine", facts, kid)


def _read(token: str) -> tuple[bytes, str, ReceiptFacts] | None:
    """Return the token, the key it names and what it says, none of it verified; None if no receipt.

    Its header says what ours say and nothing else.
    """
    if len(token) > MOST_CHARACTERS or not token.isascii():
        return None
    try:
        found = jws.extract_compact(token.encode())
        header = found.headers()
        facts = ReceiptFacts.model_validate_json(found.payload)
    except (JoseError, ValidationError, ValueError, TypeError, AttributeError):
        return None
    kid = header.get("kid")
    if header != {"alg": ALGORITHM, "kid": kid, "typ": TYPE} or not _is_kid(kid):
        return None
    return token.encode(), kid, facts


def _is_kid(kid: object) -> TypeGuard[str]:
    """Return whether it can be a key's name; one that is not verified is shown to people."""
    return isinstance(kid, str) and _KID.fullmatch(kid) is not None


def _private(kid: str, seed: bytes) -> OKPKey:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": _text(public), "d": _text(seed)}
    )


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _by_kid(public: Mapping[str, Any]) -> dict[str, tuple[OKPKey, datetime | None]]:
    try:
        return {
            str(one["kid"]): (
                OKPKey.import_key({name: one[name] for name in ("kty", "crv", "x")}),
                datetime.fromtimestamp(one["exp"], UTC) if "exp" in one else None,
            )
            for one in public["keys"]
            if (one.get("kty"), one.get("crv")) == ("OKP", "Ed25519")
        }
    except (JoseError, KeyError, TypeError, AttributeError, ValueError):
        raise ValueError("no set of public keys") from None
