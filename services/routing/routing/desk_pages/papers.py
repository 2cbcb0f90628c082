"""The papers of a dossier as an officer reads them; their files stay where the portal has them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from contracts.portal import Attachment
from pages.formats import number
from pages.words import Language
from routing.desk_pages.names import Names
from routing.domain import Case, RoutingContext, missing_papers

_KILO = 1024


@dataclass(frozen=True)
class FileShown:
    """A file as its portal declared it; without an address it cannot be opened from here."""

    name: str
    media_type: str
    size: str
    url: str
    host: str


@dataclass(frozen=True)
class PaperShown:
    """A kind of paper, whether it is still missing, and its files while their names are kept."""

    name: str
    missing: bool
    files: tuple[FileShown, ...] = ()


def papers_of(case: Case, context: RoutingContext, names: Names) -> tuple[PaperShown, ...]:
    """Return what is missing, then what is there; names of files are personal data."""
    missing = missing_papers(case, context)
    there = [kind for kind in case.papers if kind not in missing]
    return tuple(
        [PaperShown(names.paper(kind), True) for kind in missing]
        + [PaperShown(names.paper(kind), False, _files(kind, case, names)) for kind in there]
    )


def size_text(size_bytes: int, language: Language) -> str:
    """Return a size in KB, from a thousand of them on in MB; never nothing."""
    kilobytes = max(1, round(size_bytes / _KILO))
    if kilobytes < 1000:
        return f"{kilobytes} KB"
    return f"{number(round(kilobytes / _KILO, 1), language)} MB"


def _files(kind: str, case: Case, names: Names) -> tuple[FileShown, ...]:
    declared = () if case.particulars is None else case.particulars.attachments
    return tuple(_file(one, names) for one in declared if one.kind == kind)


def _file(one: Attachment, names: Names) -> FileShown:
    address = urlsplit(one.uri)
    is_open = address.scheme == "https"
    return FileShown(
        name=one.name,
        media_type=one.media_type,
        size=size_text(one.size_bytes, names.language),
        url=one.uri if is_open else "",
        host=address.netloc if is_open else "",
    )
