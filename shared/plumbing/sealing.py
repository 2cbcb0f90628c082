"""AES-256-GCM with a rotating key ring: how personal data rests and travels."""

import base64
import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32


class Unsealable(Exception):
    """Sealed bytes that no key of the ring opens for that purpose."""


class UnknownKey(Unsealable):
    """Sealed with a key this process was not given: nothing is wrong with the bytes."""


@dataclass(frozen=True)
class Sealed:
    """Key id, 12-byte nonce and ciphertext with its tag."""

    kid: str
    nonce: bytes
    ciphertext: bytes

    def pack(self) -> bytes:
        """Return one byte string: length of the key id, key id, nonce, ciphertext."""
        kid = self.kid.encode()
        return bytes([len(kid)]) + kid + self.nonce + self.ciphertext

    @classmethod
    def unpack(cls, packed: bytes) -> "Sealed":
        """Return what `pack` packed; raises Unsealable when it is cut or its key id altered."""
        end = 1 + packed[0] if packed else 0
        if len(packed) < end + 28:
            raise Unsealable("sealed bytes are cut short")
        if not packed[1:end].isascii():
            raise Unsealable("unknown key id")
        return cls(packed[1:end].decode("ascii"), packed[end : end + 12], packed[end + 12 :])


class KeyRing:
    """Seals with the current key and opens with any key it holds."""

    def __init__(self, current: str, keys: dict[str, bytes]) -> None:
        if current not in keys:
            raise ValueError("the current key is not in the ring")
        if any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError(f"a key of the ring is not {KEY_BYTES} bytes long")
        self._current = current
        self._ciphers = {kid: AESGCM(key) for kid, key in keys.items()}
        others = [key for kid, key in sorted(keys.items()) if kid != current]
        self._secrets = (keys[current], *others)

    @classmethod
    def from_json(cls, text: str) -> "KeyRing":
        """Return the ring of `{"current": kid, "keys": {kid: base64 of 32 bytes}}`."""
        document = json.loads(text)
        keys = {kid: base64.b64decode(key) for kid, key in document["keys"].items()}
        return cls(document["current"], keys)

    def seal(self, plain: bytes, purpose: str) -> Sealed:
        """Return the sealed bytes; only the same `purpose` (associated data) opens them."""
        nonce = os.urandom(12)
        cipher = self._ciphers[self._current]
        return Sealed(self._current, nonce, cipher.encrypt(nonce, plain, purpose.encode()))

    def blind(self, plain: bytes, purpose: str) -> tuple[bytes, ...]:
        """Return 32 bytes that tell equal from equal and nothing else, one for each key.

        The current key's first: write that one, look for all. Nobody without a key can try
        guesses, and another `purpose` gives others.
        """
        about = f"blind:{purpose}".encode()
        return tuple(
            hmac.digest(hmac.digest(key, about, hashlib.sha256), plain, hashlib.sha256)
            for key in self._secrets
        )

    def open(self, sealed: Sealed, purpose: str) -> bytes:
        """Return the plain bytes; raises Unsealable for a wrong key, purpose or altered bytes."""
        cipher = self._ciphers.get(sealed.kid)
        if cipher is None:
            raise UnknownKey(sealed.kid)
        try:
            return cipher.decrypt(sealed.nonce, sealed.ciphertext, purpose.encode())
        except (InvalidTag, ValueError):  # a nonce of an impossible length is a ValueError
            raise Unsealable("does not open for this purpose") from None


def particulars_purpose(dossier_id: UUID, version: int) -> str:
    """Return the associated data that binds a particulars record to its dossier and version."""
    return f"particulars:{dossier_id}:{version}"
