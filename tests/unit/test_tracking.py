"""The citizen's page without a server: what is typed, how long one waits, what is said."""

import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from contracts.events import EVENTS
from pages.words import Words
from plumbing.addresses import client_address, networks
from routing.domain import TrailEntry
from routing.domain.case import Status
from routing.domain.trail import ON_THE_TRAIL
from routing.tracking.history import _key
from routing.tracking.inputs import neighbours_of, read_code, read_factor
from routing.tracking.limits import PER_ADDRESS, PER_CODE, PER_PAIR, WINDOW, Attempt, Count, wait_of
from routing.tracking.saying import told_to_wait

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
CODE = "H29.26737-261123-0001"
WORDS = Words.load(files("routing.tracking").joinpath("words"), files("pages").joinpath("words"))


@pytest.mark.parametrize(
    "text", [CODE, f"  {CODE.lower()} ", "h29.26737 – 261123 – 0001", CODE.replace("-", "‑")]
)
def test_a_code_is_read_however_it_is_typed(text: str) -> None:
    assert read_code(text) == CODE


@pytest.mark.parametrize("text", ["", "H29", CODE + "'", "<b>", "H29-1-1", "x" * 300, "Ｈ29"])
def test_what_is_no_code_is_none(text: str) -> None:
    assert read_code(text) is None


@given(st.text())
def test_whatever_is_typed_is_read_or_not_without_an_error(text: str) -> None:
    read_code(text)
    assert read_factor(text) is None or len("".join(text.split())) == 6


def count(wrong: int, before: timedelta | None = timedelta(minutes=10)) -> Count:
    return Count(wrong, NOW - timedelta(minutes=30), None if before is None else NOW - before)


def waits(pair: int, code: int = 1, address: int = 1, before: int | None = 600) -> int:
    last = None if before is None else timedelta(seconds=before)
    wait = wait_of(Attempt(count(pair, last), count(code), count(address)), NOW)
    return 0 if wait is None else int(wait.total_seconds())


HALF = int(WINDOW.total_seconds()) // 2


@pytest.mark.parametrize(
    ("counts", "seconds"),
    [
        ((1,), 0),
        ((PER_PAIR,), 0),
        ((PER_PAIR + 1,), HALF),
        ((1, 1, PER_ADDRESS), 0),
        ((1, 1, PER_ADDRESS + 1), HALF),
        ((2, PER_CODE), 0),
        ((2, PER_CODE + 1), HALF),
        ((1, PER_CODE + 1000), 0),
        ((2, 2, 2, 0), 0),
        ((3, 3, 3, 4), 1),
        ((3, 3, 3, 5), 0),
        ((4, 4, 4, 14), 1),
        ((5, 5, 5, 59), 1),
        ((5, 5, 5, 60), 0),
        ((1, 1, 1, None), 0),
    ],
)
def test_so_long_one_waits(counts: Any, seconds: int) -> None:
    assert waits(*counts) == seconds


def request(peer: str, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    return Request({"type": "http", "client": (peer, 1), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", (), "192.0.2.1"),
        ("192.0.2.1", ("203.0.113.9",), "192.0.2.1"),
        ("10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("1.2.3.4, 203.0.113.9",), "203.0.113.9"),
        ("10.0.0.1", ("1.2.3.4", "203.0.113.9, 10.0.0.2"), "203.0.113.9"),
        ("10.0.0.1", ("nonsense",), "10.0.0.1"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", (), "2001:db8:1::/56"),
        ("2001:db8:1:ff:3:4:5:6", (), "2001:db8:1::/56"),
        ("fe80::1%eth0", (), "fe80::/56"),
        ("::ffff:192.0.2.1", (), "192.0.2.1"),
        ("::ffff:10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
    ],
)
def test_attempts_count_against_the_client_that_our_own_proxies_name(
    peer: str, forwarded: tuple[str, ...], address: str
) -> None:
    assert client_address(request(peer, *forwarded), networks("10.0.0.0/8")) == address


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1::/56", "2001:db8:1::/48"),
        ("2001:db8:1:ff00::/56", "2001:db8:1::/48"),
        ("2001:db8:2::/56", "2001:db8:2::/48"),
        ("a socket", "a socket"),
    ],
)
def test_attempts_about_one_code_count_against_all_homes_of_one_site(
    address: str, counted: str
) -> None:
    assert neighbours_of(address) == counted


def test_every_status_is_said_in_both_languages() -> None:
    standing = {*get_args(Status), "received_again", "in_doubt"}
    parts = ("now", "then", "todo")

    assert {f"tracking.{part}.{key}" for part in parts for key in standing} <= WORDS.keys()


def test_every_event_of_the_trail_is_said_in_both_languages() -> None:
    notes = ("supplement x", "refused x", "wrong_authority x", "apology x", "verification x", "")
    entries = [
        TrailEntry(NOW, data.service, data.name, note=note)
        for data in EVENTS
        if data in ON_THE_TRAIL
        for note in notes
        if (data.name == "returned") == (note.split(" ")[0] in ("supplement", "refused"))
        if (data.name == "rescheduled") == (note.split(" ")[0] in ("apology", "verification"))
        if note != "wrong_authority x"
    ]

    assert len(entries) > len(ON_THE_TRAIL)
    for entry in entries:
        assert f"tracking.event.{_key(entry)}" in WORDS


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (0.2, ("later_seconds", {"seconds": "1"})),
        (5, ("later_seconds", {"seconds": "5"})),
        (14.2, ("later_seconds", {"seconds": "15"})),
        (60, ("later_seconds", {"seconds": "60"})),
        (60.5, ("later", {"minutes": "2"})),
        (1800, ("later", {"minutes": "30"})),
    ],
)
def test_a_wait_is_told_as_long_as_it_is(wait: float, said: tuple[str, dict[str, str]]) -> None:
    told = told_to_wait(timedelta(seconds=wait))

    assert (told.key, told.places) == (f"tracking.form.{said[0]}", said[1])
    assert told.key in WORDS


def test_the_code_that_is_shown_as_an_example_is_one_of_ours() -> None:
    for key in ("tracking.form.code_hint", "tracking.form.code_error"):
        found = re.findall(r"H00\.\S*\d", WORDS.say("vi", key))
        assert found == ["H00.12345-260101-0001"]
        assert read_code(found[0]) == found[0]
