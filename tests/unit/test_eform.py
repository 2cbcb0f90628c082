"""The e-form in the register's names: what each form becomes, and which part it goes to."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contracts
from contracts.forms import PartialDate
from contracts.particulars import Particulars
from reference import FormKind, load
from registry_sync.eform import (
    FIELDS_OF_FORM,
    MODULE_OF_FORM,
    MODULE_OF_PROCEDURE,
    NotForTheRegister,
    exchange_form,
    module_of,
)
from registry_sync.eform.fields import day
from tests.unit.builders import some_particulars

FOLDER = Path(contracts.__file__).parent / "samples"
UNIT = "26740"
ADDRESS = {
    "maTinh": "79",
    "maHuyen": "",
    "maXa": "26740",
    "dcChiTiet": "Số 12, đường Thử Nghiệm",
}


def particulars(sample: str) -> Particulars:
    """Return a sample's particulars."""
    return Particulars.model_validate_json((FOLDER / f"particulars.{sample}.json").read_bytes())


def sent(sample: str) -> dict[str, Any]:
    return exchange_form(particulars(sample), UNIT)


def test_a_birth_as_it_was_sent_before_is_still_sent_with_these_values():
    before = {
        "noiDangKy": UNIT,
        "nycHoTen": "Nguyễn Thị Thử",
        "nycSoDDCN": "000190000001",
        "nycSoDienThoai": "+84900000001",
        "nycEmail": "thu@example.com",
        "ghiChu": "",
        "nksHoTen": "Nguyễn Văn Bé",
        "nksGioiTinh": "1",
        "nksNgaySinh": "01.11.2026",
        "nksDanToc": "Kinh",
        "nksQuocTich": "VN",
        "nycQuanHe": "mother",
        "meHoTen": "Nguyễn Thị Thử",
        "meNgaySinh": "01.01.1990",
        "meDanToc": "Kinh",
        "meQuocTich": "VN",
        "meSoDDCN": "",
    }
    new = {
        "nksNoiSinh": {"maXa": "26737", "dcChiTiet": ""},
        "soLuongBanSao": "",
    }

    assert exchange_form(some_particulars(), UNIT) == before | new


def test_a_birth_abroad_is_sent_whole():
    paper = {
        "LoaiGiayToTuyThan": "1",
        "GiayToKhac": "",
        "SoGiayToTuyThan": "000196000001",
        "NgayCapGiayToTuyThan": "10.05.2022",
        "NoiCapGiayToTuyThan": "Bộ Công an",
    }

    assert sent("birth_abroad") == {
        "noiDangKy": UNIT,
        "nycHoTen": "Lê Thị Thử",
        "nycSoDDCN": "000196000001",
        "nycSoDienThoai": "+84000000001",
        "nycEmail": "nguoi-nop@example.org",
        "nycLoaiCuTru": "3",
        "nycNoiCuTru": ADDRESS | {"maHuyen": "760"},
        "nycCuTruNuocNgoai": "",
        **{f"nyc{name}": value for name, value in paper.items()},
        "nycQuanHe": "mother",
        "soLuongBanSao": 3,
        "ghiChu": "",
        "nksHoTen": "Nguyễn Mai Anh",
        "nksGioiTinh": "2",
        "nksNgaySinh": "24.12.2025",
        "nksNoiSinh": {"maXa": "", "dcChiTiet": ""},
        "nksNoiSinhQuocGia": "DE",
        "nksNoiSinhNuocNgoai": "Bệnh viện Thử Nghiệm, Berlin",
        "nksQueQuan": {
            "maTinh": "79",
            "maHuyen": "760",
            "maXa": "26737",
            "dcChiTiet": "Thôn Mẫu",
        },
        "nksDanToc": "Kinh",
        "nksQuocTich": "VN",
        "nksLoaiGiayToTuyThan": "3",
        "nksGiayToKhac": "",
        "nksSoGiayToTuyThan": "X0000001",
        "nksNgayCapGiayToTuyThan": "01.02.2026",
        "nksNoiCapGiayToTuyThan": "Đại sứ quán Thử Nghiệm",
        "meHoTen": "Lê Thị Thử",
        "meNgaySinh": "04.1996",
        "meDanToc": "Kinh",
        "meQuocTich": "VN",
        "meSoDDCN": "000196000001",
        "meLoaiCuTru": "1",
        "meNoiCuTru": ADDRESS,
        "meCuTruNuocNgoai": "",
        **{f"me{name}": value for name, value in paper.items()},
        "chaHoTen": "Nguyễn Văn Mẫu",
        "chaNgaySinh": "1993",
        "chaDanToc": "Kinh",
        "chaQuocTich": "VN",
        "chaSoDDCN": "000093000002",
        "chaLoaiCuTru": "1",
        "chaCuTruNuocNgoai": "Đường Mẫu 1, Berlin",
        "chaLoaiGiayToTuyThan": "9",
        "chaGiayToKhac": "Giấy chứng minh sĩ quan",
        "chaSoGiayToTuyThan": "SQ-0001",
        "chaNgayCapGiayToTuyThan": "02.01.2015",
        "chaNoiCapGiayToTuyThan": "Bộ Quốc phòng",
        "soDangKyNuocNgoai": "G 0001/2026",
        "ngayDangKyNuocNgoai": "05.01.2026",
        "cqNuocNgoaiDaDangKy": "Cơ quan hộ tịch Thử Nghiệm",
        "qgNuocNgoaiDaDangKy": "DE",
    }


@pytest.mark.parametrize(
    ("sample", "part"),
    [
        ("birth", {"nksNgaySinh": "15.11.2026", "chaHoTen": "Nguyễn Văn Mẫu"}),
        (
            "birth_parent",
            {"maGCS": "0001/2026", "ncmcNguoiNhan": "father", "ncmcNgayChungCu": "18.11.2026"},
        ),
        ("death", {"nktNgayChet": "20.11.2026", "nktNoiChet": {"maXa": UNIT, "dcChiTiet": ""}}),
        (
            "death_notice",
            {"nktNgaySinh": "1938", "nktGioPhutChet": "23:59", "gbtNgay": "21.11.2026"},
        ),
        ("marriage", {"chongSoLanKH": 1, "voSoLanKH": 2, "ngayXacLapQuanHeHonNhan": ""}),
        (
            "marriage_foreign",
            {
                "chongSoDDCN": "",
                "chongLoaiTinhTrangHonNhan": "2",
                "chongYeuCauXNTTHN": "",
                "voYeuCauXNTTHN": "1",
                "voNoiXNTTHN": UNIT,
                "ngayXacLapQuanHeHonNhan": "05.2019",
            },
        ),
        ("marital_status", {"nxnHoTen": "Võ Thị Lệ", "nxnGioiTinh": "", "mucDich": "marriage"}),
        ("extract_copy", {"loaiTrichLuc": "birth", "soDangKy": "128", "soLuongBanSao": 2}),
        (
            "change",
            {
                "citizenViecDangKy": "Cải chính",
                "citizenLoainghiepvu": "birth",
                "noiDungThayDoi": [
                    {"muc": "middle_name", "mucKhac": "", "giaTriCu": "Ming", "giaTriMoi": "Minh"},
                    {
                        "muc": "other",
                        "mucKhac": "Nơi cư trú của mẹ",
                        "giaTriCu": "Xã A",
                        "giaTriMoi": "Xã B",
                    },
                ],
            },
        ),
    ],
)
def test_a_form_is_sent_under_its_own_names(sample, part):
    form = sent(sample)

    assert {name: form[name] for name in part} == part


def test_what_follows_a_linked_birth_is_sent_apart():
    assert sent("linked_birth")["lienThong"] == {
        "chuHoHoTen": "Nguyễn Văn Chủ",
        "chuHoSoDDCN": "000063000009",
        "quanHeChuHo": "Cháu",
        "thuongTruMaTinh": "79",
        "thuongTruMaHuyen": "",
        "thuongTruMaXa": "26740",
        "thuongTruChiTiet": "Số 12, đường Thử Nghiệm",
        "bhytMaNoiKham": "79001",
        "bhytTenNoiKham": "Trạm y tế Thử Nghiệm",
        "canCuocHinhThucNhan": "post",
        "canCuocMaTinh": "79",
        "canCuocMaHuyen": "",
        "canCuocMaXa": "26740",
        "canCuocDiaChi": "Số 12, đường Thử Nghiệm",
    }


@pytest.mark.parametrize(
    "sample", sorted(p.stem.partition(".")[2] for p in FOLDER.glob("particulars.*.json"))
)
def test_the_same_particulars_are_the_same_bytes_and_json(sample):
    if sample == "legacy":
        return

    texts = {json.dumps(sent(sample), sort_keys=True, ensure_ascii=False) for _ in range(3)}

    assert len(texts) == 1


def test_a_legacy_form_is_never_translated_and_has_no_part():
    legacy = particulars("legacy")

    with pytest.raises(NotForTheRegister):
        exchange_form(legacy, UNIT)
    with pytest.raises(NotForTheRegister):
        module_of(legacy.form)


@given(st.dates(), st.integers(1, 3))
def test_a_partial_date_is_its_last_parts(whole, known):
    partial = PartialDate(*(whole.year, whole.month, whole.day)[:known])

    text = f"{whole.day:02d}.{whole.month:02d}.{whole.year:04d}"
    assert day(partial) == text[[6, 3, 0][known - 1] :]
    assert day(whole) == text


def test_every_form_a_procedure_can_have_is_translated_and_has_a_part():
    assert set(MODULE_OF_FORM) == set(FIELDS_OF_FORM) == {kind.value for kind in FormKind}


def test_every_procedure_with_a_form_has_the_part_of_its_form():
    with_form = {one.code: one.form for one in load().procedures if one.form is not None}

    assert {code: MODULE_OF_FORM[kind] for code, kind in with_form.items()} == MODULE_OF_PROCEDURE
    assert {
        "1.001193": "LTKS",
        "1.000689": "LTKS",
        "3.000722": "LTKS",
        "1.000656": "LTKT",
        "1.000894": "LTKH",
        "2.000806": "LTKH",
        "1.004873": "LTHN",
        "2.000635": "LTTL",
        "1.004859": "LTTD",
        "2.000748": "LTTD",
    }.items() <= MODULE_OF_PROCEDURE.items()


@pytest.mark.parametrize("sample", ["birth", "birth_parent", "linked_birth", "death", "change"])
def test_the_part_of_a_form_is_that_of_its_kind(sample):
    form = particulars(sample).form

    assert module_of(form) == MODULE_OF_FORM[form.kind]
