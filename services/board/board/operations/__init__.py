"""The operator's pages: what is wrong, and what two people do about it."""

from fastapi import FastAPI

from board.asking import Services
from board.operations import acting, comparing, lanes, showing
from board.operations.desk import PATH, Desk
from pages.signing_in import SignIn
from pages.site import Site


def add_to(app: FastAPI, site: Site, sign_in: SignIn, services: Services) -> None:
    """Mount the operator's pages on the app."""
    pages, desk = site.sub_app(), Desk(site, sign_in, services)
    for module in (showing, acting, lanes, comparing):
        module.add_to(pages, desk)
    app.mount(PATH, pages)
