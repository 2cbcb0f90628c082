"""The one place where routes for operators are attached to a service."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import structlog
from fastapi import FastAPI, Request

from plumbing.serving import ProblemRaised, authenticate
from plumbing.settings import CommonSettings
from plumbing.tokens import TokenVerifier

SCOPE = "operate"
_NOBODY = (403, "nobody", "Not allowed", "The token names no person in `sub`.")

log = structlog.get_logger()


@dataclass(frozen=True)
class Operators:
    """Knows the operator behind a request."""

    verifier: TokenVerifier

    async def of(self, request: Request) -> str:
        """Return the person who asks, the token's `sub`; raises a 401, 403 or 503 problem.

        By whatever client they come, one person stays one; the client is in the log.
        """
        client = await authenticate(request, self.verifier, SCOPE)
        person = client.claims.get("sub")
        if not isinstance(person, str) or not person or not person.isprintable():
            raise ProblemRaised(*_NOBODY)
        if request.method != "GET":
            log.info("operator_acts", client=client.client_id)
        return person


#: Adds routes that only operators may use; `Assembly.operating` holds a service's own.
AddRoutes: TypeAlias = Callable[[FastAPI, Operators], None]


def attach(app: FastAPI, settings: CommonSettings, adders: Iterable[AddRoutes]) -> None:
    """Add the routes of every adder to the app; one verifier serves them all."""
    verifier = TokenVerifier(settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url)
    for add in adders:
        add(app, Operators(verifier))
