"""Wires the one-stop: settings in, running service out."""

from pathlib import Path

import reference
from contracts.topics import LIFECYCLE, PARTICULARS
from plumbing.applying import Part
from plumbing.assembly import Assembly, Running
from plumbing.inlets import LifecycleInlet, ParticularsInlet
from plumbing.running import main as run
from plumbing.tokens import TokenVerifier
from routing.api import binder
from routing.domain import RULES, RoutingContext
from routing.settings import RoutingSettings
from routing.store import SERVICE, CaseStore
from routing.sweeping import Sweeper


async def assemble(running: Running) -> Assembly:
    """Return the one-stop's part, its inlets, its sweeper and its desk."""
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
    return Assembly(
        part=part,
        inlets={
            LIFECYCLE["intake"]: inlet,
            LIFECYCLE["registry-sync"]: inlet,
            PARTICULARS: ParticularsInlet(part, running.keys),
        },
        tasks=(Sweeper(running, part, settings.sweep_seconds).run,),
        routes=binder(running, part, verifier),
    )


def main() -> None:
    """Run the service until it is told to stop."""
    settings = RoutingSettings()
    run(settings, SERVICE, Path(__file__).parent / "migrations", assemble)
