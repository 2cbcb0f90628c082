"""Spans and moments as operators read them: to the second, in Vietnam's time."""

from datetime import datetime
from typing import Final

from contracts.model import VIETNAM
from pages.words import Language

_UNITS: Final = {
    "vi": (("ngày", 86_400), ("giờ", 3600), ("phút", 60), ("giây", 1)),
    "en": (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)),
}


def span(seconds: float, *, language: Language) -> str:
    """Return the span by its two largest units, rounded down: `2 giờ 5 phút`, `48 giây`."""
    rest, said = max(0, int(seconds)), list[str]()
    for name, size in _UNITS[language]:
        count, rest = divmod(rest, size)
        if count or (said and len(said) < 2) or (size == 1 and not said):
            said.append(f"{count} {name}")
        if len(said) == 2:
            break
    return " ".join(one for n, one in enumerate(said) if n == 0 or not one.startswith("0 "))


def clock(at: datetime) -> str:
    """Return the moment in Vietnam's time, to the second: `03:12:45 28/11/2026`."""
    return f"{at.astimezone(VIETNAM):%H:%M:%S %d/%m/%Y}"
