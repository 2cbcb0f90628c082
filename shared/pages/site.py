"""The pages of one service: templates, words and static files in, HTML out."""

from collections.abc import Mapping
from functools import partial
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from pages import formats
from pages.cookies import set_cookie
from pages.forms import CsrfField
from pages.guarding import HEADERS, Guard
from pages.problem_pages import ProblemPages
from pages.problems import NotSignedIn, PageProblem
from pages.static import load_static, serve_static
from pages.words import LANGUAGES, Language, Words
from plumbing.serving import ProblemRaised
from reference import Reference

_PROBLEMS = (PageProblem, NotSignedIn, ProblemRaised, RequestValidationError, HTTPException)
_LANGUAGE_COOKIE, _A_YEAR_SECONDS = "lang", 365 * 86_400


class Site:
    """The pages of one service.

    `packages` are Python packages with `templates/` and `words/`, and `static/` if they need it;
    "pages" itself is always there. `home` is the path the brand leads to; `brand` is a key of the
    words, or the name itself. `public_url`, if https, makes cookies secure.
    """

    def __init__(
        self,
        *packages: str,
        home: str,
        brand: str,
        reference: Reference | None = None,
        public_url: str = "",
    ) -> None:
        every = (*packages, "pages")
        self.home = home
        self.words = Words.load(*(files(package).joinpath("words") for package in every))
        self._brand = brand
        self._secure = public_url.startswith("https:")
        self._static = load_static(every)
        self._headers = dict(HEADERS)
        loader = ChoiceLoader([PackageLoader(package, "templates") for package in every])
        self._environments = {
            language: self._environment(loader, language, reference) for language in LANGUAGES
        }

    def page(
        self,
        request: Request,
        template: str,
        /,
        *,
        status: int = 200,
        headers: Mapping[str, str] = {},
        **values: Any,
    ) -> HTMLResponse:
        """Return the template as an HTML answer, in the language the person chose."""
        language = language_of(request)
        session = values.pop("session", getattr(request.state, "session", None))
        csrf = CsrfField(request, session, secure=self._secure)
        text = (
            self._environments[language]
            .get_template(template)
            .render(
                values,
                session=session,
                csrf=csrf,
                here=request.url.path,
                other_language_url=self._in_other_language(request, language),
            )
        )
        response = HTMLResponse(
            text, status, {**self._headers, **headers, "content-language": language}
        )
        csrf.remember(response)
        if request.query_params.get("lang") == language:
            set_cookie(response, _LANGUAGE_COOKIE, language, _A_YEAR_SECONDS, secure=self._secure)
        return response

    def let_forms_lead_to(self, *urls: str) -> None:
        """Let forms be led on to these hosts: the issuer, when nobody is signed in any more.

        A browser silently drops a form whose answer redirects to where its page lets none go.
        """
        places = (urlsplit(url) for url in urls if url)
        hosts = {f"{place.scheme}://{place.netloc}": None for place in places}
        policy, forms = "content-security-policy", "form-action 'self'"
        self._headers[policy] = HEADERS[policy].replace(forms, " ".join((forms, *hosts)))

    def sub_app(self) -> FastAPI:
        """Return an app for pages, to be mounted: no OpenAPI, and every problem is a page."""
        app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        problems = ProblemPages(self.words, language_of, self.page, self.home)
        app.state.secure_cookies = self._secure
        app.add_middleware(Guard, on_problem=problems.answer)
        for kind in _PROBLEMS:
            app.add_exception_handler(kind, problems.answer)
        return app

    def mount_static(self, app: FastAPI) -> None:
        """Serve `/static/<hash>/<file>` from the app, to be kept by browsers for ever."""
        serve_static(app, self._static)

    def _environment(
        self, loader: ChoiceLoader, language: Language, reference: Reference | None
    ) -> Environment:
        environment = Environment(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        words = self.words
        brand = words.say(language, self._brand) if self._brand in words else self._brand
        environment.globals.update(
            w=partial(words.markup, language),
            url_static=lambda name: self._static[name].url,
            language=language,
            brand=brand,
            home=self.home,
            reference=reference,
        )
        environment.filters.update(
            moment=lambda at: formats.moment(at, language),
            day=lambda on: formats.day(on, language),
            number=lambda value: formats.number(value, language),
        )
        return environment

    def _in_other_language(self, request: Request, language: Language) -> str:
        """Return the address of this page in the other language.

        Of the home page for a POST, and where signing in failed: that address is good only once.
        """
        (other,) = [one for one in LANGUAGES if one != language]
        kept = [(k, v) for k, v in parse_qsl(request.url.query, True) if k != "lang"]
        path = request.url.path
        if request.method not in ("GET", "HEAD") or path.startswith("/dang-nhap"):
            path, kept = self.home, []
        return f"{path}?{urlencode([*kept, ('lang', other)])}"


def language_of(request: Request) -> Language:
    """Return the language asked for in the address, else the one chosen before, else Vietnamese."""
    for asked in (request.query_params.get("lang"), request.cookies.get(_LANGUAGE_COOKIE)):
        for language in LANGUAGES:
            if asked == language:
                return language
    return "vi"
