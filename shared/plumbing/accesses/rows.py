"""What an access is, and the bytes a block of them is the digest of."""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

#: What was done: by people the first three, `answered_subject` for a person about their own data,
#: the others by the machine. The table's check is the same list.
Act = Literal[
    "looked",
    "printed",
    "tracked",
    "opened_to_take_in",
    "opened_to_decide",
    "opened_to_send",
    "opened_to_merge",
    "opened_to_compare",
    "opened_letter",
    "answered_subject",
]
ACTS: tuple[str, ...] = get_args(Act)

#: Begins what is digested, so that no other bytes of ours have the same digest.
DOMAIN = b"hotich access rows v1\n"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH = struct.Struct(">i")


@dataclass(frozen=True)
class Access:
    """One row: who did what with whose dossier, when and what for."""

    id: int
    at: datetime
    actor: str
    unit_code: str
    dossier_id: UUID | None
    act: str
    purpose: str


@dataclass(frozen=True)
class By:
    """Who opens or reads, and what for; `at` is the rules' instant, None the database's."""

    actor: str
    act: Act
    purpose: str = ""
    unit_code: str = ""
    at: datetime | None = None


def by_service(service: str, act: Act, purpose: str = "") -> By:
    """Return the machine as who opens."""
    return By(f"service:{service}", act, purpose)


def canonical(access: Access) -> bytes:
    """Return the row's bytes: seven texts in UTF-8, each after its length in four bytes.

    In order: number, microseconds since 1970, actor, unit, dossier (empty: none), act, purpose.
    """
    texts = (
        str(access.id),
        str((access.at - _EPOCH) // timedelta(microseconds=1)),
        access.actor,
        access.unit_code,
        "" if access.dossier_id is None else str(access.dossier_id),
        access.act,
        access.purpose,
    )
    encoded = [text.encode() for text in texts]
    return b"".join(_LENGTH.pack(len(one)) + one for one in encoded)


def digest(accesses: Iterable[Access]) -> str:
    """Return the SHA-256 of the rows in that order, as 64 hex digits."""
    whole = hashlib.sha256(DOMAIN)
    for access in accesses:
        whole.update(canonical(access))
    return whole.hexdigest()
