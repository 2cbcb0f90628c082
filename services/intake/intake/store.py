"""All SQL of the intake: dossiers, their codes, idempotency keys and erasure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from contracts.envelope import sha256
from contracts.topics import PARTICULARS
from intake.civil_events import forget_events
from intake.domain import FIRST_ROUND, Added, Dossier, Erased, Taken
from intake.keeping import forget_kept
from plumbing.database import Conn
from plumbing.outbox import shard_of


@dataclass(frozen=True)
class UsedKey:
    """An idempotency key that took something; no fingerprint once the data are erased.

    `round` is what it made: FIRST_ROUND the submission, a later one the supplement of that round.
    """

    dossier_id: UUID
    fingerprint: str | None
    round: int = FIRST_ROUND

    def is_for(self, fingerprint: str, *, supplement: bool = False) -> bool:
        """Return whether a request with that fingerprint is the same request again."""
        same_kind = supplement == (self.round > FIRST_ROUND)
        return same_kind and self.fingerprint in (None, fingerprint)


class DossierStore:
    """The dossiers of the intake."""

    def new(self, dossier_id: UUID, subject: str) -> Dossier:
        """Return a dossier that is not taken yet."""
        return Dossier(dossier_id, subject)

    async def load(self, conn: Conn, ids: Sequence[UUID]) -> dict[UUID, Dossier]:
        """Return the dossiers there are among the ids."""
        rows = await conn.fetch(
            "SELECT d.*, s.fingerprints, s.added_at FROM dossier d LEFT JOIN LATERAL"
            " (SELECT array_agg(fingerprint ORDER BY round) AS fingerprints,"
            " array_agg(received_at ORDER BY round) AS added_at FROM supplement"
            " WHERE supplement.dossier_id = d.dossier_id) s ON true"
            " WHERE d.dossier_id = ANY($1::uuid[])",
            ids,
        )
        return {row["dossier_id"]: _dossier(row) for row in rows}

    async def save(self, conn: Conn, states: Sequence[Dossier]) -> None:
        """Write the dossiers, new and changed, in one statement, and what was added in another."""
        written = [(state, state.taken) for state in states if state.taken is not None]
        erased = [state.erased for state, _ in written]
        await conn.execute(
            "INSERT INTO dossier (dossier_id, code, portal, portal_reference, fingerprint,"
            " received_at, erased_at, erased_by, withdrawal_received_at) SELECT * FROM"
            " unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],"
            " $6::timestamptz[], $7::timestamptz[], $8::text[], $9::timestamptz[])"
            " ON CONFLICT (dossier_id) DO UPDATE SET"
            " fingerprint = excluded.fingerprint, erased_at = excluded.erased_at,"
            " erased_by = excluded.erased_by,"
            " withdrawal_received_at = excluded.withdrawal_received_at",
            [state.dossier_id for state, _ in written],
            [state.code for state, _ in written],
            [taken.portal for _, taken in written],
            [taken.portal_reference for _, taken in written],
            [taken.fingerprint for _, taken in written],
            [taken.received_at for _, taken in written],
            [one.at if one else None for one in erased],
            [one.by if one else None for one in erased],
            [state.withdrawal_received_at for state, _ in written],
        )
        await _save_added(conn, [state for state, _ in written if state.added])


async def _save_added(conn: Conn, states: Sequence[Dossier]) -> None:
    rows = [
        (state.dossier_id, round_, one.fingerprint, one.received_at)
        for state in states
        for round_, one in enumerate(state.added, FIRST_ROUND + 1)
    ]
    if rows:
        ids, rounds, fingerprints, received = zip(*rows, strict=True)
        await conn.execute(
            "INSERT INTO supplement (dossier_id, round, fingerprint, received_at) SELECT * FROM"
            " unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[])"
            " ON CONFLICT (dossier_id, round) DO UPDATE SET fingerprint = excluded.fingerprint",
            ids,
            rounds,
            fingerprints,
            received,
        )


async def number(conn: Conn, units: Sequence[str], on: date) -> list[int]:
    """Return the next number of each unit's day, in the order given, counted from 1.

    The counters stay locked until the transaction ends, so a rollback leaves no gap.
    """
    wanted = Counter(units)
    # Always in the same order, so that two transactions cannot wait for each other.
    codes = sorted(wanted)
    rows = await conn.fetch(
        "INSERT INTO code_counter AS c (unit_code, day, last)"
        " SELECT unit_code, $2, count FROM unnest($1::text[], $3::int[]) t(unit_code, count)"
        " ON CONFLICT (unit_code, day) DO UPDATE SET last = c.last + excluded.last"
        " RETURNING unit_code, last",
        codes,
        on,
        [wanted[code] for code in codes],
    )
    following = {row["unit_code"]: row["last"] - wanted[row["unit_code"]] for row in rows}
    numbers = []
    for code in units:
        following[code] += 1
        numbers.append(following[code])
    return numbers


async def find_key(conn: Conn, portal: str, key: str) -> UsedKey | None:
    """Return what the portal's key took, or None if it took nothing."""
    row = await conn.fetchrow(
        "SELECT dossier_id, fingerprint, round FROM idempotency_key"
        " WHERE key_sha256 = $1 AND portal = $2",
        sha256(key.encode()),
        portal,
    )
    return None if row is None else UsedKey(row["dossier_id"], row["fingerprint"], row["round"])


async def claim_key(
    conn: Conn, portal: str, key: str, fingerprint: str, dossier_id: UUID
) -> UsedKey | None:
    """Claim the key and return None, or return what it was claimed for before.

    Waits for a transaction that claims the same key: its outcome decides.
    """
    claimed = await conn.fetchval(
        "INSERT INTO idempotency_key (key_sha256, portal, fingerprint, dossier_id)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING true",
        sha256(key.encode()),
        portal,
        fingerprint,
        dossier_id,
    )
    return None if claimed else await find_key(conn, portal, key)


async def claim_keys(
    conn: Conn, claims: Mapping[tuple[str, str], tuple[str, UUID]]
) -> set[tuple[str, str]]:
    """Claim each portal's key for a fingerprint and a dossier; return those claimed just now.

    In the order of the keys, so that nobody waits for someone who waits for him.
    """
    names = {(sha256(key.encode()), portal): (portal, key) for portal, key in claims}
    rows = await conn.fetch(
        "INSERT INTO idempotency_key (key_sha256, portal, fingerprint, dossier_id)"
        " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) t(key, portal)"
        " ORDER BY key, portal ON CONFLICT DO NOTHING RETURNING key_sha256, portal",
        [key for key, _ in names],
        [portal for _, portal in names],
        [fingerprint for fingerprint, _ in claims.values()],
        [dossier_id for _, dossier_id in claims.values()],
    )
    return {names[row["key_sha256"], row["portal"]] for row in rows}


async def free_keys(conn: Conn, claims: Sequence[tuple[str, str]]) -> None:
    """Give back keys, by portal and key, that the same transaction claimed."""
    if claims:
        await conn.execute(
            "DELETE FROM idempotency_key k USING unnest($1::text[], $2::text[]) t(key, portal)"
            " WHERE k.key_sha256 = t.key AND k.portal = t.portal",
            [sha256(key.encode()) for _, key in claims],
            [portal for portal, _ in claims],
        )


async def name_round(conn: Conn, portal: str, key: str, round_: int) -> None:
    """Write down which round the request of a claimed key made."""
    await conn.execute(
        "UPDATE idempotency_key SET round = $3 WHERE key_sha256 = $1 AND portal = $2",
        sha256(key.encode()),
        portal,
        round_,
    )


async def forget_particulars(conn: Conn, dossier_id: UUID) -> None:
    """Delete what would still open: kept, unsent and sent rows of the personal data; and hashes.

    Tombstones stay: they tell others.
    The outbox comes first: a relay that is moving a row holds its lock, and only a later
    statement sees where it went.
    """
    await forget_kept(conn, [dossier_id])
    await forget_events(conn, dossier_id)
    key = str(dossier_id).encode()
    await conn.execute(
        "DELETE FROM outbox WHERE shard = $1 AND topic = $2 AND key = $3 AND body IS NOT NULL",
        shard_of(key),
        PARTICULARS.name,
        key,
    )
    await conn.execute(
        "DELETE FROM outbox_sent WHERE topic = 'dossier.particulars.v1' AND key = $1"
        " AND body IS NOT NULL",
        key,
    )
    await conn.execute(
        "UPDATE idempotency_key SET fingerprint = NULL WHERE dossier_id = $1", dossier_id
    )


def _dossier(row: Mapping[str, Any]) -> Dossier:
    taken = Taken(row["portal"], row["portal_reference"], row["fingerprint"], row["received_at"])
    erased = None if row["erased_at"] is None else Erased(row["erased_at"], row["erased_by"])
    added = zip(row["fingerprints"] or (), row["added_at"] or (), strict=True)
    return Dossier(
        row["dossier_id"],
        row["code"],
        taken,
        erased,
        tuple(Added(fingerprint, received_at) for fingerprint, received_at in added),
        row["withdrawal_received_at"],
    )
