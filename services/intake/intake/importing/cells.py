"""What the cells of a legacy dossier say: instants, codes of our own shape, ways of being told."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from pydantic import TypeAdapter, ValidationError

from contracts.model import VIETNAM, DossierCode

#: The highest number a code may bring to a counter of ours: new codes need room after it.
HIGHEST_NUMBER: Final = 999_999

_CODE = TypeAdapter[str](DossierCode)
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_LOCAL = re.compile(r"\d{2}/\d{2}/\d{4} \d{2}:\d{2}(:\d{2})?", re.ASCII)
_OURS = re.compile(r"H\d{2}\.(\d{5})-(\d{6})-(\d{4,7})", re.ASCII)


@dataclass(frozen=True, order=True)
class Seed:
    """That a unit's counter of a day is to be at least that number."""

    unit_code: str
    day: date
    number: int


#: Years a dossier can be of; there was nothing online before, and nothing is dated ahead so far.
YEARS: Final = range(2000, 2200)


def instant_of(text: str) -> datetime | None:
    """Return the instant (aware) in a cell, None if it is none.

    `2021-10-11 08:30`, with seconds and offset or without, or `11/10/2021 08:30`. Without an
    offset it is the time in Vietnam. A year outside YEARS is a slip of the pen.
    """
    try:
        if _ISO.fullmatch(text):
            found = datetime.fromisoformat(text)
        elif _LOCAL.fullmatch(text):
            form = "%d/%m/%Y %H:%M:%S" if text.count(":") > 1 else "%d/%m/%Y %H:%M"
            found = datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows
        else:
            return None
    except ValueError:
        return None
    if found.year not in YEARS:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=VIETNAM)


def is_dossier_code(text: str) -> bool:
    """Return whether the text has the form of a dossier code.

    Source: TT 01/2018/TT-VPCP, Điều 19; QĐ 20/2020/QĐ-TTg.
    """
    try:
        return _CODE.validate_python(text) == text
    except ValidationError:
        return False


def seed_of(code: str) -> Seed | None:
    """Return the counter a code of our own shape (`H29.26734-211011-0007`) counts in, else None."""
    found = _OURS.fullmatch(code)
    if found is None:
        return None
    try:
        day = datetime.strptime(found[2], "%y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
    return Seed(found[1], day, int(found[3]))


def ways_of(text: str | None) -> list[str]:
    """Return the ways of being told in a cell, apart by spaces, commas or semicolons."""
    return re.split(r"[\s,;]+", text) if text else []
