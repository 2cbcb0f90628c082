"""Access tokens against a real issuer over HTTP: what is believed, and how often it is asked."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey

from plumbing import tokens
from plumbing.tokens import Client, IssuerAway, TokenVerifier, Unauthenticated

AUDIENCE = "hotich"
NOW = int(time.time())
HEADER = {"alg": "ES256", "typ": "at+jwt"}


class Issuer:
    """A token issuer whose key set is served over HTTP; it may be broken or gone."""

    def __init__(self) -> None:
        self.keys = [ECKey.generate_key("P-256", {"kid": "first"})]
        self.asked = 0
        self.answer: web.Response | None = None
        self.url = ""

    async def serve(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.answer is not None:
            return self.answer
        return web.json_response({"keys": [key.as_dict(private=False) for key in self.keys]})

    def claims(self, **changes: Any) -> dict[str, Any]:
        # Not NOW: a long run comes here more than ten minutes after it was collected.
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "national-portal",
            "client_id": "national-portal",
            "scope": "submissions:write desk:act",
            "iat": now,
            "exp": now + 600,
            "channel": "national-portal",
        }
        return {key: value for key, value in (claims | changes).items() if value is not None}

    def token(
        self, key: ECKey | None = None, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """Return a bearer header as the issuer writes it, with the changes asked for."""
        signing = key or self.keys[0]
        protected = HEADER | {"kid": signing.kid} | (header or {})
        present = {name: value for name, value in protected.items() if value is not None}
        return "Bearer " + jwt.encode(present, self.claims(**claims), signing, default_type=None)

    def verifier(self) -> TokenVerifier:
        return TokenVerifier(self.url, AUDIENCE, f"{self.url}/jwks.json")


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    app = web.Application()
    app.router.add_get("/jwks.json", issuer.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield issuer
    await runner.cleanup()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Hold the clock that says how old the fetched keys are."""
    hand = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(tokens, "time", SimpleNamespace(monotonic=lambda: hand.now))
    return hand


async def refusal(verifier: TokenVerifier, authorization: str | None) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(authorization)
    assert caught.value.args == (caught.value.reason,)
    return caught.value.reason


async def test_a_good_token_tells_who_calls_and_what_for(issuer: Issuer) -> None:
    client = await issuer.verifier().verify(issuer.token())

    scopes = frozenset({"submissions:write", "desk:act"})
    assert client == Client("national-portal", scopes, issuer.claims())


async def test_a_token_without_scopes_has_none(issuer: Issuer) -> None:
    client = await issuer.verifier().verify(issuer.token(scope=None))

    assert client.scopes == frozenset()


async def test_the_audience_may_be_one_of_several(issuer: Issuer) -> None:
    client = await issuer.verifier().verify(issuer.token(aud=["other", AUDIENCE]))

    assert client.client_id == "national-portal"


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic dTpw", "token"])
async def test_no_bearer_token_is_missing(issuer: Issuer, authorization: str | None) -> None:
    assert await refusal(issuer.verifier(), authorization) == "token_missing"
    assert issuer.asked == 0


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW - 30}, "token_expired"),
        ({"exp": None}, "token_claims_invalid"),
        ({"exp": "soon"}, "token_claims_invalid"),
        ({"nbf": NOW + 3600}, "token_claims_invalid"),
        ({"aud": "another"}, "token_claims_invalid"),
        ({"aud": ["another"]}, "token_claims_invalid"),
        ({"aud": None}, "token_claims_invalid"),
        ({"iss": "https://issuer.example.org"}, "token_claims_invalid"),
        ({"iss": None}, "token_claims_invalid"),
        ({"client_id": None}, "token_claims_invalid"),
        ({"client_id": ""}, "token_claims_invalid"),
    ],
)
async def test_a_claim_that_does_not_hold_is_refused(
    issuer: Issuer, claims: dict[str, Any], reason: str
) -> None:
    assert await refusal(issuer.verifier(), issuer.token(**claims)) == reason


async def test_a_clock_may_be_half_a_minute_off(issuer: Issuer) -> None:
    client = await issuer.verifier().verify(issuer.token(exp=int(time.time()) - 25))

    assert client.client_id == "national-portal"


@pytest.mark.parametrize("type_", [None, "JWT", "id+jwt"])
async def test_a_token_of_another_type_is_no_access_token(
    issuer: Issuer, type_: str | None
) -> None:
    token = issuer.token(header={"typ": type_})

    assert await refusal(issuer.verifier(), token) == "token_is_no_access_token"


@pytest.mark.parametrize("type_", ["at+jwt", "AT+JWT", "application/at+jwt"])
async def test_both_spellings_of_the_type_are_taken(issuer: Issuer, type_: str) -> None:
    client = await issuer.verifier().verify(issuer.token(header={"typ": type_}))

    assert client.client_id == "national-portal"


def encoded(value: Any) -> str:
    document = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(document).rstrip(b"=").decode()


async def test_a_token_without_a_signature_is_refused(issuer: Issuer) -> None:
    for algorithm in ("none", "None", ""):
        header = {"alg": algorithm, "typ": "at+jwt", "kid": "first"}
        token = f"Bearer {encoded(header)}.{encoded(issuer.claims())}."
        assert await refusal(issuer.verifier(), token) == "token_invalid"


async def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(issuer: Issuer) -> None:
    public = issuer.keys[0]
    signed = f"{encoded(HEADER | {'alg': 'HS256', 'kid': 'first'})}.{encoded(issuer.claims())}"
    for secret in (public.as_pem(private=False), json.dumps(public.as_dict(False)).encode()):
        signature = encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))

        assert await refusal(issuer.verifier(), f"Bearer {signed}.{signature}") == "token_invalid"


async def test_a_token_of_somebody_else_under_a_known_key_id_is_refused(issuer: Issuer) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "first"})
    verifier = issuer.verifier()

    assert await refusal(verifier, issuer.token(stranger)) == "token_invalid"
    assert issuer.asked == 1


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b.c",
        "é.é.é",
        "..",
        encoded([1]) + ".e30.e30",
        encoded({"alg": 5}) + ".e30.e30",
        encoded({"alg": "ES256", "kid": ["first"]}) + ".e30.e30",
        encoded({"alg": "ES256", "kid": "first", "typ": 5}) + ".e30." + encoded(b"s" * 64),
        encoded(b"[" * 100_000) + ".e30.e30",
        "x" * 500_000,
    ],
)
async def test_what_is_no_token_is_refused(issuer: Issuer, token: str) -> None:
    assert await refusal(issuer.verifier(), f"Bearer {token}") == "token_invalid"


async def test_an_altered_token_is_refused(issuer: Issuer) -> None:
    head, _, signature = issuer.token().rpartition(".")
    claims = encoded(issuer.claims(client_id="officer-26740"))

    forged = f"{head.partition('.')[0]}.{claims}.{signature}"

    assert await refusal(issuer.verifier(), forged) == "token_invalid"


# --- how often the issuer is asked


async def test_the_keys_are_fetched_once_for_many_tokens(issuer: Issuer) -> None:
    verifier = issuer.verifier()

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(verifier.verify(issuer.token()))

    assert issuer.asked == 1


async def test_the_keys_are_fetched_again_after_five_minutes(
    issuer: Issuer, clock: SimpleNamespace
) -> None:
    verifier = issuer.verifier()
    await verifier.verify(issuer.token())

    clock.now += 300
    await verifier.verify(issuer.token())
    assert issuer.asked == 1

    clock.now += 1
    await verifier.verify(issuer.token())
    assert issuer.asked == 2


async def test_given_a_new_key_when_a_token_of_it_comes_then_it_is_looked_for_once(
    issuer: Issuer, clock: SimpleNamespace
) -> None:
    verifier = issuer.verifier()
    await verifier.verify(issuer.token())
    issuer.keys.append(ECKey.generate_key("P-256", {"kid": "second"}))

    clock.now += 6
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(verifier.verify(issuer.token(issuer.keys[1])))

    assert issuer.asked == 2


async def test_given_tokens_of_an_unknown_key_then_they_cause_one_refetch_only(
    issuer: Issuer, clock: SimpleNamespace
) -> None:
    verifier = issuer.verifier()
    await verifier.verify(issuer.token())
    stranger = ECKey.generate_key("P-256", {"kid": "stranger"})

    clock.now += 4
    assert await refusal(verifier, issuer.token(stranger)) == "token_invalid"
    assert issuer.asked == 1

    clock.now += 2
    for _ in range(20):
        assert await refusal(verifier, issuer.token(stranger)) == "token_invalid"
    assert issuer.asked == 2


# --- the issuer away


async def test_given_no_keys_yet_when_the_issuer_is_away_then_it_is_said_and_not_asked_at_once(
    issuer: Issuer, clock: SimpleNamespace
) -> None:
    verifier = issuer.verifier()
    issuer.answer = web.Response(status=503)

    for _ in range(20):
        with pytest.raises(IssuerAway):
            await verifier.verify(issuer.token())
    assert issuer.asked == 1

    issuer.answer = None
    clock.now += 1.1
    assert (await verifier.verify(issuer.token())).client_id == "national-portal"


async def test_given_keys_when_the_issuer_is_away_then_they_serve_on_and_it_is_asked_rarely(
    issuer: Issuer, clock: SimpleNamespace
) -> None:
    verifier = issuer.verifier()
    await verifier.verify(issuer.token())
    issuer.answer = web.Response(status=500)

    clock.now += 301
    stranger = ECKey.generate_key("P-256", {"kid": "stranger"})
    for _ in range(20):
        assert (await verifier.verify(issuer.token())).client_id == "national-portal"
        assert await refusal(verifier, issuer.token(stranger)) == "token_invalid"

    assert issuer.asked == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"text": "<html>"},
        {"text": "{", "content_type": "application/json"},
        {"text": "{}", "content_type": "application/json"},
        {"text": "[]", "content_type": "application/json"},
        {"text": '{"keys": []}', "content_type": "application/json"},
        {"text": '{"keys": [{"kty": "EC", "crv": "P-256"}]}', "content_type": "application/json"},
        {"text": '{"keys": 5}', "content_type": "application/json"},
        {"body": b"\xff\xfe", "content_type": "application/json"},
    ],
)
async def test_given_an_answer_that_is_no_key_set_then_the_issuer_counts_as_away(
    issuer: Issuer, answer: dict[str, Any]
) -> None:
    issuer.answer = web.Response(**answer)

    with pytest.raises(IssuerAway):
        await issuer.verifier().verify(issuer.token())


async def test_given_nobody_listening_then_the_issuer_is_away(issuer: Issuer) -> None:
    nobody = TokenVerifier(issuer.url, AUDIENCE, "http://127.0.0.1:1/jwks.json")

    with pytest.raises(IssuerAway):
        await nobody.verify(issuer.token())


async def test_given_a_fetch_that_hangs_because_of_an_unknown_key_then_known_ones_are_believed(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = issuer.verifier()
    await verifier.verify(issuer.token())
    verifier._fetched_at, verifier._tried_at = verifier._fetched_at - 10, verifier._tried_at - 10
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def hanging() -> None:
        began.set()
        await goes_on.wait()

    monkeypatch.setattr(verifier, "_fetch", hanging)
    stranger = ECKey.generate_key("P-256", {"kid": "unknown"})
    unknown = asyncio.create_task(verifier.verify(issuer.token(stranger)))
    async with asyncio.timeout(5):
        await began.wait()

    async with asyncio.timeout(5):
        client = await verifier.verify(issuer.token())
    goes_on.set()

    assert client.client_id == "national-portal"
    with pytest.raises(Unauthenticated):
        await unknown


@pytest.mark.parametrize(("age", "waits"), [(301, False), (3599, False), (3601, True)])
async def test_given_old_keys_when_the_issuer_does_not_answer_then_one_waits_and_no_other(
    issuer: Issuer,
    clock: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    age: int,
    waits: bool,
) -> None:
    verifier = issuer.verifier()
    await verifier.verify(issuer.token())
    clock.now += age
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def hanging() -> None:
        began.set()
        await goes_on.wait()

    monkeypatch.setattr(verifier, "_fetch", hanging)
    first = asyncio.create_task(verifier.verify(issuer.token()))
    async with asyncio.timeout(5):
        await began.wait()

    others = [asyncio.create_task(verifier.verify(issuer.token())) for _ in range(20)]
    done, _ = await asyncio.wait(others, timeout=0.2 if waits else 5)
    goes_on.set()
    ended = await asyncio.gather(first, *others, return_exceptions=True)

    assert len(done) == (0 if waits else 20)
    assert all(isinstance(one, IssuerAway if waits else Client) for one in ended)


@pytest.mark.parametrize(
    "header",
    ['{"alg":"ES256","kid":"first","crit":5}', '{"alg":' + "[" * 30_000, "5", '["alg"]'],
)
async def test_given_a_header_of_odd_types_then_it_is_no_token(issuer: Issuer, header: str) -> None:
    text = base64.urlsafe_b64encode(header.encode()).decode().rstrip("=")

    with pytest.raises(Unauthenticated):
        await issuer.verifier().verify(f"Bearer {text}.e30.AAAA")
