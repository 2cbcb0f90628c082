"""The submission as it stands, kept encrypted: what the next version of its data is made of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.portal import Submission
from plumbing.accesses.opening import Opening
from plumbing.database import Conn
from plumbing.sealing import KeyRing


@dataclass(frozen=True)
class Kept:
    """A submission with all its supplements so far, and the version of its particulars."""

    version: int
    submission: Submission


def kept_purpose(dossier_id: UUID) -> str:
    """Return what the encryption of a kept submission is bound to."""
    return f"intake:{dossier_id}:particulars"


async def keep(conn: Conn, keys: KeyRing, kept: Mapping[UUID, Kept]) -> None:
    """Write the submissions as they stand now, in the place of what was kept before."""
    if not kept:
        return
    # Always in the same order, so that two transactions cannot wait for each other.
    ids = sorted(kept)
    await conn.execute(
        "INSERT INTO dossier_particulars (dossier_id, version, sealed)"
        " SELECT * FROM unnest($1::uuid[], $2::int[], $3::bytea[])"
        " ON CONFLICT (dossier_id) DO UPDATE SET version = excluded.version,"
        " sealed = excluded.sealed",
        ids,
        [kept[i].version for i in ids],
        [_sealed(keys, i, kept[i].submission) for i in ids],
    )


async def load_kept(conn: Conn, access: Opening, ids: Sequence[UUID]) -> dict[UUID, Kept]:
    """Return what is kept of the dossiers; nothing of those erased or taken before it was kept.

    Raises UnknownKey while this process lacks a key: the same may be asked again later.
    """
    rows = await conn.fetch(
        "SELECT dossier_id, version, sealed FROM dossier_particulars"
        " WHERE dossier_id = ANY($1::uuid[])",
        ids,
    )
    kept = {}
    for row in rows:
        dossier_id = row["dossier_id"]
        plain = access.open(dossier_id, row["sealed"], kept_purpose(dossier_id))
        kept[dossier_id] = Kept(row["version"], Submission.model_validate_json(plain))
    return kept


async def forget_kept(conn: Conn, ids: Iterable[UUID]) -> None:
    """Delete what is kept of the dossiers."""
    await conn.execute(
        "DELETE FROM dossier_particulars WHERE dossier_id = ANY($1::uuid[])", list(ids)
    )


def _sealed(keys: KeyRing, dossier_id: UUID, submission: Submission) -> bytes:
    plain = submission.model_dump_json(exclude_none=True).encode()
    return keys.seal(plain, kept_purpose(dossier_id)).pack()
