"""Puts the desk's pages under their path, and the way to sign in beside them."""

from fastapi import FastAPI, Response
from starlette.responses import RedirectResponse

from pages.oidc import OidcSettings
from pages.signing_in import SignIn
from pages.site import Site
from plumbing.applying import Part
from plumbing.assembly import Running
from plumbing.tokens import TokenVerifier
from routing.acting import Desk
from routing.desk_pages import act_routes, dossier_routes, queue_routes
from routing.desk_pages.front import HOME, PATH, Front
from routing.domain import Case
from routing.officers import SCOPE


def add_desk_pages(
    app: FastAPI, running: Running, part: Part[Case], verifier: TokenVerifier, oidc: OidcSettings
) -> None:
    """Mount the pages at PATH, the way to sign in and the static files."""
    desk = Desk(running, part)
    site = Site(
        "routing.desk_pages",
        home=HOME,
        brand="desk.brand",
        reference=desk.context().reference,
        public_url=oidc.public_url,
    )
    sign_in = SignIn(oidc, verifier, SCOPE)
    sign_in.add_to(app, site)
    site.mount_static(app)
    pages, front = site.sub_app(), Front(desk, site, sign_in)
    for module in (queue_routes, dossier_routes, act_routes):
        module.add_to(pages, front)
    app.mount(PATH, pages)

    @app.get("/", include_in_schema=False)
    async def front_door() -> Response:
        return RedirectResponse(HOME, 303)
