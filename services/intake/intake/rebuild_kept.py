"""The submission as it stands in a rebuild: made from the log, and forgotten where it must be."""

from pydantic import ValidationError

from contracts.decision import ParticularsArrived
from contracts.events import Submitted
from contracts.portal import Submission
from contracts.topics import PARTICULARS
from intake.keeping import Kept
from intake.store import forget_particulars
from plumbing.database import Conn
from plumbing.inlets import PARTICULARS as ARRIVED
from plumbing.rebuilding.stories import Story

_FORGET_ADDED = """
UPDATE supplement SET fingerprint = NULL FROM dossier
WHERE supplement.dossier_id = dossier.dossier_id AND erased_at IS NOT NULL
"""
_FORGET_OLDER = """
DELETE FROM outbox USING dossier_particulars kept
WHERE outbox.topic = $1 AND outbox.key = convert_to(kept.dossier_id::text, 'UTF8')
AND (convert_from(outbox.body, 'UTF8')::jsonb ->> 'version')::int < kept.version
"""


def submission_of(story: Story) -> Kept | None:
    """Return the submission as it stands, None where its data are erased, gone or fit no more."""
    first = story.groups[0].data[0] if story.groups else None
    heard = story.streams.get(ARRIVED)
    last = heard[-1].message if heard else None
    if not isinstance(first, Submitted) or not isinstance(last, ParticularsArrived):
        return None
    said = first.model_dump(include=Submission.model_fields.keys() - {"attachments"})
    personal = dict(last.particulars)
    try:
        return Kept(last.version, Submission.model_validate(said | personal))
    except ValidationError:
        return None


async def forget_again(conn: Conn) -> None:
    """Forget what is erased, and personal data that are unsent and have a newer version.

    A live table that was brought back knows of neither, and both would be published again.
    """
    rows = await conn.fetch("SELECT dossier_id FROM dossier WHERE erased_at IS NOT NULL")
    for row in rows:
        await forget_particulars(conn, row["dossier_id"])
    await conn.execute(_FORGET_ADDED)
    await conn.execute(_FORGET_OLDER, PARTICULARS.name)
