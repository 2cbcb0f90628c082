"""What an officer does at the desk: look, see personal data, act; one transaction each."""

import hashlib
from dataclasses import dataclass
from uuid import UUID, uuid4

from contracts.decision import Refused
from contracts.envelope import Cause
from plumbing.applying import Item, Part, apply, lock
from plumbing.assembly import Running
from plumbing.serving import ProblemRaised
from routing.arguments import Command, wrong_arguments
from routing.domain import Case, RoutingContext
from routing.officers import Officer, no_such_dossier
from routing.store import load_open, load_view, record_access
from routing.views import CaseView, view_of


@dataclass(frozen=True)
class Desk:
    """The desks of all units; an officer finds only their own unit's dossiers."""

    running: Running
    part: Part[Case]

    def context(self) -> RoutingContext:
        """Return what rules know now."""
        context = self.part.context(self.running.clock())
        assert isinstance(context, RoutingContext)
        return context

    async def look(self, officer: Officer, dossier_id: UUID) -> Case:
        """Return the dossier without personal data; raises a 404 problem."""
        async with self.running.pool.acquire() as conn:
            return _own(await load_view(conn, dossier_id), officer)

    async def see(self, officer: Officer, dossier_id: UUID, what: str) -> Case:
        """Return the dossier with personal data, once it is written down that they were seen.

        Raises a 404 problem.
        """
        async with self.running.pool.acquire() as conn, conn.transaction():
            case = _own(await load_open(conn, self.running.keys, dossier_id), officer)
            at = self.running.clock()
            await record_access(conn, officer.client_id, officer.unit_code, dossier_id, what, at)
            return case

    async def act(self, officer: Officer, dossier_id: UUID, command: Command) -> CaseView:
        """Carry the command out and return where the dossier stands then.

        Raises a problem: 404, 422 for arguments that no dossier could take, 409 for a legal no.
        """
        context = self.context()
        async with self.running.pool.acquire() as conn, conn.transaction():
            heads = await lock(conn, {dossier_id: ""})
            case = _own(await load_view(conn, dossier_id), officer)
            cause = Cause(f"command:{uuid4()}", hashlib.sha256(repr(command).encode()).hexdigest())
            item = Item(dossier_id, command, cause)
            (decision,) = await apply(
                conn, self.part, self.running.keys, heads, [item], context.now
            )
        if isinstance(decision, Refused):
            raise _refused(decision, command, case, context)
        self.running.wake()
        return view_of(decision.state, context)


def _own(case: Case | None, officer: Officer) -> Case:
    """Return the case if it is on the officer's unit's desk; raises a 404 problem otherwise."""
    if case is None or case.unit_code != officer.unit_code:
        raise no_such_dossier()
    return case


def _refused(
    refused: Refused, command: Command, case: Case, context: RoutingContext
) -> ProblemRaised:
    wrong = wrong_arguments(command, refused.allowed, case, context)
    if wrong:
        return ProblemRaised(
            422, "invalid-request", "Invalid request", refused.reason, errors=wrong
        )
    return ProblemRaised(
        409, "act-not-allowed", "Not allowed now", refused.reason, allowed=refused.allowed
    )
