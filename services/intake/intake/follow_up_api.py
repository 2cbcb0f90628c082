"""HTTP for portals: add to a dossier what it was asked for, and ask it back."""

from collections.abc import Callable
from typing import Literal
from uuid import UUID

from fastapi import FastAPI, Request, Response
from pydantic import AwareDatetime

from contracts.model import Contract, DossierCode, PortalReference
from contracts.portal import Receipt, Supplement, Withdrawal
from intake import problems
from intake.api import (
    KEY,
    SUBMIT,
    database_may_be_away,
    document_of,
    documented,
    key_of,
    party_of,
)
from intake.declared import is_reference
from intake.openapi import body_of, with_key
from intake.resubmitting import FollowUps
from intake.submitting import Answered
from plumbing.serving import authenticate
from plumbing.tokens import TokenVerifier

_ANSWERS = (400, 401, 403, 404, 409, 413, 422, 503)


class FollowUpReceipt(Contract):
    """The answer to a supplement or a withdrawal; `received_at` is when it came in first."""

    dossier_id: UUID
    dossier_code: DossierCode
    received_at: AwareDatetime
    about: Literal["supplement", "withdrawal"]
    portal_reference: PortalReference


def follow_up_routes(follow_ups: FollowUps, verifier: TokenVerifier) -> Callable[[FastAPI], None]:
    """Return what adds the routes for what follows a submission to an app."""

    def add(app: FastAPI) -> None:
        @app.post(
            "/v1/submissions/{portal_reference:path}/supplements",
            status_code=201,
            response_model=FollowUpReceipt,
            responses=documented(*_ANSWERS),
            openapi_extra=with_key(KEY) | body_of(Supplement),
        )
        async def supplement(request: Request, portal_reference: str) -> Response:
            """Take a supplement; the same key or the same content again give the same answer."""
            party = party_of(await authenticate(request, verifier, SUBMIT))
            _must_be_reference(portal_reference)
            key, document = key_of(request), await document_of(request)
            with database_may_be_away():
                answered = await follow_ups.supplement(party, portal_reference, key, document)
            return _respond(answered)

        @app.post(
            "/v1/submissions/{portal_reference:path}/withdrawal",
            status_code=201,
            response_model=FollowUpReceipt,
            responses=documented(*_ANSWERS),
            openapi_extra=body_of(Withdrawal),
        )
        async def withdraw(request: Request, portal_reference: str) -> Response:
            """Take the request to have a dossier back; asked again, the first answer counts."""
            party = party_of(await authenticate(request, verifier, SUBMIT))
            _must_be_reference(portal_reference)
            document = await document_of(request)
            with database_may_be_away():
                answered = await follow_ups.withdraw(party, portal_reference, document)
            return _respond(answered)

    return add


def _must_be_reference(text: str) -> None:
    if not is_reference(text):
        raise problems.dossier_unknown()


def _respond(answered: Answered) -> Response:
    receipt: Receipt = answered.receipt
    body = FollowUpReceipt.model_validate(receipt.model_dump(exclude={"portal"}))
    headers = {"idempotency-replayed": "true"} if answered.how == "replayed" else {}
    status = 201 if answered.how == "taken" else 200
    return Response(body.model_dump_json(), status, headers, media_type="application/json")
