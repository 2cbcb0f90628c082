"""Forms that act on a dossier: done once, or shown again with what is in the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from pages.forms import Form, posted
from pages.problems import PageProblem
from plumbing.serving import ProblemRaised
from routing.arguments import Command
from routing.desk_pages.act_forms import act_form
from routing.desk_pages.commands import Act, Unreadable, command_of, seen_of, was_done
from routing.desk_pages.dossier import dossier_shown, rows_since
from routing.desk_pages.front import HOME, Front, calendar_of, dossier_url
from routing.domain import allowed_acts
from routing.holding import holder_of
from routing.officers import Officer
from routing.store import load_view


def add_to(pages: FastAPI, front: Front) -> None:
    """Add a route for every act."""

    @pages.post("/ho-so/{dossier_id}/{act}")
    async def do(request: Request, dossier_id: UUID, act: Act) -> Response:
        session = await front.sign_in.session(request, back=dossier_url(dossier_id))
        officer = await front.officer(request)
        form = await posted(request, session)
        seen = seen_of(form)
        if seen is None:
            raise PageProblem(422, "problem.wrong_address")
        return await _Attempt(front, request, officer, dossier_id, act, form, seen).answer()

    @pages.get("/ho-so/{dossier_id}/{act}")
    async def again(dossier_id: UUID, act: Act) -> Response:
        return RedirectResponse(dossier_url(dossier_id), 303)


@dataclass(frozen=True)
class _Attempt:
    """A form sent to act on a dossier; `seen` is the revision the officer decided on."""

    front: Front
    request: Request
    officer: Officer
    dossier_id: UUID
    act: Act
    form: Form
    seen: int

    async def answer(self) -> Response:
        """Do the act and go on to the dossier as it is then, or say why it was not done."""
        try:
            command = command_of(self.act, self.form, self.officer.person)
        except Unreadable as wrong:
            said = self.front.names(self.request).say(wrong.key)
            return await self._not_done(422, "", {wrong.field: said})
        try:
            view = await self.front.desk.act(self.officer, self.dossier_id, command, self.seen)
        except ProblemRaised as raised:
            return await self._refused(raised, command)
        return self._onwards(here=view.unit_code == self.officer.unit_code)

    async def _refused(self, raised: ProblemRaised, command: Command) -> Response:
        """Answer a no: of what this person has done already, that it is done."""
        problem = raised.problem
        if problem.status not in (404, 409, 412, 422):
            raise raised
        here = await self._done_before(command)
        if here is not None:
            return self._onwards(here=here, before=True)
        errors = {one.field.partition(".")[0]: one.detail for one in problem.errors}
        return await self._not_done(problem.status, problem.detail, errors)

    async def _done_before(self, command: Command) -> bool | None:
        """Return None if it was not done since what was seen, else whether the unit still has it.

        Who forwarded a dossier may hear so: it was theirs when they did.
        """
        async with self.front.desk.running.pool.acquire() as conn:
            case = await load_view(conn, self.dossier_id)
        if case is None or not was_done(command, case.trail[self.seen :]):
            return None
        return holder_of(case, self.front.desk.context()) == self.officer.unit_code

    def _onwards(self, *, here: bool, before: bool = False) -> Response:
        to = dossier_url(self.dossier_id) if here else HOME
        return RedirectResponse(f"{to}?done={self.act}{'&before=1' if before else ''}", 303)

    async def _not_done(self, status: int, why: str, errors: Mapping[str, str]) -> Response:
        """Say why, what changed and what is possible; keep what was typed. Nothing personal."""
        front, names = self.front, self.front.names(self.request)
        case = await front.desk.look(self.officer, self.dossier_id)
        context = front.desk.context()
        allowed = allowed_acts(case, context)
        return front.page(
            self.request,
            "not_done.html",
            self.officer,
            status=status,
            shown=dossier_shown(
                case, context, calendar_of(self.officer.unit_code, context), names, {}
            ),
            act=self.act,
            why=why if status == 409 else "",
            changed=rows_since(case, self.seen, context) if status == 412 else (),
            stale=status == 412,
            form=act_form(self.act, case, context, names, self.form.fields, errors),
            possible=self.act in allowed,
            others=tuple(one for one in allowed if one != self.act),
            errors=errors,
        )
