"""Where the parts of usual events of a length are, and what of others may stand there."""

from collections.abc import Iterator, Sequence
from itertools import compress, repeat
from typing import Any

import numpy as np

from contracts import as_written
from contracts.as_written import Reading, clock
from contracts.told import Shape, Told

#: So many texts between the places are known of a layout.
MOST_TEXTS = 500

_DIGITS, _UPPER, _LOWER = b"0123456789", bytes(range(65, 91)), bytes(range(97, 123))


def _fold(alike: bytes) -> bytes:
    return bytes.maketrans(alike, b"0" * len(alike))


#: What no pattern tells apart at a place, by the place's name; all else has to be as it was.
_HEX, _DIGIT = _fold(_DIGITS + b"abcdef"), _fold(_DIGITS)
_TEXT = _fold(_DIGITS + _UPPER + _LOWER + b"._-")
_FOLDS = {
    **dict.fromkeys(("id", "dossierid", "prevhash", "causehash", "traceparent", "sha256"), _HEX),
    **dict.fromkeys(("time", "from", "submitted", "unit", "residence", "size"), _DIGIT),
    **dict.fromkeys(("causeid", "actor", "reference", "uri"), _TEXT),
}
_CODE = _fold(_DIGITS + _UPPER)
_WHOLE, _ZERO, _SIX = 19, 48, 54
#: Spreads what is summed over all bits.
ODD = np.uint64(0x9E37_79B9_7F4A_7C15)
_NOTHING = repeat(b"")
_told = tuple.__new__
Events = np.ndarray[tuple[int, int], np.dtype[np.uint8]]
Yes = np.ndarray[tuple[int], np.dtype[np.bool_]]


class Layout:
    """Where the places of events of a length are, and what may stand there.

    An event is written as the one it is made of when no pattern can tell the two apart: at each
    place stands what is of the same kind, what it counts from stands again where it did, and the
    text between was read before, with the same places.
    """

    def __init__(self, event_type: str, event: np.ndarray, reading: Reading) -> None:
        self._type, self._reading, places = event_type, reading, reading.places
        self._width = len(event) + -len(event) % 8
        self._between = np.full(len(event), 255, np.uint8)
        for begin, end, _ in places:
            self._between[begin:end] = 0
        self._spans = {name: slice(begin, end) for begin, end, name in reversed(places)}
        spans: dict[bytes, list[slice]] = {}
        for begin, end, fold in _folded(event.tobytes(), reading):
            spans.setdefault(fold, []).append(slice(begin, end))
        self._kinds = [
            (fold, its, _folded_as(event[None], its, fold)) for fold, its in spans.items()
        ]
        self._sizes = [begin for begin, _, name in places if name == "size"]
        self._moments = sorted({"time", reading.counted} & self._spans.keys())
        at = self._spans.get(reading.counted)
        self._again = [
            (slice(begin, end), slice(at.start + (11 if name == "clock" else 0), at.stop))
            for begin, end, name in places
            if at is not None and name in ("again", "clock")
        ]
        counted = event[at].tobytes() if at is not None else b""
        # Of a moment at a full minute steps have the hour without seconds.
        self._seconds = at if len(counted) == _WHOLE else None
        self._minutes = len(clock(counted)) < 8
        self._weights = np.arange(1, self._width // 8 + 1, dtype=np.uint64) * ODD
        self._shapes: dict[bytes, Shape | None] = {}
        self._own = [
            (name, self._spans[name]) for name in set(reading.told_from) & self._spans.keys()
        ]

    def read(self, events: Events) -> tuple[list[Told], Yes]:
        """Return what those tell that are written so, and which they are."""
        shapes, those = self._shapes_of(events)
        for check in (self._are_of_kinds, self._are_again, self._are_moments):
            those &= check(events)
        if not those.all():
            events = events[those]
            shapes = list(compress(shapes, those.tolist()))
        columns = {name: _column(events, span) for name, span in self._own}
        own = (columns.get(name, _NOTHING) for name in self._reading.told_from)
        told = list(map(_told, repeat(Told), zip(shapes, *own, strict=False)))
        return told, those

    def _shapes_of(self, events: Events) -> tuple[list[Shape | None], Yes]:
        """Return the shape each has if its places are right, and which have any."""
        between = np.empty((len(events), self._width), np.uint8)
        between[:, events.shape[1] :] = 0
        np.bitwise_and(events, self._between, out=between[:, : events.shape[1]])
        words = between.view(np.uint64)
        sums = (words @ self._weights).tolist()
        firsts = {one: sums.index(one) for one in set(sums)}
        found = {one: self._shape(events[row], between[row]) for one, row in firsts.items()}
        shapes = list(map(found.__getitem__, sums))
        # Two texts may have one sum.
        if len(found) == 1:
            those = _every(words == words[0])
        else:
            those = _every(words == words[list(map(firsts.__getitem__, sums))])
        if None in found.values():
            those &= np.array([one is not None for one in shapes], bool)
        return shapes, those

    def _shape(self, event: np.ndarray, between: np.ndarray) -> Shape | None:
        """Return the shape of events with this between their places; None if it has others."""
        text = between.tobytes()
        if text not in self._shapes:
            if len(self._shapes) >= MOST_TEXTS:
                self._shapes.clear()
            reading = as_written.read(self._type, event.tobytes())
            is_so = reading is not None and reading.places == self._reading.places
            self._shapes[text] = reading.told.shape if reading is not None and is_so else None
        return self._shapes[text]

    def _are_of_kinds(self, events: Events) -> Yes:
        those = np.ones(len(events), bool)
        for fold, spans, folded in self._kinds:
            those &= _every(_folded_as(events, spans, fold) == folded)
        for begin in self._sizes:
            those &= events[:, begin] != _ZERO
        return those

    def _are_again(self, events: Events) -> Yes:
        those = np.ones(len(events), bool)
        for again, at in self._again:
            length = again.stop - again.start
            those &= _every(events[:, again] == events[:, at.start : at.start + length])
        if self._seconds is not None:
            none = _every(events[:, self._seconds][:, 17:19] == _ZERO)
            those &= none == self._minutes
        return those

    def _are_moments(self, events: Events) -> Yes:
        those = np.ones(len(events), bool)
        for name in self._moments:
            at = self._spans[name]
            those &= (events[:, at.start + 14] < _SIX) & (events[:, at.start + 17] < _SIX)
            if at.stop - at.start > _WHOLE:
                those &= (events[:, at.start + 20 : at.stop] != _ZERO).any(axis=1)
            hours = _column(events, slice(at.start, at.start + 13))
            wrong = {hour for hour in set(hours) if as_written.local(hour, b"+07:00") is None}
            if wrong:
                those &= np.array([hour not in wrong for hour in hours], bool)
        return those


def _folded(event: bytes, reading: Reading) -> Iterator[tuple[int, int, bytes]]:
    """Yield the places with what may stand there."""
    for begin, end, name in reading.places:
        if name == "subject":
            hyphen = event.index(b"-", begin, end)
            yield begin, hyphen, _CODE
            yield hyphen, end, _DIGIT
        elif name not in ("again", "clock"):
            yield begin, end, _FOLDS[name]


def _folded_as(events: np.ndarray, spans: Sequence[slice], fold: bytes) -> np.ndarray:
    there = np.concatenate([events[:, span] for span in spans], axis=1)
    return np.frombuffer(there.tobytes().translate(fold), np.uint8).reshape(there.shape)


def _column(events: Events, span: slice) -> list[Any]:
    texts = np.ascontiguousarray(events[:, span]).view(f"S{span.stop - span.start}")
    return texts.ravel().tolist()


def _every(found: np.ndarray) -> Yes:
    all_of_them: Yes = np.logical_and.reduce(found, axis=1)
    return all_of_them
