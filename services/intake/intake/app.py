"""The intake put together: HTTP and the bus in, events and replies out."""

from pathlib import Path
from typing import cast

from fastapi import FastAPI

from contracts.decision import Context
from contracts.topics import SUBMISSIONS
from intake.api import routes
from intake.bus import SubmissionInlet
from intake.domain import RULES
from intake.follow_up_api import follow_up_routes
from intake.importing.api import import_routes
from intake.importing.importing import Importer
from intake.replies import watch_topics
from intake.resubmitting import FollowUps
from intake.settings import IntakeSettings
from intake.signatures import Signatures
from intake.store import DossierStore
from intake.subjects import DossierRoutes, open_own
from intake.submitting import Counter
from intake.taking import Desk
from plumbing import running
from plumbing.applying import Part
from plumbing.assembly import Assembly, Running
from plumbing.tokens import TokenVerifier
from reference import Reference, load

MIGRATIONS = Path(__file__).parent / "migrations"


def desk_with(running: Running, reference: Reference) -> Desk:
    """Return the desk both roads lead to."""
    part = Part(
        service="intake",
        rules=RULES,
        store=DossierStore(),
        context=lambda now: Context(now, reference),
    )
    return Desk(part, running.keys, reference)


async def assemble(running: Running) -> Assembly:
    """Return the parts of the running intake."""
    settings = cast(IntakeSettings, running.settings)
    desk = desk_with(running, load())
    counter = Counter(running.pool, desk, running.clock, running.wake)
    verifier = TokenVerifier(settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url)
    adders = (
        routes(counter, verifier),
        follow_up_routes(FollowUps(counter), verifier),
        import_routes(Importer(counter), verifier),
    )

    def add_routes(app: FastAPI) -> None:
        for add in adders:
            add(app)

    return Assembly(
        part=desk.part,
        inlets={SUBMISSIONS: SubmissionInlet(desk, Signatures(settings.portal_secrets))},
        routes=add_routes,
        tasks=(lambda: watch_topics(settings, settings.portal_secrets),),
        operating=(DossierRoutes(running),),
        open_own=open_own,
    )


def main() -> None:
    """Run until stopped."""
    running.main(IntakeSettings, "intake", MIGRATIONS, assemble)
