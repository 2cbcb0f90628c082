"""HTTP for portals: hand in, read the receipt, have the personal data erased."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from re import fullmatch
from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

import structlog
from fastapi import FastAPI, Request, Response
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from contracts.model import Contract, DossierCode, PortalReference
from contracts.portal import Problem, Receipt, Submission
from intake import problems
from intake.declared import is_reference
from intake.domain import Party
from intake.openapi import body_of, with_bodies, with_key
from intake.submitting import Counter
from plumbing.database import TRANSIENT
from plumbing.logs import describe
from plumbing.serving import authenticate
from plumbing.strict_json import BrokenJson, read_json
from plumbing.tokens import Client, TokenVerifier

log = structlog.get_logger()

SUBMIT = "submissions:write"
OPERATE = "operate"

#: What an Idempotency-Key is made of.
KEY = r"[\x21-\x7e]{1,128}"
_PARTY = TypeAdapter(Party)


class SubmissionReceipt(Contract):
    """The answer to a submission: the dossier's id and its secret code, status 1 (new)."""

    dossier_id: UUID
    dossier_code: DossierCode
    received_at: AwareDatetime
    status: Literal[1] = 1
    portal_reference: PortalReference


def routes(counter: Counter, verifier: TokenVerifier) -> Callable[[FastAPI], None]:
    """Return what adds the intake's routes to an app."""

    def add(app: FastAPI) -> None:
        @app.post(
            "/v1/submissions",
            status_code=201,
            response_model=SubmissionReceipt,
            responses=documented(400, 401, 403, 409, 413, 422, 503),
            openapi_extra=with_key(KEY) | body_of(Submission),
        )
        async def submit(request: Request) -> Response:
            """Take a submission; the same key and body again give the same answer."""
            party = party_of(await authenticate(request, verifier, SUBMIT))
            key = key_of(request)
            document = await document_of(request)
            with database_may_be_away():
                answered = await counter.hand_in(party, key, document)
            reference = answered.receipt.portal_reference
            headers = {"location": f"/v1/submissions/{quote(reference, safe='')}"}
            if answered.how == "replayed":
                headers["idempotency-replayed"] = "true"
            return _respond(answered.receipt, 201 if answered.how == "taken" else 200, headers)

        @app.get(
            "/v1/submissions/{portal_reference:path}",
            response_model=SubmissionReceipt,
            responses=documented(401, 403, 404, 503),
        )
        async def receipt(request: Request, portal_reference: str) -> Response:
            """Return the receipt of what this client submitted under that reference."""
            party = party_of(await authenticate(request, verifier, SUBMIT))
            if not is_reference(portal_reference):
                raise problems.not_found()
            with database_may_be_away():
                found = await counter.receipt(party.portal, portal_reference)
            return _respond(found, 200, {})

        @app.delete(
            "/v1/dossiers/{dossier_id}/particulars",
            status_code=204,
            responses=documented(401, 403, 404, 503),
        )
        async def erase(request: Request, dossier_id: UUID) -> Response:
            """Erase the personal data of a dossier everywhere; again does no harm."""
            client = await authenticate(request, verifier, OPERATE)
            with database_may_be_away():
                erased = await counter.erase(dossier_id, client.client_id)
            outcome = "erased" if erased else "erased_before"
            log.info(
                "particulars_erased",
                dossier_id=str(dossier_id),
                client=client.client_id,
                outcome=outcome,
            )
            return Response(status_code=204)

        app.openapi = with_bodies(app)  # type: ignore[method-assign]

    return add


def party_of(client: Client) -> Party:
    """Return who a token's client speaks as; raises a 403 problem when it does not say."""
    claims = client.claims
    try:
        return _PARTY.validate_python(
            {
                "portal": client.client_id,
                "channel": claims.get("channel"),
                "provinces": claims.get("provinces"),
            }
        )
    except ValidationError as error:
        wrong = {str(fault["loc"][0]) for fault in error.errors() if fault["loc"]}
        raise problems.claims_unusable(wrong) from None


def key_of(request: Request) -> str:
    """Return the Idempotency-Key of a request; raises a 400 problem if it cannot be used."""
    given = request.headers.getlist("idempotency-key")
    if len(given) != 1 or not fullmatch(KEY, given[0]):
        raise problems.key_unusable()
    return given[0]


async def document_of(request: Request) -> Any:
    """Return the JSON document in the body; raises a 400 problem if it is none."""
    try:
        return read_json(await request.body())
    except BrokenJson as error:
        raise problems.broken_json(error.why) from None


def _respond(receipt: Receipt, status: int, headers: dict[str, str]) -> Response:
    body = SubmissionReceipt(
        dossier_id=receipt.dossier_id,
        dossier_code=receipt.dossier_code,
        received_at=receipt.received_at,
        portal_reference=receipt.portal_reference,
    )
    return Response(body.model_dump_json(), status, headers, media_type="application/json")


@contextmanager
def database_may_be_away() -> Iterator[None]:
    """Turn what passes by itself into a 503 problem: the same request may come again."""
    try:
        yield
    except TRANSIENT as error:
        log.warning("request_waits_for_database", error=describe(error))
        raise problems.database_away() from None


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problem answers of an operation, for the OpenAPI document."""
    return {status: {"model": Problem} for status in statuses}
