"""What the notifier holds of a person, opened to be handed to them."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from notifier.store import contact_of
from plumbing.accesses.opening import Opening
from plumbing.database import Conn


async def open_own(conn: Conn, access: Opening, dossier_id: UUID) -> dict[str, Any]:
    """Return whom it tells: name, phone, e-mail and chosen channels."""
    packed = await conn.fetchval(
        "SELECT contact FROM correspondence WHERE dossier_id = $1", dossier_id
    )
    contact = contact_of(dossier_id, packed, access)
    return {} if contact is None else {"contact": asdict(contact)}
