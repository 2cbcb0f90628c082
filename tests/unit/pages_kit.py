"""Pages over real HTTP, an issuer that can be told to lie, and a browser that follows nothing."""

import contextlib
import re
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import uvicorn
from aiohttp import web
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import ECKey
from yarl import URL

from pages.forms import posted
from pages.oidc import OidcSettings
from pages.signing_in import SignIn
from pages.site import Site
from plumbing.serving import ProblemRaised
from plumbing.tokens import TokenVerifier

KEY, OTHER_KEY = "A" * 43 + "=", "B" * 42 + "A="
CLIENT = "demo-web"
SECRET = "client-password"
PERSON = "officer-25747-a"
DUE = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ROWS = [
    {
        "code": f"H29.1-261124-{n:04d}",
        "person": "Nguyễn Thị Thử Nghiệm",
        "due": DUE + timedelta(days=n),
        "late": 3 if n % 2 else 0,
        "fee": 8000 * n,
    }
    for n in range(1, 6)
]


@contextlib.contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    """Give a bound socket and the address it will be reached at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


@asynccontextmanager
async def serving(app: FastAPI, listener: socket.socket) -> AsyncIterator[None]:
    """Serve the app on the socket meanwhile."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    server.config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    try:
        yield
    finally:
        await server.shutdown(sockets=[])


class Issuer:
    """An issuer of tokens over HTTP whose answer to a code can be changed beforehand."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "one"})
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.nonce = ""
        self.access: dict[str, Any] = {}
        self.identity: dict[str, Any] = {}
        self.access_header: dict[str, Any] = {}
        self.identity_header: dict[str, Any] = {}
        self.answer: web.Response | None = None

    def token(self, kind: str, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Return signed claims; None takes one away."""
        now = int(time.time())
        usual = {"iss": self.url, "sub": PERSON, "iat": now, "exp": now + 600}
        said = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": "one", "typ": kind} | header, said, self.key)

    def tokens(self) -> dict[str, Any]:
        """Return what is answered to a code."""
        access = {"aud": "hotich", "client_id": CLIENT, "scope": "desk:act", "unit_code": "25747"}
        identity = {"aud": CLIENT, "nonce": self.nonce, "name": "Cán bộ Mẫu A"}
        return {
            "access_token": self.token("at+jwt", self.access_header, access | self.access),
            "id_token": self.token("JWT", self.identity_header, identity | self.identity),
        }

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.asked.append({**form, "authorization": request.headers.get("authorization")})
        return self.answer or web.json_response(self.tokens())

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Issuer"]:
        """Serve meanwhile."""
        app = web.Application()
        app.router.add_post("/oauth/token", self._token)
        app.router.add_get("/oauth/jwks.json", self._keys)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()


def settings_of(issuer_url: str, public_url: str, **changes: Any) -> OidcSettings:
    """Return what a service with pages is told, with the changes asked for."""
    told = {
        "issuer": issuer_url,
        "authorize_url": f"{issuer_url}/oauth/authorize",
        "token_url": f"{issuer_url}/oauth/token",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "public_url": public_url,
        "session_key": KEY,
        "audience": "hotich",
    }
    return OidcSettings(**(told | changes))


def demo_app(settings: OidcSettings) -> FastAPI:
    """Return a service with pages for the signed in and for everyone."""
    public = settings.public_url
    site = Site("tests.browser.demo", home="/demo/", brand="demo.brand", public_url=public)
    verifier = TokenVerifier(settings.issuer, "hotich", f"{settings.issuer}/oauth/jwks.json")
    sign_in = SignIn(settings, verifier, "desk:act")
    app, sub = FastAPI(), site.sub_app()
    site.mount_static(app)
    sign_in.add_to(app, site)

    @sub.get("/")
    async def home(request: Request) -> Response:
        await sign_in.session(request)
        return site.page(request, "list.html", rows=ROWS, day=DUE)

    @sub.get("/who")
    async def who(request: Request) -> Response:
        session = await sign_in.session(request)
        said = {"person": session.person, "name": session.name, "unit": session.claims["unit_code"]}
        return JSONResponse(said | {"ends": session.expires_at.timestamp()})

    @sub.get("/form")
    async def form(request: Request) -> Response:
        await sign_in.session(request)
        return site.page(request, "form.html", action="/demo/form", wrong=False, note="")

    @sub.post("/form")
    async def act(request: Request) -> Response:
        sent = await posted(request, await sign_in.session(request, back="/demo/form"))
        return _answer(site, request, sent.text("note"), "/demo/form")

    @sub.get("/open")
    async def everyone(request: Request) -> Response:
        return site.page(request, "form.html", action="/demo/open", wrong=False, note="")

    @sub.post("/open")
    async def ask(request: Request) -> Response:
        return _answer(site, request, (await posted(request, None)).text("note"), "/demo/open")

    @sub.get("/bug")
    async def bug() -> Response:
        raise RuntimeError("Nguyễn Thị Bí Mật")

    @sub.get("/raised/{name}")
    async def raised(name: str) -> Response:
        raise ProblemRaised(409, name, "Tiêu đề riêng", "Lời riêng <b>", {"retry-after": "7"})

    app.mount("/demo", sub)
    return app


def _answer(site: Site, request: Request, note: str, action: str) -> Response:
    wrong, status = not note, 200 if note else 422
    return site.page(request, "form.html", status=status, action=action, wrong=wrong, note=note)


class Visitor:
    """A browser without a screen: keeps cookies, follows no redirect, says where forms are from."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self.http = url, http

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        """Return the answer, read whole."""
        return await self._ask("GET", path, headers, None)

    async def post(self, path: str, body: Any, **headers: str) -> aiohttp.ClientResponse:
        """Return the answer to a form, read whole."""
        return await self._ask("POST", path, {"Sec_Fetch_Site": "same-origin"} | headers, body)

    async def _ask(
        self, method: str, path: str, headers: dict[str, str], body: Any
    ) -> aiohttp.ClientResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items() if value}
        async with self.http.request(
            method, self.url + path, headers=named, data=body, allow_redirects=False
        ) as response:
            await response.read()
            return response

    async def begin(self, next_path: str = "/demo/") -> dict[str, str]:
        """Begin to sign in and return what the issuer is asked."""
        path = f"/dang-nhap?next={next_path}"
        answer = await self.get(path)
        assert answer.status == 303
        query = parse_qs(urlsplit(answer.headers["location"]).query, strict_parsing=True)
        return {name: value for name, (value,) in query.items()}

    async def sign_in(self, issuer: Issuer, next_path: str = "/demo/") -> aiohttp.ClientResponse:
        """Sign in and return the answer that ends it."""
        asked = await self.begin(next_path)
        issuer.nonce = asked["nonce"]
        return await self.get(f"/dang-nhap/xong?code=c&state={asked['state']}")

    def cookie(self, name: str) -> str:
        """Return the value of a cookie the visitor has; empty when there is none."""
        return next((c.value for c in self.http.cookie_jar if c.key == name), "")

    def put(self, name: str, value: str) -> None:
        """Put a cookie into the visitor's jar."""
        self.http.cookie_jar.update_cookies({name: value}, URL(self.url))


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[Visitor]:
    """Give a visitor with no cookies."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        yield Visitor(url, http)


def word_of(page: str) -> str:
    """Return what the hidden field of a page's form holds."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]
