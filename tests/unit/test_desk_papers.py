"""Papers of a dossier on its page, where their files are, and the order of a list."""

from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest

from contracts.portal import Attachment
from pages.words import Words
from routing.desk import in_order
from routing.desk_pages.names import Names
from routing.desk_pages.papers import papers_of, size_text
from tests.unit.builders import a_paper, some_particulars
from tests.unit.routing_kit import KNOWN, by_officer, on_desk

WORDS = Words.load(files("routing.desk_pages").joinpath("words"), files("pages").joinpath("words"))
NAMES = Names(KNOWN, "vi", WORDS)
KIND = "birth_notification"


def declared(uri: str) -> Attachment:
    """Return a file at that address."""
    fields = a_paper(KIND).model_dump() | {"uri": uri, "name": "chung-sinh.pdf"}
    return Attachment(**fields)


@pytest.mark.parametrize(
    ("uri", "url", "host"),
    [
        ("https://files.example.org/a/1", "https://files.example.org/a/1", "files.example.org"),
        ("claim://store/0001", "", ""),
        ("s3://store/0001", "", ""),
    ],
)
def test_a_file_has_its_name_kind_size_and_an_address_only_if_a_browser_opens_it(
    uri: str, url: str, host: str
) -> None:
    data = some_particulars().model_copy(update={"attachments": (declared(uri),)})

    (paper,) = papers_of(on_desk().but(particulars=data), by_officer(), NAMES)
    (file,) = paper.files

    assert paper.name == "Giấy chứng sinh"
    assert (file.name, file.media_type, file.size) == ("chung-sinh.pdf", "application/pdf", "1 KB")
    assert (file.url, file.host) == (url, host)


def test_without_personal_data_the_kinds_are_shown_and_no_file() -> None:
    (paper,) = papers_of(on_desk().but(particulars=None), by_officer(), NAMES)

    assert (paper.missing, paper.files) == (False, ())


@pytest.mark.parametrize(
    ("size", "text"),
    [(1, "1 KB"), (999 * 1024, "999 KB"), (1000 * 1024, "1,0 MB"), (5_242_880, "5,0 MB")],
)
def test_a_size_is_said_in_the_unit_people_know(size: int, text: str) -> None:
    assert size_text(size, "vi") == text


def test_what_is_due_at_the_same_moment_stands_by_submission_then_code() -> None:
    def row(code: str, due: int, submitted: int | None) -> dict[str, Any]:
        came = None if submitted is None else datetime(2026, 11, submitted, tzinfo=UTC)
        return {"code": code, "place": datetime(2026, 12, due, tzinfo=UTC), "submitted_at": came}

    rows = [row("E", 2, 1), row("D", 1, None), row("B", 1, 4), row("C", 1, 3), row("A", 1, 4)]

    assert [one["code"] for one in in_order(rows)] == ["C", "A", "B", "D", "E"]
