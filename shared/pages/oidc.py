"""What is said to the issuer when a person signs in, and what it answers."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
import structlog
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from plumbing.bodies import document
from plumbing.logs import describe
from plumbing.settings import ProcessSettings
from plumbing.tokens import IssuerAway, Unauthenticated

log = structlog.get_logger()

CALLBACK = "/dang-nhap/xong"
LEFT = "/dang-xuat/xong"
_SECONDS = 10
_MOST_BYTES = 64 * 1024
Prompt = Literal["", "login"]


class OidcSettings(ProcessSettings):
    """What a service with pages is told by its environment about signing in.

    `session_key`: base64 of 32 bytes; two of them, comma separated, while they are exchanged: the
    first seals. `public_url`: where browsers reach the service, without a path. `end_session_url`:
    where the issuer forgets who signed in; without it only our own session ends.
    """

    model_config = SettingsConfigDict(populate_by_name=True)

    issuer: str = Field(validation_alias="OIDC_ISSUER")
    authorize_url: str = Field(validation_alias="OIDC_AUTHORIZE_URL")
    token_url: str = Field(validation_alias="OIDC_TOKEN_URL")
    end_session_url: str = Field("", validation_alias="OIDC_END_SESSION_URL")
    client_id: str = Field(validation_alias="OIDC_CLIENT_ID", pattern=r"^[A-Za-z0-9_.-]+$")
    client_secret: SecretStr = Field(validation_alias="OIDC_CLIENT_SECRET")
    audience: str = Field("hotich", validation_alias="OIDC_AUDIENCE")
    public_url: str = Field(validation_alias="PUBLIC_URL", pattern=r"^https?://[^/?#]+$")
    session_key: SecretStr = Field(validation_alias="SESSION_KEY")

    @property
    def service(self) -> str:
        """Return the service the client is of, as cookies are named: `routing-web` is routing."""
        return self.client_id.removesuffix("-web").replace("-", "_")

    @property
    def redirect_uri(self) -> str:
        """Return where the issuer sends people back to."""
        return f"{self.public_url}{CALLBACK}"


@dataclass(frozen=True)
class Attempt:
    """One sign-in under way: what only the browser that began it knows, and where it goes on."""

    state: str
    nonce: str
    verifier: str
    next: str

    @classmethod
    def fresh(cls, path: str) -> "Attempt":
        """Return a new attempt that goes on to the path."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, path)

    @classmethod
    def of(cls, content: Mapping[str, Any] | None, state: str) -> "Attempt | None":
        """Return the attempt kept in the browser if it is the one of that state."""
        if content is None or not hmac.compare_digest(content["state"].encode(), state.encode()):
            return None
        return cls(**content)

    def content(self) -> dict[str, str]:
        """Return what is kept in the browser."""
        return asdict(self)

    @property
    def challenge(self) -> str:
        """Return the S256 code challenge. Source: RFC 7636, 4.2."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class Tokens:
    """What the issuer gave for a code, not yet verified."""

    access: str
    identity: str


def authorize_url(settings: OidcSettings, scope: str, attempt: Attempt, prompt: Prompt = "") -> str:
    """Return the address at the issuer where the person signs in.

    `login` has it ask who that is, whoever it knows. Source: OpenID Connect Core 1.0, 3.1.2.1.
    """
    asked = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": settings.redirect_uri,
        "scope": f"openid profile {scope}",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    } | ({"prompt": prompt} if prompt else {})
    return f"{settings.authorize_url}?{urlencode(asked)}"


def end_session_url(settings: OidcSettings) -> str:
    """Return the address at the issuer that ends its session too, "" when it has none.

    Source: OpenID Connect RP-Initiated Logout 1.0, 2. No `id_token_hint`: the token is not kept.
    """
    if not settings.end_session_url:
        return ""
    back = {
        "client_id": settings.client_id,
        "post_logout_redirect_uri": f"{settings.public_url}{LEFT}",
    }
    return f"{settings.end_session_url}?{urlencode(back)}"


async def ask_for_tokens(settings: OidcSettings, code: str, attempt: Attempt) -> Tokens:
    """Return the tokens for the code.

    Raises Unauthenticated when the issuer refuses it, IssuerAway when there is no answer.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": settings.redirect_uri,
        "code_verifier": attempt.verifier,
    }
    secret = settings.client_secret.get_secret_value()
    headers = {"authorization": aiohttp.encode_basic_auth(settings.client_id, secret)}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as http,
            http.post(
                settings.token_url, data=form, headers=headers, allow_redirects=False
            ) as response,
        ):
            if response.status >= 500:
                raise IssuerAway
            body = await document(response, _MOST_BYTES) if response.status == 200 else {}
            return Tokens(str(body["access_token"]), str(body["id_token"]))
    except (KeyError, TypeError):
        raise Unauthenticated("code_not_taken") from None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        log.warning("issuer_not_reached", error=describe(error))
        raise IssuerAway from None
