"""What a workbook may be once unpacked: every part is measured before anything of it is built."""

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import IO, Final
from xml.parsers.expat import ExpatError, ParserCreate

from intake.importing.row_problems import UnreadableFile, unreadable
from intake.importing.rows import MOST_LINES

_MB: Final = 1024 * 1024


@dataclass(frozen=True)
class Bound:
    """The most bytes of a part once unpacked, and the most elements and attributes in it."""

    bytes_: int
    elements: int
    attributes: int


#: Ten thousand rows of fourteen cells, each with a text of its own, take about half of these.
STRINGS: Final = Bound(16 * _MB, 300_000, 300_000)
SHEET: Final = Bound(64 * _MB, 600_000, 1_500_000)
OTHER: Final = Bound(2 * _MB, 30_000, 100_000)
#: Of all parts together, and how many there may be.
MOST_UNPACKED_BYTES: Final = 96 * _MB
MOST_PARTS: Final = 500
#: Elements with their attributes in one row, and outside of rows: what is kept at a time.
MOST_IN_ROW: Final = 60_000
MOST_APART: Final = 200_000
#: The bytes of a tag, the characters of a text and the depth; a cell has 32,767 characters.
LONGEST_TAG: Final = 64 * 1024
LONGEST_TEXT: Final = 256 * 1024
DEEPEST: Final = 64

_ENTRY: Final = b"PK\x01\x02"
_SHEET = re.compile(r"/?xl/worksheets/[^/]+\.xml")
_STRINGS = re.compile(r"/?xl/sharedStrings\.xml")
_XML = (".xml", ".rels")
_RANGE = re.compile(r"\$?[A-Z]{1,3}\$?(\d{1,7})(?::\$?[A-Z]{1,3}\$?(\d{1,7}))?", re.ASCII)
_PIECE: Final = 16 * 1024
#: The depth of rows: worksheet, sheetData, row.
_ROW: Final = 3


def merged_lines(body: bytes) -> list[bool]:
    """Return for each line, counted from 1, whether cells of it are merged with others.

    Raises UnreadableFile for a workbook that is too large inside, and what the library for zip
    files and the parser of XML raise for what they cannot read.
    """
    if body.count(_ENTRY) > MOST_PARTS:
        raise _too_large()
    steps = [0] * (MOST_LINES + 3)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        parts = archive.infolist()
        if sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
            raise _too_large()
        # Nothing is unpacked while any part claims too much; each is read within its own claim.
        if any(part.file_size > _bound(part.filename).bytes_ for part in parts):
            raise _too_large()
        for part in parts:
            if part.filename.lower().endswith(_XML):
                measure = _Measure(_bound(part.filename), steps)
                with archive.open(part) as text:
                    measure.read(text)
    return [depth > 0 for depth in accumulate(steps)]


def _bound(name: str) -> Bound:
    if _SHEET.fullmatch(name):
        return SHEET
    return STRINGS if _STRINGS.fullmatch(name) else OTHER


def _too_large() -> UnreadableFile:
    return unreadable("file.too_large_inside", "Tệp XLSX quá lớn sau khi giải nén.")


class _Measure:
    """Reads a part without building anything and raises UnreadableFile once it is too large.

    Of merged cells it writes down where they begin and end: +1 and -1 in `steps`.
    """

    def __init__(self, bound: Bound, steps: list[int]) -> None:
        self._bound, self._steps = bound, steps
        self._elements = self._attributes = self._depth = 0
        self._in_row = self._apart = self._text = 0
        self._parser = ParserCreate()
        self._parser.buffer_text = False
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, part: IO[bytes]) -> None:
        """Read it all; a tag that does not end would be looked at again with every piece."""
        given = 0
        while piece := part.read(_PIECE):
            self._parser.Parse(piece, False)
            given += len(piece)
            if given - self._parser.CurrentByteIndex > LONGEST_TAG:
                raise _too_large()
        self._parser.Parse(b"", True)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        weight = 1 + len(attributes)
        self._depth += 1
        self._elements += 1
        self._attributes += weight - 1
        self._text = 0
        if self._depth <= _ROW:
            self._apart += weight
            self._in_row = 0
        self._in_row += weight
        self._check()
        if name.rpartition(":")[2] == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def _check(self) -> None:
        if (
            self._elements > self._bound.elements
            or self._attributes > self._bound.attributes
            or self._depth > DEEPEST
            or (self._bound is SHEET and self._in_row > MOST_IN_ROW)
            or (self._bound is SHEET and self._apart > MOST_APART)
        ):
            raise _too_large()

    def _end(self, _name: str) -> None:
        self._depth -= 1
        self._text = 0

    def _characters(self, text: str) -> None:
        self._text += len(text)
        if self._text > LONGEST_TEXT:
            raise _too_large()

    def _doctype(self, *_: object) -> None:
        # No workbook has one, and what it declares could grow without end.
        raise ExpatError

    def _merge(self, ref: str) -> None:
        found = _RANGE.fullmatch(ref)
        if found is None or self._bound is not SHEET:
            return
        first, last = int(found[1]), int(found[2] or found[1])
        self._steps[min(first, MOST_LINES + 1)] += 1
        self._steps[min(last, MOST_LINES + 1) + 1] -= 1
