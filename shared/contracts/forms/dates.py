"""Dates of which only the year, or year and month, may be known."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from contracts.model import EARLIEST_DAY

#: In JSON: a year, a year and month, or a day; only the ten digits of ASCII are digits.
PATTERN = r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
_WHOLE = re.compile(PATTERN[1:-1])


@dataclass(frozen=True)
class PartialDate:
    """A date as far as it is known: "1950", "1950-03" or "1950-03-21".

    Two of them have no order; compare `earliest()` and `latest()` for what is certain.
    """

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the date in the text; raises ValueError for what is no date of the calendar."""
        if not _WHOLE.fullmatch(text):
            raise ValueError("not a year, a year and month, or a day")
        found = cls(*map(int, text.split("-")))
        found.earliest()  # raises for a month or day that does not exist
        return found

    @property
    def full(self) -> date | None:
        """Return the day if it is known, else None."""
        return None if self.day is None else self.earliest()

    def earliest(self) -> date:
        """Return the first day it may have been."""
        month, day = (1 if part is None else part for part in (self.month, self.day))
        return date(self.year, month, day)

    def latest(self) -> date:
        """Return the last day it may have been."""
        month = 12 if self.month is None else self.month
        last = monthrange(self.year, month)[1] if self.day is None else self.day
        return date(self.year, month, last)

    def __str__(self) -> str:
        """Return it as in JSON."""
        parts = (f"{self.year:04d}", self.month, self.day)
        return "-".join(p if isinstance(p, str) else f"{p:02d}" for p in parts if p is not None)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return how it is read: strict text, not before 1800, not after `context["today"]`.

        A date that is known in part is in the future only if every day it may be is.
        """
        text = core_schema.with_info_after_validator_function(_read, core_schema.str_schema())
        made = core_schema.is_instance_schema(cls)
        return core_schema.json_or_python_schema(
            json_schema=text,
            python_schema=core_schema.union_schema([made, text]),
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema of its text."""
        return {"type": "string", "pattern": PATTERN}


def _read(text: str, info: ValidationInfo) -> PartialDate:
    try:
        found = PartialDate.parse(text)
    except ValueError:
        raise PydanticCustomError(
            "partial_date_parsing", "not a year, a year and month, or a day"
        ) from None
    if found.earliest() < EARLIEST_DAY:
        raise PydanticCustomError("date_too_old", "the day is before 1800")
    today = (info.context or {}).get("today")
    if today is not None and found.earliest() > today:
        raise PydanticCustomError("date_in_future", "the day is after today")
    return found
