"""The desk's pages on a real database, and officers whose browser has no screen."""

import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from local_stack import people
from plumbing.serving import Health, make_app
from plumbing.tokens import TokenVerifier
from routing.api import binder
from routing.desk_pages.front import HOME, PATH
from routing.desk_pages.mounting import add_desk_pages
from routing.domain import Case
from tests.integration.routing_kit import UNIT, OneStop
from tests.integration.sandbox_process import SECRETS, a_sandbox
from tests.unit.pages_kit import (
    Issuer,
    Visitor,
    listening,
    serving,
    settings_of,
    visiting,
    word_of,
)

PERSON, COLLEAGUE = f"officer-{UNIT}-a", f"officer-{UNIT}-b"


@asynccontextmanager
async def desk_pages(one_stop: OneStop, issuer_url: str, **told: Any) -> AsyncIterator[str]:
    """Serve the desk and its pages and give their address."""
    with listening() as (listener, url):
        app = make_app("routing", Health())
        verifier = TokenVerifier(issuer_url, "hotich", f"{issuer_url}/oauth/jwks.json")
        oidc = settings_of(issuer_url, url, **told)
        binder(one_stop.running, one_stop.part, verifier)(app)
        add_desk_pages(app, one_stop.running, one_stop.part, verifier, oidc)
        # A socket made by hand has it not, and an answer in two pieces would wait 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with serving(app, listener):
            yield url


@asynccontextmanager
async def pages_of_the_sandbox(one_stop: OneStop, folder: Path) -> AsyncIterator[str]:
    """Serve the pages with the sandbox's people; the officers of UNIT are among them."""
    secrets = folder / "people.json"
    client = {"demo-web": {"secret": "client-password", "scope": "desk:act"}}
    known = {"people": people.people((UNIT,), ("79",), ("operator",)), "web_clients": client}
    secrets.write_text(json.dumps(SECRETS | known))
    # Where the pages are is known only after the sandbox began; any port of this machine will do.
    with listening() as (listener, url):
        redirects = json.dumps({"demo-web": [f"{url}/"]})
        async with a_sandbox(
            folder, SANDBOX_SECRETS=str(secrets), SANDBOX_REDIRECTS=redirects
        ) as sandbox:
            app = make_app("routing", Health())
            verifier = TokenVerifier(sandbox.url, "hotich", f"{sandbox.url}/oauth/jwks.json")
            oidc = settings_of(sandbox.url, url)
            add_desk_pages(app, one_stop.running, one_stop.part, verifier, oidc)
            async with serving(app, listener):
                yield url


class Clerk:
    """An officer who reads pages and sends forms."""

    def __init__(self, one_stop: OneStop, visitor: Visitor, issuer: Issuer) -> None:
        self.one_stop, self.visitor, self.issuer = one_stop, visitor, issuer

    async def sign_in(self, person: str = PERSON, unit: str = UNIT, **claims: Any) -> None:
        """Sign in as that person of that unit."""
        said = {"role": "officer", "unit_code": unit, "sub": person, "name": "Cán bộ Mẫu A"}
        self.issuer.access = said | claims
        self.issuer.identity = {"sub": person, "name": "Cán bộ Mẫu A"}
        answer = await self.visitor.sign_in(self.issuer, HOME)
        assert answer.status == 303, await answer.text()

    async def get(self, path: str = "/") -> tuple[int, str]:
        """Return status and text of a page below the desk's path."""
        answer = await self.visitor.get(f"{PATH}{path}")
        return answer.status, await answer.text()

    async def dossier(self, case: Case) -> tuple[int, str]:
        """Return status and text of a dossier's page."""
        return await self.get(f"/ho-so/{case.dossier_id}")

    async def post(self, path: str, **fields: Any) -> aiohttp.ClientResponse:
        """Return the answer to a form below the desk's path, sent from one of its pages."""
        _, page = await self.get()
        pairs = [("csrf", word_of(page))]
        for name, value in fields.items():
            pairs += [(name, one) for one in (value if isinstance(value, list) else [value])]
        return await self.visitor.post(f"{PATH}{path}", aiohttp.FormData(pairs, charset="utf-8"))

    async def act(
        self, case: Case, act: str, *, seen: int = 0, **fields: Any
    ) -> tuple[int, str, str]:
        """Return status, where it leads and the text of the answer to an act's form."""
        answer = await self.post(f"/ho-so/{case.dossier_id}/{act}", revision=str(seen), **fields)
        return answer.status, answer.headers.get("location", ""), await answer.text()


@asynccontextmanager
async def a_clerk(one_stop: OneStop, url: str, issuer: Issuer) -> AsyncIterator[Clerk]:
    """Give an officer who has yet to sign in."""
    async with visiting(url) as visitor:
        yield Clerk(one_stop, visitor, issuer)


def text_of(page: str) -> str:
    """Return what a page says, its marks and blanks left out."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
