"""Puts the notifier together: topics in, messages and callbacks out."""

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from contracts.decision import Context
from contracts.topics import LIFECYCLE, PARTICULARS
from notifier.citizens import Citizens
from notifier.comparing_rules import RULES as COMPARING
from notifier.correspondence import Correspondence
from notifier.domain import RULES
from notifier.messages_api import MessageRoutes
from notifier.national_requests import SYNC, synchronised
from notifier.outside import open_session
from notifier.portal_side import portal_side, synchronised_portals
from notifier.receipts import RULES as RECEIPTS
from notifier.redelivering import RULES as REDELIVERING
from notifier.requests import CITIZEN
from notifier.settings import Settings
from notifier.smtp import MailServer
from notifier.store import CorrespondenceStore
from notifier.subjects import open_own
from plumbing import running
from plumbing.applying import Part, Rule
from plumbing.assembly import Assembly, Running
from plumbing.inlets import LifecycleInlet, ParticularsInlet
from plumbing.keeping import Purge
from plumbing.sealing import KeyRing
from reference import load

SERVICE = "notifier"
MIGRATIONS = Path(__file__).parent / "migrations"


#: A message is counted once as long as it may be tried; the sums of days and provinces stay.
PURGES = (
    Purge(
        "sms_spent",
        400,
        "DELETE FROM sms_spent WHERE ctid = ANY(ARRAY(SELECT ctid FROM sms_spent"
        " WHERE day < current_date - $1::int LIMIT $2))",
    ),
    Purge(
        "sms_receipt",
        400,
        "DELETE FROM sms_receipt WHERE effect_id = ANY(ARRAY(SELECT effect_id FROM sms_receipt"
        " WHERE status <> 'taken' AND taken_at < clock_timestamp() - make_interval(days => $1)"
        " LIMIT $2))",
    ),
)


def make_part(
    keys: KeyRing,
    context: Callable[[datetime], Context] | None = None,
    synchronised_with: Collection[str] = (),
) -> Part[Correspondence]:
    """Return the rules, the store and what they decide by: without `context` one gateway.

    Portals of those names are told by the National Portal's own calls too.
    """
    reference = load()
    rules: dict[type, Rule] = {**RULES, **COMPARING, **REDELIVERING, **RECEIPTS}
    rules = synchronised(rules, synchronised_with)
    usual = context or (lambda now: Context(now, reference))
    return Part(SERVICE, rules, CorrespondenceStore(keys), usual, frozenset({SYNC}))


async def assemble(service: Running) -> Assembly:
    """Return the notifier's parts; their HTTP sessions are closed with them."""
    settings = service.settings
    assert isinstance(settings, Settings)
    reference = load()
    mails = MailServer(settings.smtp_host, settings.smtp_port, settings.mail_from)
    citizens = Citizens(service, settings, reference, mails)
    part = make_part(service.keys, citizens.context(), synchronised_portals(settings))
    heard = LifecycleInlet(part, service.keys)
    http = open_session()
    portals = portal_side(service, settings, part)

    async def close() -> None:
        await mails.close()
        await http.close()
        await portals.close()

    return Assembly(
        part,
        inlets={
            LIFECYCLE["intake"]: heard,
            LIFECYCLE["routing"]: heard,
            LIFECYCLE["registry-sync"]: heard,
            PARTICULARS: ParticularsInlet(part, service.keys),
        },
        callers={
            **citizens.callers(http),
            **portals.callers,
        },
        lanes=(CITIZEN, *portals.lanes),
        valves=portals.valves,
        tasks=[*citizens.tasks(part, http), *portals.tasks],
        routes=portals.routes,
        operating=[MessageRoutes(reference), *portals.operating],
        purges=PURGES,
        open_own=open_own,
        close=close,
    )


def main() -> None:
    """Run the notifier until it is told to stop."""
    running.main(Settings, SERVICE, MIGRATIONS, assemble)
