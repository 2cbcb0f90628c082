"""Dates known in part: what they may have been, and how they are read and written."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from contracts.forms import PartialDate

DATE = TypeAdapter(PartialDate)
TODAY = date(2026, 11, 24)
DAYS = st.dates(date(1800, 1, 1), date(9999, 12, 31))


@st.composite
def partial_dates(draw: st.DrawFn) -> tuple[PartialDate, date]:
    """Return a date known in part, and the day it is the part of."""
    day = draw(DAYS)
    known = draw(st.integers(1, 3))
    return PartialDate(*(day.year, day.month, day.day)[:known]), day


def read(text: Any, today: date | None = None) -> PartialDate:
    return DATE.validate_json(json.dumps(text), strict=True, context={"today": today})


def rule_of(text: Any, today: date | None = None) -> str:
    with pytest.raises(ValidationError) as caught:
        read(text, today)
    return str(caught.value.errors()[0]["type"])


@given(partial_dates())
def test_given_any_partial_date_then_it_is_read_as_it_was_written(pair):
    partial, _ = pair

    assert read(str(partial)) == partial
    assert DATE.dump_python(partial, mode="json") == str(partial)
    assert DATE.validate_python(DATE.dump_python(partial)) == partial


@given(partial_dates())
def test_given_a_day_then_it_lies_between_the_first_and_the_last_it_may_be(pair):
    partial, day = pair

    assert partial.earliest() <= day <= partial.latest()
    assert (partial.full is None) == (partial.day is None)
    assert partial.full in (None, day)


@given(partial_dates())
def test_given_the_first_and_last_day_then_both_have_the_parts_that_are_known(pair):
    partial, _ = pair

    for day in (partial.earliest(), partial.latest()):
        assert day.isoformat().startswith(str(partial))


@given(partial_dates(), DAYS)
def test_given_a_day_outside_then_it_does_not_have_the_parts_that_are_known(pair, day):
    partial, _ = pair

    inside = partial.earliest() <= day <= partial.latest()
    assert inside == day.isoformat().startswith(str(partial))


@given(DAYS)
def test_given_a_full_day_of_old_documents_then_it_is_read_as_that_day(day):
    assert read(day.isoformat()).full == day


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("1950", date(1950, 1, 1), date(1950, 12, 31)),
        ("1950-02", date(1950, 2, 1), date(1950, 2, 28)),
        ("1952-02", date(1952, 2, 1), date(1952, 2, 29)),
        ("1952-02-29", date(1952, 2, 29), date(1952, 2, 29)),
        ("1900-02", date(1900, 2, 1), date(1900, 2, 28)),
        ("9999", date(9999, 1, 1), date(9999, 12, 31)),
    ],
)
def test_given_a_partial_date_then_the_month_ends_when_the_calendar_says(text, earliest, latest):
    partial = PartialDate.parse(text)

    assert (partial.earliest(), partial.latest()) == (earliest, latest)


@pytest.mark.parametrize(
    "text",
    [
        *("", "195", "19500", "1950-", "1950-3", "1950-00", "1950-13", "1950-02-30", "0000"),
        *(
            "1951-02-29",
            "1950-03-00",
            "03.1950",
            "1950/03",
            " 1950",
            "1950\n",
            "１９５０",
            "1950-03-21T00",
        ),
    ],
)
def test_given_what_is_no_date_then_it_is_refused_without_being_quoted(text):
    assert rule_of(text) == "partial_date_parsing"
    with pytest.raises(ValueError, match=r"^(not a year|(day|month|year) )"):
        PartialDate.parse(text)


@pytest.mark.parametrize("value", [1950, 19500321, True, None, ["1950"], {"year": 1950}])
def test_given_what_is_no_text_then_it_is_refused(value):
    assert rule_of(value) == "string_type"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("1799", "date_too_old"),
        ("1799-12-31", "date_too_old"),
        ("1800", None),
        ("1800-01-01", None),
    ],
)
def test_given_a_date_then_1800_is_the_first_year(text, rule):
    assert rule is None or rule_of(text) == rule
    assert rule is not None or str(read(text)) == text


@pytest.mark.parametrize(
    ("text", "is_future"),
    [
        ("2026-11-24", False),
        ("2026-11-25", True),
        ("2026-11", False),
        ("2026-12", True),
        ("2026", False),
        ("2027", True),
    ],
)
def test_given_a_date_then_it_is_in_the_future_only_if_every_day_it_may_be_is(text, is_future):
    assert not is_future or rule_of(text, TODAY) == "date_in_future"
    assert is_future or str(read(text, TODAY)) == text
    assert str(read(text)) == text


@given(partial_dates())
def test_given_the_schema_then_what_is_written_is_valid_by_it(pair):
    partial, _ = pair

    Draft202012Validator(DATE.json_schema()).validate(str(partial))
