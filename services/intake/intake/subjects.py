"""What the intake holds of a person, opened to be handed to them; a dossier by its code."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request
from pydantic import AwareDatetime

from contracts.model import Contract
from intake.keeping import load_kept
from plumbing.accesses.opening import Opening
from plumbing.assembly import Running
from plumbing.database import Conn
from plumbing.operating import Operators
from plumbing.serving import ProblemRaised

_BY_CODE = """
SELECT dossier_id, code, portal, received_at, erased_at, erased_by FROM dossier WHERE code = $1
"""


class DossierView(Contract):
    """Which dossier has a code, and whether its personal data were erased, when and by whom."""

    dossier_id: UUID
    code: str
    portal: str
    received_at: AwareDatetime
    erased_at: AwareDatetime | None
    erased_by: str | None


async def open_own(conn: Conn, access: Opening, dossier_id: UUID) -> dict[str, Any]:
    """Return the submission as it stands after the last supplement."""
    kept = (await load_kept(conn, access, [dossier_id])).get(dossier_id)
    if kept is None:
        return {}
    return {"submission": kept.submission.model_dump(mode="json", exclude_none=True)}


@dataclass(frozen=True)
class DossierRoutes:
    """Adds what finds a dossier by its code."""

    running: Running

    def __call__(self, app: FastAPI, operators: Operators) -> None:
        """Add it; only operators may use it."""

        @app.get("/v1/dossiers/by-code/{code}", response_model=DossierView)
        async def by_code(request: Request, code: str) -> DossierView:
            """Return the dossier of that code; nothing personal."""
            await operators.of(request)
            row = await self.running.pool.fetchrow(_BY_CODE, code)
            if row is None:
                detail = "No dossier has this code."
                raise ProblemRaised(404, "no-such-dossier", "No such dossier", detail)
            return DossierView(**dict(row))
