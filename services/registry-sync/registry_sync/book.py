"""The line in the register's book, as the register tells it."""

import re
from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from contracts.events import BookText


def _day(text: object) -> date:
    found = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", str(text))
    if found is None:
        raise ValueError("no day as dd.MM.yyyy")
    day, month, year = (int(part) for part in found.groups())
    return date(year, month, day)


def _office(text: object) -> str | None:
    return str(text) if re.fullmatch(r"[0-9]{3}|[0-9]{5}", str(text)) else None


class BookLine(BaseModel):
    """`ketQuaXuLy` of a registered dossier; what else it holds is of no use here."""

    model_config = ConfigDict(coerce_numbers_to_str=True, hide_input_in_errors=True)

    number: BookText = Field(alias="soDangKy")
    book: BookText = Field(alias="quyenSo")
    page: BookText | None = Field(alias="trangSo", default=None)
    registered_on: Annotated[date, BeforeValidator(_day)] = Field(alias="ngayDangKy")
    personal_number: Annotated[str, Field(pattern=r"^[0-9]{12}$")] | None = Field(
        alias="soDinhDanh", default=None
    )
    # Who entered it; some registers write a name here, which is no code.
    unit_code: Annotated[str | None, BeforeValidator(_office)] = Field(
        alias="noiDangKy", default=None
    )
