"""An entry of the register's book on the control sheet, and what a correction changed."""

from contracts.model import local_day
from reference import Reference
from routing.domain.book_notes import NotedEntry, noted_entry
from routing.domain.trail import TrailEntry
from routing.slips.places import place_of

#: The events that say an entry.
IN_THE_BOOK = frozenset({"registered", "registration_corrected"})


def entry_text(entry: TrailEntry, before: TrailEntry | None, reference: Reference) -> str:
    """Return the entry in Vietnamese, and of a correction what stood there before.

    Of what a note of before does not say, nothing is compared.
    """
    said = noted_entry(entry.note)
    if said is None:
        return ""
    text = ", ".join(_parts(said).values())
    text = f"{text[:1].upper()}{text[1:]}"
    was = noted_entry(before.note) if before else None
    if before is None or was is None:
        return text
    changed = _changed(said, was)
    if before.unit_code != entry.unit_code:
        changed.append(
            f"nơi đăng ký {place_of(before.unit_code, local_day(before.at), reference).unit}"
        )
    return f"{text}; trước khi sửa: {', '.join(changed)}" if changed else text


def _parts(entry: NotedEntry) -> dict[str, str]:
    parts = {"number": f"số {entry.number}", "book": f"quyển {entry.book}"}
    if entry.page is not None:
        parts["page"] = f"trang {entry.page}"
    if entry.registered_on is not None:
        parts["day"] = f"ngày {entry.registered_on:%d/%m/%Y}"
    return parts


def _changed(said: NotedEntry, was: NotedEntry) -> list[str]:
    """Return what stood there before, where it is known and was something else."""
    new, old = _parts(said), _parts(was)
    if was.registered_on is not None and said.registered_on is not None:
        old.setdefault("page", "không ghi trang")
        new.setdefault("page", "không ghi trang")
    return [old[name] for name in new if name in old and new[name] != old[name]]
