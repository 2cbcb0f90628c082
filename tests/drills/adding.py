"""Supplements to dossiers whose rows were made from the log, as a portal hands them in."""

from datetime import datetime
from typing import Any

from tests.chaos.campaign.field import NotDone
from tests.drills.drill import Drilling

_PORTAL = "national-portal"
_MOST = 6
#: Only the log knew of these; those that had a supplement already come first.
_MADE = """
SELECT dossier_id, portal_reference, received_at FROM dossier
WHERE portal = $1 AND fingerprint IS NULL AND erased_at IS NULL
AND withdrawal_received_at IS NULL
ORDER BY dossier_id NOT IN (SELECT dossier_id FROM supplement), dossier_id
"""
_REGISTERED = """
SELECT dossier_id FROM dossier_case
WHERE dossier_id = ANY($1::uuid[]) AND status IN ('registered', 'handed_over')
"""


async def supplements(drilling: Drilling) -> None:
    """Add a paper to some dossiers made from the log that are registered already.

    The one-stop only notes it, so they end as they would. Raises NotDone when one is refused.
    """
    field, found = drilling.field, dict[Any, Any]()

    async def registered() -> bool:
        async with field.database(field.status.databases["intake"]) as intake:
            made = {row["dossier_id"]: row for row in await intake.fetch(_MADE, _PORTAL)}
        async with field.database(field.status.databases["routing"]) as routing:
            known = {row["dossier_id"] for row in await routing.fetch(_REGISTERED, [*made])}
        found.update({key: row for key, row in made.items() if key in known})
        return bool(found)

    await drilling.until(registered, "a dossier made from the log is registered")
    chosen = list(found.values())[:_MOST]
    for row in chosen:
        await _add(drilling, row["portal_reference"], row["received_at"])
    drilling.figures["supplements_to_dossiers_made_from_the_log"] = len(chosen)


async def _add(drilling: Drilling, reference: str, at: datetime) -> None:
    sandbox = drilling.field.status.sandbox["url"]
    paper = {
        "kind": "other",
        "uri": f"https://files.example.org/drill/{reference}",
        "media_type": "application/pdf",
        "size_bytes": 1024,
        "sha256": "0" * 64,
        "name": "bo-sung.pdf",
    }
    document = {
        "portal_reference": reference,
        "resubmitted_at": at.isoformat(),
        "attachments": [paper],
    }
    body = {"road": "http", "supplement": document, "idempotency_key": f"{reference}-drill"}
    answered = await drilling.field.ask("POST", f"{sandbox}/portals/{_PORTAL}/supplements", body)
    if answered["problem"]:
        raise NotDone(f"a supplement to {reference} was refused: {answered['problem']}")
