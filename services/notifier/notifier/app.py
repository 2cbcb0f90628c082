"""Puts the notifier together: topics in, messages and callbacks out."""

import asyncio
from pathlib import Path

from contracts.decision import Context
from contracts.topics import LIFECYCLE, PARTICULARS
from notifier.channels import Mail, SmsGateway
from notifier.comparing import PortalComparison
from notifier.comparing_rules import RULES as COMPARING
from notifier.correspondence import Correspondence
from notifier.domain import RULES
from notifier.limits import unless_erased, within_horizon
from notifier.outside import open_session
from notifier.portal_lists import PortalList
from notifier.portals import PortalCallbacks
from notifier.requests import CITIZEN, PORTAL
from notifier.settings import Settings
from notifier.smtp import MailServer
from notifier.store import CorrespondenceStore
from plumbing import running
from plumbing.applying import Part, Rule
from plumbing.assembly import Assembly, Running, utc_now
from plumbing.comparing import Reconciler
from plumbing.inlets import LifecycleInlet, ParticularsInlet
from plumbing.reconciliation_api import ReconciliationRoutes
from plumbing.sealing import KeyRing
from plumbing.valves import Limit
from reference import load

SERVICE = "notifier"
MIGRATIONS = Path(__file__).parent / "migrations"


def make_part(keys: KeyRing) -> Part[Correspondence]:
    """Return the rules, the store and the reference data they decide by."""
    reference = load()
    rules: dict[type, Rule] = {**RULES, **COMPARING}
    return Part(SERVICE, rules, CorrespondenceStore(keys), lambda now: Context(now, reference))


async def assemble(service: Running) -> Assembly:
    """Return the notifier's parts; its one HTTP session is closed with them."""
    settings = service.settings
    assert isinstance(settings, Settings)
    part = make_part(service.keys)
    heard = LifecycleInlet(part, service.keys)
    http = open_session()
    sms = SmsGateway(http, settings.sms_url, settings.sms_token.get_secret_value())
    mail = Mail(MailServer(settings.smtp_host, settings.smtp_port, settings.mail_from))
    # Portals compare the signature's time with their own clock.
    portals = PortalCallbacks(http, settings.portals, utc_now)
    turn = asyncio.Lock()
    reconcilers = [
        Reconciler(
            SERVICE,
            PortalComparison(service, part, PortalList(http, address, utc_now), name),
            service.pool,
            service.clock,
            settings.reconcile_at,
            turn=turn,
        )
        for name, address in sorted(settings.portals.items())
        if address.dossiers_url is not None
    ]
    return Assembly(
        part,
        inlets={
            LIFECYCLE["intake"]: heard,
            LIFECYCLE["routing"]: heard,
            LIFECYCLE["registry-sync"]: heard,
            PARTICULARS: ParticularsInlet(part, service.keys),
        },
        callers={
            "sms": within_horizon(unless_erased(sms, sms.ask, service.pool)),
            "email": within_horizon(unless_erased(mail, mail.ask, service.pool)),
            "portal": within_horizon(portals),
        },
        lanes=(CITIZEN, PORTAL),
        # A portal that is away holds up no other.
        valves={"portal": Limit(per_turn=8)},
        tasks=[one.run for one in reconcilers],
        operating=[ReconciliationRoutes(reconcilers)] if reconcilers else [],
        close=http.close,
    )


def main() -> None:
    """Run the notifier until it is told to stop."""
    running.main(Settings(), SERVICE, MIGRATIONS, assemble)
