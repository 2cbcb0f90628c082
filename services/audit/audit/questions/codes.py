"""What a dossier code says, and in which book a procedure is entered."""

import re
from datetime import date

from audit.questions.saying import known

#: A code as the intake writes it: unit, day (yymmdd) and number.
_CODE = re.compile(
    r"^(?P<issuer>H\d{2}\.(?P<unit>\d{3}|\d{5}))-(?P<day>\d{6})-(?P<number>\d{4,7})$"
)
#: Forms that are entered in the book of another form.
_BOOK_OF = {"birth_parent": "birth", "linked_birth": "birth"}


def numbered(code: str) -> tuple[str, str, date | None, int | None]:
    """Return issuer, unit, day and number of a code of the intake; no day and number of another.

    Source: TT 01/2018/TT-VPCP, Điều 19; QĐ 20/2020/QĐ-TTg.
    """
    found = _CODE.match(code)
    if found is None:
        return "", "", None, None
    try:
        day = date.fromisoformat(f"20{found['day']}")
    except ValueError:
        return "", "", None, None
    return found["issuer"], found["unit"], day, int(found["number"])


def book_kind(procedure_code: str) -> str:
    """Return the kind of book: one per kind of event (Luật Hộ tịch 2014, Điều 58)."""
    row = known().procedures.last(procedure_code)
    form = str(row.form) if row and row.form else procedure_code
    return _BOOK_OF.get(form, form)
