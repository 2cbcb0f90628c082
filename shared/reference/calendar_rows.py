"""The rows of the working calendar: days off and swapped, office hours, general time limits."""

from collections.abc import Mapping
from datetime import date, time
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from reference.rows import (
    LimitUnit,
    OptionalDate,
    OptionalText,
    ProvinceCode,
    Row,
    Text,
    empty_is_none,
    words,
)


class DayKind(StrEnum):
    """What makes a day unlike the others of its week; only `SWAP_WORK` is a working day.

    Source: BLLĐ 2019, Điều 111, 112.
    """

    HOLIDAY = "holiday"
    COMPENSATION = "compensation"
    SWAP_OFF = "swap_off"
    SWAP_WORK = "swap_work"


class InForce(StrEnum):
    """Whether a day counts as its row says; `ASSUMED` counts, and every deadline says so."""

    YES = "yes"
    NO = "no"
    ASSUMED = "assumed"


class Stage(StrEnum):
    """What a general limit is for: taking the dossier in, the citizen's time to complete it, work
    the law sets no number for, how far off the day an apology sets may be.
    """

    RECEPTION = "reception"
    SUPPLEMENT = "supplement"
    PROMPT = "prompt"
    APOLOGY = "apology"


def _sessions(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(tuple(session.split("-")) for session in value.split())


class CalendarDay(Row):
    """One day that is not what its weekday says, in one province or, without one, in all.

    `decided_on` is the day it was announced, None where that was not found.

    Source: BLLĐ 2019, Điều 111, 112; the announcements of each year.
    """

    province_code: Annotated[ProvinceCode | None, BeforeValidator(empty_is_none)]
    kind: DayKind
    name_vi: Text
    name_en: Text
    in_force: InForce
    doubt_vi: OptionalText
    doubt_en: OptionalText
    decided_on: OptionalDate

    @classmethod
    def columns(cls) -> frozenset[str]:
        """Return the columns of the file: the day stands for both ends of the validity."""
        return super().columns() - {"valid_from", "valid_to"} | {"date"}

    @model_validator(mode="before")
    @classmethod
    def _is_valid_on_its_day(cls, cells: object) -> object:
        if not isinstance(cells, Mapping) or "date" not in cells:
            return cells
        rest = {name: cell for name, cell in cells.items() if name != "date"}
        return {**rest, "valid_from": cells["date"], "valid_to": cells["date"]}

    @model_validator(mode="after")
    def _an_assumption_says_its_doubt(self) -> Self:
        doubts = (self.doubt_vi, self.doubt_en)
        if (self.in_force is InForce.ASSUMED and None in doubts) or len(set(map(bool, doubts))) > 1:
            raise ValueError("a day that is assumed says why it is in doubt, in both languages")
        return self

    @property
    def day(self) -> date:
        """Return the day the row is about."""
        return self.valid_from


class WorkingHours(Row):
    """When the offices of a province (`*` is every other one) are open on a working day.

    `weekdays` count from 1, Monday; `sessions` are opening and closing, in order; an office is
    open from the first instant of a session and closed at the last.
    """

    province_code: Annotated[str, StringConstraints(pattern=r"^(\d{2}|\*)$")]
    weekdays: Annotated[
        tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(min_length=1), BeforeValidator(words)
    ]
    sessions: Annotated[
        tuple[tuple[time, time], ...], Field(min_length=1), BeforeValidator(_sessions)
    ]

    @model_validator(mode="after")
    def _sessions_follow_one_another(self) -> Self:
        times = [at for session in self.sessions for at in session]
        if any(earlier >= later for earlier, later in pairwise(times)):
            raise ValueError("a session begins after the one before it, and ends after it begins")
        return self


class TimeLimit(Row):
    """A limit that is not of one procedure alone; `*` is every procedure without its own row.

    What is received after `cut_off` is treated as received on the next working day.
    `assumption_…` says what of the limit was not confirmed.

    Source: Luật Hộ tịch 2014, Điều 5; NĐ 87/2020/NĐ-CP, Điều 12; Luật Hộ tịch (sửa đổi) 2026.
    """

    stage: Stage
    procedure_code: Annotated[str, StringConstraints(pattern=r"^(\d\.\d{6}|\*)$")]
    value: Annotated[int, Field(ge=0)]
    unit: LimitUnit
    cut_off: Annotated[time | None, BeforeValidator(empty_is_none)]
    assumption_vi: OptionalText
    assumption_en: OptionalText

    @model_validator(mode="after")
    def _the_limit_can_be_counted(self) -> Self:
        if (self.value == 0) is not (self.unit is LimitUnit.SAME_DAY):
            raise ValueError("a limit is at least 1, and 0 when it is the same day")
        if self.cut_off is not None and self.unit is not LimitUnit.SAME_DAY:
            raise ValueError("only the same day has a cut-off")
        if self.stage is Stage.APOLOGY and self.unit is not LimitUnit.DAY:
            raise ValueError("how far off a new day may be is counted in days")
        if (self.assumption_vi is None) != (self.assumption_en is None):
            raise ValueError("an assumption is said in both languages")
        return self
