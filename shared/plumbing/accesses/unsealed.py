"""How long accesses have waited to be sealed; a row's own time may be that of the rules."""

import time
from collections.abc import Callable
from typing import Any

from plumbing.database import Conn

_NUMBERS = """
SELECT (SELECT coalesce(max(id), 0) FROM access) AS newest,
    (SELECT coalesce(max(last), 0) FROM access_block) AS sealed
"""


class Unsealed:
    """Remembers since when which row was seen unsealed; for one task."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: tuple[int, float] | None = None

    async def seconds(self, conn: Conn) -> float:
        """Return how long ago a row that is not sealed was first seen, 0 when there is none."""
        row: Any = await conn.fetchrow(_NUMBERS)
        return self.waited(row["newest"], row["sealed"])

    def waited(self, newest: int, sealed: int) -> float:
        """Return the same for the highest number there is and the highest that is sealed."""
        now = self._clock()
        if self._seen is None or self._seen[0] <= sealed:
            self._seen = (newest, now) if newest > sealed else None
        return 0.0 if self._seen is None else now - self._seen[1]
