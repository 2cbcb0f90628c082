"""Full years of age, also of people whose birth date is known in part."""

from datetime import date

from contracts.forms import PartialDate


def full_years(born_on: date, on: date) -> int:
    """Return the years completed on that day, negative before the birth.

    The birthday completes a year; who was born on 29 February completes it on 1 March where the
    year has no such day.

    Source: BLDS 2015, Điều 148; the day of those born on 29 February is our reading of it.
    """
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def is_certainly_under(born_on: PartialDate, years: int, on: date) -> bool:
    """Return whether the person is under that age on every day they may have been born."""
    return full_years(born_on.earliest(), on) < years


def is_certainly_at_least(born_on: PartialDate, years: int, on: date) -> bool:
    """Return whether the person has that age on every day they may have been born."""
    return full_years(born_on.latest(), on) >= years
