"""What the citizen's page asks the database: attempts, a dossier by its code, who looked at it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plumbing.database import Conn
from routing.tracking.limits import WINDOW, Attempt, Count

#: How many attempts of before are forgotten with each new one.
_FORGOTTEN = 10

_TAKE = f"""
WITH over AS (
    SELECT key FROM tracking_attempt WHERE since <= $3 AND NOT key = ANY($1)
    LIMIT {_FORGOTTEN} FOR UPDATE SKIP LOCKED
), forgotten AS (
    DELETE FROM tracking_attempt a USING over WHERE a.key = over.key
)
INSERT INTO tracking_attempt AS a (key, since, last_at, wrong)
SELECT key, $2, $2, 1 FROM unnest($1::bytea[]) key ORDER BY key
ON CONFLICT (key) DO UPDATE SET
    since = CASE WHEN a.since <= $3 THEN $2 ELSE a.since END,
    wrong = CASE WHEN a.since <= $3 THEN 1 ELSE a.wrong + 1 END,
    before_at = a.last_at,
    last_at = $2
RETURNING a.key, a.wrong, a.since, a.before_at
"""

_GIVE_BACK = """
WITH right_one AS (
    DELETE FROM tracking_attempt WHERE key = $1
)
UPDATE tracking_attempt SET wrong = wrong - 1 WHERE key = ANY($2) AND wrong > 0
"""

_FIND = """
SELECT c.dossier_id, t.factor, p.particulars FROM dossier_case c
LEFT JOIN tracking_factor t USING (dossier_id)
LEFT JOIN case_particulars p ON p.dossier_id = c.dossier_id AND t.factor IS NULL
WHERE c.code = $1 AND c.code <> ''
"""


_LOOKS = """
SELECT at, unit_code, what FROM (
    SELECT id, at, unit_code, purpose AS what,
        row_number() OVER (PARTITION BY unit_code ORDER BY at DESC, id DESC) AS place
    FROM access WHERE dossier_id = $1 AND act IN ('looked', 'printed', 'tracked')) AS one
WHERE place <= $2 ORDER BY at DESC, id DESC
"""


@dataclass(frozen=True)
class Keys:
    """The three things an attempt counts against, each a keyed hash."""

    pair: bytes
    code: bytes
    address: bytes

    @property
    def all(self) -> list[bytes]:
        """Return all three."""
        return [self.pair, self.code, self.address]


@dataclass(frozen=True)
class Kept:
    """What is kept of a dossier to know its citizen by: a factor, or sealed data to make it of."""

    dossier_id: UUID
    factor: bytes | None
    sealed: bytes | None


@dataclass(frozen=True)
class Look:
    """That somebody looked at a dossier: when, of which unit, at what."""

    at: datetime
    unit_code: str
    what: str


async def take_attempt(conn: Conn, keys: Keys, now: datetime) -> Attempt:
    """Count an attempt before it is made and return what counts; undone by a rollback.

    Whoever asks about the same code at the same moment waits for it.
    """
    rows = await conn.fetch(_TAKE, keys.all, now, now - WINDOW)
    counts = {row["key"]: Count(row["wrong"], row["since"], row["before_at"]) for row in rows}
    return Attempt(counts[keys.pair], counts[keys.code], counts[keys.address])


async def give_back(conn: Conn, keys: Keys) -> None:
    """Take back an attempt that was right; of this code from this address nothing counts then."""
    await conn.execute(_GIVE_BACK, keys.pair, [keys.code, keys.address])


async def find_kept(conn: Conn, code: str) -> Kept | None:
    """Return what is kept of the dossier of that code, or None if there is none."""
    row = await conn.fetchrow(_FIND, code)
    return row and Kept(row["dossier_id"], row["factor"], row["particulars"])


async def keep_factor(conn: Conn, dossier_id: UUID, factor: bytes) -> None:
    """Keep the factor of a dossier as it is under the key of today."""
    await conn.execute(
        "INSERT INTO tracking_factor (dossier_id, factor) VALUES ($1, $2)"
        " ON CONFLICT (dossier_id) DO UPDATE SET factor = excluded.factor"
        " WHERE tracking_factor.factor <> excluded.factor",
        dossier_id,
        factor,
    )


async def load_looks(conn: Conn, dossier_id: UUID, most: int) -> list[Look]:
    """Return who looked at the dossier last, the newest first; no officer is named.

    `most` of each unit, and `most` of those who knew the number: however often somebody looks, the
    looks of others stay.
    """
    rows = await conn.fetch(_LOOKS, dossier_id, most)
    return [Look(row["at"], row["unit_code"], row["what"]) for row in rows]
