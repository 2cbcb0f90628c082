"""Every way a token may be wrong (RFC 8725, RFC 9068): refused, each for what it is."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from fastapi import FastAPI, Request
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry, serialize_compact

from plumbing import tokens
from plumbing.serving import Health, authenticate, make_app
from plumbing.tokens import IssuerAway, TokenVerifier, Unauthenticated
from tests.security.kit import Issuer, served
from tests.unit.pages_kit import listening, visiting

EVIL = ECKey.generate_key("P-256", {"kid": "one"})
WEAK = RSAKey.generate_key(2048, {"kid": "one"})


class Liar(Issuer):
    """An issuer whose key set can be replaced."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: Any = None
        self.answer: Callable[[], web.StreamResponse] | None = None
        self.asked = 0

    async def _keys(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if self.answer is not None:
            return self.answer()
        if self.keys is not None:
            return web.json_response({"keys": self.keys})
        return await super()._keys(request)

    def verifier(self) -> TokenVerifier:
        return TokenVerifier(self.url, "hotich", f"{self.url}/jwks.json")


@pytest.fixture
async def issuer() -> AsyncIterator[Liar]:
    async with Liar().running() as issuer:
        assert isinstance(issuer, Liar)
        yield issuer


def encoded(value: Any) -> str:
    document = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(document).rstrip(b"=").decode()


def signed(
    issuer: Liar,
    header: dict[str, Any] | None = None,
    key: Any = None,
    claims: dict[str, Any] | None = None,
) -> str:
    """Return a token with these changes to header and claims; None takes one away."""
    protected = {"alg": "ES256", "typ": "at+jwt", "kid": "one"} | (header or {})
    present = {name: value for name, value in protected.items() if value is not None}
    body = json.dumps(issuer.claims(**(claims or {}))).encode()
    if protected["alg"] == "ES256":
        return by_hand(present, body, key or issuer.key)
    registry = JWSRegistry(algorithms=list(JWSRegistry.algorithms), strict_check_header=False)
    return serialize_compact(present, body, key or issuer.key, registry=registry)


def by_hand(header: dict[str, Any], body: bytes, key: ECKey) -> str:
    """Return a signed token with any header, also one that a library would not write."""
    text = f"{encoded(header)}.{encoded(body)}"
    signature = key.get_op_key("sign").sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    numbers = decode_dss_signature(signature)
    return f"{text}.{encoded(b''.join(one.to_bytes(32, 'big') for one in numbers))}"


def with_secret(issuer: Liar, secret: bytes) -> str:
    """Return a token signed with the bytes of a public key as if they were a shared secret."""
    header = encoded({"alg": "HS256", "typ": "at+jwt", "kid": "one"})
    text = f"{header}.{encoded(issuer.claims())}"
    return f"{text}.{encoded(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def unsigned(issuer: Liar, algorithm: Any) -> str:
    header = encoded({"alg": algorithm, "typ": "at+jwt", "kid": "one"})
    return f"{header}.{encoded(issuer.claims())}."


def public(key: Any) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


NOW = int(time.time())
WRONG: dict[str, tuple[Callable[[Liar], str], str]] = {
    "alg none": (lambda i: unsigned(i, "none"), "token_invalid"),
    "alg NONE": (lambda i: unsigned(i, "NONE"), "token_invalid"),
    "alg null": (lambda i: unsigned(i, None), "token_invalid"),
    "HS256 of the public key's PEM": (
        lambda i: with_secret(i, i.key.as_pem(private=False)),
        "token_invalid",
    ),
    "HS256 of the public key's JWK": (
        lambda i: with_secret(i, json.dumps(public(i.key)).encode()),
        "token_invalid",
    ),
    "HS256 of nothing": (lambda i: with_secret(i, b""), "token_invalid"),
    "RS256 of another key": (lambda i: signed(i, {"alg": "RS256"}, WEAK), "token_invalid"),
    "another key of that id": (lambda i: signed(i, key=EVIL), "token_invalid"),
    "an unknown kid": (lambda i: signed(i, {"kid": "two"}), "token_invalid"),
    "a kid that is a path": (lambda i: signed(i, {"kid": "../../dev/null"}), "token_invalid"),
    "a kid that is SQL": (lambda i: signed(i, {"kid": "' OR 1=1 --"}), "token_invalid"),
    "jwk in the header": (lambda i: signed(i, {"jwk": public(EVIL)}, EVIL), "token_invalid"),
    "jku in the header": (
        lambda i: signed(i, {"jku": "http://127.0.0.1:9/jwks.json"}, EVIL),
        "token_invalid",
    ),
    "x5u in the header": (
        lambda i: signed(i, {"x5u": "http://127.0.0.1:9/x.pem"}, EVIL),
        "token_invalid",
    ),
    "x5c in the header": (lambda i: signed(i, {"x5c": ["AAAA"]}, EVIL), "token_invalid"),
    "crit of what nobody knows": (
        lambda i: signed(i, {"crit": ["exp-2"], "exp-2": 1}),
        "token_invalid",
    ),
    "b64 turned off": (lambda i: signed(i, {"crit": ["b64"], "b64": False}), "token_invalid"),
    "no typ": (lambda i: signed(i, {"typ": None}), "token_is_no_access_token"),
    "typ JWT": (lambda i: signed(i, {"typ": "JWT"}), "token_is_no_access_token"),
    "typ of a logout token": (
        lambda i: signed(i, {"typ": "logout+jwt"}),
        "token_is_no_access_token",
    ),
    "typ that is a list": (lambda i: signed(i, {"typ": ["at+jwt"]}), "token_invalid"),
    "no exp": (lambda i: signed(i, claims={"exp": None}), "token_claims_invalid"),
    "exp over": (lambda i: signed(i, claims={"exp": NOW - 31}), "token_expired"),
    "exp a text": (lambda i: signed(i, claims={"exp": "9999999999"}), "token_claims_invalid"),
    "exp true": (lambda i: signed(i, claims={"exp": True}), "token_claims_invalid"),
    "exp without an end": (lambda i: signed(i, claims={"exp": 1e400}), "token_claims_invalid"),
    "nbf to come": (lambda i: signed(i, claims={"nbf": NOW + 100_000}), "token_claims_invalid"),
    "iat to come": (lambda i: signed(i, claims={"iat": NOW + 100_000}), "token_claims_invalid"),
    "no iat": (lambda i: signed(i, claims={"iat": None}), "token_claims_invalid"),
    "no iss": (lambda i: signed(i, claims={"iss": None}), "token_claims_invalid"),
    "another iss": (
        lambda i: signed(i, claims={"iss": "https://x.example"}),
        "token_claims_invalid",
    ),
    "iss with a slash more": (
        lambda i: signed(i, claims={"iss": f"{i.url}/"}),
        "token_claims_invalid",
    ),
    "iss a list": (lambda i: signed(i, claims={"iss": [i.url]}), "token_claims_invalid"),
    "no aud": (lambda i: signed(i, claims={"aud": None}), "token_claims_invalid"),
    "another aud": (lambda i: signed(i, claims={"aud": "board"}), "token_claims_invalid"),
    "aud like ours": (lambda i: signed(i, claims={"aud": "hotich "}), "token_claims_invalid"),
    "aud a list without us": (
        lambda i: signed(i, claims={"aud": ["board", "x"]}),
        "token_claims_invalid",
    ),
    "aud an object": (lambda i: signed(i, claims={"aud": {"hotich": 1}}), "token_claims_invalid"),
    "no client": (lambda i: signed(i, claims={"client_id": None}), "token_claims_invalid"),
    "a client that is a list": (
        lambda i: signed(i, claims={"client_id": ["national-portal"]}),
        "token_claims_invalid",
    ),
    "a token of a megabyte": (lambda i: "x" * 1024 * 1024, "token_invalid"),
    "a good token too long": (lambda i: signed(i, claims={"more": "x" * 9000}), "token_invalid"),
    "five parts": (lambda i: "a.b.c.d.e", "token_invalid"),
    "JSON serialisation": (lambda i: json.dumps({"payload": "e30"}), "token_invalid"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_given_a_token_that_is_wrong_then_it_is_refused_for_that(
    name: str, issuer: Liar
) -> None:
    make, reason = WRONG[name]

    with pytest.raises(Unauthenticated) as refused:
        await issuer.verifier().verify(f"Bearer {make(issuer)}")

    assert refused.value.reason == reason


GOOD: dict[str, dict[str, Any]] = {
    "as it is": {},
    "exp over by less than the leeway": {"exp": NOW - 10},
    "nbf to come by less than the leeway": {"nbf": NOW + 20},
    "iat to come by less than the leeway": {"iat": NOW + 20},
    "aud a list with us": {"aud": ["board", "hotich"]},
}


@pytest.mark.parametrize("name", GOOD)
async def test_given_a_token_that_is_good_then_it_is_believed(name: str, issuer: Liar) -> None:
    changes = dict(GOOD[name])
    shift = int(time.time()) - NOW
    changes |= {one: changes[one] + shift for one in ("exp", "nbf", "iat") if one in changes}

    client = await issuer.verifier().verify(f"Bearer {signed(issuer, claims=changes)}")

    assert client.client_id == "national-portal"


async def test_given_a_header_that_names_its_own_key_and_ours_then_ours_counts(
    issuer: Liar,
) -> None:
    header = {"jku": "http://127.0.0.1:9/", "x5u": "http://127.0.0.1:9/", "jwk": public(EVIL)}

    client = await issuer.verifier().verify(f"Bearer {signed(issuer, header)}")

    assert client.client_id == "national-portal"


# --- the key set


async def test_given_a_key_set_with_keys_of_other_kinds_then_they_sign_nothing(
    issuer: Liar,
) -> None:
    secret = OctKey.import_key("s" * 32, {"kid": "secret"})
    other = ECKey.generate_key("P-384", {"kid": "large"})
    for_encryption = ECKey.generate_key("P-256", {"kid": "enc"})
    issuer.keys = [
        public(issuer.key),
        secret.as_dict(),
        public(WEAK) | {"kid": "rsa"},
        public(other),
        public(for_encryption) | {"use": "enc"},
    ]
    verifier = issuer.verifier()

    await verifier.verify(f"Bearer {signed(issuer)}")
    for key, header in (
        (secret, {"alg": "HS256", "kid": "secret"}),
        (WEAK, {"alg": "RS256", "kid": "rsa"}),
        (other, {"alg": "ES384", "kid": "large"}),
        (for_encryption, {"kid": "enc"}),
    ):
        with pytest.raises(Unauthenticated):
            await verifier.verify(f"Bearer {signed(issuer, header, key)}")


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.json_response({"keys": [public(WEAK)]}),
        lambda: web.json_response({"keys": [5]}),
        lambda: web.json_response({"keys": [public(EVIL)] * 2_000}),
        lambda: web.Response(body=b'{"keys":' + b"[" * 100_000, content_type="application/json"),
        lambda: web.Response(status=302, headers={"location": "http://127.0.0.1:9/jwks.json"}),
        lambda: web.Response(status=204),
    ],
    ids=["no key of ours", "no objects", "half a megabyte", "deep", "moved", "empty"],
)
async def test_given_a_key_set_that_is_none_then_the_issuer_is_away_and_old_keys_serve_on(
    issuer: Liar, answer: Callable[[], web.Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(tokens, "time", SimpleNamespace(monotonic=lambda: hand.now))
    known, fresh = issuer.verifier(), issuer.verifier()
    await known.verify(f"Bearer {signed(issuer)}")
    issuer.answer = answer
    hand.now += 301

    with pytest.raises(IssuerAway):
        await fresh.verify(f"Bearer {signed(issuer)}")
    assert (await known.verify(f"Bearer {signed(issuer)}")).client_id == "national-portal"


async def test_given_an_issuer_away_for_an_hour_then_its_keys_are_believed_no_more(
    issuer: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(tokens, "time", SimpleNamespace(monotonic=lambda: hand.now))
    verifier = issuer.verifier()
    await verifier.verify(f"Bearer {signed(issuer)}")
    issuer.answer = lambda: web.Response(status=503)

    hand.now += 3599
    await verifier.verify(f"Bearer {signed(issuer)}")
    hand.now += 2
    with pytest.raises(IssuerAway):
        await verifier.verify(f"Bearer {signed(issuer)}")
    issuer.answer = None
    hand.now += 2
    await verifier.verify(f"Bearer {signed(issuer)}")


async def test_given_a_key_withdrawn_then_its_tokens_end_with_the_next_fetch(
    issuer: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(tokens, "time", SimpleNamespace(monotonic=lambda: hand.now))
    verifier, old = issuer.verifier(), signed(issuer)
    await verifier.verify(f"Bearer {old}")
    issuer.key = ECKey.generate_key("P-256", {"kid": "two"})

    hand.now += 301
    with pytest.raises(Unauthenticated):
        await verifier.verify(f"Bearer {old}")
    new = signed(issuer, {"kid": "two"})
    assert (await verifier.verify(f"Bearer {new}")).client_id == "national-portal"


async def test_given_a_key_set_that_never_comes_then_nobody_waits_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tokens, "_FETCH_SECONDS", 0.2)
    with listening() as (_, url):
        async with asyncio.timeout(20):
            with pytest.raises(IssuerAway):
                await TokenVerifier(url, "hotich", f"{url}/jwks.json").verify("Bearer a.b.c")


# --- how a token comes


@pytest.fixture
async def url(issuer: Liar) -> AsyncIterator[str]:
    app: FastAPI = make_app("demo", Health())
    verifier = issuer.verifier()

    @app.get("/v1/thing")
    async def thing(request: Request) -> str:
        return (await authenticate(request, verifier, "operate")).client_id

    async with served(app) as url:
        yield url


async def test_given_a_token_in_the_address_or_twice_then_it_is_refused(
    issuer: Liar, url: str
) -> None:
    token = signed(issuer)
    async with visiting(url) as visitor:
        good = await visitor.get("/v1/thing", authorization=f"Bearer {token}")
        in_address = await visitor.get(f"/v1/thing?access_token={token}")
        both = await visitor.get("/v1/thing?access_token=x", authorization=f"Bearer {token}")
        async with visitor.http.get(
            f"{url}/v1/thing",
            headers=[("authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")],
        ) as twice:
            told = await twice.json()

    assert [good.status, in_address.status, both.status, twice.status] == [200, 401, 401, 401]
    assert told["detail"] == "token_given_twice"
