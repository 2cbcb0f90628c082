"""The rows of the procedures: what is asked for, who decides, how long it takes, what it costs."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, StringConstraints, model_validator

from reference.rows import (
    Level,
    LimitUnit,
    OptionalConfidence,
    OptionalNumber,
    OptionalText,
    ProcedureCode,
    Row,
    Text,
    Words,
    empty_is_none,
)


class FormKind(StrEnum):
    """The electronic forms that exist; a procedure without one cannot be submitted yet."""

    BIRTH = "birth"
    BIRTH_PARENT = "birth_parent"
    MARRIAGE = "marriage"
    DEATH = "death"
    MARITAL_STATUS = "marital_status"
    CHANGE = "change"
    EXTRACT_COPY = "extract_copy"
    LINKED_BIRTH = "linked_birth"


class Presence(StrEnum):
    """Who must come in person; `NONE` is nobody, an authorised person may act.

    Source: Luật Hộ tịch 2014, Điều 6(2).
    """

    NONE = "none"
    PARTIES = "parties"


class FeeRule(StrEnum):
    """What the registration costs; `FREE_ON_TIME` is free unless it is late.

    Source: Luật Hộ tịch 2014, Điều 11; TT 281/2016/TT-BTC.
    """

    FREE = "free"
    FREE_ON_TIME = "free_on_time"
    PROVINCIAL = "provincial"
    PER_COPY = "per_copy"


class OnlineLevel(StrEnum):
    """How much of the procedure is done online: all of it, or a part.

    Source: NĐ 42/2022/NĐ-CP.
    """

    FULL = "toan_trinh"
    PART = "mot_phan"


OptionalUnit = Annotated[LimitUnit | None, BeforeValidator(empty_is_none)]
OptionalCode = Annotated[ProcedureCode | None, BeforeValidator(empty_is_none)]


class Paper(Row):
    """A paper that procedures ask for, as citizens know it."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")]
    name_vi: Text
    name_en: Text


class Procedure(Row):
    """An administrative procedure (thủ tục hành chính) as published by the Ministry of Justice.

    `attachments` are the kinds of paper without which the one-stop asks for a supplement.
    `limit_…` is the statutory limit (0 `same_day`), `published_…` the one authorities announced,
    `verify_…` the time for asking others: on top of the limit if `verify_adds`, else the longest
    in all; each is None where it was not found. `counterpart` is the same matter with a foreign
    element, or without one; `replaced_by` what follows a procedure that ends.

    Source: Luật Hộ tịch 2014; NĐ 123/2015/NĐ-CP; NĐ 120/2025/NĐ-CP.
    """

    code: ProcedureCode
    key: Text
    name_vi: Text
    name_en: Text
    form: Annotated[FormKind | None, BeforeValidator(empty_is_none)]
    level: Level
    foreign_element: bool
    counterpart: OptionalCode
    replaced_by: OptionalCode
    limit_value: OptionalNumber
    limit_unit: OptionalUnit
    limit_confidence: OptionalConfidence
    limit_source: OptionalText
    published_value: OptionalNumber
    published_unit: OptionalUnit
    verify_value: OptionalNumber
    verify_unit: OptionalUnit
    verify_adds: bool
    verify_confidence: OptionalConfidence
    verify_source: OptionalText
    presence: Presence
    fee_rule: Annotated[FeeRule | None, BeforeValidator(empty_is_none)]
    fee_confidence: OptionalConfidence
    fee_source: OptionalText
    online_level: Annotated[OnlineLevel | None, BeforeValidator(empty_is_none)]
    attachments: Words
    result_code: OptionalText
    result_vi: OptionalText

    @model_validator(mode="after")
    def _limits_are_whole(self) -> Self:
        pairs = (
            (self.limit_value, self.limit_unit),
            (self.published_value, self.published_unit),
            (self.verify_value, self.verify_unit),
        )
        if any((value is None) != (unit is None) for value, unit in pairs):
            raise ValueError("a limit needs both a value and a unit")
        for value, unit in pairs:
            if value is not None and (value == 0) is not (unit is LimitUnit.SAME_DAY):
                raise ValueError("a limit is at least 1, and 0 when it is the same day")
        return self

    @model_validator(mode="after")
    def _what_it_says_has_a_source(self) -> Self:
        said = (
            (self.limit_value, self.limit_confidence, self.limit_source),
            (self.verify_value, self.verify_confidence, self.verify_source),
            (self.fee_rule, self.fee_confidence, self.fee_source),
        )
        if any(len({cell is None for cell in cells}) > 1 for cells in said):
            raise ValueError("a limit and a fee each need a confidence and a source")
        return self
