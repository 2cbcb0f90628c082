"""What an officer is shown of a submission: late, or with a foreign element."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.portal import Submission
from intake.flags import flags_of
from reference import load
from tests.unit.intake_kit import a_birth, a_change, a_death, a_marriage

LAW = load()
LATE, FOREIGN = "late_registration", "foreign_element"


def flags(document: dict[str, Any], on: date) -> tuple[str, ...]:
    return flags_of(Submission.model_validate(document), LAW, on)


def a_birth_of(born_on: str, **changes: Any) -> dict[str, Any]:
    document = a_birth(**changes)
    document["form"] = document["form"] | {
        "child": document["form"]["child"] | {"born_on": born_on}
    }
    return document


@pytest.mark.parametrize(
    ("on", "found"),
    [
        (date(2026, 1, 1), ()),
        (date(2026, 3, 1), ()),
        (date(2026, 3, 2), ()),
        (date(2026, 3, 3), (LATE,)),
    ],
)
def test_given_a_birth_on_new_years_day_then_the_sixtieth_day_is_the_last_on_time(on, found):
    assert flags(a_birth_of("2026-01-01"), on) == found


@pytest.mark.parametrize(("on", "found"), [(date(2026, 11, 16), ()), (date(2026, 11, 17), (LATE,))])
def test_given_a_death_on_the_first_then_the_fifteenth_day_is_the_last_on_time(on, found):
    assert flags(a_death("1950", "2026-11-01"), on) == found


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 400))
def test_given_any_event_then_it_is_late_from_day_61_or_day_16_on(happened, days):
    on = happened + timedelta(days=days)

    birth = flags(a_birth_of(happened.isoformat()), on)
    death = flags(a_death("1850", happened.isoformat()), on)

    assert birth == ((LATE,) if days > 60 else ())
    assert death == ((LATE,) if days > 15 else ())


@pytest.mark.parametrize(
    ("died_on", "on", "found"),
    [
        ("2026-10", date(2026, 11, 15), ()),
        ("2026-10", date(2026, 11, 16), (LATE,)),
        ("2025", date(2026, 1, 15), ()),
        ("2025", date(2026, 1, 16), (LATE,)),
    ],
)
def test_given_a_death_known_in_part_then_its_last_possible_day_counts(died_on, on, found):
    assert flags(a_death("1950", died_on), on) == found


@pytest.mark.parametrize(
    ("procedure_code", "found"),
    [("1.001193", (LATE,)), ("1.004772", (LATE,)), ("1.004884", ())],
)
def test_given_what_is_registered_again_then_it_is_not_late(procedure_code, found):
    document = a_birth_of("1990-01-01", procedure_code=procedure_code)

    assert flags(document, date(2026, 11, 24)) == found


def test_given_both_then_the_flags_are_sorted():
    document = a_birth_of("2020-01-01", procedure_code="2.000528")
    document["form"]["mother"] |= {"nationality": "LA"}

    assert flags(document, date(2026, 11, 24)) == (FOREIGN, LATE)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (a_marriage({}, {}), ()),
        (a_marriage({"nationality": "LA"}, {}), (FOREIGN,)),
        (a_change("correction", "sex"), ()),
        (a_birth(form={"kind": "legacy", "register_holds_form": True}), ()),
    ],
)
def test_given_other_forms_then_only_what_is_foreign_is_flagged(document, found):
    assert flags(document, date(2026, 11, 24)) == found
