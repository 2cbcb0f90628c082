"""Supplements, withdrawals and imports over real HTTP with real tokens."""

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from intake.domain import dossier_id_of
from intake.importing.api import PATH
from intake.importing.rows import MOST_BYTES
from tests.integration.intake_kit import a_supplement, a_withdrawal, an_intake
from tests.integration.test_intake_http import Issuer, Portal, issuer, problem, served
from tests.unit.intake_kit import a_birth
from tests.unit.legacy_kit import IMPORT_DAY, a_csv, a_row, at_register

__all__ = ["issuer"]

WHERE = "/v1/submissions/DVCQG-1"
RECEIPT = {
    "dossier_id": str(dossier_id_of("national-portal", "DVCQG-1")),
    "dossier_code": "H29.25747-261124-0001",
    "received_at": "2026-11-24T01:00:00Z",
    "about": "supplement",
    "portal_reference": "DVCQG-1",
}


@pytest.fixture
async def portal(database: str, issuer: Issuer) -> AsyncIterator[Portal]:
    """Give a client of an intake that has taken one birth."""
    async with (
        an_intake(database) as intake,
        served(intake, issuer.verifier) as url,
        aiohttp.ClientSession(url) as http,
    ):
        client = Portal(intake, http, issuer.tokens)
        await client.post(a_birth())
        yield client


async def send(portal: Portal, path: str, document: Any, key: str | None = "k2", **more: Any):
    headers = {} if key is None else {"idempotency-key": key}
    return await portal.ask("POST", path, json=document, headers=headers, **more)


async def test_given_a_supplement_then_created_and_the_same_again_is_known_or_replayed(portal):
    first = await send(portal, f"{WHERE}/supplements", a_supplement())
    replayed = await send(portal, f"{WHERE}/supplements", a_supplement())
    known = await send(portal, f"{WHERE}/supplements", a_supplement(), "k3")

    assert (first[0], first[2]) == (201, RECEIPT)
    assert (replayed[0], replayed[2], replayed[1]["idempotency-replayed"]) == (200, RECEIPT, "true")
    assert (known[0], known[2], "idempotency-replayed" in known[1]) == (200, RECEIPT, False)


async def test_given_a_withdrawal_then_created_once_without_any_key(portal):
    first = await send(portal, f"{WHERE}/withdrawal", a_withdrawal(), None)
    again = await send(
        portal, f"{WHERE}/withdrawal", a_withdrawal(requested_at="2026-11-24T07:00:00Z"), None
    )
    later = await send(
        portal, f"{WHERE}/withdrawal", a_withdrawal(requested_at="2026-11-24T01:01:00Z"), None
    )

    assert (first[0], first[2]) == (201, RECEIPT | {"about": "withdrawal"})
    assert (again[0], problem(again[2])) == (422, ("follow-up-invalid", ["requested_at"]))
    assert (later[0], later[2]) == (200, first[2])


async def test_given_a_reference_with_slashes_then_it_is_found(portal):
    await portal.post(a_birth("DVCQG/2026/1"), "k9")

    status, _, body = await send(
        portal, "/v1/submissions/DVCQG/2026/1/supplements", a_supplement("DVCQG/2026/1")
    )

    assert (status, body["portal_reference"]) == (201, "DVCQG/2026/1")


@pytest.mark.parametrize(
    ("path", "document", "key", "answer"),
    [
        ("/v1/submissions/X-9/supplements", a_supplement("X-9"), "k2", (404, "dossier-unknown")),
        ("/v1/submissions/X-9/withdrawal", a_withdrawal("X-9"), None, (404, "dossier-unknown")),
        (f"{WHERE}/supplements", a_supplement(), None, (400, "idempotency-key-unusable")),
        (f"{WHERE}/supplements", a_supplement("X-9"), "k2", (422, "follow-up-invalid")),
        (f"{WHERE}/supplements", a_supplement(), "k", (422, "idempotency-key-reused")),
        (f"{WHERE}/supplements", [], "k2", (422, "follow-up-invalid")),
        (f"{WHERE}/withdrawal", {}, None, (422, "follow-up-invalid")),
    ],
)
async def test_given_what_cannot_be_taken_then_a_problem_says_why(
    portal, path, document, key, answer
):
    status, headers, body = await send(portal, path, document, key)

    assert (status, problem(body)[0]) == answer
    assert headers["content-type"] == "application/problem+json"


async def test_given_an_erased_dossier_then_a_supplement_conflicts_and_names_the_law(portal):
    await portal.intake.erased(dossier_id_of("national-portal", "DVCQG-1"))

    status, _, body = await send(portal, f"{WHERE}/supplements", a_supplement())

    assert (status, problem(body)) == (409, ("personal-data-erased", ["portal_reference"]))
    assert body["errors"][0]["source"].startswith("Luật Bảo vệ dữ liệu cá nhân")


async def test_given_an_operators_token_then_nothing_is_added(portal):
    for path in ("supplements", "withdrawal"):
        status, _, body = await send(portal, f"{WHERE}/{path}", a_supplement(), token="operator")
        assert (status, problem(body)[0]) == (403, "scope-missing")


# --- imports


async def hand_over(portal: Portal, body: Any, token: str = "operator", **query: str):
    headers = {"content-type": "text/csv"}
    return await portal.ask(
        "POST", PATH, token=token, data=io.BytesIO(body), headers=headers, params=query
    )


async def test_given_a_file_then_a_dry_run_tells_and_the_import_takes(portal):
    portal.intake.clock.now = IMPORT_DAY
    body = a_csv(a_row(), at_register("000.00.34.H29-211012-0001"), at_register("X-1"))

    dry = await hand_over(portal, body, dry_run="true", good_rows_only="true")
    refused = await hand_over(portal, body)
    taken = await hand_over(portal, body, good_rows_only="true")

    assert [one[0] for one in (dry, refused, taken)] == [200, 200, 200]
    assert [one[2]["imported"] for one in (dry, refused, taken)] == [0, 0, 2]
    assert {tuple(one[2][name] for name in ("rows", "good", "bad")) for one in (dry, refused)} == {
        (3, 2, 1)
    }
    assert taken[2]["problems"] == [
        {
            "row": 4,
            "column": "legacy_code",
            "rule": "legacy_code.shape",
            "detail": "Mã hồ sơ không đúng cấu trúc.",
            "source": "TT 01/2018/TT-VPCP, Điều 19; QĐ 20/2020/QĐ-TTg",
        }
    ]


async def test_given_a_file_of_five_megabytes_then_it_is_read(portal):
    portal.intake.clock.now = IMPORT_DAY
    rows = [a_row(f"A-211011-{n:04d}", email="x" * 5000) for n in range(1000)]

    status, _, report = await hand_over(portal, a_csv(*rows))

    assert (status, report["rows"], report["bad"]) == (200, 1000, 1000)


@pytest.mark.parametrize(
    ("body", "token", "answer"),
    [
        (b"colour\nred\n", "operator", (422, "import-unreadable")),
        (b"\xff", "operator", (422, "import-unreadable")),
        (b"x" * (MOST_BYTES + 1), "operator", (413, "body-too-large")),
        (a_csv(a_row()), "national-portal", (403, "scope-missing")),
        (b"x" * (MOST_BYTES + 1), "nonsense", (401, "unauthenticated")),
    ],
)
async def test_given_a_file_that_is_not_taken_then_a_problem_says_why(portal, body, token, answer):
    status, headers, said = await hand_over(portal, body, token)

    assert (status, problem(said)[0]) == answer
    assert headers["content-type"] == "application/problem+json"
    assert await portal.intake.count("dossier") == 1


async def test_given_a_value_that_is_no_flag_then_a_problem_says_so(portal):
    status, _, body = await hand_over(portal, a_csv(a_row()), dry_run="perhaps")

    assert (status, problem(body)) == (422, ("invalid-request", ["dry_run"]))


async def test_given_the_openapi_document_then_the_new_operations_are_in_it(portal):
    _, _, document = await portal.ask("GET", "/openapi.json")

    paths = document["paths"]
    assert {
        "/v1/submissions/{portal_reference}/supplements",
        "/v1/submissions/{portal_reference}/withdrawal",
        PATH,
    } <= set(paths)
    text = json.dumps(document)
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(document["components"]["schemas"])
    assert {"Supplement", "Withdrawal", "Report", "FollowUpReceipt"} <= named
