"""What portals ask of their deliveries over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Query, Request, Response
from pydantic import StringConstraints

from contracts.model import Contract, PortalReference
from notifier.deliveries import (
    Deliveries,
    DeliveryDesk,
    DeliveryTrace,
    NoSuchDelivery,
    NotNow,
)
from notifier.deliveries_store import Status
from notifier.feed_api import SCOPE, responses
from notifier.redelivering import MOST_A_DAY
from notifier.schedule import RetrySchedule, schedule
from plumbing.documents import PUBLIC
from plumbing.serving import ProblemRaised, authenticate
from plumbing.tokens import TokenVerifier

#: Whoever hands dossiers in may have their callbacks again.
ACT = "submissions:write"

_UNKNOWN = (404, "no-such-delivery", "No such delivery", "This portal has none of that id.")
_NOT_NOW = {
    "under_way": (409, "under-way", "Still under way", "It is still being told; see next_try_at."),
    "too_often": (
        *(429, "too-often", "Too often"),
        f"One step can be asked for {MOST_A_DAY} times a day; the feed has it at any time.",
    ),
}


class Redelivered(Contract):
    """The delivery that tells the step again: its own `webhook-id`, the same `event_id`."""

    id: UUID


def add_deliveries(app: FastAPI, desk: DeliveryDesk, verifier: TokenVerifier) -> None:
    """Add the routes of the deliveries and of their schedule."""

    @app.get(
        "/v1/deliveries",
        response_model=Deliveries,
        response_model_exclude_none=True,
        responses=responses(401, 403, 422, 503),
    )
    async def listed(
        request: Request,
        portal_reference: PortalReference | None = None,
        status: Status | None = None,
        after: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,18}$")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Deliveries:
        """List this portal's callbacks, the oldest first: of one dossier, of one status, or all."""
        portal = (await authenticate(request, verifier, SCOPE)).client_id
        return await desk.page(portal, int(after or 0), limit, status, portal_reference)

    @app.get(
        "/v1/deliveries/{delivery_id}",
        response_model=DeliveryTrace,
        response_model_exclude_none=True,
        responses=responses(401, 403, 404, 503),
    )
    async def one(request: Request, delivery_id: UUID) -> DeliveryTrace:
        """Show a callback with every attempt at it and when the next one is due."""
        portal = (await authenticate(request, verifier, SCOPE)).client_id
        try:
            return await desk.trace(portal, delivery_id)
        except NoSuchDelivery:
            raise ProblemRaised(*_UNKNOWN) from None

    @app.post(
        "/v1/deliveries/{delivery_id}/redeliver",
        status_code=202,
        response_model=Redelivered,
        responses=responses(401, 403, 404, 409, 429, 503),
    )
    async def redeliver(request: Request, response: Response, delivery_id: UUID) -> Redelivered:
        """Send the step of this callback once more, as a message of its own."""
        portal = (await authenticate(request, verifier, ACT)).client_id
        try:
            again = await desk.redeliver(portal, delivery_id)
        except NoSuchDelivery:
            raise ProblemRaised(*_UNKNOWN) from None
        except NotNow as no:
            raise ProblemRaised(*_NOT_NOW[str(no)]) from None
        response.headers["location"] = f"/v1/deliveries/{again}"
        return Redelivered(id=again)

    @app.get("/v1/retry-schedule", response_model=RetrySchedule, openapi_extra=PUBLIC)
    async def retry_schedule() -> RetrySchedule:
        """Say when a callback that did not arrive is tried again; needs no token."""
        return schedule()
