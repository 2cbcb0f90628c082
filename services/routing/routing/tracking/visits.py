"""What all citizens' pages share: the visit of one dossier in a cookie, the words, the clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from pages.cookies import Jar, ring_of
from pages.site import Site, language_of
from plumbing.applying import Part
from plumbing.assembly import Running
from routing.domain import Case, RoutingContext
from routing.tracking.asking import cookie_keys
from routing.tracking.saying import Speaker

HOME = "/tra-cuu"
SESSION_SECONDS = 15 * 60
COOKIE = "hotich_routing_tracking"


@dataclass(frozen=True)
class Visit:
    """A browser may see that dossier until then."""

    dossier_id: UUID
    until: datetime


class Visits:
    """Knows which dossier a browser may see; nothing of it stands in an address."""

    def __init__(self, running: Running, part: Part[Case], public_url: str) -> None:
        self.running, self._part = running, part
        secure = public_url.startswith("https:")
        self._jar = Jar(ring_of(cookie_keys(running.keys)), secure=secure)
        self.site = Site(
            "routing.tracking",
            home=HOME,
            brand="tracking.brand",
            reference=self.context().reference,
            public_url=public_url,
        )

    def begin(self, response: Response, dossier_id: UUID) -> None:
        """Let the browser see the dossier for a quarter of an hour."""
        until = datetime.now(UTC) + timedelta(seconds=SESSION_SECONDS)
        kept = {"dossier": str(dossier_id), "until": int(until.timestamp())}
        self._jar.put(response, COOKIE, kept, SESSION_SECONDS)

    def end(self, response: Response) -> None:
        """Have the browser forget the dossier."""
        self._jar.drop(response, COOKIE)

    def of(self, request: Request) -> Visit | None:
        """Return the visit under way, or None when there is none or its time is over."""
        kept = self._jar.take(request.cookies, COOKIE)
        if kept is None:
            return None
        until = datetime.fromtimestamp(kept["until"], UTC)
        return Visit(UUID(kept["dossier"]), until) if until > datetime.now(UTC) else None

    def was_there(self, request: Request) -> bool:
        """Return whether the browser brings a visit, whatever became of it."""
        return self._jar.name(COOKIE) in request.cookies

    def context(self) -> RoutingContext:
        """Return what rules know now."""
        context = self._part.context(self.running.clock())
        assert isinstance(context, RoutingContext)
        return context

    def speaker(self, request: Request) -> Speaker:
        """Return who says things in the reader's language."""
        return Speaker(language_of(request), self.context().reference)
