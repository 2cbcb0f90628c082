"""Signing in: authorization code with PKCE, state and nonce; the session in one sealed cookie."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pages import forms
from pages.cookies import CookieTooLarge, Jar, ring_of
from pages.oidc import (
    CALLBACK,
    LEFT,
    Attempt,
    OidcSettings,
    Prompt,
    ask_for_tokens,
    authorize_url,
    end_session_url,
)
from pages.problem_pages import MOST_NEXT
from pages.problems import NotForYou, NotSignedIn, PageProblem
from pages.site import Site
from plumbing.gate import limits_of, seconds_header
from plumbing.tokens import Client, IssuerAway, TokenVerifier, Unauthenticated

log = structlog.get_logger()

_ATTEMPT_SECONDS = 600
#: So many sign-ins may be under way in one browser; every cookie goes with every request.
MOST_ATTEMPTS = 8
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*")
_AWAY = (503, "problem.issuer_away", {"retry-after": "2"})


@dataclass(frozen=True)
class Session:
    """Who is signed in: a person, what the issuer says of them, and for how long.

    `csrf` is the word that every form of this session carries.
    """

    person: str
    name: str
    claims: Mapping[str, Any]
    token: str
    csrf: str
    expires_at: datetime


class SignIn:
    """Lets people of one scope sign in at the issuer, and knows them afterwards.

    `verifier` believes access tokens of the service's own audience. `scope` is asked for; of
    several, space separated, the first must be granted to be let in at all.
    """

    def __init__(self, settings: OidcSettings, verifier: TokenVerifier, scope: str) -> None:
        self._settings, self._verifier, self._scope = settings, verifier, scope
        keys = ring_of(settings.session_key.get_secret_value())
        self._jar = Jar(keys, secure=settings.public_url.startswith("https:"))
        self._session = f"hotich_{settings.service}_session"

    def add_to(self, app: FastAPI, site: Site) -> None:
        """Add the ways in and out to the app; whoever comes without a place goes to the home."""
        pages = site.sub_app()
        ends = end_session_url(self._settings)
        site.let_forms_lead_to(self._settings.authorize_url, ends)

        @pages.get("/dang-nhap")
        async def begin(request: Request, next: str = "", prompt: Prompt = "") -> Response:
            return self._begin(request, local_path(next, site.home), prompt)

        @pages.get(CALLBACK)
        async def end(request: Request) -> Response:
            return await self._end(request)

        @pages.post("/dang-xuat")
        async def leave(request: Request) -> Response:
            await forms.posted(request, await self.session(request, back=site.home))
            response = RedirectResponse(ends or site.home, 303)
            self._jar.drop(response, self._session)
            if ends:
                return response
            return site.page(request, "left.html", session=None, headers=_cookies_of(response))

        @pages.get(LEFT)
        async def left(request: Request) -> Response:
            return site.page(request, "left.html", session=None)

        for path in ("/dang-nhap", CALLBACK, "/dang-xuat", LEFT):
            app.router.routes.append(Route(path, pages))

    async def session(self, request: Request, *, back: str = "") -> Session:
        """Return who is signed in; pages of this request show it.

        `back` is where a person whose session is over goes on after a POST. Raises NotSignedIn,
        or PageProblem: 403 for somebody who may not come here, 503 while no key is known.
        """
        kept = self._jar.take(request.cookies, self._session)
        if kept is None:
            raise NotSignedIn(back)
        try:
            client = await self._verifier.verify(f"Bearer {kept['token']}")
        except Unauthenticated:
            raise NotSignedIn(back) from None
        except IssuerAway:
            raise PageProblem(*_AWAY) from None
        session = _session(client, kept)
        request.state.session = session
        self._let_in(client, session.name)
        return session

    def _let_in(self, client: Client, name: str, back: str = "") -> None:
        if self._scope.split()[0] not in client.scopes:
            raise NotForYou(name, back)

    def _begin(self, request: Request, path: str, prompt: Prompt) -> Response:
        _not_too_often(request)
        attempt = Attempt.fresh(path)
        to = authorize_url(self._settings, self._scope, attempt, prompt)
        response = RedirectResponse(to, 303)
        content = attempt.content()
        self._jar.put(response, self._attempt_name(attempt.state), content, _ATTEMPT_SECONDS)
        self._forget_attempts(request, response)
        return response

    def _forget_attempts(self, request: Request, response: Response) -> None:
        """Have the browser forget those under way when there are too many, whichever they are."""
        ours = re.compile(re.escape(self._jar.name(self._attempt_name(""))) + "[A-Za-z0-9_-]{1,8}")
        names = [name for name in request.cookies if ours.fullmatch(name)]
        for name in names if len(names) >= MOST_ATTEMPTS else ():
            self._jar.drop(response, name.removeprefix(self._jar.name("")))

    async def _end(self, request: Request) -> Response:
        """Take the issuer's answer, but only to a sign-in that this very browser began."""
        _not_too_often(request)
        asked = request.query_params
        state = asked.get("state", "")
        name = self._attempt_name(state)
        attempt = Attempt.of(self._jar.take(request.cookies, name), state)
        if attempt is None or asked.get("iss", self._settings.issuer) != self._settings.issuer:
            raise PageProblem(400, "problem.sign_in_not_begun")
        if "code" not in asked:
            raise PageProblem(403, "problem.sign_in_refused")
        response = RedirectResponse(attempt.next, 303)
        await self._signed_in(response, asked["code"], attempt)
        self._jar.drop(response, name)
        return response

    async def _signed_in(self, response: Response, code: str, attempt: Attempt) -> None:
        """Put a new session into the answer; raises PageProblem when the tokens are not right."""
        try:
            tokens = await ask_for_tokens(self._settings, code, attempt)
            client = await self._verifier.verify(f"Bearer {tokens.access}")
            identity = await self._verifier.verify_identity(
                tokens.identity, self._settings.client_id, attempt.nonce
            )
        except Unauthenticated as error:
            log.warning("sign_in_not_believed", reason=error.reason)
            raise PageProblem(403, "problem.sign_in_refused") from None
        except IssuerAway:
            raise PageProblem(*_AWAY) from None
        if identity["sub"] != client.claims.get("sub"):
            log.warning("sign_in_not_believed", reason="another_person")
            raise PageProblem(403, "problem.sign_in_refused")
        name = str(identity.get("name") or client.claims.get("name") or identity["sub"])[:100]
        self._let_in(client, name, attempt.next)
        kept = {"token": tokens.access, "name": name, "csrf": secrets.token_urlsafe(32)}
        seconds = int(client.claims["exp"] - datetime.now(UTC).timestamp())
        try:
            self._jar.put(response, self._session, kept, max(seconds, 0))
        except CookieTooLarge:
            log.error("session_too_large")
            raise PageProblem(500, "problem.internal") from None

    def _attempt_name(self, state: str) -> str:
        # One for each attempt: several tabs may sign in at once.
        return f"hotich_{self._settings.service}_signin_{state[:8]}"


def _not_too_often(request: Request) -> None:
    """Raise a 429 problem when too many sign-ins come from one network."""
    limits = limits_of(request)
    wait = limits.signs_in(request) if limits is not None else 0
    if wait:
        raise PageProblem(429, "problem.too_often", seconds_header(wait))


def local_path(path: str, home: str) -> str:
    """Return the path if it leads nowhere but to this service, else `home`."""
    return path if len(path) <= MOST_NEXT and _LOCAL.fullmatch(path) else home


def _session(client: Client, kept: Mapping[str, Any]) -> Session:
    claims = client.claims
    return Session(
        person=str(claims.get("sub", "")),
        name=str(kept["name"]),
        claims=claims,
        token=str(kept["token"]),
        csrf=str(kept["csrf"]),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )


def _cookies_of(response: Response) -> dict[str, str]:
    return {"set-cookie": response.headers["set-cookie"]}
