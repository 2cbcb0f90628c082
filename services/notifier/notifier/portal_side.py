"""The portals' side of the notifier, put together: told, compared, and answered over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from fastapi import FastAPI

from notifier.comparing import PortalComparison
from notifier.correspondence import Correspondence
from notifier.deliveries import DeliveryDesk
from notifier.deliveries_api import add_deliveries
from notifier.feed import Feed
from notifier.feed_api import add_feed
from notifier.feed_keeping import keep_feed
from notifier.guarded import Guard, networks_of, open_guarded_session
from notifier.limits import within_horizon
from notifier.national import NationalClient, NationalPortal
from notifier.national_requests import NATIONAL, SYNC, NationalRequest
from notifier.portal_lists import PortalList
from notifier.portals import PortalCallbacks
from notifier.requests import PORTAL
from notifier.settings import Settings
from plumbing.applying import Part
from plumbing.assembly import Running, utc_now
from plumbing.calls import Answer, Call, Caller
from plumbing.comparing import Reconciler
from plumbing.operating import AddRoutes
from plumbing.reconciliation_api import ReconciliationRoutes
from plumbing.tokens import TokenVerifier
from plumbing.valves import Limit

#: So many calls to one portal may be under way.
PER_PORTAL = 8
#: So many dossiers at once are told to a portal by the National Portal's interface, several by one
#: call; its client makes no more than `PER_PORTAL` calls at once.
SYNCHRONISED_AT_ONCE = 4 * PER_PORTAL


@dataclass(frozen=True)
class PortalSide:
    """What the notifier's assembly has for portals."""

    callers: Mapping[str, Caller]
    lanes: Sequence[str]
    valves: Mapping[str, Limit]
    tasks: Sequence[Callable[[], Awaitable[None]]]
    routes: Callable[[FastAPI], None]
    operating: Sequence[AddRoutes]
    close: Callable[[], Awaitable[None]]


def portal_side(service: Running, settings: Settings, part: Part[Correspondence]) -> PortalSide:
    """Return the portals' side; its HTTP session is closed with it.

    Each portal has room for its calls whatever the others do.
    """
    http = open_guarded_session(Guard(networks_of(settings.portal_networks)))
    # Portals compare the signature's time with their own clock.
    portals = PortalCallbacks(http, settings.portals, utc_now)
    turn = asyncio.Lock()
    reconcilers = [
        Reconciler(
            part.service,
            PortalComparison(service, part, PortalList(http, address, utc_now), name),
            service.pool,
            service.clock,
            settings.reconcile_at,
            turn=turn,
        )
        for name, address in sorted(settings.portals.items())
        if address.dossiers_url is not None
    ]
    everyone = max(1, len(settings.portals))
    synchronised = {
        name: NationalPortal(NationalClient(http, address.sync, PER_PORTAL), service.pool)
        for name, address in settings.portals.items()
        if address.sync is not None
    }
    return PortalSide(
        callers={
            "portal": within_horizon(portals),
            SYNC: within_horizon(_national(synchronised)),
        },
        lanes=(PORTAL, NATIONAL) if synchronised else (PORTAL,),
        valves={
            "portal": Limit(concurrency=everyone * PER_PORTAL, per_turn=PER_PORTAL),
            SYNC: Limit(concurrency=everyone * SYNCHRONISED_AT_ONCE, per_turn=SYNCHRONISED_AT_ONCE),
        },
        tasks=[
            *(one.run for one in reconcilers),
            partial(keep_feed, service.pool, settings.feed_days),
        ],
        routes=_routes(service, settings, part),
        operating=[ReconciliationRoutes(reconcilers)] if reconcilers else [],
        close=http.close,
    )


def synchronised_portals(settings: Settings) -> frozenset[str]:
    """Return the portals that are told by the National Portal's own calls too."""
    return frozenset(name for name, one in settings.portals.items() if one.sync is not None)


def _national(portals: Mapping[str, NationalPortal]) -> Caller:
    async def tell(call: Call) -> Answer:
        request = NationalRequest.model_validate_json(call.request)
        if request.portal not in portals:
            return Answer("again", "portal_not_configured", ours=True)
        return await portals[request.portal](call)

    return tell


def _routes(
    service: Running, settings: Settings, part: Part[Correspondence]
) -> Callable[[FastAPI], None]:
    verifier = TokenVerifier(settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url)

    def add(app: FastAPI) -> None:
        add_feed(app, Feed(service.pool, service.keys), verifier)
        add_deliveries(app, DeliveryDesk(service, part), verifier)

    return add
