"""What registry-sync holds of a person, opened to be handed to them."""

from typing import Any
from uuid import UUID

from plumbing.accesses.opening import Opening
from plumbing.database import Conn
from registry_sync.store import personal_of


async def open_own(conn: Conn, access: Opening, dossier_id: UUID) -> dict[str, Any]:
    """Return the data the register was told of the dossier, and the personal number it gave."""
    packed = await conn.fetchval(
        "SELECT personal FROM registration WHERE dossier_id = $1", dossier_id
    )
    newest, number, earlier = personal_of(dossier_id, packed, access)
    found: dict[str, Any] = (
        {} if newest is None else {"particulars": newest.model_dump(mode="json")}
    )
    found |= {f"particulars_{version}": one.model_dump(mode="json") for version, one in earlier}
    return found if number is None else found | {"personal_number": number}
