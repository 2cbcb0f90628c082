"""The private keys at hand: read from what the service is told, and made known in the archive."""

import base64
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from audit.archive import write_file
from audit.keys import FILE, Key, Keys, moment, state_succession
from audit.notes import SIGNS, Signer, Verifier

_PRIVATE = "PRIVATE+KEY+"


class BadKeys(ValueError):
    """The keys the service is told cannot be used; the text says which and why, never a key."""


@dataclass(frozen=True)
class SigningKey:
    """A private key and when it signs: `since` to `until`, both inclusive; no end is None."""

    signer: Signer
    since: datetime
    until: datetime | None = None

    def signs_at(self, time: datetime) -> bool:
        """Return whether it signs then."""
        return self.since <= time and (self.until is None or time <= self.until)


class SigningKeys:
    """The keys the service signs with, by the moment each begins."""

    def __init__(self, keys: Iterable[SigningKey] = ()) -> None:
        self.keys = sorted(keys, key=lambda one: one.since)

    @classmethod
    def from_json(cls, text: str) -> "SigningKeys":
        """Return the keys of `[{"name": …, "key": …, "from": moment, "until": moment or null}]`.

        `key` is the text `keygen` writes, the 32 bytes in base64, or PEM; `file` instead of it is
        the path of a file with the same. Raises BadKeys. No text is no keys.
        """
        try:
            entries = json.loads(text) if text.strip() else []
            return cls([_signing_key(one) for one in _listed(entries)])
        except BadKeys:
            raise
        except (ValueError, TypeError, KeyError, AttributeError):
            raise BadKeys("the keys are no list of name, key or file, from and until") from None

    def signers_at(self, time: datetime) -> list[Signer]:
        """Return the keys that sign then, oldest first; two while one follows the other."""
        return [key.signer for key in self.keys if key.signs_at(time)]

    def make_known(self, root: Path, origin: str) -> Keys:
        """Write the archive's list of keys so that it has these; return it. Raises BadKeys.

        A key that is there stays as it is, but for the end of the newest. One that is not follows
        the newest, which signs that it does, so both must be at hand.
        """
        known = Keys.read(root, origin)
        keys = list(known.keys)
        for one in self.keys:
            _join(keys, one, [key.signer for key in self.keys], origin)
        made = Keys(origin, keys)
        if made.keys != known.keys:
            write_file(root / FILE, made.to_json())
        return made


def generate(name: str) -> Signer:
    """Return a new key of that name; raises ValueError for a name no key can have."""
    signer = Signer(name, Ed25519PrivateKey.generate())
    _ = signer.verifier
    return signer


def private_text(signer: Signer) -> str:
    """Return the private key as other tools for signed notes write it, one line."""
    content = base64.b64encode(bytes([SIGNS]) + signer.key.private_bytes_raw()).decode()
    public = Verifier(signer.name, signer.key.public_key().public_bytes_raw())
    return f"{_PRIVATE}{signer.name}+{public.key_id.hex()}+{content}\n"


def write_private(path: Path, signer: Signer) -> None:
    """Write the private key to a new file only its owner may read; raises FileExistsError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(private_text(signer))
        file.flush()
        os.fsync(file.fileno())


def read_private(text: str, name: str | None = None, kind: int = SIGNS) -> Signer:
    """Return the key written as `private_text`, or in base64 or PEM under `name`; raises BadKeys.

    A name that is given must be that of the text.
    """
    text = text.strip()
    try:
        if text.startswith(_PRIVATE):
            signer = _parsed(text, kind)
        else:
            signer = Signer(name or "", _raw(text), kind)
        _ = signer.verifier
    except (ValueError, IndexError, TypeError):
        raise BadKeys(f"the private key {name or 'given'} cannot be read") from None
    if name not in (None, signer.name):
        raise BadKeys(f"the private key given as {name} is that of {signer.name}")
    return signer


def _parsed(text: str, kind: int) -> Signer:
    name, _, content = text.removeprefix(_PRIVATE).split("+", 2)
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(content, validate=True)[1:])
    if private_text(Signer(name, key)).strip() != text:
        raise ValueError("not as it is written")
    return Signer(name, key, kind)


def _raw(text: str) -> Ed25519PrivateKey:
    if text.startswith("-----BEGIN"):
        key = load_pem_private_key(text.encode(), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError
        return key
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))


def _listed(entries: Any) -> list[dict[str, Any]]:
    if not isinstance(entries, list):
        raise BadKeys("the keys are no list")
    return entries


def _signing_key(one: dict[str, Any]) -> SigningKey:
    name, text = str(one["name"]), one.get("key")
    if text is None:
        try:
            text = Path(one["file"]).read_text("utf-8")
        except OSError:
            raise BadKeys(f"the file of the private key {name} cannot be read") from None
    since, until = _moment(one["from"]), one.get("until")
    key = SigningKey(read_private(text, name), since, until and _moment(until))
    if key.until is not None and key.until < key.since:
        raise BadKeys(f"the key {name} ends before it begins")
    return key


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise BadKeys("the moments of keys must have a zone, as in 2027-01-01T00:00:00Z")
    return at.astimezone(UTC).replace(microsecond=0)


def _join(keys: list[Key], one: SigningKey, signers: Sequence[Signer], origin: str) -> None:
    """Let a key be in the list, at its end when it is new."""
    verifier = one.signer.verifier
    at = next((n for n, key in enumerate(keys) if key.verifier == verifier), None)
    if at is None:
        added = Key(verifier, one.since, one.until)
        if keys:
            added = _following(keys[-1], added, signers, origin)
        keys.append(added)
        return
    found = keys[at]
    if found.since != one.since:
        raise BadKeys(f"the key {verifier.name} is known to begin {moment(found.since)}")
    if found.until != one.until:
        if at != len(keys) - 1:
            end = found.until and moment(found.until)
            raise BadKeys(f"the key {verifier.name} is signed to end {end}")
        keys[at] = Key(verifier, found.since, one.until, found.statement)


def _following(before: Key, after: Key, signers: Sequence[Signer], origin: str) -> Key:
    if before.until is None or not before.since <= after.since <= before.until:
        raise BadKeys(
            f"{after.verifier.name} must begin while {before.verifier.name} signs, "
            "and that one must have an end"
        )
    try:
        statement = state_succession(origin, before, after, signers)
    except ValueError as error:
        raise BadKeys(str(error)) from None
    return Key(after.verifier, after.since, after.until, statement)
