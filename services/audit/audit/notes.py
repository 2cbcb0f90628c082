"""Signed notes (C2SP signed-note and tlog-cosignature): a text, and who stands for it.

A note is a text of whole lines, a blank line and one line per signature. Keys are Ed25519; the
key id in a signature line tells a signature of a log from a witness's cosignature.
"""

import base64
import binascii
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Reason = Literal["malformed", "unknown_signer", "bad_signature"]
MALFORMED: Reason = "malformed"
UNKNOWN_SIGNER: Reason = "unknown_signer"
BAD_SIGNATURE: Reason = "bad_signature"

#: The kinds of keys: one that signs a note, one that cosigns a checkpoint at a moment.
SIGNS, COSIGNS = 0x01, 0x04
MOST_SIGNATURES = 100
MOST_CHARACTERS = 100_000

_DASH = "— "
_MOMENT = struct.Struct(">Q")
_LAST_MOMENT = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


class BadNote(Exception):
    """A text is no note, nobody known signed it, or a signature does not hold; `reason` says it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True)
class Verifier:
    """A public key under a name; `public_key` is its 32 bytes, `kind` SIGNS or COSIGNS."""

    name: str
    public_key: bytes
    kind: int = SIGNS

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise ValueError("the name of a key is empty, or has a space or a plus in it")
        if len(self.public_key) != 32 or self.kind not in (SIGNS, COSIGNS):
            raise ValueError("no Ed25519 key for notes")

    @property
    def key_id(self) -> bytes:
        """Return the 4 bytes that name the key in a signature line."""
        return hashlib.sha256(self.name.encode() + b"\n" + self._encoded()).digest()[:4]

    @property
    def text(self) -> str:
        """Return the key as people hand it on: `<name>+<key id>+<base64 of kind and key>`."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self._encoded()).decode()}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """Return the key written as `text` gives it; raises ValueError for anything else."""
        name, _, rest = text.partition("+")
        content = _decoded(rest[9:])
        if len(content) != 33:
            raise ValueError("no key of a log or a witness")
        verifier = cls(name, content[1:], content[0])
        if verifier.text != text:
            raise ValueError("the key does not have the id it names")
        return verifier

    def holds(self, text: str, signature: bytes) -> bool:
        """Return whether the key signed the text."""
        message, prefix = text.encode(), 0
        if self.kind == COSIGNS:
            prefix = _MOMENT.size
            if len(signature) != prefix + 64:
                return False
            message = _cosigned(text, _MOMENT.unpack(signature[:prefix])[0])
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature[prefix:], message)
        except InvalidSignature:
            return False
        return True

    def _encoded(self) -> bytes:
        return bytes([self.kind]) + self.public_key


@dataclass(frozen=True)
class Signer:
    """A private key under a name."""

    name: str
    key: Ed25519PrivateKey = field(repr=False)
    kind: int = SIGNS

    @property
    def verifier(self) -> Verifier:
        """Return its public half."""
        return Verifier(self.name, self.key.public_key().public_bytes_raw(), self.kind)


@dataclass(frozen=True)
class Opened:
    """A note's text, and which of the keys asked for it is signed with; `by` are their names."""

    text: str
    by: tuple[str, ...]
    verifiers: tuple[Verifier, ...]


@dataclass(frozen=True)
class Signature:
    """A signature line: who is said to have signed, with which key, and what is to be checked."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """Return it as it stands in a note, with its end of line."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"

    @property
    def cosigned_at(self) -> datetime | None:
        """Return when a witness says it cosigned; None when it cannot be one's."""
        if len(self.signature) != _MOMENT.size + 64:
            return None
        moment = _MOMENT.unpack(self.signature[: _MOMENT.size])[0]
        return datetime.fromtimestamp(moment, UTC) if moment <= _LAST_MOMENT else None


def sign(text: str, signers: Sequence[Signer]) -> str:
    """Return the note of the text, signed by each in order; raises BadNote for no such text."""
    if not _is_text(text):
        raise BadNote(MALFORMED)
    lines = [
        Signature(signer.name, signer.verifier.key_id, signer.key.sign(text.encode())).line
        for signer in signers
    ]
    return f"{text}\n{''.join(lines)}"


def cosign(text: str, signer: Signer, at: datetime) -> str:
    """Return a witness's signature line for a checkpoint's text, at that moment in seconds."""
    if signer.kind != COSIGNS or not _is_text(text):
        raise BadNote(MALFORMED)
    seconds = int(at.timestamp())
    signed = signer.key.sign(_cosigned(text, seconds))
    return Signature(signer.name, signer.verifier.key_id, _MOMENT.pack(seconds) + signed).line


def split(note: str) -> tuple[str, tuple[Signature, ...]]:
    """Return a note's text and its signatures, none of them verified; raises BadNote."""
    at = note.rfind("\n\n")
    text, lines = note[: at + 1], note[at + 2 :]
    if at < 0 or len(note) > MOST_CHARACTERS or not _is_text(text) or not lines.endswith("\n"):
        raise BadNote(MALFORMED)
    signatures = tuple(parse_signature(line + "\n") for line in lines[:-1].split("\n"))
    if len(signatures) > MOST_SIGNATURES:
        raise BadNote(MALFORMED)
    return text, signatures


def is_note(text: str) -> bool:
    """Return whether a text is a note, whoever signed it."""
    try:
        split(text)
    except BadNote:
        return False
    return True


def parse_signature(line: str) -> Signature:
    """Return a signature line as what it says; raises BadNote."""
    name, _, content = line.removeprefix(_DASH).removesuffix("\n").partition(" ")
    try:
        decoded = _decoded(content)
    except ValueError:
        raise BadNote(MALFORMED) from None
    signature = Signature(name, decoded[:4], decoded[4:])
    if not _is_name(name) or len(decoded) < 5 or signature.line != line:
        raise BadNote(MALFORMED)
    return signature


def open_note(note: str, verifiers: Sequence[Verifier]) -> Opened:
    """Return the note's text, verified; raises BadNote.

    At least one of the keys has signed it, and every signature that names one of them holds.
    Signatures of other keys are passed over.
    """
    text, signatures = split(note)
    known = {(one.name, one.key_id): one for one in verifiers}
    found: dict[Verifier, None] = {}
    for signature in signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            continue
        if not verifier.holds(text, signature.signature):
            raise BadNote(BAD_SIGNATURE)
        found[verifier] = None
    if not found:
        raise BadNote(UNKNOWN_SIGNER)
    return Opened(text, tuple(one.name for one in found), tuple(found))


def digest_of(text: str) -> str:
    """Return the SHA-256 of a note's text, in hex: what the next checkpoint and a time stamp name.

    The signatures are not in it.
    """
    return hashlib.sha256(text.encode()).hexdigest()


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _is_name(name: str) -> bool:
    return bool(name) and name.isprintable() and not any(ch.isspace() or ch == "+" for ch in name)


def _is_text(text: str) -> bool:
    # A surrogate is what no UTF-8 can carry.
    return (
        text.endswith("\n")
        and text != "\n"
        and all(ch == "\n" or (ch >= " " and not "\ud800" <= ch <= "\udfff") for ch in text)
    )


def _decoded(text: str) -> bytes:
    """Return what is written in base64, exactly as one writes it; raises ValueError."""
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("no base64") from None
    if base64.b64encode(content).decode() != text:
        raise ValueError("no base64 as it is written")
    return content
