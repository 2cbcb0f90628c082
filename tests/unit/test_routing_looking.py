"""Looks at a dossier as officers and citizens read them: of one person and hour together."""

from datetime import UTC, date, datetime
from importlib.resources import files

from pages.words import Words
from routing.desk_pages.dossier import readings
from routing.desk_pages.names import Names
from routing.desk_store import Access
from routing.looking import by_hour
from routing.tracking.history import seen_of
from routing.tracking.saying import Said, Speaker
from routing.tracking.store import Look
from tests.unit.routing_kit import KNOWN

WORDS = Words.load(files("routing.desk_pages").joinpath("words"), files("pages").joinpath("words"))
UNIT, OTHER = "26737", "26740"


def at(hour: int, minute: int) -> datetime:
    """Return a moment of 27 November 2026 in Vietnam, by its hour there."""
    return datetime(2026, 11, 27, hour - 7, minute, tzinfo=UTC)


def test_looks_of_an_officer_within_an_hour_are_one_with_how_often_and_when():
    looks = [
        Access("officer-1", UNIT, "page", at(10, 0)),
        Access("officer-1", UNIT, "page", at(9, 59)),
        Access("officer-1", UNIT, "slip:acceptance:last", at(9, 30)),
        Access("officer-1", UNIT, "page", at(9, 0)),
        Access("officer-2", UNIT, "page", at(9, 0)),
    ]

    rows = readings(looks, Names(KNOWN, "vi", WORDS), date(2026, 11, 27))

    assert [(one.count, one.when, one.what) for one in rows] == [
        (1, "10:00 Thứ Sáu, 27/11/2026", "Trang hồ sơ"),
        (3, "09:00–10:00 Thứ Sáu, 27/11/2026", "Trang hồ sơ, Phiếu in"),
        (1, "09:00 Thứ Sáu, 27/11/2026", "Trang hồ sơ"),
    ]


def test_the_citizen_reads_looks_of_a_unit_together_and_another_between_them_apart():
    looks = [
        Look(at(9, 50), UNIT, "page"),
        Look(at(9, 40), UNIT, "page"),
        Look(at(9, 30), OTHER, "page"),
        Look(at(9, 20), UNIT, "page"),
        Look(at(9, 10), "", "tracking"),
    ]

    rows = seen_of(looks, Speaker("vi", KNOWN))

    assert [(one.count, one.at.partition(" ")[0]) for one in rows] == [
        (2, "09:00–10:00"),
        (1, "09:30"),
        (1, "09:20"),
        (1, "09:10"),
    ]
    assert rows[0].what == (Said("tracking.what.particulars"),)
    assert rows[-1].who == Said("tracking.who.citizen")


def test_the_last_hour_of_a_day_ends_at_midnight_and_no_look_is_lost():
    looks = [Look(at(23, 5), UNIT, "page"), Look(at(23, 1), UNIT, "page")]

    (hour,) = by_hour(looks, lambda look: look.unit_code)

    assert hour.when("vi") == "23:00–00:00 Thứ Sáu, 27/11/2026"
    assert hour.count == len(looks)
    assert by_hour([], lambda look: look) == []
