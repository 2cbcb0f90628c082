"""Rows set aside in files until all are there, so that memory does not grow with the archive."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

#: So many rows are looked at together, about; and so many files are open at once, at most.
TOGETHER, MOST_FILES = 16_384, 256


class Spill:
    """Rows in files by a number of theirs; rows with the same number come out together.

    `expected` is how many there will be, about.
    """

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any], expected: int) -> None:
        self._dtype = dtype
        self.count = 0
        self._buckets = min(expected // TOGETHER + 1, MOST_FILES)
        self._paths = [folder / f"{name}-{bucket}" for bucket in range(self._buckets)]
        self._stack = ExitStack()
        self._files: list[IO[bytes]] = []

    def add(self, rows: NDArray[Any], by: NDArray[np.uint64]) -> None:
        """Set rows aside; `by` is the number of each."""
        if not self._files:
            self._files = [self._stack.enter_context(path.open("wb")) for path in self._paths]
        self.count += len(rows)
        if self._buckets == 1:
            self._files[0].write(rows.tobytes())
            return
        # As small numbers they are sorted by counting.
        bucket = (by % np.uint64(self._buckets)).astype(np.uint16)
        order = np.argsort(bucket, kind="stable")
        cuts = np.searchsorted(bucket[order], np.arange(self._buckets + 1))
        rows = rows[order]
        for number in np.flatnonzero(np.diff(cuts)):
            part = rows[cuts[number] : cuts[number + 1]]
            self._files[number].write(part.tobytes())

    def groups(self) -> Iterator[NDArray[Any]]:
        """Yield the rows, those with the same number together, in the order they came; once."""
        self._stack.close()
        for path in self._paths if self._files else ():
            yield np.fromfile(path, self._dtype)
            path.unlink()
        self._files = []
