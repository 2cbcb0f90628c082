"""The rows of the reference data: what the law says of one thing, from one day to another."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)


def words(value: object) -> object:
    """Return the words of a cell; anything else as it is."""
    return tuple(value.split()) if isinstance(value, str) else value


def empty_is_none(value: object) -> object:
    """Return None for an empty cell; anything else as it is."""
    return None if value == "" else value


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Words = Annotated[tuple[str, ...], BeforeValidator(words)]
Numbers = Annotated[tuple[int, ...], BeforeValidator(words)]
OptionalText = Annotated[Text | None, BeforeValidator(empty_is_none)]
OptionalDate = Annotated[date | None, BeforeValidator(empty_is_none)]
OptionalNumber = Annotated[int | None, Field(ge=0), BeforeValidator(empty_is_none)]
ProcedureCode = Annotated[str, StringConstraints(pattern=r"^\d\.\d{6}$")]
ProvinceCode = Annotated[str, StringConstraints(pattern=r"^\d{2}$")]


class Confidence(StrEnum):
    """How sure a row is: seen in a source, from memory by strength, or derived from others."""

    FOUND = "found"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    DERIVED = "derived"


OptionalConfidence = Annotated[Confidence | None, BeforeValidator(empty_is_none)]


class Level(StrEnum):
    """Which authority is competent; `ANY` is every authority that manages the database.

    Source: Luật Hộ tịch 2014, Điều 7, 63; NĐ 120/2025/NĐ-CP, Điều 4.
    """

    COMMUNE = "commune"
    DISTRICT = "district"
    ANY = "any"


class LimitUnit(StrEnum):
    """What a limit counts in (Luật Hộ tịch 2014); `HOUR` goes through nights and days off."""

    SAME_DAY = "same_day"
    WORKING_DAY = "working_day"
    DAY = "day"
    WORKING_HOUR = "working_hour"
    HOUR = "hour"


class ReturnKind(StrEnum):
    """What a return asks of the citizen (TT 03/2025/TT-VPCP, Mẫu 02 and 03)."""

    SUPPLEMENT = "supplement"
    REFUSED = "refused"
    WRONG_AUTHORITY = "wrong_authority"


class Clock(StrEnum):
    """What the deadline does while a dossier has a status."""

    RECEPTION = "reception"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class Row(BaseModel):
    """What every row carries: its first and last day (inclusive; None is open), and its source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    valid_from: date
    valid_to: OptionalDate
    source: Text
    confidence: Confidence

    @classmethod
    def columns(cls) -> frozenset[str]:
        """Return the columns a file of such rows has."""
        return frozenset(cls.model_fields)

    def is_valid(self, on: date) -> bool:
        """Return whether the row holds on that day, both ends inclusive."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


class Province(Row):
    """A province by its GSO code, with the H-code used in dossier codes.

    Source: QĐ 124/2004/QĐ-TTg; NQ 202/2025/QH15; QCVN 102:2016/BTTTT.
    """

    code: ProvinceCode
    name: Text
    h_code: Annotated[str, StringConstraints(pattern=r"^H\d{2}$")]
    h_code_confidence: Confidence
    successor: OptionalText


class Unit(Row):
    """A commune (5 digits) or a former district (3 digits) by its GSO code.

    `successors` took over its territory on the day after `valid_to`, in order of code.

    Source: QĐ 124/2004/QĐ-TTg; QĐ 19/2025/QĐ-TTg.
    """

    code: Annotated[str, StringConstraints(pattern=r"^(\d{5}|\d{3})$")]
    name: Text
    level: Level
    province_code: ProvinceCode
    district_code: OptionalText
    successors: Words


class ChannelPermission(Row):
    """That a channel may submit for a province; `*` is every province."""

    channel: Text
    province_code: Annotated[str, StringConstraints(pattern=r"^(\d{2}|\*)$")]


class LawfulWay(Row):
    """What someone who may not submit as they did is told to do instead."""

    key: Text
    text_vi: Text
    text_en: Text


class ReturnReason(Row):
    """A reason from the closed list for which the one-stop returns a dossier."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")]
    kind: ReturnKind
    text_vi: Text
    text_en: Text


class Status(Row):
    """A status of the National Portal (TrangThaiHoSo), and those that may follow it."""

    code: Annotated[int, Field(ge=1, le=10)]
    key: Text
    name_vi: Text
    name_en: Text
    clock: Clock
    terminal: bool
    next: Numbers
