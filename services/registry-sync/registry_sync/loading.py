"""Loads registrations so that one that cannot be opened harms no other."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from plumbing.applying import Part
from plumbing.database import Conn, passing
from plumbing.logs import describe
from registry_sync.registration import Registration

log = structlog.get_logger()


async def load_each(
    part: Part[Registration], conn: Conn, ids: Sequence[UUID]
) -> dict[UUID, Registration]:
    """Return the registrations; one that cannot be opened is left out and harms no other."""
    try:
        return await part.store.load(conn, ids)
    except Exception as error:
        if passing(error):
            raise
        if len(ids) > 1:
            middle = len(ids) // 2
            first = await load_each(part, conn, ids[:middle])
            return first | await load_each(part, conn, ids[middle:])
        log.error("registration_not_opened", dossier_id=str(ids[0]), error=describe(error))
        return {}
