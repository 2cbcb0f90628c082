"""Wires the one-stop: settings in, running service out."""

from pathlib import Path

from fastapi import FastAPI

import reference
from contracts.topics import LIFECYCLE, PARTICULARS
from pages.oidc import OidcSettings
from plumbing.applying import Part
from plumbing.assembly import Assembly, Running
from plumbing.inlets import LifecycleInlet, ParticularsInlet
from plumbing.keeping import Purge
from plumbing.running import main as run
from plumbing.settings import read_settings
from plumbing.tokens import TokenVerifier
from routing.api import binder
from routing.board_api import board_binder, recounting
from routing.board_counting import Counting
from routing.desk_pages.mounting import add_desk_pages
from routing.domain import RULES, RoutingContext
from routing.province_gauges import ProvinceGauges
from routing.settings import RoutingSettings
from routing.store import SERVICE, CaseStore
from routing.subjects import EndedRoutes, open_own
from routing.sweeping import Sweeper
from routing.tracking.routes import TrackingPages

#: An attempt counts for an hour; a day's are kept for who asks what happened.
PURGES = (
    Purge(
        "tracking_attempt",
        1,
        "DELETE FROM tracking_attempt WHERE key = ANY(ARRAY(SELECT key FROM tracking_attempt"
        " WHERE since < clock_timestamp() - make_interval(days => $1) LIMIT $2"
        " FOR UPDATE SKIP LOCKED))",
    ),
)


async def assemble(running: Running) -> Assembly:
    """Return the one-stop's part, its inlets, its sweeper, its desk and all pages."""
    settings = running.settings
    assert isinstance(settings, RoutingSettings)
    known = reference.load()
    part = Part(
        SERVICE,
        RULES,
        CaseStore(running.keys),
        lambda now: RoutingContext(now, known, settings.by_officer),
    )
    inlet = LifecycleInlet(part, running.keys)
    verifier = TokenVerifier(settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url)
    desk, board = binder(running, part, verifier), board_binder(running, known, verifier)
    counting = Counting(running, part, known, settings.board_seconds)

    def routes(app: FastAPI) -> None:
        desk(app)
        board(app)
        TrackingPages(running, part, settings).add_to(app)
        if settings.oidc_client_id:
            add_desk_pages(app, running, part, verifier, read_settings(OidcSettings, SERVICE))

    return Assembly(
        part=part,
        inlets={
            LIFECYCLE["intake"]: inlet,
            LIFECYCLE["registry-sync"]: inlet,
            PARTICULARS: ParticularsInlet(part, running.keys),
        },
        tasks=(
            Sweeper(running, part, settings.sweep_seconds).run,
            counting.run,
            ProvinceGauges(running, known, settings.sweep_seconds).run,
        ),
        routes=routes,
        operating=(recounting(counting), EndedRoutes(running)),
        open_own=open_own,
        purges=PURGES,
    )


def main() -> None:
    """Run the service until it is told to stop."""
    run(RoutingSettings, SERVICE, Path(__file__).parent / "migrations", assemble)
