"""What is remembered of many dossiers: the latest in memory, the others on a temporary disk."""

import pickle
import sqlite3
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

#: So many dossiers are in memory at once.
MOST = 40_000
_BITS = 2**27


class Shelf:
    """Values by key; not more than so many of them in memory. Close it to give the disk back."""

    def __init__(self, most: int = MOST) -> None:
        """Make it empty; nothing is written before it is full."""
        self.near: dict[str, Any] = {}
        self._most = most
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._far: sqlite3.Connection | None = None
        # Tells most keys that were never put away without asking the disk.
        self._seen = bytearray()

    def get(self, key: str) -> Any:
        """Return the value, in memory from now on; None if there is none."""
        found = self.near.get(key)
        if found is not None or self._far is None or not self._may_have(key):
            return found
        row = self._far.execute("DELETE FROM far WHERE key = ? RETURNING value", (key,)).fetchone()
        if row is None:
            return None
        found = self.near[key] = pickle.loads(row[0])
        return found

    def put(self, key: str, value: Any) -> None:
        """Keep the value; when memory is full, half of it goes to the disk, oldest first."""
        self.near[key] = value
        if len(self.near) > self._most:
            self._put_away()

    def values(self) -> Iterator[tuple[str, Any]]:
        """Yield every key and value, in no order of time."""
        yield from self.near.items()
        if self._far is not None:
            for key, value in self._far.execute("SELECT key, value FROM far ORDER BY key"):
                yield key, pickle.loads(value)

    def close(self) -> None:
        """Forget everything."""
        self.near.clear()
        if self._far is not None:
            self._far.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _put_away(self) -> None:
        far = self._far or self._open()
        keys = list(islice(self.near, self._most // 2))
        rows = [(key, pickle.dumps(self.near.pop(key), 5)) for key in keys]
        far.executemany("INSERT OR REPLACE INTO far VALUES (?, ?)", rows)
        for key in keys:
            at = hash(key) % _BITS
            self._seen[at >> 3] |= 1 << (at & 7)

    def _open(self) -> sqlite3.Connection:
        self._folder = tempfile.TemporaryDirectory(prefix="hotich-replay-")
        path = Path(self._folder.name) / "far.sqlite"
        self._far = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -16000"):
            self._far.execute(f"PRAGMA {pragma}")
        self._far.execute("CREATE TABLE far (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
        self._seen = bytearray(_BITS // 8)
        return self._far

    def _may_have(self, key: str) -> bool:
        at = hash(key) % _BITS
        return bool(self._seen[at >> 3] & (1 << (at & 7)))
