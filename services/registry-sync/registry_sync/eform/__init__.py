"""Our forms in the register's exchange names: a pure translation, the same bytes every time."""

from typing import Any

from contracts.forms import Form
from contracts.particulars import Particulars
from reference import load
from registry_sync.eform.births import BIRTH, BIRTH_PARENT, LINKED_BIRTH
from registry_sync.eform.fields import Field, Mapping, exchange
from registry_sync.eform.matters import (
    CHANGE,
    DEATH,
    EXTRACT_COPY,
    MARITAL_STATUS_CERTIFICATE,
    MARRIAGE,
)
from registry_sync.eform.people import paper, residence

#: The register's parts. LTHN, LTTL and LTTD are not in the contract found: names of ours.
BIRTHS = "LTKS"
MODULE_OF_FORM = {
    "birth": BIRTHS,
    "birth_parent": BIRTHS,
    "linked_birth": BIRTHS,
    "death": "LTKT",
    "marriage": "LTKH",
    "marital_status": "LTHN",
    "extract_copy": "LTTL",
    "change": "LTTD",
}
#: The part that a procedure's dossiers are in, for all procedures with an electronic form.
MODULE_OF_PROCEDURE = {
    procedure.code: MODULE_OF_FORM[procedure.form]
    for procedure in load().procedures
    if procedure.form
}
#: First registrations of a child, who gets a personal number then or later. Who is registered
#: again, or has papers already, may be an adult.
FIRST_BIRTHS = frozenset(
    procedure.code
    for procedure in load().procedures
    if MODULE_OF_PROCEDURE.get(procedure.code) == BIRTHS
    and not procedure.key.startswith(("birth_again", "birth_with_papers"))
)
_REQUESTER = "requester `nyc`"
COMMON = (
    Field(_REQUESTER, "applicant.full_name", "nycHoTen", "full name"),
    Field(_REQUESTER, "applicant.personal_number", "nycSoDDCN", "personal number"),
    Field(_REQUESTER, "applicant.phone", "nycSoDienThoai", "phone"),
    Field(_REQUESTER, "applicant.email", "nycEmail", "e-mail"),
    *residence(_REQUESTER, "form.requester.residence", "nyc"),
    *paper(_REQUESTER, "form.requester.paper", "nyc"),
    Field("common", "form.copies", "soLuongBanSao", "number of copies"),
    Field("common", "form.note", "ghiChu", "note"),
)
FIELDS_OF_FORM: dict[str, Mapping] = {
    "birth": BIRTH,
    "birth_parent": BIRTH_PARENT,
    "linked_birth": LINKED_BIRTH,
    "death": DEATH,
    "marriage": MARRIAGE,
    "marital_status": MARITAL_STATUS_CERTIFICATE,
    "extract_copy": EXTRACT_COPY,
    "change": CHANGE,
}


class NotForTheRegister(Exception):
    """The register holds this form already: it is asked for results and never told."""


def module_of(form: Form) -> str:
    """Return the register's part a form goes to; raises NotForTheRegister for a legacy form."""
    if form.kind not in MODULE_OF_FORM:
        raise NotForTheRegister
    return MODULE_OF_FORM[form.kind]


def exchange_form(particulars: Particulars, unit_code: str) -> dict[str, Any]:
    """Return the e-form under the register's names; dates are `dd.MM.yyyy`, absent ones empty.

    Of a partial date the last parts are written; a part that is absent as a whole is left out.
    Raises NotForTheRegister for a legacy form.
    """
    kind = particulars.form.kind
    if kind not in FIELDS_OF_FORM:
        raise NotForTheRegister
    return {
        "noiDangKy": unit_code,
        **exchange(particulars, COMMON),
        **exchange(particulars, FIELDS_OF_FORM[kind]),
    }


def exchange_files(particulars: Particulars) -> list[dict[str, Any]]:
    """Return the attachments as the register lists them, by claim check instead of content."""
    return [
        {
            "id": one.sha256,
            "loaiGiayTo": one.kind,
            "tenGiayTo": one.kind,
            "tenTepDinhKem": one.name,
            "duongDanTepTin": one.uri,
            "huyGiayTo": 0,
            "duLieuTepDinhKem": "",
        }
        for one in particulars.attachments
    ]
