"""The papers of a dossier, as a slip names them."""

from collections.abc import Iterable

from reference import Reference

_OTHER = "Giấy tờ khác"


def paper_names(kinds: Iterable[str], reference: Reference) -> tuple[str, ...]:
    """Return the papers in Vietnamese, each once, in their order; an unknown one is `Giấy tờ khác`.

    Source: Luật Hộ tịch 2014; the attachments of the procedures.
    """
    rows = (reference.paper(kind) for kind in kinds)
    return tuple(dict.fromkeys(row.name_vi if row else _OTHER for row in rows))
