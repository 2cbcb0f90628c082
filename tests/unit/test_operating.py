"""Who acts as an operator: a person, by whatever client they come."""

from typing import Any, cast

import pytest
from fastapi import Request

from plumbing.operating import SCOPE, Operators
from plumbing.serving import ProblemRaised
from plumbing.tokens import Client, TokenVerifier


class Vouched:
    """Knows one client with these claims."""

    def __init__(self, client_id: str, **claims: Any) -> None:
        self._client = Client(client_id, frozenset({SCOPE}), claims)

    async def verify(self, _: str | None) -> Client:
        """Return the client, whatever the token."""
        return self._client


def operators(client_id: str, **claims: Any) -> Operators:
    return Operators(cast(TokenVerifier, Vouched(client_id, **claims)))


def a_request() -> Request:
    return Request(
        {"type": "http", "method": "POST", "headers": [], "path": "/", "query_string": b""}
    )


async def test_given_one_person_by_two_clients_then_they_are_one() -> None:
    by = [await operators(one, sub="thu").of(a_request()) for one in ("desk", "console")]

    assert by == ["thu", "thu"]


@pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": 7}, {"sub": "a\x00"}])
async def test_given_a_token_that_names_no_person_then_it_is_refused(
    claims: dict[str, Any],
) -> None:
    with pytest.raises(ProblemRaised) as refused:
        await operators("desk", **claims).of(a_request())

    assert (refused.value.problem.status, str(refused.value)) == (403, "nobody")
