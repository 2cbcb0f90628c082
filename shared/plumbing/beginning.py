"""Writes that a call is past the point of no return, before it is."""

from collections.abc import Sequence
from uuid import UUID

from plumbing.calls import LeaseLost
from plumbing.database import Pool
from plumbing.leases import BEGIN
from plumbing.together import Together


class Beginnings:
    """Notes the beginnings of calls, in one statement for all that begin at the same time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._are_ours = Together(self._begin)

    async def begin(self, effect_id: UUID, fence: int) -> None:
        """Return once it is committed that the call was begun; raises LeaseLost."""
        if not await self._are_ours((effect_id, fence)):
            raise LeaseLost

    async def _begin(self, calls: Sequence[tuple[UUID, int]]) -> list[bool]:
        async with self._pool.acquire() as conn:
            rows = await conn.fetch(
                BEGIN, [effect for effect, _ in calls], [fence for _, fence in calls]
            )
        ours = {(row["effect_id"], row["fence"]) for row in rows}
        return [call in ours for call in calls]
