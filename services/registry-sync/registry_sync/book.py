"""The line in the register's book, as the register tells it."""

import json
import re
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from contracts.events import BookText


def _day(text: object) -> date:
    found = re.fullmatch(r"([0-9]{1,2})([./])([0-9]{1,2})\2([0-9]{4})", str(text).strip())
    if found is None:
        raise ValueError("no day as dd.MM.yyyy or dd/MM/yyyy")
    return date(int(found[4]), int(found[3]), int(found[1]))


def _text(text: object) -> object:
    return " ".join(text.split()) if isinstance(text, str) else text


def _number(text: object) -> str | None:
    # Where there is none yet, some registers write that in words.
    digits = str(text).strip()
    return digits if re.fullmatch(r"[0-9]{12}", digits) else None


def _office(text: object) -> str | None:
    # A code written as a number has lost the zeros it began with.
    if isinstance(text, int) and text < 10_000:
        return None
    return str(text) if re.fullmatch(r"[0-9]{3}|[0-9]{5}", str(text)) else None


_BookText = Annotated[BookText, BeforeValidator(_text)]


class BookLine(BaseModel):
    """`ketQuaXuLy` of a registered dossier; what else it holds is of no use here."""

    model_config = ConfigDict(coerce_numbers_to_str=True, hide_input_in_errors=True)

    number: _BookText = Field(alias="soDangKy")
    book: _BookText = Field(alias="quyenSo")
    page: _BookText | None = Field(alias="trangSo", default=None)
    registered_on: Annotated[date, BeforeValidator(_day)] = Field(alias="ngayDangKy")
    personal_number: Annotated[str | None, BeforeValidator(_number)] = Field(
        alias="soDinhDanh", default=None
    )
    # Who entered it; some registers write a name here, which is no code.
    unit_code: Annotated[str | None, BeforeValidator(_office)] = Field(
        alias="noiDangKy", default=None
    )


def line_of(told: object) -> dict[str, Any] | None:
    """Return what is told of the line, which some registers write as text; None if it is none."""
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except (ValueError, RecursionError):
            return None
    if not isinstance(told, dict):
        return None
    return {key: one for key, one in told.items() if one not in ("", None)}
