"""Every route of every service, and whom it lets in: nothing is open because nobody looked."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Mount, Route

from pages.cookies import Jar, ring_of
from tests.security.kit import SERVICES, World
from tests.unit.pages_kit import KEY

SUBMIT, FEED, DESK, OPERATE = "submissions:write", "feed:read", "desk:act", "operate"
BOARD, AUDIT = "board:read", "audit:read"
SCOPES = (SUBMIT, FEED, DESK, OPERATE, BOARD, AUDIT)
#: Needs no token; a page or form for everybody.
OPEN, FORM = "open", "form"

EVERYWHERE = dict.fromkeys(
    ("GET /health/live", "GET /health/ready", "GET /metrics", "GET /openapi.json"), OPEN
)
#: The routes for operators that every service with a database has.
OPERATING = dict.fromkeys(
    (
        "GET /v1/stuck",
        "GET /v1/stuck/acts",
        "POST /v1/stuck/acts",
        "POST /v1/stuck/acts/{act_id}/approval",
        "GET /v1/stuck/{name:path}",
        "PUT /v1/stuck/{name:path}/holder",
        "GET /v1/lanes",
        "POST /v1/lanes/{lane}/pause",
        "POST /v1/lanes/{lane}/resume",
        "GET /v1/operate/overview",
        "GET /v1/subjects/{dossier_id}",
        "POST /v1/subjects/{dossier_id}/opened",
        "POST /v1/subjects/held",
    ),
    OPERATE,
)
RECONCILING = dict.fromkeys(
    (
        "POST /v1/reconciliations",
        "GET /v1/reconciliations",
        "GET /v1/reconciliations/{run_id}",
        "GET /v1/reconciliations/{run_id}/differences",
    ),
    OPERATE,
)
SIGNING_IN = {
    "GET /static/{digest}/{name}": OPEN,
    "GET /dang-nhap": OPEN,
    "GET /dang-nhap/xong": OPEN,
    "GET /dang-xuat/xong": OPEN,
}
ACTS = ("accept", "return", "forward", "withdraw", "stop", "resume", "apologise", "verify")
#: Routes a page is behind: whoever is signed in with that scope first.
PAGES_OF = {
    "routing": {
        "GET /mot-cua/": DESK,
        "GET /mot-cua/so-luong": DESK,
        "POST /mot-cua/tim": DESK,
        "GET /mot-cua/ho-so/{dossier_id}": DESK,
        "GET /mot-cua/ho-so/{dossier_id}/giay/{key}.{form}": DESK,
        "GET /mot-cua/ho-so/{dossier_id}/phieu-kiem-soat.{form}": DESK,
        "POST /mot-cua/ho-so/{dossier_id}/{act}": DESK,
        "POST /dang-xuat": DESK,
    },
    "board": {
        "GET /": BOARD,
        "GET /tien-do": BOARD,
        "GET /tien-do/{code}": BOARD,
        "GET /tien-do/so-lieu.{kind}": BOARD,
        "GET /van-hanh/": OPERATE,
        "GET /van-hanh/dang-cho": OPERATE,
        "GET /van-hanh/viec/{item:path}": OPERATE,
        "GET /van-hanh/de-xuat/{service}/{act_id}": OPERATE,
        "POST /van-hanh/xem-truoc": OPERATE,
        "POST /van-hanh/de-xuat": OPERATE,
        "POST /van-hanh/phe-duyet": OPERATE,
        "POST /van-hanh/nhan": OPERATE,
        "GET /van-hanh/lan/{service}/{lane}": OPERATE,
        "POST /van-hanh/lan/{service}/{lane}": OPERATE,
        "GET /van-hanh/doi-chieu/{service}": OPERATE,
        "POST /van-hanh/doi-chieu/{service}": OPERATE,
        "POST /dang-xuat": BOARD,
    },
}
#: Everything else, by service.
OWN: dict[str, dict[str, str]] = {
    "intake": OPERATING
    | {
        "POST /v1/submissions": SUBMIT,
        "GET /v1/submissions/{portal_reference:path}": SUBMIT,
        "POST /v1/submissions/{portal_reference:path}/supplements": SUBMIT,
        "POST /v1/submissions/{portal_reference:path}/withdrawal": SUBMIT,
        "DELETE /v1/dossiers/{dossier_id}/particulars": OPERATE,
        "POST /v1/legacy-imports": OPERATE,
        "GET /v1/dossiers/by-code/{code}": OPERATE,
    },
    "routing": OPERATING
    | SIGNING_IN
    | {f"POST /v1/dossiers/{{dossier_id}}/{act}": DESK for act in (*ACTS, "hand-over")}
    | {
        "GET /v1/desk": DESK,
        "GET /v1/dossiers/{dossier_id}": DESK,
        "GET /v1/dossiers/{dossier_id}/particulars": DESK,
        "GET /v1/dossiers/{dossier_id}/prepared-apology": DESK,
        "GET /v1/dossiers/{dossier_id}/slips/{key}.{form}": DESK,
        "GET /v1/dossiers/{dossier_id}/control-sheet.{form}": DESK,
        "GET /v1/board": BOARD,
        "GET /v1/board/{province_code}/units": BOARD,
        "POST /v1/board/recounts": OPERATE,
        "GET /v1/ended-dossiers": OPERATE,
        "GET /.well-known/hotich-receipts.json": OPEN,
        "GET /": OPEN,
        # They lead on to where somebody has to be signed in.
        "GET /mot-cua/tim": OPEN,
        "GET /mot-cua/ho-so/{dossier_id}/{act}": OPEN,
        "GET /tra-cuu": OPEN,
        "GET /tra-cuu/ho-so": OPEN,
        "GET /tra-cuu/giay-hen": OPEN,
        "GET /tra-cuu/giay-hen.pdf": OPEN,
        "GET /tra-cuu/kiem-tra": OPEN,
        "POST /tra-cuu": FORM,
        "POST /tra-cuu/thoat": FORM,
        "POST /tra-cuu/kiem-tra": FORM,
    },
    "registry-sync": OPERATING | RECONCILING,
    "notifier": OPERATING
    | RECONCILING
    | {
        "GET /v1/feed": FEED,
        "GET /v1/deliveries": FEED,
        "GET /v1/deliveries/{delivery_id}": FEED,
        "POST /v1/deliveries/{delivery_id}/redeliver": SUBMIT,
        "GET /v1/retry-schedule": OPEN,
        "GET /v1/messages": OPERATE,
        "GET /v1/messages/preview": OPERATE,
    },
    "board": SIGNING_IN,
    "audit": {
        "GET /v1/audit/archive": AUDIT,
        "GET /v1/audit/checkpoints": AUDIT,
        "GET /v1/audit/checkpoints/{topic}/{partition}": AUDIT,
        "GET /v1/audit/proofs/inclusion": AUDIT,
        "GET /v1/audit/proofs/consistency": AUDIT,
        "POST /v1/audit/cosignatures": AUDIT,
    },
}
#: The word that a form of a page of ours carries.
WORD = "w" * 43
ID = "00000000-0000-4000-8000-000000000001"
#: What stands in a path, and what a body and a query must hold to be heard at all.
FILLED = {
    "form": "html",
    "key": "acceptance",
    "kind": "csv",
    "act": "accept",
    "partition": "0",
    "topic": "t",
    "province_code": "79",
    "code": "79",
    "service": "intake",
    "lane": "register",
    "item:path": "intake/effect/1",
    "name:path": "intake/effect/1",
    "portal_reference:path": "DVCQG-1",
}
BODIES: dict[str, Any] = {
    "/v1/stuck/acts": {"act": "redrive", "items": ["x"], "reason": "mended"},
    "/v1/lanes/{lane}/pause": {"reason": "mended"},
    "/v1/lanes/{lane}/resume": {"reason": "mended"},
    "/v1/subjects/{dossier_id}/opened": {"reason": "asked by the person"},
    "/v1/subjects/held": {"dossier_ids": [ID]},
    "/v1/reconciliations": {"scope": "changed"},
    "/v1/dossiers/{dossier_id}/return": {"kind": "refused", "reasons": ["x"]},
    "/v1/dossiers/{dossier_id}/forward": {"to_unit_code": "26740", "reason": "x"},
    "/v1/dossiers/{dossier_id}/stop": {"reason": "x"},
    "/v1/dossiers/{dossier_id}/verify": {"reason": "x"},
    "/v1/dossiers/{dossier_id}/apologise": {"reason": "x", "new_due_on": "2026-12-01"},
    "/v1/dossiers/{dossier_id}/hand-over": {"method": "post"},
    "/v1/audit/cosignatures": {"topic": "t", "partition": 0, "size": 1, "line": "x"},
}
QUERIES = {
    "/v1/audit/proofs/inclusion": "?topic=t&partition=0&offset=0",
    "/v1/audit/proofs/consistency": "?topic=t&partition=0&size=1",
    "/v1/ended-dossiers": "?before=2026-11-24T00:00:00Z",
    "/v1/messages/preview": "?step=submitted",
}


def routes_of(app: FastAPI, prefix: str = "") -> Iterator[str]:
    """Yield each route of an app and of those in it, as method and path."""
    for route in app.router.routes:
        if isinstance(route, Mount):
            assert isinstance(route.app, FastAPI)
            yield from routes_of(route.app, prefix + route.path)
        elif isinstance(route, Route) and isinstance(route.endpoint, FastAPI):
            yield from routes_of(route.endpoint, prefix)
        else:
            assert isinstance(route, Route), route
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield f"{method} {prefix}{route.path}"


def declared(service: str) -> dict[str, str]:
    return EVERYWHERE | OWN[service] | PAGES_OF.get(service, {})


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_of_a_service_says_whom_it_lets_in(service: str, away: World) -> None:
    assert set(routes_of(away.apps[service])) == set(declared(service))


def asked(route: str) -> tuple[str, str, Any]:
    method, _, path = route.partition(" ")
    filled = re.sub(r"\{([^}]+)\}", lambda found: FILLED.get(found[1], ID), path)
    return method, filled + QUERIES.get(path, ""), BODIES.get(path) if method == "POST" else None


API = [
    (service, route, needed)
    for service in SERVICES
    for route, needed in OWN[service].items()
    if needed in SCOPES
]


@pytest.mark.parametrize(("service", "route", "needed"), API)
def test_only_a_token_with_the_scope_of_a_route_is_let_in(
    service: str, route: str, needed: str, away: World
) -> None:
    method, path, body = asked(route)

    def answered(**headers: str) -> tuple[int, str]:
        answer = away.ask(service, method, path, json=body, headers=headers)
        return answer.status_code, answer.headers.get("www-authenticate", "")

    others = " ".join(scope for scope in SCOPES if scope != needed)
    lacking = (403, f'Bearer error="insufficient_scope", scope="{needed}"')
    # RFC 6750, 3: what was not given is not called invalid.
    assert answered() == (401, f'Bearer scope="{needed}"')
    invalid = (401, f'Bearer error="invalid_token", scope="{needed}"')
    assert answered(authorization="Bearer x.y.z") == invalid
    assert answered(**away.issuer.bearer(scope=others)) == lacking
    assert answered(**away.issuer.bearer(scope=None)) == lacking
    assert answered(**away.issuer.bearer(scope=needed))[0] not in (401, 403, 500)


@pytest.mark.parametrize(
    ("service", "route"), [(one, route) for one, route, needed in API if needed == DESK]
)
@pytest.mark.parametrize(
    "claims", [{"role": "citizen"}, {"role": None}, {"unit_code": None}, {"sub": None}]
)
def test_the_desk_is_for_officers_of_a_unit(
    service: str, route: str, claims: dict[str, Any], away: World
) -> None:
    method, path, body = asked(route)

    answer = away.ask(
        service, method, path, json=body, headers=away.issuer.bearer(scope=DESK, **claims)
    )

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("service", "route"), [(one, route) for one, route, needed in API if needed == OPERATE]
)
def test_operators_are_people(service: str, route: str, away: World) -> None:
    method, path, body = asked(route)
    if route in WITHOUT_PERSON:
        pytest.skip("recorded by its client")

    answer = away.ask(
        service, method, path, json=body, headers=away.issuer.bearer(scope=OPERATE, sub=None)
    )

    assert answer.status_code == 403


#: Done by a machine in an operator's name; the client is what is recorded.
WITHOUT_PERSON = ("DELETE /v1/dossiers/{dossier_id}/particulars", "POST /v1/legacy-imports")


def cookie(service: str, token: str) -> dict[str, str]:
    """Return the cookie of somebody signed in with that token."""
    response, name = Response(), f"hotich_{service}_session"
    kept = {"token": token, "name": "Cán bộ Mẫu A", "csrf": WORD}
    Jar(ring_of(KEY), secure=False).put(response, name, kept, 600)
    value = response.headers["set-cookie"].partition(";")[0].partition("=")[2]
    return {name: value}


@pytest.mark.parametrize(
    ("service", "route", "needed"),
    [(one, route, needed) for one, all_ in PAGES_OF.items() for route, needed in all_.items()],
)
def test_a_page_is_for_people_who_are_signed_in_and_may(
    service: str, route: str, needed: str, away: World
) -> None:
    method, path, _ = asked(route)
    nobody = away.ask(service, method, path)
    stranger = away.issuer.token(scope=" ".join(one for one in SCOPES if one != needed))
    refused = away.ask(service, method, path, cookies=cookie(service, stranger))
    forged = away.ask(service, method, path, cookies=cookie(service, "x.y.z"))

    if method == "GET":
        assert nobody.status_code == 303
        assert nobody.headers["location"].startswith("/dang-nhap?next=")
        assert forged.status_code == 303
    else:
        assert (nobody.status_code, forged.status_code) == (401, 401)
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("service", "route"),
    [
        (service, route)
        for service in SERVICES
        for route, needed in declared(service).items()
        if route.startswith("POST") and (needed == FORM or route in PAGES_OF.get(service, {}))
    ],
)
@pytest.mark.parametrize(
    ("headers", "word"),
    [
        ({"sec-fetch-site": "cross-site"}, WORD),
        ({"sec-fetch-site": "same-site"}, WORD),
        ({"sec-fetch-site": "none"}, WORD),
        ({"origin": "https://evil.example"}, WORD),
        ({"sec-fetch-site": "same-origin"}, "x" * 43),
        ({"sec-fetch-site": "same-origin"}, ""),
    ],
    ids=["another site", "a neighbour", "typed", "another origin", "another word", "no word"],
)
def test_a_form_is_taken_from_our_own_pages_alone(
    service: str, route: str, headers: dict[str, str], word: str, away: World
) -> None:
    _, path, _ = asked(route)
    cookies = {"hotich_form": WORD}
    if declared(service)[route] != FORM:
        cookies |= cookie(service, away.issuer.token())

    def status(headers: dict[str, str], word: str) -> int:
        sent = {"csrf": word}
        answer = away.ask(service, "POST", path, headers=headers, data=sent, cookies=cookies)
        return answer.status_code

    assert status(headers, word) == 403
    assert status({"sec-fetch-site": "same-origin"}, WORD) != 403
