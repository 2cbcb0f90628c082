"""The token issuer: OAuth 2.0 client credentials, ES256 access tokens (RFC 9068)."""

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
from sandbox.settings import Client

AUDIENCE = "hotich"
LIFETIME_SECONDS = 600


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
    """Issues tokens to the clients of the secrets file."""

    def __init__(self, url: str, clients: Mapping[str, Client], key: ECKey) -> None:
        self._url = url
        self._clients = clients
        self._key = key
        self._kid = key.thumbprint()
        self._kept: dict[str, tuple[float, str]] = {}

    def __contains__(self, client_id: object) -> bool:
        """Return whether this client gets tokens here."""
        return client_id in self._clients

    def issue(self, client_id: str, scope: str) -> str:
        """Return a fresh access token of this client; raises KeyError for an unknown one."""
        now = int(time.time())
        claims = {
            **self._clients[client_id].claims,
            "iss": self._url,
            "aud": AUDIENCE,
            "sub": client_id,
            "client_id": client_id,
            "scope": scope,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": self._kid}, claims, self._key)

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
        client = self._clients.get(client_id)
        if client is None or not is_same(secret, client.secret):
            return _error(401, "invalid_client", "unknown client or wrong secret")
        if fields.get("grant_type") != "client_credentials":
            return _error(400, "unsupported_grant_type", "only client_credentials")
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

    async def _jwks(self, request: web.Request) -> web.Response:
        public = self._key.as_dict(private=False)
        return answer({"keys": [{**public, "kid": self._kid, "use": "sig", "alg": "ES256"}]})

    async def _configuration(self, request: web.Request) -> web.Response:
        document: dict[str, Any] = {
            "issuer": self._url,
            "token_endpoint": f"{self._url}/oauth/token",
            "jwks_uri": f"{self._url}/oauth/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "response_types_supported": [],
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
