"""The one-stop's cases: loaded and saved in bulk, personal data sealed and apart."""

import json
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from contracts.particulars import Particulars
from plumbing.accesses.opening import Opening
from plumbing.database import Conn
from plumbing.sealing import KeyRing
from routing.board_store import COUNTED, add_facts
from routing.domain import Case
from routing.domain.board import all_facts, counted_of, road_of
from routing.rows import COLUMNS, mapped_on, read_case, write_rest
from routing.tracking.factors import save_factors

SERVICE = "routing"

#: Every column of a case, its personal data left out.
CASE_COLUMNS = ", ".join(
    [*(f"c.{name}" for name in COLUMNS if name != "counted"), f"{COUNTED} AS counted", "c.rest"]
)
CASE_TABLES = "dossier_case c LEFT JOIN case_particulars p USING (dossier_id)"
ERASED = "coalesce(p.erased, false) AS erased"

#: Stands for personal data that are in the database as they are: rules only ask whether there
#: are any, so nobody opens them for an event, and nothing writes them again.
AS_KEPT: Particulars = cast(Any, Particulars).model_construct()

_LOAD = f"""
SELECT {CASE_COLUMNS}, {ERASED}, p.particulars IS NOT NULL AS known
FROM {CASE_TABLES} WHERE dossier_id = ANY($1::uuid[])
"""

_VIEW = f"SELECT {CASE_COLUMNS}, {ERASED} FROM {CASE_TABLES} WHERE dossier_id = $1"

_OPEN = f"SELECT {CASE_COLUMNS}, {ERASED}, p.particulars FROM {CASE_TABLES} WHERE dossier_id = $1"

_SAVE = """
WITH t AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::date[], $6::text[],
        $7::text[], $8::timestamptz[], $9::timestamptz[], $10::date[], $11::timestamptz[],
        $12::timestamptz[], $13::text[], $14::boolean[], $15::boolean[], $16::bytea[],
        $17::text[], $18::integer[])
        t(id, code, status, unit_code, unit_on, procedure_code, papers, submitted_at, due_at,
        due_on, reception_due_at, supplement_due_at, rest, erased, kept, particulars, road,
        counted)
), written AS (
    INSERT INTO case_particulars AS p (dossier_id, particulars, erased)
    SELECT id, particulars, erased FROM t WHERE particulars IS NOT NULL OR erased
    ON CONFLICT (dossier_id) DO UPDATE
        SET particulars = excluded.particulars, erased = excluded.erased
        WHERE NOT (p.erased AND excluded.erased)
), dropped AS (
    DELETE FROM case_particulars p USING t
    WHERE p.dossier_id = t.id AND t.particulars IS NULL AND NOT t.kept AND NOT t.erased
)
INSERT INTO dossier_case (dossier_id, code, status, unit_code, unit_on, procedure_code, papers,
    submitted_at, due_at, due_on, reception_due_at, supplement_due_at, rest, road, counted,
    counted_in)
SELECT id, code, status, unit_code, unit_on, procedure_code,
    ARRAY(SELECT jsonb_array_elements_text(papers::jsonb)), submitted_at, due_at, due_on,
    reception_due_at, supplement_due_at, rest::jsonb, road, counted, board_era.era
FROM t CROSS JOIN board_era
ON CONFLICT (dossier_id) DO UPDATE SET code = excluded.code, status = excluded.status,
    unit_code = excluded.unit_code, unit_on = excluded.unit_on,
    procedure_code = excluded.procedure_code, papers = excluded.papers,
    submitted_at = excluded.submitted_at, due_at = excluded.due_at, due_on = excluded.due_on,
    reception_due_at = excluded.reception_due_at, supplement_due_at = excluded.supplement_due_at,
    rest = excluded.rest, road = excluded.road, counted = excluded.counted,
    counted_in = excluded.counted_in
"""


class CaseStore:
    """Loads and saves in bulk; the caller holds the dossiers' locks."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def new(self, dossier_id: UUID, subject: str) -> Case:
        """Return a case nothing is known of yet."""
        return Case(dossier_id, subject)

    async def load(self, conn: Conn, ids: Sequence[UUID]) -> dict[UUID, Case]:
        """Return the cases that exist, with AS_KEPT for the personal data that are there."""
        rows = await conn.fetch(_LOAD, ids)
        return {
            row["dossier_id"]: read_case(row, AS_KEPT if row["known"] else None) for row in rows
        }

    async def save(self, conn: Conn, states: Sequence[Case]) -> None:
        """Write the cases, new and changed, the facts the board of a province has not yet, and what
        a citizen proves the dossier theirs with.

        Of personal data only what `load` did not give.
        """
        dues = [(case.appointment, case.reception_due, case.supplement_due) for case in states]
        await conn.execute(
            _SAVE,
            [case.dossier_id for case in states],
            [case.code for case in states],
            [case.status for case in states],
            [case.unit_code for case in states],
            [mapped_on(case) for case in states],
            [case.procedure_code for case in states],
            [json.dumps(case.papers) for case in states],
            [case.submitted_at for case in states],
            [due and due.due_at for due, _, _ in dues],
            [due and due.due_on for due, _, _ in dues],
            [due and due.due_at for _, due, _ in dues],
            [due and due.due_at for _, _, due in dues],
            [write_rest(case) for case in states],
            [case.erased for case in states],
            [case.particulars is AS_KEPT for case in states],
            [self._seal(case) for case in states],
            [road_of(case) for case in states],
            [counted_of(case) for case in states],
        )
        await add_facts(conn, all_facts(states))
        await save_factors(conn, self._keys, states, [_new(case) for case in states])

    def _seal(self, case: Case) -> bytes | None:
        particulars = _new(case)
        if particulars is None:
            return None
        plain = particulars.model_dump_json().encode()
        return self._keys.seal(plain, kept_purpose(case.dossier_id)).pack()


def _new(case: Case) -> Particulars | None:
    """Return the personal data that are not in the database yet."""
    return None if case.particulars is AS_KEPT else case.particulars


def kept_purpose(dossier_id: UUID) -> str:
    """Return what a dossier's personal data are sealed for here."""
    return f"routing:{dossier_id}:particulars"


async def load_view(conn: Conn, dossier_id: UUID) -> Case | None:
    """Return the case without its personal data, to look at and never to save; or None."""
    row = await conn.fetchrow(_VIEW, dossier_id)
    return row and read_case(row, None)


async def load_open(conn: Conn, dossier_id: UUID, access: Opening) -> Case | None:
    """Return the case with its personal data opened, for someone who may see them; or None."""
    row = await conn.fetchrow(_OPEN, dossier_id)
    if row is None:
        return None
    if row["particulars"] is None:
        return read_case(row, None)
    plain = access.open(dossier_id, row["particulars"], kept_purpose(dossier_id))
    return read_case(row, Particulars.model_validate_json(plain))
