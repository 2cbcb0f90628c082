"""All SQL of the notifier: what it remembers of each dossier, the contact sealed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from notifier import feed_store
from notifier.correspondence import Contact, Correspondence, News
from notifier.feed_store import Update
from notifier.heard import completed
from notifier.requests import callback_of
from plumbing.accesses.opening import Opening, opening
from plumbing.accesses.rows import by_service
from plumbing.database import Conn, Pool
from plumbing.sealing import KeyRing

_CONTACT = TypeAdapter(Contact)
_NEWS = TypeAdapter(tuple[News, ...])

_LOAD = """
SELECT dossier_id, dossier_code, portal, portal_reference, province_code, contact, erased, news,
    early, procedure_code, unit_code
FROM correspondence WHERE dossier_id = ANY($1::uuid[])
"""

#: Returns how many of its news each had in the feed before.
_SAVE = """
INSERT INTO correspondence AS c
    (dossier_id, dossier_code, portal, portal_reference, province_code, contact, erased, news,
        early, procedure_code, unit_code, fed)
SELECT id, code, portal, portal_reference, province_code, contact, erased, news::jsonb,
    early::jsonb, procedure_code, unit_code, fed
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[],
        $7::boolean[], $8::text[], $9::text[], $10::text[], $11::text[], $12::int[])
    t(id, code, portal, portal_reference, province_code, contact, erased, news, early,
        procedure_code, unit_code, fed)
ON CONFLICT (dossier_id) DO UPDATE SET dossier_code = excluded.dossier_code,
    portal = excluded.portal, portal_reference = excluded.portal_reference,
    province_code = excluded.province_code,
    contact = excluded.contact, erased = excluded.erased, news = excluded.news,
    early = excluded.early, changed_at = clock_timestamp(),
    procedure_code = excluded.procedure_code, unit_code = excluded.unit_code,
    fed = greatest(c.fed, excluded.fed)
RETURNING new.dossier_id, coalesce(old.fed, 0) AS fed
"""


#: $1 gateway, $2 pattern of what was moved before, $3 how many. Messages of which no attempt was
#: ever in doubt and none is under way.
NEVER_TAKEN = """
SELECT effect_id, dossier_id FROM effect
WHERE split_part(kind, ':', 1) = $1 AND state = 'PENDING' AND NOT in_doubt
    AND kind NOT LIKE $2 LIMIT $3
"""

#: $1 effects, $2 reason. Whoever took one up since then has the newer fence, and it stays.
END_ELSEWHERE = """
UPDATE effect SET state = 'REJECTED', reason = $2, request = NULL, fence = fence + 1,
    lease_until = NULL, ended_at = clock_timestamp()
WHERE effect_id = ANY($1::uuid[]) AND state = 'PENDING' AND NOT in_doubt
RETURNING effect_id, dossier_id, kind
"""


class CorrespondenceStore:
    """Loads and saves in bulk; the caller holds the dossiers' locks."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def new(self, dossier_id: UUID, subject: str) -> Correspondence:
        """Return the correspondence of a dossier nothing was heard of before."""
        return Correspondence(dossier_id, subject)

    async def load(self, conn: Conn, ids: Sequence[UUID]) -> dict[UUID, Correspondence]:
        """Return what is known of those dossiers that are known."""
        rows = await conn.fetch(_LOAD, ids)
        by = by_service("notifier", "opened_to_decide")
        async with opening(conn, self._keys, by) as access:
            return {row["dossier_id"]: _read(row, access) for row in rows}

    async def save(self, conn: Conn, states: Sequence[Correspondence]) -> None:
        """Write them all, new or changed, and give portals their new steps to read."""
        rows = await conn.fetch(
            _SAVE,
            [state.dossier_id for state in states],
            [state.dossier_code for state in states],
            [state.portal for state in states],
            [state.portal_reference for state in states],
            [state.province_code for state in states],
            [self._seal(state) for state in states],
            [state.erased for state in states],
            [_NEWS.dump_json(state.news).decode() for state in states],
            [_NEWS.dump_json(state.early).decode() for state in states],
            [state.procedure_code for state in states],
            [state.unit_code for state in states],
            [len(state.news) for state in states],
        )
        fed = {row["dossier_id"]: row["fed"] for row in rows}
        if updates := [
            Update(state.portal, state.dossier_id, news.event_id, callback_of(state, news))
            for state in states
            for news in state.news[fed[state.dossier_id] :]
            if news.portal != "silent"
        ]:
            await feed_store.add(conn, updates)

    def _seal(self, state: Correspondence) -> bytes | None:
        if state.contact is None:
            return None
        plain = _CONTACT.dump_json(state.contact)
        return self._keys.seal(plain, _purpose(state.dossier_id)).pack()


def _read(row: Any, access: Opening) -> Correspondence:
    return Correspondence(
        dossier_id=row["dossier_id"],
        dossier_code=row["dossier_code"],
        portal=row["portal"],
        portal_reference=row["portal_reference"],
        province_code=row["province_code"],
        contact=contact_of(row["dossier_id"], row["contact"], access),
        erased=row["erased"],
        news=_read_news(row["news"], had_their_turn=True),
        early=_read_news(row["early"], had_their_turn=False),
        procedure_code=row["procedure_code"],
        unit_code=row["unit_code"],
    )


def contact_of(dossier_id: UUID, packed: bytes | None, access: Opening) -> Contact | None:
    """Return the contact that was sealed, None of none; raises Unsealable."""
    if packed is None:
        return None
    return _CONTACT.validate_json(access.open(dossier_id, packed, _purpose(dossier_id)))


async def are_erased(pool: Pool, ids: Sequence[UUID]) -> list[bool]:
    """Return whether the personal data of each dossier were erased."""
    rows = await pool.fetch(
        "SELECT dossier_id FROM correspondence WHERE dossier_id = ANY($1::uuid[]) AND erased", ids
    )
    erased = {row["dossier_id"] for row in rows}
    return [one in erased for one in ids]


async def load_news(conn: Conn, dossier_id: UUID) -> tuple[News, ...]:
    """Return the dossier's steps in the order they are told."""
    column = await conn.fetchval(
        "SELECT news FROM correspondence WHERE dossier_id = $1", dossier_id
    )
    return () if column is None else _read_news(column, had_their_turn=True)


def _read_news(column: str, *, had_their_turn: bool) -> tuple[News, ...]:
    kept = _NEWS.validate_json(column)
    return tuple(completed(one, had_its_turn=had_their_turn) for one in kept)


def _purpose(dossier_id: UUID) -> str:
    return f"notifier:{dossier_id}"
