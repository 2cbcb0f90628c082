"""Access tokens (RFC 9068): fixed algorithm, cached keys, every claim checked."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from plumbing.bodies import document
from plumbing.logs import describe

log = structlog.get_logger()

_ALGORITHMS = ["ES256"]
_KEYS_SECONDS = 300.0
#: While the issuer is away its keys serve on, but not for ever: one of them may be withdrawn.
_KEYS_HARD_SECONDS = 3600.0
#: What a key set and a token are never longer than.
_MOST_KEYS_BYTES, _MOST_TOKEN_BYTES = 256 * 1024, 8 * 1024
#: A token of an unknown key makes us look for new keys, but not every such token.
_REFETCH_SECONDS = 5.0
_RETRY_SECONDS = 1.0
_FETCH_SECONDS = 5.0
_LEEWAY_SECONDS = 30
#: What an answer that is no key set looks like.
_UNREADABLE = (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
#: What the library says of a text that is no token; of a header of odd types, a TypeError.
_NO_TOKEN = (JoseError, ValueError, TypeError, RecursionError)


class Unauthenticated(Exception):
    """The token says nothing we may believe; `reason` is a constant."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class IssuerAway(Exception):
    """The token issuer's keys could not be fetched; the caller may try again."""


@dataclass(frozen=True)
class Client:
    """Who calls, as the token issuer vouches."""

    client_id: str
    scopes: frozenset[str]
    claims: dict[str, Any]


class TokenVerifier:
    """Verifies bearer tokens of one issuer for one audience."""

    def __init__(self, issuer: str, audience: str, jwks_url: str) -> None:
        self._issuer, self._audience, self._jwks_url = issuer, audience, jwks_url
        self._keys: KeySet | None = None
        self._fetched_at = self._tried_at = -_KEYS_SECONDS
        self._fetching = asyncio.Lock()

    async def verify(self, authorization: str | None) -> Client:
        """Return the client of an `Authorization` header; raises Unauthenticated or IssuerAway."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("token_missing")
        decoded = await self._decode(token)
        if str(decoded.header.get("typ")).lower() not in ("at+jwt", "application/at+jwt"):
            raise Unauthenticated("token_is_no_access_token")
        return self._client(decoded.claims)

    async def verify_identity(self, id_token: str, client_id: str, nonce: str) -> dict[str, Any]:
        """Return the claims of an id token that was made for this client and this sign-in.

        Raises Unauthenticated or IssuerAway. Source: OpenID Connect Core 1.0, 3.1.3.7.
        """
        decoded = await self._decode(id_token)
        if str(decoded.header.get("typ", "JWT")).lower() != "jwt":
            raise Unauthenticated("token_is_no_id_token")
        claims = decoded.claims
        for_us = {"aud": {"essential": True, "value": client_id}}
        if isinstance(claims.get("aud"), list) and len(claims["aud"]) > 1:
            for_us["azp"] = {"essential": True, "value": client_id}
        for_us |= {"nonce": {"essential": True, "value": nonce}, "iat": {"essential": True}}
        self._validate(claims, for_us | {"sub": {"essential": True}})
        return claims

    async def _decode(self, token: str) -> jwt.Token:
        if len(token) > _MOST_TOKEN_BYTES:
            raise Unauthenticated("token_invalid")
        try:
            return jwt.decode(token, await self._current_keys(), algorithms=_ALGORITHMS)
        except InvalidKeyIdError:
            pass  # the key may be new
        except _NO_TOKEN:
            raise Unauthenticated("token_invalid") from None
        try:
            keys = await self._current_keys(max_age_seconds=_REFETCH_SECONDS)
            return jwt.decode(token, keys, algorithms=_ALGORITHMS)
        except _NO_TOKEN:
            raise Unauthenticated("token_invalid") from None

    def _client(self, claims: dict[str, Any]) -> Client:
        for_us = {"aud": {"essential": True, "value": self._audience}}
        self._validate(
            claims, for_us | {"client_id": {"essential": True}, "iat": {"essential": True}}
        )
        client_id, scope = claims["client_id"], claims.get("scope", "")
        if not isinstance(client_id, str) or not isinstance(scope, str):
            raise Unauthenticated("token_claims_invalid")
        return Client(client_id, frozenset(scope.split()), claims)

    def _validate(self, claims: dict[str, Any], more: dict[str, Any]) -> None:
        rules = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": self._issuer},
            exp={"essential": True},
            **more,
        )
        try:
            rules.validate(claims)
        except JoseError as error:
            name = "token_expired" if error.error == "expired_token" else "token_claims_invalid"
            raise Unauthenticated(name) from None

    async def _current_keys(self, max_age_seconds: float = _KEYS_SECONDS) -> KeySet:
        """Return keys of at most that age, or up to an hour old ones while the issuer is away.

        Whoever asks meanwhile waits for the same fetch only without keys, or for a new key: an
        issuer that does not answer holds nobody else up. A failed fetch is not repeated at once.
        """
        for_known = max_age_seconds >= _KEYS_SECONDS
        most = _KEYS_HARD_SECONDS if for_known and self._fetching.locked() else max_age_seconds
        if self._keys is not None and time.monotonic() - self._fetched_at <= most:
            return self._keys
        async with self._fetching:
            now = time.monotonic()
            if now - self._fetched_at > max_age_seconds and now - self._tried_at > _RETRY_SECONDS:
                await self._fetch()
                self._tried_at = time.monotonic()
            if self._keys is None or now - self._fetched_at > _KEYS_HARD_SECONDS:
                raise IssuerAway
            return self._keys

    async def _fetch(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_FETCH_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(self._jwks_url, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    raise ValueError("no key set")
                self._keys = _signing_keys(await document(response, _MOST_KEYS_BYTES))
                self._fetched_at = time.monotonic()
        except (aiohttp.ClientError, TimeoutError, OSError, *_UNREADABLE) as error:
            log.warning("token_keys_not_fetched", error=describe(error))


def _signing_keys(key_set: Any) -> KeySet:
    """Return the keys tokens are signed with, others left out; raises ValueError without any."""
    signing = [
        one
        for one in key_set["keys"]
        if (one.get("kty"), one.get("crv")) == ("EC", "P-256") and one.get("use", "sig") == "sig"
    ]
    if not signing:
        raise ValueError
    return KeySet.import_key_set({"keys": signing})
