"""The exchange names of deaths, marriages, certificates, changes and copies."""

from registry_sync.eform.fields import Confidence, Field, Mapping, Rows, day, one_of
from registry_sync.eform.people import MARITAL_STATUS, YES_NO, person

_RELATION = Field("requester `nyc`", "form.relation", "nycQuanHe", "relation")
_DEAD = "deceased `nkt`"
_NOTICE = "death notice `gbt`"
_CERTIFIED = "certified `nxn`"
_CHANGE = "change"
_COPY = "copy"
#: As the ministry's own form writes them.
_MATTER = {
    "change": "Thay đổi",
    "correction": "Cải chính",
    "addition": "Bổ sung",
    "ethnicity_redetermination": "Xác định lại dân tộc",
}

DEATH = (
    *person(_DEAD, "form.deceased", "nkt", sex=True),
    Field(_DEAD, "form.died_on", "nktNgayChet", "day of death", write=day),
    Field(_DEAD, "form.died_at", "nktGioPhutChet", "time of death"),
    Field(_DEAD, "form.place_unit_code", "nktNoiChet.maXa", "place of death: commune"),
    Field(_DEAD, "form.place_detail", "nktNoiChet.dcChiTiet", "place of death: in words"),
    Field(_DEAD, "form.cause", "nktNguyenNhanChet", "cause of death"),
    _RELATION,
    Field(_NOTICE, "form.notice.electronic_code", "maGBT", "electronic notice: code"),
    Field(
        _NOTICE,
        "form.notice.electronic_issued_on",
        "ngayCapGBT",
        "electronic notice: day of issue",
        write=day,
    ),
    Field(_NOTICE, "form.notice.kind", "gbtLoai", "paper: kind"),
    Field(_NOTICE, "form.notice.number", "gbtSo", "paper: number"),
    Field(_NOTICE, "form.notice.issued_on", "gbtNgay", "paper: day of issue", write=day),
    Field(_NOTICE, "form.notice.issued_by", "gbtCoQuanCap", "paper: issuer"),
)


def _spouse(group: str, path: str, prefix: str) -> tuple[Field, ...]:
    return (
        *person(group, path, prefix),
        Field(
            group,
            f"{path}.marriages_before",
            f"{prefix}SoLanKH",
            "number of this marriage",
            write=lambda before: before + 1,
        ),
        Field(
            group,
            f"{path}.marital_status",
            f"{prefix}LoaiTinhTrangHonNhan",
            "marital status",
            write=one_of(MARITAL_STATUS),
        ),
        Field(
            group,
            f"{path}.marital_status_detail",
            f"{prefix}TinhTrangHonNhan",
            "marital status: in words",
        ),
        Field(
            group,
            f"{path}.status_lookup_asked",
            f"{prefix}YeuCauXNTTHN",
            "look-up of the status asked for",
            write=one_of(YES_NO),
        ),
        Field(
            group,
            f"{path}.status_lookup_unit_code",
            f"{prefix}NoiXNTTHN",
            "commune that confirms the status",
        ),
    )


MARRIAGE = (
    *_spouse("groom `chong`", "form.groom", "chong"),
    *_spouse("bride `vo`", "form.bride", "vo"),
    Field(
        "marriage",
        "form.established_on",
        "ngayXacLapQuanHeHonNhan",
        "day of an earlier registration",
        write=day,
    ),
)
MARITAL_STATUS_CERTIFICATE = (
    *person(_CERTIFIED, "form.person", "nxn", names="ours", sex=True),
    Field(
        _CERTIFIED,
        "form.person.marital_status",
        "nxnLoaiTinhTrangHonNhan",
        "marital status",
        "ours",
        one_of(MARITAL_STATUS),
    ),
    _RELATION,
    Field(_CERTIFIED, "form.purpose", "mucDich", "purpose", "ours"),
    Field(_CERTIFIED, "form.intended_spouse", "nguoiDuDinhKetHon", "intended spouse", "ours"),
)


def _book(group: str, path: str, names: Confidence) -> tuple[Field, ...]:
    return (
        Field(group, f"{path}.number", "soDangKy", "number of the entry", names),
        Field(group, f"{path}.book", "quyenSo", "book", names),
        Field(group, f"{path}.registered_on", "ngayDangKy", "day of the entry", names, day),
    )


CHANGE: Mapping = (
    Field(_CHANGE, "form.matter", "citizenViecDangKy", "matter", write=one_of(_MATTER)),
    Field(_CHANGE, "form.entry.kind", "citizenLoainghiepvu", "kind of entry"),
    *_book(_CHANGE, "form.entry", "found"),
    Field(_CHANGE, "form.entry.unit_code", "maXaDangKy", "commune of the entry", "ours"),
    Field(_CHANGE, "form.entry.place", "noiDangKyTruocDay", "place of the entry", "ours"),
    *person(_CHANGE, "form.person", "ntd", names="ours", sex=True),
    Rows(
        "form.items",
        "noiDungThayDoi",
        (
            Field(_CHANGE, "item", "muc", "item", "ours"),
            Field(_CHANGE, "item_other", "mucKhac", "other item", "ours"),
            Field(_CHANGE, "old_value", "giaTriCu", "old value", "ours"),
            Field(_CHANGE, "new_value", "giaTriMoi", "new value", "ours"),
        ),
    ),
    Field(_CHANGE, "form.ground", "lyDo", "ground", "ours"),
    _RELATION,
)
EXTRACT_COPY = (
    Field(_COPY, "form.record", "loaiTrichLuc", "kind of entry", "ours"),
    Field(_COPY, "form.subject_full_name", "hoTen", "full name", "ours"),
    *_book(_COPY, "form", "found"),
    _RELATION,
)
