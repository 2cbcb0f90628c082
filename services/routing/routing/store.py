"""All SQL of the one-stop."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plumbing.database import Conn
from routing.domain import Case

_COLUMNS = "dossier_id, code, status, unit_code, procedure_code, papers, submitted_at"


@dataclass(frozen=True)
class Waiting:
    """A dossier on a unit's desk, as its officers see it."""

    dossier_id: UUID
    code: str
    procedure_code: str
    papers: tuple[str, ...]
    submitted_at: datetime


class CaseStore:
    """The one-stop's cases."""

    def new(self, dossier_id: UUID, subject: str) -> Case:
        """Return a case nothing is known of yet."""
        return Case(dossier_id, subject)

    async def load(self, conn: Conn, ids: Sequence[UUID]) -> dict[UUID, Case]:
        """Return the cases that exist."""
        rows = await conn.fetch(
            f"SELECT {_COLUMNS} FROM dossier_case WHERE dossier_id = ANY($1::uuid[])",
            ids,
        )
        return {
            row["dossier_id"]: Case(
                row["dossier_id"],
                row["code"],
                row["status"],
                row["unit_code"],
                row["procedure_code"],
                tuple(row["papers"]),
                row["submitted_at"],
            )
            for row in rows
        }

    async def save(self, conn: Conn, states: Sequence[Case]) -> None:
        """Write the cases, new and changed."""
        await conn.execute(
            "INSERT INTO dossier_case (dossier_id, code, status, unit_code, procedure_code,"
            " papers, submitted_at)"
            " SELECT id, code, status, unit, procedure,"
            " ARRAY(SELECT jsonb_array_elements_text(papers::jsonb)), at FROM unnest($1::uuid[],"
            " $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])"
            " t(id, code, status, unit, procedure, papers, at)"
            " ON CONFLICT (dossier_id) DO UPDATE SET code = excluded.code,"
            " status = excluded.status, unit_code = excluded.unit_code,"
            " procedure_code = excluded.procedure_code, papers = excluded.papers,"
            " submitted_at = excluded.submitted_at",
            [case.dossier_id for case in states],
            [case.code for case in states],
            [case.status for case in states],
            [case.unit_code for case in states],
            [case.procedure_code for case in states],
            [json.dumps(case.papers) for case in states],
            [case.submitted_at for case in states],
        )


async def load_desk(conn: Conn, unit_code: str, limit: int) -> list[Waiting]:
    """Return what waits on a unit's desk, the oldest first."""
    rows = await conn.fetch(
        "SELECT dossier_id, code, procedure_code, papers, submitted_at FROM dossier_case"
        " WHERE unit_code = $1 AND status = 'received' ORDER BY submitted_at, dossier_id LIMIT $2",
        unit_code,
        limit,
    )
    return [
        Waiting(
            row["dossier_id"],
            row["code"],
            row["procedure_code"],
            tuple(row["papers"]),
            row["submitted_at"],
        )
        for row in rows
    ]


async def load_one(conn: Conn, dossier_id: UUID) -> Case | None:
    """Return the case, or None."""
    return (await CaseStore().load(conn, [dossier_id])).get(dossier_id)
