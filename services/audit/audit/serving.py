"""The audit's HTTP side: what the archive has, for those who may audit."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request

from audit.resuming import Place, Reached
from plumbing.serving import authenticate
from plumbing.tokens import Client, TokenVerifier

SCOPE = "audit:read"

Allow = Callable[[Request], Awaitable[Client]]


def allowing(verifier: TokenVerifier) -> Allow:
    """Return what tells who asks; it raises a problem unless that one may audit."""

    async def allow(request: Request) -> Client:
        return await authenticate(request, verifier, SCOPE)

    return allow


def add_to(
    app: FastAPI, root: Path, allow: Allow, reached: Callable[[], Mapping[Place, Reached]]
) -> None:
    """Add the routes to the app."""

    @app.get("/v1/audit/archive")
    async def what_the_archive_has(
        client: Annotated[Client, Depends(allow)],
    ) -> dict[str, Any]:
        """Return, per topic-partition, where the archive goes on and what it has."""
        places = sorted(reached().items())
        return {"archive": root.name, "places": [_shown(place, one) for place, one in places]}


def _shown(place: Place, known: Reached) -> dict[str, Any]:
    return {
        "topic": place[0],
        "partition": place[1],
        "next_offset": known.next_offset,
        "records": known.records,
        "newest": known.newest and known.newest.isoformat(),
    }
