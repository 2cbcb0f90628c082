"""Which limit applies to a procedure on a day, statutory and published apart."""

from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

from reference.calendar_rows import Stage, TimeLimit
from reference.lookups import Reference
from reference.procedure_rows import Procedure
from reference.rows import Confidence, LimitUnit

#: How many limits are remembered; an answer depends on its arguments alone.
REMEMBERED = 4096
UNSURE = (Confidence.MEDIUM, Confidence.LOW)
NOT_READ = ("thời hạn chưa đối chiếu văn bản", "the limit was not checked against the text")


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take; `value` is at least 1, and 0 for the same day.

    What is received after `cut_off` on a working day is treated as of the next one.
    `assumption_…` says what of it was not confirmed. Raises ValueError for a limit that cannot
    be counted.
    """

    value: int
    unit: LimitUnit
    source: str
    cut_off: time | None = None
    assumption_vi: str | None = None
    assumption_en: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be counted."""
        same_day = self.unit is LimitUnit.SAME_DAY
        if self.value < 0 or (self.value == 0) is not same_day:
            raise ValueError("a limit is at least 1, and 0 when it is the same day")
        if self.cut_off is not None and not same_day:
            raise ValueError("only the same day has a cut-off")


@lru_cache(maxsize=REMEMBERED)
def reception_limit(reference: Reference, procedure_code: str, on: date) -> Limit | None:
    """Return how long taking in an online dossier may take, or None if no rule was found.

    Source: NĐ 87/2020/NĐ-CP, Điều 12; before it the general 8 working hours.
    """
    row = reference.time_limit(Stage.RECEPTION, procedure_code, on)
    return None if row is None else _limit_of(row, row.source)


@lru_cache(maxsize=REMEMBERED)
def supplement_limit(reference: Reference, procedure_code: str, on: date) -> Limit | None:
    """Return how long the citizen has to complete a dossier, or None if no rule was found.

    Source: none in law was found; the usual setting of the linked-service software.
    """
    row = reference.time_limit(Stage.SUPPLEMENT, procedure_code, on)
    return None if row is None else _limit_of(row, row.source)


@lru_cache(maxsize=REMEMBERED)
def apology_limit(reference: Reference, procedure_code: str, on: date) -> Limit | None:
    """Return how many days after the old day an apology may set the new one; None if none is known.

    Source: none in law was found; our own bound.
    """
    row = reference.time_limit(Stage.APOLOGY, procedure_code, on)
    return None if row is None else _limit_of(row, row.source)


@lru_cache(maxsize=REMEMBERED)
def statutory_limit(reference: Reference, procedure: Procedure, on: date) -> Limit | None:
    """Return what the law allows for the result, or None if that was not found.

    Where the law sets no number, "the same day" until 2027-02-28, the general rule of that day.

    Source: Luật Hộ tịch 2014, Điều 5; Luật Hộ tịch (sửa đổi) 2026 from 2027-03-01.
    """
    source = procedure.limit_source or procedure.source
    unsure = procedure.limit_confidence in UNSURE
    return _counted(
        reference, procedure, procedure.limit_value, procedure.limit_unit, source, unsure, on
    )


@lru_cache(maxsize=REMEMBERED)
def published_limit(reference: Reference, procedure: Procedure, on: date) -> Limit | None:
    """Return what the authorities announced for the result, or None if nothing was.

    Source: the decisions that publish the procedures; NĐ 61/2018/NĐ-CP and NĐ 118/2025/NĐ-CP.
    """
    value, unit = procedure.published_value, procedure.published_unit
    return _counted(reference, procedure, value, unit, procedure.source, False, on)


@lru_cache(maxsize=REMEMBERED)
def verification_limit(reference: Reference, procedure: Procedure, on: date) -> Limit | None:
    """Return the time for asking another authority, or None if that was not found.

    It comes on top of the limit where the procedure says `verify_adds`, else it is the longest.

    Source: Luật Hộ tịch 2014, Điều 18, 25, 28; the procedures as published in 2025 and 2026.
    """
    value, unit = procedure.verify_value, procedure.verify_unit
    source = procedure.verify_source or procedure.source
    unsure = procedure.verify_confidence in UNSURE
    return _counted(reference, procedure, value, unit, source, unsure, on)


def _counted(
    reference: Reference,
    procedure: Procedure,
    value: int | None,
    unit: LimitUnit | None,
    source: str,
    unsure: bool,
    on: date,
) -> Limit | None:
    if value is None or unit is None:
        return None
    if unit is LimitUnit.SAME_DAY:
        row = reference.time_limit(Stage.PROMPT, procedure.code, on)
        if row is None:
            return None
        own = f"{source}; " if row.unit is LimitUnit.SAME_DAY else ""
        return _limit_of(row, own + row.source)
    assumption_vi, assumption_en = NOT_READ if unsure else (None, None)
    return Limit(value, unit, source, None, assumption_vi, assumption_en)


def _limit_of(row: TimeLimit, source: str) -> Limit:
    return Limit(row.value, row.unit, source, row.cut_off, row.assumption_vi, row.assumption_en)
