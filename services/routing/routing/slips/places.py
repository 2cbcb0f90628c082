"""What an authority is called on a paper, and where it is."""

from dataclasses import dataclass
from datetime import date

from reference import Reference

#: The kinds of place a name begins with; before a proper name they are not written.
_KINDS = ("phường", "xã", "thị trấn", "đặc khu", "quận", "huyện", "thị xã", "thành phố")


@dataclass(frozen=True)
class Place:
    """An authority as a paper names it.

    `authority` is its name in a sentence, `unit` that of the unit it is of, `locality` what a paper
    of it is dated from.
    """

    authority: str
    unit: str
    locality: str
    province: str


def place_of(unit_code: str, on: date, reference: Reference) -> Place:
    """Return what the authority of that unit is called on that day.

    A unit that is no more keeps its last name; an unknown one is called by its code.

    Source: NĐ 30/2020/NĐ-CP, Phụ lục I (địa danh).
    """
    unit = reference.unit(unit_code, on) or reference.units.last(unit_code)
    if unit is None:
        return Place(f"Ủy ban nhân dân ({unit_code})", unit_code, unit_code, "")
    province = reference.province(unit.province_code, on)
    kind, name = _parts(unit.name)
    called = f"{kind} {name}".strip()
    return Place(
        authority=f"Ủy ban nhân dân {called}",
        unit=called,
        locality=unit.name if name[:1].isdigit() else name,
        province=province.name if province else "",
    )


def _parts(name: str) -> tuple[str, str]:
    """Return kind and proper name; the kind keeps its capital before a number (`Phường 1`)."""
    for kind in _KINDS:
        proper = name[len(kind) + 1 :]
        if name.lower().startswith(f"{kind} ") and proper:
            return (name[: len(kind)] if proper[0].isdigit() else kind), proper
    return "", name
