"""Wires the one-stop: settings in, running service out."""

from pathlib import Path

import reference
from contracts.topics import LIFECYCLE
from plumbing.applying import Part
from plumbing.assembly import Assembly, Running
from plumbing.inlets import LifecycleInlet
from plumbing.running import main as run
from plumbing.tokens import TokenVerifier
from routing.api import binder
from routing.domain import RULES, RoutingContext
from routing.settings import RoutingSettings
from routing.store import CaseStore

SERVICE = "routing"


async def assemble(running: Running) -> Assembly:
    """Return the one-stop's part, its inlets and its desk."""
    settings = running.settings
    assert isinstance(settings, RoutingSettings)
    known = reference.load()
    part = Part(
        SERVICE,
        RULES,
        CaseStore(),
        lambda now: RoutingContext(now, known, settings.by_officer),
    )
    inlet = LifecycleInlet(part, running.keys)
    verifier = TokenVerifier(settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url)
    return Assembly(
        part=part,
        inlets={LIFECYCLE["intake"]: inlet, LIFECYCLE["registry-sync"]: inlet},
        routes=binder(running, part, verifier),
    )


def main() -> None:
    """Run the service until it is told to stop."""
    settings = RoutingSettings()
    run(settings, SERVICE, Path(__file__).parent / "migrations", assemble)
