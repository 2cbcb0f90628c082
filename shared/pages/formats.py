"""Moments, days and numbers as people write them, in either language."""

from datetime import date, datetime
from decimal import Decimal

from contracts.model import VIETNAM
from pages.words import Language
from reference.steps import day_vi, weekday_en

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(at: datetime, language: Language) -> str:
    """Return the moment in Vietnam's time, to the minute: `17:00 Thứ Ba, 24/11/2026`.

    In English `17:00 Tue 24 Nov 2026`. Raises ValueError for a naive one.
    """
    if at.tzinfo is None:
        raise ValueError("a moment without its offset")
    local = at.astimezone(VIETNAM)
    return f"{local:%H:%M} {day(local.date(), language)}"


def day(on: date, language: Language) -> str:
    """Return the day: `Thứ Ba, 24/11/2026`, in English `Tue 24 Nov 2026`.

    Of a moment (aware), the day it is in Vietnam then.
    """
    if isinstance(on, datetime):
        return moment(on, language).partition(" ")[2]
    if language == "vi":
        return day_vi(on)
    return f"{weekday_en(on)} {on.day} {_MONTHS[on.month - 1]} {on.year}"


def number(value: int | float | Decimal, language: Language) -> str:
    """Return the number with its thousands apart: `1.234,5`, in English `1,234.5`."""
    written = f"{value:,}"
    return written.translate(str.maketrans(",.", ".,")) if language == "vi" else written
