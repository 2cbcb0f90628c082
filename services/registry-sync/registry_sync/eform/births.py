"""The exchange names of births, alone, with a recognition, and linked."""

from registry_sync.eform.fields import Field, day, one_of
from registry_sync.eform.people import SEX, address, paper, person

_CHILD = "child `nks`"
_PAPER = "birth notification"
_ABROAD = "earlier registration abroad"
_KINSHIP = "recognition"
_LINKED = "linked"

CHILD = (
    Field(_CHILD, "form.child.full_name", "nksHoTen", "full name"),
    Field(_CHILD, "form.child.sex", "nksGioiTinh", "sex", write=one_of(SEX)),
    Field(_CHILD, "form.child.born_on", "nksNgaySinh", "birth date", write=day),
    Field(_CHILD, "form.child.birthplace_unit_code", "nksNoiSinh.maXa", "birthplace: commune"),
    Field(_CHILD, "form.child.birthplace_detail", "nksNoiSinh.dcChiTiet", "birthplace: in words"),
    Field(
        _CHILD,
        "form.child.birthplace_abroad.country",
        "nksNoiSinhQuocGia",
        "birthplace abroad: country",
        "ours",
    ),
    Field(
        _CHILD, "form.child.birthplace_abroad.detail", "nksNoiSinhNuocNgoai", "birthplace abroad"
    ),
    *address(_CHILD, "form.child.home_town", "nksQueQuan", "home town"),
    Field(_CHILD, "form.child.ethnicity", "nksDanToc", "ethnicity"),
    Field(_CHILD, "form.child.nationality", "nksQuocTich", "nationality"),
    *paper(_CHILD, "form.child.paper", "nks"),
)
_NOTIFICATION = (
    Field(_PAPER, "form.notification.number", "maGCS", "birth notification: number"),
    Field(_PAPER, "form.notification.issued_on", "ngayCapGCS", "day of issue", write=day),
)
_REGISTERED_ABROAD = (
    Field(_ABROAD, "form.registered_abroad.number", "soDangKyNuocNgoai", "number"),
    Field(_ABROAD, "form.registered_abroad.registered_on", "ngayDangKyNuocNgoai", "day", write=day),
    Field(_ABROAD, "form.registered_abroad.authority", "cqNuocNgoaiDaDangKy", "authority"),
    Field(_ABROAD, "form.registered_abroad.country", "qgNuocNgoaiDaDangKy", "country"),
)
_FAMILY = (
    *CHILD,
    Field("requester `nyc`", "form.relation", "nycQuanHe", "relation"),
    *person("mother `me`", "form.mother", "me"),
    *person("father `cha`", "form.father", "cha"),
    *_NOTIFICATION,
)
BIRTH = (*_FAMILY, *_REGISTERED_ABROAD)
BIRTH_PARENT = (
    *BIRTH,
    Field(_KINSHIP, "form.recognition.recognised_by", "ncmcNguoiNhan", "who recognises", "ours"),
    Field(
        _KINSHIP, "form.recognition.proof.kind", "ncmcLoaiChungCu", "proof of kinship: kind", "ours"
    ),
    Field(_KINSHIP, "form.recognition.proof.number", "ncmcSoChungCu", "proof: number", "ours"),
    Field(
        _KINSHIP,
        "form.recognition.proof.issued_on",
        "ncmcNgayChungCu",
        "proof: day of issue",
        "ours",
        day,
    ),
    Field(
        _KINSHIP, "form.recognition.proof.issued_by", "ncmcNoiCapChungCu", "proof: issuer", "ours"
    ),
)


def _linked(last: str, name: str, english: str) -> Field:
    return Field(_LINKED, f"form.{last}", f"lienThong.{name}", english, "ours")


LINKED_BIRTH = (
    *_FAMILY,
    _linked("residence_registration.head_full_name", "chuHoHoTen", "head of household"),
    _linked("residence_registration.head_personal_number", "chuHoSoDDCN", "head: personal number"),
    _linked("residence_registration.relation_to_head", "quanHeChuHo", "relation to the head"),
    _linked(
        "residence_registration.address.province_code",
        "thuongTruMaTinh",
        "registered residence: province",
    ),
    _linked(
        "residence_registration.address.district_code",
        "thuongTruMaHuyen",
        "registered residence: district",
    ),
    _linked(
        "residence_registration.address.unit_code",
        "thuongTruMaXa",
        "registered residence: commune",
    ),
    _linked(
        "residence_registration.address.detail",
        "thuongTruChiTiet",
        "registered residence: in words",
    ),
    _linked("health_insurance.clinic_code", "bhytMaNoiKham", "clinic: code"),
    _linked("health_insurance.clinic_name", "bhytTenNoiKham", "clinic: name"),
    _linked("identity_card.delivery", "canCuocHinhThucNhan", "identity card: delivery"),
    _linked(
        "identity_card.delivery_address.province_code",
        "canCuocMaTinh",
        "delivery: province",
    ),
    _linked(
        "identity_card.delivery_address.district_code",
        "canCuocMaHuyen",
        "delivery: district",
    ),
    _linked("identity_card.delivery_address.unit_code", "canCuocMaXa", "delivery: commune"),
    _linked("identity_card.delivery_address.detail", "canCuocDiaChi", "delivery: in words"),
)
