"""What every operator's page needs: who asks, what services answer them, and how it is shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from board.asking import Answer, Away, Services
from board.operations.spans import clock, span
from board.operations.wording import Wording
from pages.forms import Form, posted
from pages.problems import PageProblem
from pages.signing_in import Session, SignIn
from pages.site import Site, language_of
from plumbing.operating import SCOPE

PATH: Final = "/van-hanh"
HOME: Final = f"{PATH}/"
_ITEM = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+){2,6}")


@dataclass(frozen=True)
class Desk:
    """Shows pages to operators, and asks the services in their name."""

    site: Site
    sign_in: SignIn
    services: Services

    async def operator(self, request: Request) -> Session:
        """Return who is signed in; raises NotSignedIn, or PageProblem for who is no operator."""
        session = await self.sign_in.session(request, back=HOME)
        if SCOPE not in str(session.claims.get("scope", "")).split():
            raise PageProblem(403, "operations.not_for_you")
        return session

    async def posted(self, request: Request) -> tuple[Session, Form]:
        """Return who sent the form and its fields; raises as `operator` and `posted` do."""
        session = await self.operator(request)
        return session, await posted(request, session)

    async def ask(
        self, session: Session, service: str, method: str, path: str, **how: Any
    ) -> Answer:
        """Return the answer of the service; raises PageProblem when there is none."""
        if service not in self.services.urls:
            raise PageProblem(404, "operations.no_such_service")
        try:
            return await self.services.ask(session.token, service, method, path, **how)
        except Away as away:
            key = "operations.away" if method == "GET" else "operations.away_while_acting"
            raise PageProblem(503, key, service=away.service) from None

    async def told(self, session: Session, service: str, method: str, path: str, **how: Any) -> Any:
        """Return the document of an answer that is a yes; raises PageProblem with the no."""
        answer = await self.ask(session, service, method, path, **how)
        if not answer.is_yes:
            raise self.refusal(service, answer)
        return answer.document

    def refusal(self, service: str, answer: Answer) -> PageProblem:
        """Return the page that says what the service refused."""
        key = f"operations.refused.{answer.problem.replace('-', '_')}"
        if key in self.site.words:
            return PageProblem(answer.status, key, service=service)
        if answer.status in (401, 403):
            return PageProblem(403, "operations.refused.not_allowed", service=service)
        status = answer.status if answer.status >= 400 else 502
        return PageProblem(status, "operations.refused.other", service=service, status=status)

    def say(self, request: Request) -> Wording:
        """Return the words of the language the person reads."""
        return Wording(self.site.words, language_of(request))

    def page(
        self, request: Request, template: str, *, status: int = 200, **values: Any
    ) -> Response:
        """Return the page; templates get `span`, `clock`, `say` and `now` besides."""
        return self.site.page(
            request,
            template,
            status=status,
            span=partial(span, language=language_of(request)),
            clock=clock,
            say=self.say(request),
            now=datetime.now(UTC),
            done=request.query_params.get("xong", ""),
            **values,
        )


def back_to(path: str, done: str) -> Response:
    """Return the way back to a page, which tells what was done: a key of `done.…`."""
    mark = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{mark}xong={done}", 303)


def place_of(item: str) -> str:
    """Return the address of the page of a stuck thing."""
    return f"{PATH}/viec/{quote(item, safe='/')}"


def path_of(item: str) -> str:
    """Return where its service has the thing; raises PageProblem for what can be no name."""
    if not _ITEM.fullmatch(item) or ".." in item:
        raise PageProblem(404, "operations.refused.no_such_item", service=service_of(item))
    return f"/v1/stuck/{item}"


def service_of(item: str) -> str:
    """Return whose thing it is."""
    return item.partition("/")[0]


def wrong_fields(answer: Answer) -> Mapping[str, str]:
    """Return what a service found wrong by field: the last part of its name, and the rule."""
    told = answer.document if isinstance(answer.document, dict) else {}
    found = {}
    for one in told.get("errors") or ():
        if isinstance(one, dict):
            field, rule = str(one.get("field", "")), str(one.get("rule", ""))
            found[field.rpartition(".")[2]] = rule
    return found
