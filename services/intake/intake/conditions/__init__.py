"""The legal conditions of a form on its day; each a small pure function with its source."""

from collections.abc import Callable

from contracts.portal import FieldProblem
from intake.conditions import births, changes, deaths, foreign, legacy, marriages, numbers
from intake.conditions.matter import Found, Matter

CONDITIONS: tuple[Callable[[Matter], Found], ...] = (
    legacy.check_not_for_portals,
    foreign.check_foreign_element,
    foreign.check_no_foreign_element,
    births.check_birthplace,
    births.check_parents_are_older,
    births.check_recognising_parent,
    births.check_linked_age,
    marriages.check_ages,
    marriages.check_two_people,
    marriages.check_identities,
    deaths.check_order,
    changes.check_items,
    numbers.check_numbers,
)


def problems_of(matter: Matter) -> tuple[FieldProblem, ...]:
    """Return everything the law of the day has against the form, all at once."""
    return tuple(problem for check in CONDITIONS for problem in check(matter))


__all__ = ["CONDITIONS", "Found", "Matter", "problems_of"]
