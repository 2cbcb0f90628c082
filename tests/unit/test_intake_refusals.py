"""What a portal is told when its token or its JSON cannot be used: what exactly is wrong."""

from typing import Any

import pytest

from intake.api import party_of
from intake.problems import broken_json
from plumbing.serving import ProblemRaised
from plumbing.strict_json import MOST_DEPTH, BrokenJson, Why, read_json
from plumbing.tokens import Client

GOOD: dict[str, Any] = {"channel": "provincial-portal", "provinces": ["79"]}


@pytest.mark.parametrize(
    ("claims", "fields"),
    [
        (GOOD | {"channel": "national_portal"}, ["channel"]),
        (GOOD | {"provinces": "79"}, ["provinces"]),
        ({"provinces": ["79"]}, ["channel"]),
        ({}, ["channel", "provinces"]),
    ],
)
def test_given_claims_that_cannot_be_used_then_each_is_named(
    claims: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(ProblemRaised) as raised:
        party_of(Client("provincial-79", frozenset(), claims))

    problem = raised.value.problem
    assert (problem.status, [one.field for one in problem.errors]) == (403, fields)
    assert [one.rule for one in problem.errors] == [f"token.{field}" for field in fields]
    if "channel" in fields:
        assert "provincial-portal" in problem.errors[0].detail


def test_given_good_claims_then_they_say_who_the_portal_is() -> None:
    party = party_of(Client("provincial-79", frozenset(), GOOD))

    assert (party.portal, party.channel, party.provinces) == (
        "provincial-79",
        "provincial-portal",
        {"79"},
    )


@pytest.mark.parametrize(
    ("body", "why", "word"),
    [
        (b"{", "syntax", "không phải là JSON"),
        (b'{"a": 1, "a": 1}', "twice", "hai lần"),
        (b"[" * (MOST_DEPTH + 8) + b"]" * (MOST_DEPTH + 8), "bounds", str(MOST_DEPTH)),
    ],
)
def test_given_json_that_is_not_read_then_it_is_said_why(body: bytes, why: Why, word: str) -> None:
    with pytest.raises(BrokenJson) as raised:
        read_json(body)

    assert raised.value.why == why
    assert word in broken_json(why).problem.detail
