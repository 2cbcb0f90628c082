"""The feed over HTTP, for the portal the token names."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Request, Response
from pydantic import AwareDatetime

from contracts.portal import PortalFeed, Problem
from notifier.feed import LONGEST_WAIT_SECONDS, CursorGone, Feed, NoSuchCursor, since_of
from plumbing.serving import ProblemRaised, authenticate
from plumbing.tokens import TokenVerifier

SCOPE = "feed:read"
MOST = 1000
#: Before and after them nothing was ever written; at the ends of the calendar nothing can be added.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

_NO_CURSOR = (400, "no-such-cursor", "No such cursor", "Give what an answer called `next`.")
_BOTH = (400, "after-and-since", "Either after or since", "A cursor says where to go on.")
_GONE = {
    "restored": "The updates were restored from a backup: places given before count no more.",
    "no_longer_kept": "What came after this place is no longer kept.",
}


def responses(*statuses: int) -> dict[int | str, dict[str, object]]:
    """Return the problems an operation may answer with, for the document."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"model": Problem, "content": content} for status in statuses}


def add_feed(app: FastAPI, feed: Feed, verifier: TokenVerifier) -> None:
    """Add the route of the feed."""

    @app.get("/v1/feed", response_model=PortalFeed, responses=responses(400, 401, 403, 410, 503))
    async def read(
        request: Request,
        after: Annotated[str, Query(max_length=400)] = "",
        since: Annotated[AwareDatetime | None, Query(ge=EARLIEST, le=LATEST)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
        wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT_SECONDS)] = 0,
    ) -> Response:
        """Give the status updates of this portal's own dossiers after a place, in order.

        Every update comes at least once. Without `after` the feed begins with the oldest update
        kept, or with those written `since`. `wait`: so many seconds, when there is nothing yet.
        """
        portal = (await authenticate(request, verifier, SCOPE)).client_id
        if after and since:
            raise ProblemRaised(*_BOTH)
        try:
            cursor = after or await feed.start(portal, since)
            page = await feed.after(portal, cursor, limit, wait)
        except NoSuchCursor:
            raise ProblemRaised(*_NO_CURSOR) from None
        except CursorGone as gone:
            raise _gone(gone) from None
        link = f"</v1/feed?{urlencode({'after': page.next, 'limit': limit})}>"
        return Response(
            f'{{"items":[{",".join(page.bodies)}],"next":"{page.next}"}}',
            headers={"link": f'{link}; rel="next"', "cache-control": "no-store"},
            media_type="application/json",
        )


def _gone(gone: CursorGone) -> ProblemRaised:
    since = urlencode({"since": since_of(gone).isoformat(timespec="seconds")})
    return ProblemRaised(
        *(410, "cursor-gone", "Start again"),
        f"{_GONE[gone.reason]} Start from `start_from`; what was read before may come again.",
        start_from=f"/v1/feed?{since}",
        reason=gone.reason,
    )
