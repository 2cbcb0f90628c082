"""Where people sign in: the authorization endpoint, codes with PKCE, and what a code is good for.

Nobody proves who they are: this is a sandbox, and its people are invented.
"""

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from sandbox.answers import is_same
from sandbox.people import Person, WebClient

CODE_SECONDS = 60
_ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state", "nonce")
_PKCE = ("code_challenge", "code_challenge_method")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_PAGE = Template(files("sandbox").joinpath("signing_in.html").read_text(encoding="utf-8"))
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """What one code stands for, until it is used or too old."""

    client_id: str
    redirect_uri: str
    challenge: str
    person: str
    scope: str
    nonce: str
    ends_at: float


class SignIns:
    """Gives codes to applications for people who choose themselves."""

    def __init__(
        self, url: str, clients: Mapping[str, WebClient], people: Mapping[str, Person]
    ) -> None:
        self._url, self._clients, self._people = url, clients, people
        self._grants: dict[str, Grant] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the authorization endpoint, its page and the choice made on it, and the way out.

        Nobody is remembered, so at the way out there is nothing to forget.
        """
        return [
            web.get("/oauth/end-session", self._leave),
            web.get("/oauth/authorize", self._ask),
            web.post("/oauth/authorize", self._choose),
        ]

    def redeem(self, client_id: str, fields: Mapping[str, str]) -> Grant | None:
        """Return what the code stands for, once; None when anything about it is not right."""
        grant = self._grants.pop(fields.get("code", ""), None)
        if grant is None or grant.ends_at < time.monotonic():
            return None
        same = grant.client_id == client_id and grant.redirect_uri == fields.get("redirect_uri")
        proven = is_same(_challenge(fields.get("code_verifier", "")), grant.challenge)
        return grant if same and proven else None

    async def _ask(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        client = self._known(asked)
        if wrong := _wrong(asked):
            return self._back(asked, error=wrong)
        return _page(asked, client, self._who_may(client))

    async def _choose(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = {name: value for name, value in form.items() if isinstance(value, str)}
        client = self._known(asked)
        if wrong := _wrong(asked):
            return self._back(asked, error=wrong)
        person = self._who_may(client).get(asked.get("person", ""))
        if person is None:
            return self._back(asked, error="access_denied")
        return self._back(asked, code=self._code(asked, client, person))

    async def _leave(self, request: web.Request) -> web.Response:
        """Send people back. Source: OpenID Connect RP-Initiated Logout 1.0, 3."""
        asked = {"client_id": request.query.get("client_id", "")}
        back = request.query.get("post_logout_redirect_uri", "")
        self._known(asked | {"redirect_uri": back})
        return web.Response(status=303, headers={**_HEADERS, "Location": back})

    def _who_may(self, client: WebClient) -> dict[str, Person]:
        allowed = client.scope
        return {name: one for name, one in self._people.items() if one.granted(one.scope, allowed)}

    def _known(self, asked: Mapping[str, str]) -> WebClient:
        """Return the application; raises an answer of its own, for nobody is sent to a stranger."""
        client = self._clients.get(asked.get("client_id", ""))
        if client is None or not client.takes(asked.get("redirect_uri", "")):
            raise web.HTTPBadRequest
        return client

    def _code(self, asked: Mapping[str, str], client: WebClient, person: Person) -> str:
        now = time.monotonic()
        self._grants = {code: one for code, one in self._grants.items() if one.ends_at >= now}
        code = secrets.token_urlsafe(32)
        self._grants[code] = Grant(
            client_id=asked["client_id"],
            redirect_uri=asked["redirect_uri"],
            challenge=asked["code_challenge"],
            person=asked["person"],
            scope=person.granted(asked["scope"], client.scope),
            nonce=asked["nonce"],
            ends_at=now + CODE_SECONDS,
        )
        return code

    def _back(self, asked: Mapping[str, str], **answer: str) -> web.Response:
        said = answer | {"state": asked.get("state", ""), "iss": self._url}
        mark = "&" if urlsplit(asked["redirect_uri"]).query else "?"
        location = f"{asked['redirect_uri']}{mark}{urlencode(said)}"
        return web.Response(status=303, headers={**_HEADERS, "Location": location})


def _wrong(asked: Mapping[str, str]) -> str:
    """Return what is wrong with the request, as OAuth 2.0 names it; empty when nothing is."""
    if asked.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in asked.get("scope", "").split():
        return "invalid_scope"
    sound = _CHALLENGE.fullmatch(asked.get("code_challenge", "")) and asked.get("nonce")
    return "" if sound and asked.get("code_challenge_method") == "S256" else "invalid_request"


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _page(
    asked: Mapping[str, str], client: WebClient, people: Mapping[str, Person]
) -> web.Response:
    kept = {name: asked[name] for name in (*_ASKED, *_PKCE) if name in asked}
    html = _PAGE.substitute(
        client=escape(asked["client_id"]),
        fields="\n".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name, value in kept.items()
        ),
        people="\n".join(
            f'<li><button name="person" value="{escape(name)}">{escape(one.name)} '
            f"<small>{escape(name)}</small></button></li>"
            for name, one in people.items()
        ),
    )
    return web.Response(text=html, content_type="text/html", headers=_HEADERS)
