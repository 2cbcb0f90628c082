"""A place on a list as it stands in an address: read again, or nobody's."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID

import pytest

from routing.desk import Place


def test_a_place_is_read_as_it_was_written() -> None:
    place = Place(datetime(2026, 11, 24, 8, tzinfo=UTC), UUID(int=7))

    assert Place.read(place.text()) == place


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-11-24T08:00:00", "now"]
)
def test_given_a_moment_no_list_has_then_it_is_no_place(at: str) -> None:
    text = urlsafe_b64encode(f"{at} {UUID(int=7)}".encode()).decode()

    assert Place.read(text) is None
