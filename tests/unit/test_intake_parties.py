"""Who a token's client speaks as: its own claims, complete or not at all."""

from typing import Any

import pytest

from intake.api import party_of
from intake.domain import Party
from plumbing.serving import ProblemRaised
from plumbing.tokens import Client


def a_client(client_id: str = "provincial-portal-79", **claims: Any) -> Client:
    """Return a client whose token says this."""
    return Client(client_id, frozenset({"submissions:write"}), claims)


def test_given_channel_and_provinces_then_the_client_id_is_the_portal():
    assert party_of(a_client(channel="provincial-portal", provinces=["79"])) == Party(
        "provincial-portal-79", "provincial-portal", frozenset({"79"})
    )


@pytest.mark.parametrize(
    "client",
    [
        a_client(),
        a_client(channel="national-portal"),
        a_client(provinces=["*"]),
        a_client(channel="other", provinces=["*"]),
        a_client(channel="national-portal", provinces="*"),
        a_client(channel="national-portal", provinces=[79]),
        a_client("Portal Ä", channel="national-portal", provinces=["*"]),
    ],
)
def test_given_a_token_that_does_not_say_what_it_may_then_it_is_forbidden(client):
    with pytest.raises(ProblemRaised) as raised:
        party_of(client)

    assert raised.value.problem.status == 403


@pytest.mark.parametrize(
    ("provinces", "speaks"), [({"*"}, True), ({"79", "48"}, True), ({"48"}, False), (set(), False)]
)
def test_given_provinces_then_a_party_speaks_for_these_or_for_all(provinces, speaks):
    party = Party("a-portal", "national-portal", frozenset(provinces))

    assert party.speaks_for("79") is speaks
