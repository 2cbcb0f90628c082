"""Reads usual events many at a time; what is not usual is left to those who decode it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from audit.replaying.layouts import Events, Layout
from contracts import as_written
from contracts.told import Told

#: So many events are looked at together: what they are written in stays near the processor.
TOGETHER = 512
#: Fewer that are written alike are read one by one.
FEW = 8
#: So many ways of standing are known of a length, and so many lengths.
MOST_LAYOUTS, MOST_LENGTHS = 4, 500
#: So many groups at most are read one by one because those before were not alike.
MOST_VAIN = 256


class Recognisers:
    """Reads events of the types that are read as they are written."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._of: dict[str, _Recogniser] = {}

    def read(
        self, types: Sequence[str], kinds: np.ndarray, values: pa.Array, rows: np.ndarray
    ) -> tuple[list[bytes], list[Told | None]]:
        """Return the events in these rows, and what each tells, None for one that is not usual.

        `kinds` are the places of their types in `types`; none of them is null.
        """
        written: list[bytes] = []
        told: list[Told | None] = []
        lengths = np.diff(_ends(values))[rows]
        order = np.lexsort((lengths, kinds))
        for kind, those in _alike(kinds[order], lengths[order], order):
            taken = values.take(pa.array(rows[those]))
            written += taken.to_numpy(zero_copy_only=False).tolist()
            told += self._told(types[kind], taken)
        back = np.argsort(order).tolist()
        return list(map(written.__getitem__, back)), list(map(told.__getitem__, back))

    def _told(self, event_type: str, values: pa.Array) -> Sequence[Told | None]:
        """Return what events of one length tell."""
        if not as_written.is_read(event_type):
            return [None] * len(values)
        recogniser = self._of.get(event_type)
        if recogniser is None:
            recogniser = self._of[event_type] = _Recogniser(event_type)
        ends, data = _ends(values), np.frombuffer(values.buffers()[2] or b"", np.uint8)
        return recogniser.read(data[ends[0] : ends[-1]].reshape(len(values), -1))


class _Recogniser:
    """Reads the events of one type."""

    def __init__(self, event_type: str) -> None:
        self._type = event_type
        self._layouts: dict[int, list[Layout]] = {}
        # Where most are written each in its own way: how many groups are left, of how many.
        self._vain: dict[int, tuple[int, int]] = {}

    def read(self, events: Events) -> Sequence[Told | None]:
        """Return what events of one length tell."""
        told: list[Told | None] = [None] * len(events)
        left, length = np.arange(len(events)), events.shape[1]
        if len(events) >= FEW and self._is_worth(length):
            left, alone = self._together(told, events)
            self._learn(length, 2 * (len(left) + alone) > len(events))
        for row in left.tolist():
            told[row] = as_written.told(self._type, events[row].tobytes())
        return told

    def _is_worth(self, length: int) -> bool:
        waiting, of = self._vain.get(length, (0, 0))
        if waiting:
            self._vain[length] = waiting - 1, of
        return not waiting

    def _learn(self, length: int, vain: bool) -> None:
        """Leave groups of this length alone for a while, longer each time it was in vain."""
        _, of = self._vain.pop(length, (0, 0))
        if vain:
            of = min(max(2 * of, 4), MOST_VAIN)
            self._vain[length] = of, of

    def _together(self, told: list[Told | None], events: Events) -> tuple[np.ndarray, int]:
        """Read those that are written as others; return the rows left, and how many were alone."""
        if len(self._layouts) >= MOST_LENGTHS:
            self._layouts.clear()
            self._vain.clear()
        layouts, alone = self._layouts.setdefault(events.shape[1], []), 0
        left = np.arange(len(events))
        for layout in list(layouts):
            before = len(left)
            left = _fill(told, layout, events, left)
            if len(left) < FEW:
                return left, alone
            if len(left) == before:
                layouts.remove(layout)  # it is rare, or of another time
        while len(left) >= FEW and len(layouts) < MOST_LAYOUTS:
            first, left, alone = left[0], left[1:], alone + 1
            reading = as_written.read(self._type, events[first].tobytes())
            told[first] = reading and reading.told
            if reading is None or reading.zone == b"Z":
                continue
            before, layout = len(left), Layout(self._type, events[first], reading)
            left = _fill(told, layout, events, left)
            if len(left) < before:
                layouts.append(layout)
            if before - len(left) < FEW - 1:
                break
        return left, alone


def _fill(told: list[Told | None], layout: Layout, events: Events, left: np.ndarray) -> np.ndarray:
    """Put what events tell that are written so; return the rows of those that are not."""
    if not len(left):
        return left
    found, those = layout.read(events if len(left) == len(events) else events[left])
    if len(found) == len(told):
        told[:] = found
        return left[:0]
    for row, one in zip(left[those].tolist(), found, strict=True):
        told[row] = one
    return left[~those]


def _alike(
    kinds: np.ndarray, lengths: np.ndarray, order: np.ndarray
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield what of the order has one kind and length, not too many at once."""
    changes = np.flatnonzero(np.diff(kinds) | np.diff(lengths)) + 1
    for begin, end in pairwise([0, *changes.tolist(), len(order)]):
        for first in range(begin, end, TOGETHER):
            yield int(kinds[begin]), order[first : min(first + TOGETHER, end)]


def _ends(values: pa.Array) -> np.ndarray:
    return np.frombuffer(values.buffers()[1], np.int32)[values.offset :][: len(values) + 1]
