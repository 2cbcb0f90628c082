"""Wires registry-sync: settings in, running service out."""

from pathlib import Path

import aiohttp

import reference
from contracts.decision import Context
from contracts.topics import LIFECYCLE, PARTICULARS
from plumbing.applying import Part
from plumbing.assembly import Assembly, Running
from plumbing.comparing import Reconciler
from plumbing.inlets import LifecycleInlet, ParticularsInlet
from plumbing.reconciliation_api import ReconciliationRoutes
from plumbing.running import main as run
from registry_sync.domain import RULES
from registry_sync.limits import unless_ended
from registry_sync.polling import RESULTS, RESULTS_LIMIT, Poller
from registry_sync.pushing import REGISTER_LANE
from registry_sync.reconciling import RegisterComparison, telling_again
from registry_sync.reconciling_questions import Questions
from registry_sync.reconciling_rules import RULES as RECONCILING
from registry_sync.reconciling_rules import TELL_AGAIN
from registry_sync.register import Register
from registry_sync.registration import PUSH
from registry_sync.settings import RegistrySyncSettings
from registry_sync.store import RegistrationStore
from registry_sync.subjects import open_own

SERVICE = "registry-sync"
#: One question of a thousand dossiers, or one push with its files, ends well before a lease.
REGISTER_SECONDS = 15


async def assemble(running: Running) -> Assembly:
    """Return the service's part, its inlets, the push and the poller."""
    settings = running.settings
    assert isinstance(settings, RegistrySyncSettings)
    known = reference.load()
    rules = RULES | RECONCILING
    part = Part(SERVICE, rules, RegistrationStore(running.keys), lambda now: Context(now, known))
    session = aiohttp.ClientSession(
        headers={
            "Authorization": aiohttp.encode_basic_auth(
                settings.register_username, settings.register_password.get_secret_value()
            )
        },
        timeout=aiohttp.ClientTimeout(total=REGISTER_SECONDS, connect=5),
    )
    register = Register(session, settings.register_url)
    push = unless_ended(register.push, register.has_taken, running.pool)
    reconciler = Reconciler(
        SERVICE,
        RegisterComparison(running, part, Questions(register, running.valves)),
        running.pool,
        running.clock,
        settings.reconcile_at,
    )
    return Assembly(
        part=part,
        inlets={
            LIFECYCLE["routing"]: LifecycleInlet(part, running.keys),
            PARTICULARS: ParticularsInlet(part, running.keys),
        },
        callers={PUSH: push, TELL_AGAIN: telling_again(push)},
        lanes=(REGISTER_LANE,),
        valves={RESULTS: RESULTS_LIMIT},
        tasks=(Poller(running, part, register).run, reconciler.run),
        operating=(ReconciliationRoutes((reconciler,)),),
        open_own=open_own,
        close=session.close,
    )


def main() -> None:
    """Run the service until it is told to stop."""
    run(RegistrySyncSettings, SERVICE, Path(__file__).parent / "migrations", assemble)
