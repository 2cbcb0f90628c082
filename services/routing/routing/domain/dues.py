"""A deadline of the reference data as events carry it, with every step that makes it so."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, TypeVar

import reference
from contracts.events import Due, DueStep
from contracts.model import Contract, local_day
from reference import Calendar, Deadline, Limit, LimitUnit, Step
from routing.domain.case import Pause, RoutingContext
from routing.domain.law import REMEMBERED

#: The longest explanation an event carries: beyond it the middle is left out.
MOST_STEPS = 40

_DUE_FIELDS, _STEP_FIELDS = set(Due.model_fields), set(DueStep.model_fields)

M = TypeVar("M", bound=Contract)
S = TypeVar("S")


def due_from(
    found: Deadline, statutory_on: date | None = None, published_on: date | None = None
) -> Due:
    """Return a deadline as events carry it, with every step."""
    return _trusted(
        Due,
        _DUE_FIELDS,
        {
            "due_at": found.due_at,
            "due_on": found.due_on,
            "value": found.limit_value,
            "unit": found.unit.value,
            "source": found.source,
            "calendar_version": found.calendar_version,
            "steps": fitting([_carried(step) for step in found.steps]),
            "statutory_due_on": statutory_on,
            "published_due_on": published_on,
        },
    )


def _carried(step: Step) -> DueStep:
    return _trusted(
        DueStep,
        _STEP_FIELDS,
        {
            "kind": step.kind.value,
            "from_at": step.from_at,
            "to_at": step.to_at,
            "note_vi": step.note_vi,
            "note_en": step.note_en,
            "source": step.source,
            "assumed": step.assumed,
        },
    )


# Checking what the deadline engine just made, and `model_construct` just the same, would cost a
# fifth of a decision; a test checks that every due moment decided is one that validates.
def _trusted(model: type[M], names: set[str], values: dict[str, Any]) -> M:
    """Return the document with these values, one for every field."""
    made = model.__new__(model)
    object.__setattr__(made, "__dict__", values)
    object.__setattr__(made, "__pydantic_fields_set__", names)
    object.__setattr__(made, "__pydantic_extra__", None)
    object.__setattr__(made, "__pydantic_private__", None)
    return made


def fitting(steps: Iterable[S]) -> tuple[S, ...]:
    """Return the steps an event has room for: the first and the last where there are too many."""
    every = tuple(steps)
    half = MOST_STEPS // 2
    return every if len(every) <= MOST_STEPS else (*every[:half], *every[-half:])


@lru_cache(maxsize=REMEMBERED)
def due_after(
    start: datetime, limit: Limit, calendar: Calendar, pauses: tuple[reference.Pause, ...] = ()
) -> Due:
    """Return when something that started then is due."""
    return due_from(reference.deadline(start, limit, calendar, pauses))


def moved(due: Due, due_at: datetime, steps: Iterable[DueStep]) -> Due:
    """Return a due moment moved to another, with further steps that give the reasons."""
    changes = {
        "due_at": due_at,
        "due_on": local_day(due_at),
        "steps": fitting((*due.steps, *steps)),
    }
    return due.model_copy(update=changes)


def as_deadline(due: Due) -> Deadline:
    """Return a due moment as the reference data know it, without its steps."""
    unit = LimitUnit(due.unit)
    return Deadline(due.due_at, due.due_on, unit, due.value, (), due.calendar_version, due.source)


def pauses_over(pauses: tuple[Pause, ...], context: RoutingContext) -> tuple[reference.Pause, ...]:
    """Return the pauses that are over, for the engine; one that ends before it began is empty."""
    if not pauses:
        return ()
    found = []
    for pause in pauses:
        status = context.reference.status(pause.status)
        if pause.to_at is not None and pause.to_at > pause.from_at and status is not None:
            found.append(reference.Pause(pause.from_at, pause.to_at, status))
    return tuple(found)
