"""The second factor: the end of the applicant's number, kept as a keyed hash alone."""

import hmac
from collections.abc import Sequence
from uuid import UUID

from contracts.particulars import Particulars
from plumbing.database import Conn
from plumbing.sealing import KeyRing
from routing.domain import Case

#: How many characters of the number are asked for; in a personal number the part that is random.
FACTOR_LENGTH = 6

_SAVE = """
INSERT INTO tracking_factor (dossier_id, factor)
SELECT * FROM unnest($1::uuid[], $2::bytea[])
ON CONFLICT (dossier_id) DO UPDATE SET factor = excluded.factor
"""


def factor_of(keys: KeyRing, dossier_id: UUID, personal_number: str) -> bytes:
    """Return what is kept of the number: 32 bytes nobody without the key can try guesses on."""
    return keys.blind(_end(personal_number), _purpose(dossier_id))[0]


def is_factor(keys: KeyRing, dossier_id: UUID, said: str, kept: bytes) -> bool:
    """Return whether that is what was kept, under any key of the ring; always the same work."""
    found = [hmac.compare_digest(one, kept) for one in keys.blind(_end(said), _purpose(dossier_id))]
    return any(found)


async def save_factors(
    conn: Conn, keys: KeyRing, states: Sequence[Case], new: Sequence[Particulars | None]
) -> None:
    """Keep the factor of each case whose personal data are new, forget those of erased ones."""
    numbers = {
        case.dossier_id: one.applicant.personal_number
        for case, one in zip(states, new, strict=True)
        if one is not None
    }
    if numbers:
        factors = [factor_of(keys, *item) for item in numbers.items()]
        await conn.execute(_SAVE, list(numbers), factors)
    if erased := [case.dossier_id for case in states if case.erased]:
        await conn.execute("DELETE FROM tracking_factor WHERE dossier_id = ANY($1)", erased)


def _end(number: str) -> bytes:
    return number[-FACTOR_LENGTH:].encode()


def _purpose(dossier_id: UUID) -> str:
    return f"tracking:{dossier_id}"
