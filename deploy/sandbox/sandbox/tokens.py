"""The token issuer: client credentials and signed-in people, ES256 tokens (RFC 9068, OpenID)."""

import base64
import hashlib
import json
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey

from sandbox.answers import answer, is_same, read_basic
from sandbox.faults import Faults
from sandbox.people import Person, WebClient
from sandbox.settings import Client
from sandbox.signing_in import Grant, SignIns

AUDIENCE = "hotich"
LIFETIME_SECONDS = 600
#: Half a working day: the pages keep no refresh token.
PERSON_SECONDS = 4 * 3600


def load_key(path: Path) -> ECKey:
    """Return the signing key kept at `path`, made at the first start and then the same."""
    if path.exists():
        return ECKey.import_key(json.loads(path.read_bytes()))
    key = ECKey.generate_key("P-256", private=True)
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(key.as_dict(private=True), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    return key


class TokenIssuer:
    """Issues tokens to the clients of the secrets file, and of its people to web applications."""

    def __init__(
        self,
        url: str,
        clients: Mapping[str, Client],
        key: ECKey,
        people: Mapping[str, Person],
        web_clients: Mapping[str, WebClient],
    ) -> None:
        self._url = url
        self._clients = clients
        self._key = key
        self._kid = key.thumbprint()
        self._kept: dict[str, tuple[float, str]] = {}
        self._people, self._web_clients = people, web_clients
        self._sign_ins = SignIns(url, web_clients, people)

    def __contains__(self, client_id: object) -> bool:
        """Return whether this client gets tokens here."""
        return client_id in self._clients

    def issue(self, client_id: str, scope: str) -> str:
        """Return a fresh access token of this client; raises KeyError for an unknown one."""
        client = self._clients[client_id]
        named = {"sub": client_id, "client_id": client_id, "scope": scope}
        return self._sign("at+jwt", {**client.claims, "aud": AUDIENCE} | named, LIFETIME_SECONDS)

    def _sign(self, kind: str, claims: Mapping[str, Any], seconds: int) -> str:
        now = int(time.time())
        times = {"iat": now, "exp": now + seconds, "jti": str(uuid.uuid4())}
        header = {"alg": "ES256", "typ": kind, "kid": self._kid}
        return jwt.encode(header, {**claims, "iss": self._url, **times}, self._key)

    def token_of(self, client_id: str) -> str:
        """Return a token of full scope, good for at least another minute."""
        renew_at, token = self._kept.get(client_id, (0.0, ""))
        if time.monotonic() >= renew_at:
            token = self.issue(client_id, self._clients[client_id].scope)
            self._kept[client_id] = (time.monotonic() + LIFETIME_SECONDS - 60, token)
        return token

    def routes(self, faults: Faults) -> list[web.RouteDef]:
        """Return the routes of the issuer."""
        return [
            *self._sign_ins.routes(),
            web.post("/oauth/token", faults.guard("tokens", self._token)),
            web.get("/oauth/jwks.json", self._jwks),
            web.get("/.well-known/openid-configuration", self._configuration),
        ]

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        if not fields:
            return _error(400, "invalid_request", "send a form with grant_type")
        basic = read_basic(request)
        client_id, secret = basic or (fields.get("client_id", ""), fields.get("client_secret", ""))
        if fields.get("grant_type") == "authorization_code":
            return self._to_application(client_id, secret, fields)
        client = self._clients.get(client_id)
        if client is None or not is_same(secret, client.secret):
            return _error(401, "invalid_client", "unknown client or wrong secret")
        if fields.get("grant_type") != "client_credentials":
            known = "only client_credentials and authorization_code"
            return _error(400, "unsupported_grant_type", known)
        scope = fields.get("scope", client.scope)
        if not set(scope.split()) <= set(client.scope.split()):
            return _error(400, "invalid_scope", f"this client may ask for: {client.scope}")
        body = {
            "access_token": self.issue(client_id, scope),
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "scope": scope,
        }
        return _unstored(answer(body))

    def _to_application(
        self, client_id: str, secret: str, fields: Mapping[str, str]
    ) -> web.Response:
        client = self._web_clients.get(client_id)
        if client is None or not is_same(secret, client.secret):
            return _error(401, "invalid_client", "unknown client or wrong secret")
        grant = self._sign_ins.redeem(client_id, fields)
        if grant is None:
            return _error(400, "invalid_grant", "the code is unknown, used, too old or not yours")
        return _unstored(answer(self._tokens_for(grant)))

    def _tokens_for(self, grant: Grant) -> dict[str, Any]:
        """Return the answer to a code. Source: OpenID Connect Core 1.0, 3.1.3.3 and 3.1.3.6."""
        person = self._people[grant.person]
        who = {**person.claims, "sub": grant.person, "name": person.name}
        granted = {"aud": AUDIENCE, "client_id": grant.client_id, "scope": grant.scope}
        token = self._sign("at+jwt", who | granted, PERSON_SECONDS)
        half = hashlib.sha256(token.encode()).digest()[:16]
        at_hash = base64.urlsafe_b64encode(half).decode().rstrip("=")
        identity = who | {"aud": grant.client_id, "nonce": grant.nonce, "at_hash": at_hash}
        return {
            "access_token": token,
            "id_token": self._sign("JWT", identity, PERSON_SECONDS),
            "token_type": "Bearer",
            "expires_in": PERSON_SECONDS,
            "scope": grant.scope,
        }

    async def _jwks(self, request: web.Request) -> web.Response:
        public = self._key.as_dict(private=False)
        return answer({"keys": [{**public, "kid": self._kid, "use": "sig", "alg": "ES256"}]})

    async def _configuration(self, request: web.Request) -> web.Response:
        document: dict[str, Any] = {
            "issuer": self._url,
            "authorization_endpoint": f"{self._url}/oauth/authorize",
            "token_endpoint": f"{self._url}/oauth/token",
            "end_session_endpoint": f"{self._url}/oauth/end-session",
            "jwks_uri": f"{self._url}/oauth/jwks.json",
            "grant_types_supported": ["client_credentials", "authorization_code"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile"],
            "authorization_response_iss_parameter_supported": True,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }
        return answer(document)


def _error(status: int, code: str, description: str) -> web.Response:
    response = answer({"error": code, "error_description": description}, status=status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="sandbox"'
    return _unstored(response)


def _unstored(response: web.Response) -> web.Response:
    response.headers["Cache-Control"] = "no-store"
    return response
