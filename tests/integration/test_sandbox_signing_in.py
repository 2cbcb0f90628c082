"""People sign in at the sandbox: the page, codes with PKCE, tokens; and a service that believes."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from local_stack import people
from plumbing.tokens import TokenVerifier, Unauthenticated
from sandbox.people import WebClient
from sandbox.signing_in import SignIns
from tests.integration.sandbox_process import SECRETS, Sandbox, a_sandbox
from tests.unit.pages_kit import demo_app, listening, serving, settings_of, visiting

HOME = "http://127.0.0.1:8082/"
BACK = f"{HOME}dang-nhap/xong"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:-1]
PEOPLE = {
    "people": people.people(("25747",), ("79",), ("operator",)),
    "web_clients": {
        "routing-web": {"secret": "web-password", "scope": "desk:act"},
        "board-web": {"secret": "board-password", "scope": "board:read operate"},
    },
}
ASKED = {
    "response_type": "code",
    "client_id": "routing-web",
    "redirect_uri": BACK,
    "scope": "openid profile desk:act operate",
    "state": "s-1",
    "nonce": "n-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    folder = tmp_path_factory.mktemp("people")
    secrets = folder / "people.json"
    secrets.write_text(json.dumps(SECRETS | PEOPLE))
    redirects = json.dumps({"routing-web": [HOME], "board-web": ["http://127.0.0.1:8085/"]})
    async with a_sandbox(
        folder, SANDBOX_SECRETS=str(secrets), SANDBOX_REDIRECTS=redirects
    ) as sandbox:
        yield sandbox


async def choose(sandbox: Sandbox, person: str, **changes: Any) -> tuple[int, dict[str, str]]:
    """Choose a person on the page and return the status and what is said on the way back."""
    form = {k: v for k, v in (ASKED | {"person": person} | changes).items() if v is not None}
    async with sandbox.http.post("/oauth/authorize", data=form, allow_redirects=False) as answer:
        location = answer.headers.get("location", "")
        said = {name: value for name, (value,) in parse_qs(urlsplit(location).query).items()}
        return answer.status, said | {"at": location.partition("?")[0]}


async def redeem(sandbox: Sandbox, code: str, /, **changes: Any) -> tuple[int, Any]:
    """Return the answer to a code."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        "client_id": "routing-web",
        "client_secret": "web-password",
    }
    return await sandbox.post("/oauth/token", data=form | changes)


@pytest.mark.parametrize(
    ("client", "back", "status"),
    [
        ("routing-web", f"{HOME}dang-xuat/xong", 303),
        ("routing-web", "http://somebody.example/", 400),
        ("nobody", f"{HOME}dang-xuat/xong", 400),
    ],
)
async def test_the_way_out_leads_back_to_its_application_and_to_nobody_else(
    sandbox: Sandbox, client: str, back: str, status: int
) -> None:
    asked = {"client_id": client, "post_logout_redirect_uri": back}
    async with sandbox.http.get(
        "/oauth/end-session", params=asked, allow_redirects=False
    ) as answer:
        assert answer.status == status
        assert answer.headers.get("location") == (back if status == 303 else None)


async def test_the_page_shows_those_who_may_use_the_application_and_nobody_else(
    sandbox: Sandbox,
) -> None:
    async with sandbox.http.get("/oauth/authorize", params=ASKED) as answer:
        page = await answer.text()

    assert answer.status == 200
    assert 'value="officer-25747-a"' in page
    assert "Cán bộ Mẫu B (25747)" in page
    assert "không cần mật khẩu" in page
    assert "viewer" not in page
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_given_a_person_chosen_then_the_code_gives_their_tokens(sandbox: Sandbox) -> None:
    status, said = await choose(sandbox, "officer-25747-a")
    answered, body = await redeem(sandbox, said["code"])
    _, keys = await sandbox.get("/oauth/jwks.json")
    identity = jwt.decode(body["id_token"], KeySet.import_key_set(keys), algorithms=["ES256"])
    verifier = TokenVerifier(sandbox.url, "hotich", f"{sandbox.url}/oauth/jwks.json")
    client = await verifier.verify(f"Bearer {body['access_token']}")

    assert (status, said["at"], said["state"], said["iss"]) == (303, BACK, "s-1", sandbox.url)
    assert answered == 200
    assert (client.client_id, client.scopes) == ("routing-web", {"desk:act"})
    claims = {"sub": "officer-25747-a", "role": "officer", "unit_code": "25747"}
    assert claims.items() <= client.claims.items()
    assert identity.header["typ"] == "JWT"
    wanted = claims | {"aud": "routing-web", "nonce": "n-1", "name": "Cán bộ Mẫu A (25747)"}
    assert wanted.items() <= identity.claims.items()
    assert await verifier.verify_identity(body["id_token"], "routing-web", "n-1")
    with pytest.raises(Unauthenticated):
        await verifier.verify(f"Bearer {body['id_token']}")


async def test_a_code_is_good_once(sandbox: Sandbox) -> None:
    _, said = await choose(sandbox, "officer-25747-a")

    assert (await redeem(sandbox, said["code"]))[0] == 200
    status, body = await redeem(sandbox, said["code"])
    assert (status, body["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"redirect_uri": f"{HOME}other"},
        {"code": "another"},
        {"client_id": "board-web", "client_secret": "board-password"},
    ],
    ids=str,
)
async def test_given_a_code_with_something_wrong_then_it_is_refused_and_gone(
    sandbox: Sandbox, changes: dict[str, str]
) -> None:
    _, said = await choose(sandbox, "officer-25747-a")

    status, body = await redeem(sandbox, said["code"], **changes)

    assert (status, body["error"]) == (400, "invalid_grant")
    if "code" not in changes:
        assert (await redeem(sandbox, said["code"]))[0] == 400


@pytest.mark.parametrize(
    "changes",
    [{"client_secret": "no"}, {"client_id": "national-portal", "client_secret": "portal-password"}],
    ids=str,
)
async def test_given_an_application_that_is_none_then_no_code_is_taken(
    sandbox: Sandbox, changes: dict[str, str]
) -> None:
    _, said = await choose(sandbox, "officer-25747-a")

    status, body = await redeem(sandbox, said["code"], **changes)

    assert (status, body["error"]) == (401, "invalid_client")


async def test_an_application_gets_no_token_of_its_own(sandbox: Sandbox) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": "routing-web",
        "client_secret": "web-password",
    }
    assert (await sandbox.post("/oauth/token", data=form))[0] == 401


def test_a_code_is_good_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("sandbox.signing_in.time.monotonic", lambda: now[0])
    client = WebClient("secret", "desk:act", (HOME,))
    chosen = PEOPLE["people"]["officer-25747-a"]
    person = _person(chosen)
    sign_ins = SignIns("http://issuer", {"routing-web": client}, {"officer-25747-a": person})
    asked = ASKED | {"person": "officer-25747-a"}
    fields = {"redirect_uri": BACK, "code_verifier": VERIFIER}

    codes = [sign_ins._code(asked, client, person) for _ in range(2)]
    now[0] += 60
    in_time = sign_ins.redeem("routing-web", fields | {"code": codes[0]})
    now[0] += 0.1
    late = sign_ins.redeem("routing-web", fields | {"code": codes[1]})

    assert in_time is not None
    assert in_time.person == "officer-25747-a"
    assert late is None


def _person(chosen: dict[str, Any]) -> Any:
    from sandbox.people import Person

    return Person(chosen["name"], chosen["scope"], chosen["claims"])


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://127.0.0.1:80821/dang-nhap/xong",
        "http://127.0.0.1:8082@evil.example/",
        "http://127.0.0.1:8082",
        "https://127.0.0.1:8082/",
        "http://evil.example/?http://127.0.0.1:8082/",
        f"{HOME}#x",
        f"{HOME}\r\nset-cookie: x=y",
        "",
    ],
)
async def test_given_a_way_back_that_is_not_the_applications_then_nobody_is_sent_there(
    sandbox: Sandbox, redirect_uri: str
) -> None:
    params = ASKED | {"redirect_uri": redirect_uri}
    async with sandbox.http.get("/oauth/authorize", params=params) as asked:
        assert asked.status == 400
    status, said = await choose(sandbox, "officer-25747-a", redirect_uri=redirect_uri)
    assert (status, said["at"]) == (400, "")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "desk:act"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"nonce": None}, "invalid_request"),
        ({"person": "viewer"}, "access_denied"),
        ({"person": "nobody"}, "access_denied"),
    ],
    ids=str,
)
async def test_given_a_request_that_is_not_right_then_the_application_is_told(
    sandbox: Sandbox, changes: dict[str, Any], error: str
) -> None:
    person = changes.pop("person", "officer-25747-a")

    status, said = await choose(sandbox, person, **changes)

    assert (status, said["at"], said["error"], said["state"]) == (303, BACK, error, "s-1")
    assert "code" not in said


async def test_the_configuration_says_how_people_sign_in(sandbox: Sandbox) -> None:
    _, said = await sandbox.get("/.well-known/openid-configuration")

    assert said["authorization_endpoint"] == f"{sandbox.url}/oauth/authorize"
    assert said["response_types_supported"] == ["code"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert set(said["grant_types_supported"]) == {"client_credentials", "authorization_code"}
    assert said["id_token_signing_alg_values_supported"] == ["ES256"]
    assert said["authorization_response_iss_parameter_supported"] is True


async def test_given_redirects_that_are_no_beginning_of_one_host_then_the_sandbox_says_so(
    sandbox: Sandbox,
) -> None:
    told = json.dumps({"routing-web": ["http://127.0.0.1:8082"]})

    with pytest.raises(AssertionError, match="SANDBOX_REDIRECTS"):
        async with a_sandbox(sandbox.state / "other", SANDBOX_REDIRECTS=told):
            pass


async def test_a_service_with_pages_believes_the_sandbox(sandbox: Sandbox) -> None:
    with listening() as (listener, url):
        folder = sandbox.state / "with-pages"
        folder.mkdir()
        secrets = folder / "people.json"
        client = {"demo-web": {"secret": "client-password", "scope": "desk:act"}}
        secrets.write_text(json.dumps(SECRETS | PEOPLE | {"web_clients": client}))
        redirects = json.dumps({"demo-web": [f"{url}/"]})
        async with (
            a_sandbox(folder, SANDBOX_SECRETS=str(secrets), SANDBOX_REDIRECTS=redirects) as issuer,
            serving(demo_app(settings_of(issuer.url, url)), listener),
            visiting(url) as visitor,
        ):
            asked = await visitor.begin("/demo/who")
            form = asked | {"person": "officer-25747-b"}
            async with visitor.http.post(f"{issuer.url}/oauth/authorize", data=form) as answer:
                said = await answer.json()

    assert isinstance(answer, aiohttp.ClientResponse)
    assert (said["person"], said["unit"]) == ("officer-25747-b", "25747")
