"""Every problem as a page, in the reader's language."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from pages.problems import NotForYou, NotSignedIn, PageProblem
from pages.words import Language, Words
from plumbing.serving import ProblemRaised

#: The longest address that is come back to after signing in.
MOST_NEXT = 1000


class ProblemPages:
    """Answers a problem with a page that says what it is and where to go on."""

    def __init__(
        self,
        words: Words,
        language_of: Callable[[Request], Language],
        page: Callable[..., HTMLResponse],
        home: str,
    ) -> None:
        self._words, self._language_of, self._page, self._home = words, language_of, page, home

    async def answer(self, request: Request, error: Exception) -> Response:
        """Return the page of a problem; of someone not signed in, the way to sign in."""
        match error:
            case NotSignedIn():
                return self._sign_in(request, error.back or self._home)
            case PageProblem():
                words, language = self._words, self._language_of(request)
                detail = words.markup(language, error.key, **error.places)
                anew = _anew(error.back or self._home) if isinstance(error, NotForYou) else ""
                return self._shown(request, error.status, "", detail, error.headers, anew)
            case ProblemRaised():
                return self._raised(request, error)
            case RequestValidationError():
                return self._shown(request, 422, "", self._say(request, "problem.wrong_address"))
            case HTTPException():
                key = "problem.not_found" if error.status_code == 404 else "problem.not_served"
                headers = error.headers or {}
                return self._shown(request, error.status_code, "", self._say(request, key), headers)
        raise error

    def _sign_in(self, request: Request, back: str) -> Response:
        if request.method in ("GET", "HEAD"):
            return RedirectResponse(sign_in_url(request, self._home), 303)
        # What was posted is gone: nobody was there to do it. Saying so is better than a redirect.
        return self._page(
            request,
            "signed_out.html",
            status=401,
            session=None,
            sign_in_url=f"/dang-nhap?next={quote(back, safe='')}",
        )

    def _raised(self, request: Request, error: ProblemRaised) -> Response:
        problem = error.problem
        name = problem.type.rpartition("/")[2].replace("-", "_")
        title, detail = f"problem.{name}.title", f"problem.{name}.detail"
        return self._shown(
            request,
            problem.status,
            self._say(request, title) if title in self._words else problem.title,
            self._say(request, detail) if detail in self._words else problem.detail,
            error.headers,
        )

    def _shown(
        self,
        request: Request,
        status: int,
        title: Markup | str,
        detail: Markup | str,
        headers: Mapping[str, str] | None = None,
        anew: str = "",
    ) -> Response:
        key = f"problem.title.{status}"
        usual = self._say(request, key if key in self._words else "problem.title.other")
        given: dict[str, Any] = {"title": title or usual, "detail": detail, "status": status}
        given["sign_in_url"] = anew
        return self._page(request, "problem.html", headers=headers or {}, **given)

    def _say(self, request: Request, key: str) -> Markup:
        return self._words.markup(self._language_of(request), key)


def _anew(back: str) -> str:
    """Return the way to sign in as somebody else: the issuer is to ask who, whoever it knows."""
    return f"/dang-nhap?next={quote(back, safe='')}&prompt=login"


def sign_in_url(request: Request, home: str) -> str:
    """Return the way to sign in and back to the page asked for; `home` if that is too long."""
    query = f"?{request.url.query}" if request.url.query else ""
    here = f"{request.url.path}{query}"
    return f"/dang-nhap?next={quote(here if len(here) <= MOST_NEXT else home, safe='')}"
