"""The first page of the board: where one can go from here."""

from fastapi import FastAPI, Request, Response
from starlette.routing import Route

from board.asking import Services
from pages.signing_in import SignIn
from pages.site import Site


def add_to(app: FastAPI, site: Site, sign_in: SignIn, services: Services) -> None:
    """Add the page to the app."""
    pages = site.sub_app()

    @pages.get("/")
    async def front(request: Request) -> Response:
        session = await sign_in.session(request)
        may_operate = "operate" in str(session.claims.get("scope", "")).split()
        return site.page(request, "front.html", may_operate=may_operate)

    app.router.routes.append(Route("/", pages))
