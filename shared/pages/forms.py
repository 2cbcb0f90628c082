"""Forms that people send: small, text only, and certainly from one of our own pages."""

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from pages.cookies import set_cookie
from pages.problems import PageProblem

if TYPE_CHECKING:
    from pages.signing_in import Session

MOST_FORM_BYTES = 64 * 1024
MOST_FIELDS = 200
_COOKIE, _COOKIE_SECONDS = "hotich_form", 12 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Form:
    """The fields of a form in the order they came, texts stripped at both ends."""

    fields: Mapping[str, Sequence[str]]

    def text(self, name: str) -> str:
        """Return the field's only or first text; empty when it was not sent."""
        values = self.all(name)
        return values[0] if values else ""

    def all(self, name: str) -> Sequence[str]:
        """Return every text of that field, in order."""
        return self.fields.get(name, ())


async def posted(request: Request, session: "Session | None") -> Form:
    """Return the form in the body, `application/x-www-form-urlencoded` in UTF-8.

    It must come from a page of ours: the browser says so, and the field `csrf` holds the
    session's word, or without a session the cookie's. Raises PageProblem: 403 when it does not,
    413 over 64 kB, 415 for another kind of body, 400 when it cannot be read.
    """
    _of_our_own_page(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise PageProblem(415, "problem.form_unreadable")
    form = _read(await _body(request))
    expected = session.csrf if session is not None else _word_of_cookie(request)
    given = form.text("csrf")
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise PageProblem(403, "problem.form_not_ours")
    return form


def _of_our_own_page(request: Request) -> None:
    """Raise PageProblem when the browser says that another site sent the form.

    Without a say of `Sec-Fetch-Site` (plain http to another machine, old browsers) the origin
    counts, which is `null` under our own referrer policy: then the field `csrf` decides alone.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "null")
    if site is not None:
        ours = site == "same-origin"
    else:
        ours = origin == "null" or urlsplit(origin).netloc == request.headers.get("host")
    if not ours:
        raise PageProblem(403, "problem.form_not_ours")


async def _body(request: Request) -> bytes:
    read = bytearray()
    async for piece in request.stream():
        read += piece
        if len(read) > MOST_FORM_BYTES:
            raise PageProblem(413, "problem.form_too_large")
    return bytes(read)


def _read(body: bytes) -> Form:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise PageProblem(400, "problem.form_unreadable") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\0" in value:
            raise PageProblem(400, "problem.form_unreadable")
        fields.setdefault(name, []).append(value.replace("\r\n", "\n").strip())
    return Form(fields)


class CsrfField:
    """The hidden field of a form, ready to be put into it.

    Without a session its word stands in a cookie too, set by the first page that shows a form.
    """

    def __init__(self, request: Request, session: "Session | None", *, secure: bool) -> None:
        self._session, self._secure = session, secure
        self._name = _cookie_name(secure=secure)
        before = request.cookies.get(self._name, "")
        self._word = before if _TOKEN.fullmatch(before) else ""
        self._fresh = False

    def __html__(self) -> str:
        """Return the hidden input."""
        if self._session is not None:
            word = self._session.csrf
        elif self._word:
            word = self._word
        else:
            word = self._word = secrets.token_urlsafe(32)
            self._fresh = True
        return Markup('<input type="hidden" name="csrf" value="{}">').format(word)

    def remember(self, response: Response) -> None:
        """Set the cookie if the field was shown and the browser has none."""
        if self._fresh:
            set_cookie(response, self._name, self._word, _COOKIE_SECONDS, secure=self._secure)


def _word_of_cookie(request: Request) -> str:
    secure = getattr(request.app.state, "secure_cookies", False)
    return request.cookies.get(_cookie_name(secure=secure), "")


def _cookie_name(*, secure: bool) -> str:
    # Over https no other host of the same domain can set a cookie of this name.
    return f"__Host-{_COOKIE}" if secure else _COOKIE
