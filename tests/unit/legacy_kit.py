"""Files of legacy dossiers as an operator exports them: rows by column, as CSV or as a workbook."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from openpyxl import Workbook

from intake.importing.rows import COLUMNS

#: Ten in the morning of the day after the letter, in Vietnam.
IMPORT_DAY = datetime(2021, 11, 15, 3, 0, tzinfo=UTC)
BEN_NGHE = "26740"
_PERSON = {
    "full_name": "Nguyễn Thị Thử Nghiệm",
    "born_on": "1996-04-17",
    "personal_number": "000196112648",
    "ethnicity": "Kinh",
    "nationality": "VN",
}
A_FORM: dict[str, Any] = {
    "kind": "birth",
    "child": {
        "full_name": "Nguyễn Thử Nghiệm Con",
        "sex": "female",
        "born_on": "2021-10-01",
        "birthplace_unit_code": BEN_NGHE,
        "ethnicity": "Kinh",
        "nationality": "VN",
    },
    "mother": _PERSON,
    "relation": "mother",
}


def a_row(code: str = "H29.26740-211011-0001", **changes: Any) -> dict[str, Any]:
    """Return a birth that waits for an officer since 11 October 2021; `changes` replace cells."""
    row = {
        "legacy_code": code,
        "province_code": "79",
        "unit_code": BEN_NGHE,
        "residence_unit_code": BEN_NGHE,
        "procedure_code": "1.001193",
        "submitted_at": "2021-10-11 08:30",
        "stage": "waiting",
        "received_at": "",
        "full_name": "Nguyễn Thị Thử Nghiệm",
        "personal_number": "000196112648",
        "phone": "+84900000123",
        "email": "",
        "notify_by": "sms",
        "form": json.dumps(A_FORM, ensure_ascii=False),
    }
    return row | changes


def at_register(code: str = "H29.26740-211011-0001", **changes: Any) -> dict[str, Any]:
    """Return a birth the register has since 12 October 2021; `changes` replace cells."""
    row = {"stage": "at_register", "received_at": "2021-10-12T09:00:00+07:00", "form": ""}
    return a_row(code, **(row | changes))


def a_csv(
    *rows: Mapping[str, Any], columns: Sequence[str] = COLUMNS, delimiter: str = ",", bom: str = ""
) -> bytes:
    """Return the rows as a CSV file with a header; a missing cell is empty."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return (bom + text.getvalue()).encode()


def a_workbook(*rows: Mapping[str, Any], columns: Sequence[str] = COLUMNS) -> Workbook:
    """Return the rows as a workbook of one sheet with a header; an empty text is no cell."""
    book = Workbook()
    sheet = book.active
    sheet.append(list(columns))
    for row in rows:
        sheet.append([row.get(column) or None for column in columns])
    return book


def saved(book: Workbook) -> bytes:
    """Return the bytes of a workbook."""
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()
