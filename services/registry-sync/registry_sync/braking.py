"""Keeps a change in how the register writes its entries from going out as corrections."""

from collections.abc import Mapping
from dataclasses import replace

import structlog

from plumbing.applying import Part
from plumbing.assembly import Running
from registry_sync.claims import Due
from registry_sync.entries import MOST_CORRECTIONS, are_too_many, entry_now, is_correction
from registry_sync.loading import load_each
from registry_sync.registration import UNKNOWN, RegisterSaid, Registration

log = structlog.get_logger()


async def held_back(
    running: Running, part: Part[Registration], said: Mapping[Due, RegisterSaid]
) -> dict[Due, RegisterSaid]:
    """Return the words; when too many of them correct an entry, none of them may.

    The comparison with the register puts such differences before a person.
    """
    again = [one for one in said if one.revision != UNKNOWN and said[one].entry is not None]
    if len(again) <= MOST_CORRECTIONS:
        return dict(said)
    async with running.pool.acquire() as conn:
        cases = await load_each(part, conn, [one.dossier_id for one in again])
    known = part.context(running.clock()).reference
    correcting = 0
    for one in again:
        case, entry = cases.get(one.dossier_id), said[one].entry
        if case is not None and entry is not None:
            correcting += is_correction(case, entry_now(case, entry), known)
    if not are_too_many(correcting):
        return dict(said)
    log.error("corrections_held_back", count=correcting)
    held = {one: replace(said[one], may_correct=False) for one in again}
    return {**said, **held}
