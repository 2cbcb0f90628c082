"""The exchange names of people: who they are, where they live, what paper they have."""

from registry_sync.eform.fields import Confidence, Field, day, one_of

#: The numbers are ours: the values of the exchange's lists are not known.
SEX = {"male": "1", "female": "2"}
RESIDENCE = {"permanent": "1", "temporary": "2", "current": "3"}
PAPER = {"identity_card": "1", "old_identity_card": "2", "passport": "3", "other": "9"}
MARITAL_STATUS = {"never_married": "1", "divorced": "2", "widowed": "3"}
YES_NO = {True: "1", False: "0"}


def person(
    group: str, path: str, prefix: str, *, names: Confidence = "found", sex: bool = False
) -> tuple[Field, ...]:
    """Return the fields of a person with a number, a residence and a paper.

    `names` is how sure the prefix is; `sex` whether the form asks for it.
    """

    def field(last: str, name: str, english: str, write: object = None) -> Field:
        made = (group, f"{path}.{last}", f"{prefix}{name}", english, names)
        return Field(*made, write) if callable(write) else Field(*made)

    # The exchange code seen names no number of a deceased person.
    numbers = _weaker(names) if prefix == "nkt" else names
    of_sex = (field("sex", "GioiTinh", "sex", one_of(SEX)),) if sex else ()
    return (
        field("full_name", "HoTen", "full name"),
        *of_sex,
        field("born_on", "NgaySinh", "birth date", day),
        field("ethnicity", "DanToc", "ethnicity"),
        field("nationality", "QuocTich", "nationality"),
        Field(group, f"{path}.personal_number", f"{prefix}SoDDCN", "personal number", numbers),
        *residence(group, f"{path}.residence", prefix, names=names),
        *paper(group, f"{path}.paper", prefix, names=names),
    )


def residence(
    group: str, path: str, prefix: str, *, names: Confidence = "found"
) -> tuple[Field, ...]:
    """Return the fields of where someone lives."""
    abroad: Confidence = names if prefix in ("chong", "vo") else _weaker(names)
    return (
        Field(
            group, f"{path}.kind", f"{prefix}LoaiCuTru", "residence kind", names, one_of(RESIDENCE)
        ),
        *address(group, f"{path}.address", f"{prefix}NoiCuTru", "residence", names=names),
        Field(group, f"{path}.abroad", f"{prefix}CuTruNuocNgoai", "residence abroad", abroad),
    )


def address(
    group: str, path: str, name: str, english: str, *, names: Confidence = "found"
) -> tuple[Field, ...]:
    """Return the fields of a place in Vietnam; the district is empty from 2025-07-01."""
    return (
        Field(group, f"{path}.province_code", f"{name}.maTinh", f"{english}: province", names),
        Field(group, f"{path}.district_code", f"{name}.maHuyen", f"{english}: district", names),
        Field(group, f"{path}.unit_code", f"{name}.maXa", f"{english}: commune", names),
        Field(group, f"{path}.detail", f"{name}.dcChiTiet", f"{english}: in words", names),
    )


def paper(group: str, path: str, prefix: str, *, names: Confidence = "found") -> tuple[Field, ...]:
    """Return the fields of an identity paper."""
    weaker = _weaker(names)

    def field(last: str, name: str, english: str, confidence: Confidence) -> Field:
        return Field(group, f"{path}.{last}", f"{prefix}{name}", english, confidence)

    kind = (f"{path}.kind", f"{prefix}LoaiGiayToTuyThan", "identity paper: kind")
    return (
        Field(group, *kind, names, one_of(PAPER)),
        field("kind_other", "GiayToKhac", "identity paper: other kind", names),
        field("number", "SoGiayToTuyThan", "identity paper: number", names),
        Field(
            group,
            f"{path}.issued_on",
            f"{prefix}NgayCapGiayToTuyThan",
            "identity paper: day of issue",
            weaker,
            day,
        ),
        field("issued_by", "NoiCapGiayToTuyThan", "identity paper: issuer", weaker),
    )


def _weaker(names: Confidence) -> Confidence:
    return "derived" if names == "found" else names
