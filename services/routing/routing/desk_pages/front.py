"""What every page of the desk needs: who asks, in which language, and the frame around it."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse

from contracts.model import local_day
from pages.signing_in import SignIn
from pages.site import Site, language_of
from reference import Calendar
from routing.acting import Desk
from routing.desk_pages.names import Names
from routing.domain import RoutingContext
from routing.officers import Officer, officer_of

PATH = "/mot-cua"
HOME = f"{PATH}/"


@dataclass(frozen=True)
class Front:
    """The desk as pages: an officer of one unit at a time."""

    desk: Desk
    site: Site
    sign_in: SignIn

    async def officer(self, request: Request, *, back: str = HOME) -> Officer:
        """Return who asks; raises NotSignedIn, or a 403 problem for somebody else."""
        session = await self.sign_in.session(request, back=back)
        return officer_of(session.claims)

    def names(self, request: Request) -> Names:
        """Return what codes are called in the reader's language."""
        known = self.desk.context().reference
        return Names(known, language_of(request), self.site.words)

    def page(
        self,
        request: Request,
        template: str,
        officer: Officer,
        /,
        *,
        status: int = 200,
        **more: Any,
    ) -> HTMLResponse:
        """Return the page with the unit's name above it."""
        unit = self.names(request).unit(officer.unit_code, local_day(self.desk.context().now))
        return self.site.page(request, template, status=status, unit_name=unit, **more)


def calendar_of(unit_code: str, context: RoutingContext) -> Calendar:
    """Return the working calendar of the province a unit of today is in."""
    unit = context.reference.unit(unit_code, local_day(context.now))
    return context.reference.calendar(unit.province_code if unit else "")


def dossier_url(dossier_id: object) -> str:
    """Return the address of a dossier's page."""
    return f"{PATH}/ho-so/{dossier_id}"
