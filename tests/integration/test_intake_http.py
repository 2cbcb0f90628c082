"""The intake over real HTTP with real tokens: every answer a portal can get."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import uvicorn
from yarl import URL

from intake.api import routes
from intake.domain import dossier_id_of
from intake.follow_up_api import follow_up_routes
from intake.importing.api import import_routes
from plumbing.serving import Health, make_app
from plumbing.tokens import TokenVerifier
from tests.integration.intake_kit import Intake, an_intake
from tests.integration.sandbox_process import a_sandbox, free_port
from tests.unit.intake_kit import a_birth

RECEIPT = {
    "dossier_id": str(dossier_id_of("national-portal", "DVCQG-1")),
    "dossier_code": "H29.25747-261124-0001",
    "received_at": "2026-11-24T01:00:00Z",
    "status": 1,
    "portal_reference": "DVCQG-1",
}


@dataclass
class Portal:
    """A client of the intake with tokens of the sandbox; answers are (status, headers, body)."""

    intake: Intake
    http: aiohttp.ClientSession
    tokens: dict[str, str]

    async def ask(
        self, method: str, path: str, *, token: str = "national-portal", **more: Any
    ) -> tuple[int, Any, Any]:
        headers = {"authorization": f"Bearer {self.tokens.get(token, token)}"}
        headers |= more.pop("headers", {})
        async with self.http.request(method, path, headers=headers, **more) as response:
            text = await response.text()
            return response.status, response.headers, json.loads(text) if text else None

    async def post(self, document: Any, key: str = "k", **more: Any) -> tuple[int, Any, Any]:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        headers = {"idempotency-key": key} | more.pop("headers", {})
        return await self.ask("POST", "/v1/submissions", data=body, headers=headers, **more)


@asynccontextmanager
async def served(intake: Intake, verifier: TokenVerifier) -> AsyncIterator[str]:
    """Serve the intake's routes on a free port; gives the url."""
    app, port = make_app("intake", Health()), free_port()
    for add in (
        routes(intake.counter, verifier),
        follow_up_routes(intake.follow_ups, verifier),
        import_routes(intake.importer, verifier),
    ):
        add(app)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off")
    )
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


async def token_of(sandbox: Any, client: str, password: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": password}
    status, body = await sandbox.post("/oauth/token", data=form)
    assert status == 200
    return str(body["access_token"])


@dataclass
class Issuer:
    """Who the intake believes, and a token for each client."""

    verifier: TokenVerifier
    tokens: dict[str, str]


@pytest.fixture(scope="module")
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Issuer]:
    """Give the sandbox's token issuer."""
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        tokens = {
            "national-portal": await token_of(sandbox, "national-portal", "portal-password"),
            "operator": await token_of(sandbox, "operator", "operator-password"),
        }
        verifier = TokenVerifier(sandbox.url, "hotich", f"{sandbox.url}/oauth/jwks.json")
        yield Issuer(verifier, tokens)


@pytest.fixture
async def portal(database: str, issuer: Issuer) -> AsyncIterator[Portal]:
    """Give a client of an intake that believes the sandbox's tokens."""
    async with (
        an_intake(database) as intake,
        served(intake, issuer.verifier) as url,
        aiohttp.ClientSession(url) as http,
    ):
        yield Portal(intake, http, issuer.tokens)


def problem(body: Any) -> tuple[str, list[str]]:
    return body["type"].rpartition("/")[2], [one["field"] for one in body["errors"]]


async def test_given_a_submission_then_created_with_its_place_and_replayed_for_the_same_key(portal):
    first = await portal.post(a_birth())
    again = await portal.post(a_birth())

    assert (first[0], first[2], first[1]["location"]) == (
        201,
        RECEIPT,
        "/v1/submissions/DVCQG-1",
    )
    assert "idempotency-replayed" not in first[1]
    assert (again[0], again[2], again[1]["idempotency-replayed"]) == (200, RECEIPT, "true")


async def test_given_the_same_reference_under_another_key_then_its_receipt_or_a_conflict(portal):
    await portal.post(a_birth())

    same = await portal.post(a_birth(), "k2")
    other = await portal.post(a_birth(notify_by=[]), "k3")

    assert (same[0], same[2], "idempotency-replayed" in same[1]) == (200, RECEIPT, False)
    assert (other[0], problem(other[2])) == (409, ("reference-used", []))


async def test_given_the_same_key_with_another_body_then_a_problem_says_so(portal):
    await portal.post(a_birth())

    status, headers, body = await portal.post(a_birth("DVCQG-2"))

    assert (status, problem(body)) == (422, ("idempotency-key-reused", []))
    assert headers["content-type"] == "application/problem+json"


async def test_given_a_place_with_a_slash_then_its_receipt_is_read_there(portal):
    _, headers, sent = await portal.post(a_birth("DVCQG/2026/1"))

    assert await read(portal, headers["location"]) == (200, sent)
    assert await read(portal, "/v1/submissions/DVCQG/2026/1") == (200, sent)


async def read(portal: Portal, path: str) -> tuple[int, Any]:
    status, _, body = await portal.ask("GET", URL(path, encoded=True))
    return status, body


async def test_given_what_was_never_submitted_then_it_is_not_found(portal):
    for path in ("/v1/submissions/DVCQG-9", "/v1/submissions/%C3%A9"):
        status, body = await read(portal, path)
        assert (status, problem(body)) == (404, ("not-found", []))


async def test_given_wrong_fields_then_all_are_told_and_a_corrected_one_uses_the_key(portal):
    status, headers, body = await portal.post(a_birth(unit_code="20194", colour="red"))

    assert (status, problem(body)) == (422, ("submission-invalid", ["colour", "unit_code"]))
    assert headers["content-type"] == "application/problem+json"
    assert (await portal.post(a_birth()))[0] == 201


@pytest.mark.parametrize("key", ["", "two words", "x" * 129, "khóa"])
async def test_given_an_unusable_key_then_a_problem_says_so(portal, key):
    status, _, body = await portal.post(a_birth(), key)

    assert (status, problem(body)) == (400, ("idempotency-key-unusable", []))


async def test_given_no_key_then_a_problem_says_so(portal):
    status, _, body = await portal.ask("POST", "/v1/submissions", json=a_birth())

    assert (status, problem(body)) == (400, ("idempotency-key-unusable", []))


async def test_given_a_key_of_128_characters_then_it_is_taken(portal):
    assert (await portal.post(a_birth(), "x" * 128))[0] == 201


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 1000])
async def test_given_broken_json_then_a_problem_says_so(portal, body):
    status, _, answer = await portal.post(body)

    assert (status, problem(answer)) == (400, ("broken-json", []))


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1000):
        yield b" " * 1000


@pytest.mark.parametrize("body", [io.BytesIO(b" " * 2_000_000), in_pieces(2_000_000)])
async def test_given_two_megabytes_then_they_are_not_taken(portal, body):
    headers = {"idempotency-key": "k"}
    status, _, answer = await portal.ask("POST", "/v1/submissions", data=body, headers=headers)

    assert (status, problem(answer)) == (413, ("body-too-large", []))


@pytest.mark.parametrize(
    ("token", "answer"),
    [("nonsense", (401, "unauthenticated")), ("operator", (403, "scope-missing"))],
)
async def test_given_a_wrong_token_then_nothing_is_submitted(portal, token, answer):
    status, _, body = await portal.post(a_birth(), token=token)

    assert (status, problem(body)[0]) == answer
    assert await portal.intake.codes() == []


async def test_given_an_operator_then_personal_data_are_erased_once_and_for_all(portal):
    await portal.post(a_birth())
    path = f"/v1/dossiers/{RECEIPT['dossier_id']}/particulars"

    by_portal = await portal.ask("DELETE", path)
    first = await portal.ask("DELETE", path, token="operator")
    again = await portal.ask("DELETE", path, token="operator")

    assert (by_portal[0], problem(by_portal[2])[0]) == (403, "scope-missing")
    assert (first[0], again[0], first[2]) == (204, 204, None)
    assert await portal.intake.particulars_bodies() == [None]


@pytest.mark.parametrize(
    ("dossier_id", "answer"),
    [("6f0f2c1e-0000-4000-8000-00000000000a", 404), ("no-uuid", 422)],
)
async def test_given_no_such_dossier_when_erased_then_a_problem_says_so(portal, dossier_id, answer):
    path = f"/v1/dossiers/{dossier_id}/particulars"

    status, headers, _ = await portal.ask("DELETE", path, token="operator")

    assert (status, headers["content-type"]) == (answer, "application/problem+json")


async def test_given_the_openapi_document_then_every_reference_in_it_leads_somewhere(portal):
    _, _, document = await portal.ask("GET", "/openapi.json")

    text = json.dumps(document)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(document["components"]["schemas"])
    assert {"Submission", "BirthForm", "Problem", "SubmissionReceipt"} <= named
