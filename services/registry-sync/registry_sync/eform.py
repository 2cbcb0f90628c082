"""Our forms in the register's exchange names: a pure translation, the same bytes every time."""

from datetime import date
from typing import Any

from contracts.forms import (
    BirthForm,
    DeathForm,
    ExtractCopyForm,
    Form,
    MaritalStatusForm,
    MarriageForm,
    Parent,
    Spouse,
)
from contracts.particulars import Particulars

#: The register's parts. LTHN and LTTL are not in the contract found; they stay configurable here.
MODULE_OF_PROCEDURE = {
    "1.001193": "LTKS",
    "1.000656": "LTKT",
    "1.000894": "LTKH",
    "1.004873": "LTHN",
    "2.000635": "LTTL",
}
_SEX = {"male": "1", "female": "2"}


def _day(day: date | None) -> str:
    return day.strftime("%d.%m.%Y") if day else ""


def _parent(prefix: str, parent: Parent | None) -> dict[str, Any]:
    if parent is None:
        return {}
    return {
        f"{prefix}HoTen": parent.full_name,
        f"{prefix}NgaySinh": _day(parent.born_on),
        f"{prefix}DanToc": parent.ethnicity,
        f"{prefix}QuocTich": parent.nationality,
        f"{prefix}SoDDCN": parent.personal_number or "",
    }


def _spouse(prefix: str, spouse: Spouse) -> dict[str, Any]:
    return {
        f"{prefix}HoTen": spouse.full_name,
        f"{prefix}NgaySinh": _day(spouse.born_on),
        f"{prefix}DanToc": spouse.ethnicity,
        f"{prefix}QuocTich": spouse.nationality,
        f"{prefix}SoDDCN": spouse.personal_number,
        f"{prefix}SoLanKH": spouse.marriages_before + 1,
    }


def _birth(form: BirthForm) -> dict[str, Any]:
    child = form.child
    return {
        "nksHoTen": child.full_name,
        "nksGioiTinh": _SEX[child.sex],
        "nksNgaySinh": _day(child.born_on),
        "nksNoiSinh": {"maXa": child.birthplace_unit_code},
        "nksDanToc": child.ethnicity,
        "nksQuocTich": child.nationality,
        "nycQuanHe": form.relation,
        **_parent("me", form.mother),
        **_parent("cha", form.father),
    }


def _death(form: DeathForm) -> dict[str, Any]:
    dead = form.deceased
    return {
        "nktHoTen": dead.full_name,
        "nktGioiTinh": _SEX[dead.sex],
        "nktNgaySinh": _day(dead.born_on),
        "nktDanToc": dead.ethnicity,
        "nktQuocTich": dead.nationality,
        "nktSoDDCN": dead.personal_number or "",
        "nktNgayChet": _day(form.died_on),
        "nktNoiChet": {"maXa": form.place_unit_code},
        "nktNguyenNhanChet": form.cause or "",
        "nycQuanHe": form.relation,
    }


def _marriage(form: MarriageForm) -> dict[str, Any]:
    return {**_spouse("chong", form.groom), **_spouse("vo", form.bride)}


def _marital_status(form: MaritalStatusForm) -> dict[str, Any]:
    person = form.person
    return {
        "nxnHoTen": person.full_name,
        "nxnNgaySinh": _day(person.born_on),
        "nxnDanToc": person.ethnicity,
        "nxnQuocTich": person.nationality,
        "nxnSoDDCN": person.personal_number,
        "mucDich": form.purpose,
    }


def _extract_copy(form: ExtractCopyForm) -> dict[str, Any]:
    return {
        "loaiTrichLuc": form.record,
        "hoTen": form.subject_full_name,
        "soDangKy": form.number or "",
        "quyenSo": form.book or "",
        "ngayDangKy": _day(form.registered_on),
        "soLuongBanSao": form.copies,
    }


def _fields(form: Form) -> dict[str, Any]:
    match form:
        case BirthForm():
            return _birth(form)
        case DeathForm():
            return _death(form)
        case MarriageForm():
            return _marriage(form)
        case MaritalStatusForm():
            return _marital_status(form)
        case ExtractCopyForm():
            return _extract_copy(form)


def exchange_form(particulars: Particulars, unit_code: str) -> dict[str, Any]:
    """Return the e-form under the register's names; dates are `dd.MM.yyyy`, absent ones empty."""
    applicant = particulars.applicant
    return {
        "noiDangKy": unit_code,
        "nycHoTen": applicant.full_name,
        "nycSoDDCN": applicant.personal_number,
        "nycSoDienThoai": applicant.phone or "",
        "nycEmail": applicant.email or "",
        "ghiChu": particulars.form.note or "",
        **_fields(particulars.form),
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
