"""What an officer does at the desk: look, see personal data, act; one transaction each."""

import hashlib
from dataclasses import dataclass
from uuid import UUID, uuid4

from contracts.decision import Refused
from contracts.envelope import Cause
from plumbing.accesses.opening import opening
from plumbing.accesses.rows import Act, By
from plumbing.applying import Item, Part, apply, lock
from plumbing.assembly import Running
from plumbing.serving import ProblemRaised
from routing import problems
from routing.arguments import Command, wrong_arguments
from routing.domain import Case, RoutingContext
from routing.holding import holder_of
from routing.officers import Officer
from routing.store import load_open, load_view
from routing.views import CaseView, revision_of, view_of


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
            return _own(await load_view(conn, dossier_id), officer, self.context())

    async def see(self, officer: Officer, dossier_id: UUID, what: str) -> Case:
        """Return the dossier with personal data, once it is written down that they were seen.

        Raises a 404 problem.
        """
        async with self.running.pool.acquire() as conn, conn.transaction():
            context = self.context()
            # Nothing is opened for an officer whose unit does not hold it.
            _own(await load_view(conn, dossier_id), officer, context)
            act: Act = "printed" if what.startswith("slip:") else "looked"
            by = By(officer.person, act, what, officer.unit_code, context.now)
            async with opening(conn, self.running.keys, by) as access:
                access.note(dossier_id)
                return _own(await load_open(conn, dossier_id, access), officer, context)

    async def act(
        self, officer: Officer, dossier_id: UUID, command: Command, seen: int | None = None
    ) -> CaseView:
        """Carry the command out and return where the dossier stands then.

        `seen` is the revision the officer decided on, None for whatever it is now.
        Raises a problem: 404, 412 when the dossier is another revision, 422 for arguments that no
        dossier could take, 409 for a legal no.
        """
        context = self.context()
        async with self.running.pool.acquire() as conn, conn.transaction():
            heads = await lock(conn, {dossier_id: ""})
            case = _own(await load_view(conn, dossier_id), officer, context)
            if seen is not None and seen != revision_of(case):
                raise problems.changed_since(revision_of(case), case.trail[seen:])
            cause = Cause(f"command:{uuid4()}", hashlib.sha256(repr(command).encode()).hexdigest())
            item = Item(dossier_id, command, cause)
            (decision,) = await apply(
                conn, self.part, self.running.keys, heads, [item], context.now
            )
        if isinstance(decision, Refused):
            raise _refused(decision, command, case, context)
        self.running.wake()
        return view_of(decision.state, context)


def _own(case: Case | None, officer: Officer, context: RoutingContext) -> Case:
    """Return the case if the officer's unit holds it today; raises a 404 problem otherwise."""
    if case is None or holder_of(case, context) != officer.unit_code:
        raise problems.no_such_dossier()
    return case


def _refused(
    refused: Refused, command: Command, case: Case, context: RoutingContext
) -> ProblemRaised:
    wrong = wrong_arguments(command, refused, case, context)
    if wrong:
        return problems.wrong_arguments(refused.reason, wrong)
    return problems.not_allowed(refused.reason, refused.allowed)
