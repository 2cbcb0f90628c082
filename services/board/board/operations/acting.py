"""Forms that act on what is stuck: tried first, proposed, approved by another, taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args
from uuid import UUID, uuid4

from fastapi import FastAPI, Request, Response

from board.asking import Answer
from board.operations.desk import (
    HOME,
    PATH,
    Desk,
    back_to,
    path_of,
    place_of,
    service_of,
    wrong_fields,
)
from board.operations.showing import show_item
from pages.forms import Form
from pages.problems import PageProblem
from pages.signing_in import Session
from plumbing.stuck.views import MOST_ITEMS, Act, Proposal

_ACTS: Final = "/v1/stuck/acts"


@dataclass(frozen=True)
class Wanted:
    """What somebody wants done, as it was typed."""

    act: str
    items: Sequence[str]
    reason: str
    about: str

    @property
    def service(self) -> str:
        """Return whose things they are."""
        return service_of(self.items[0])

    def asked(self, **more: Any) -> dict[str, Any]:
        """Return it as the service takes it."""
        return {"act": self.act, "items": list(self.items), "reason": self.reason, **more}


def read_wanted(form: Form) -> Wanted:
    """Return what the form wants; raises PageProblem for one that no page of ours sends."""
    items = list(dict.fromkeys(filter(None, form.all("item"))))
    act = form.text("act")
    if not items:
        raise PageProblem(422, "operations.nothing_chosen")
    if act not in get_args(Act) or len(items) > MOST_ITEMS or len(set(map(service_of, items))) > 1:
        raise PageProblem(422, "problem.wrong_address")
    return Wanted(act, items, form.text("reason"), form.text("about") or items[0])


def add_to(pages: FastAPI, desk: Desk) -> None:
    """Add the forms' targets."""

    @pages.post("/xem-truoc")
    async def try_out(request: Request) -> Response:
        session, form = await desk.posted(request)
        return await _try_out(desk, request, session, read_wanted(form))

    @pages.post("/de-xuat")
    async def propose(request: Request) -> Response:
        session, form = await desk.posted(request)
        return await _propose(desk, request, session, read_wanted(form), _id(form, "act_id"))

    @pages.post("/phe-duyet")
    async def approve(request: Request) -> Response:
        session, form = await desk.posted(request)
        service, act_id = form.text("service"), _id(form, "act_id")
        answer = await desk.ask(session, service, "POST", f"{_ACTS}/{act_id}/approval")
        page = f"{PATH}/de-xuat/{service}/{act_id}"
        if answer.problem == "already-done":
            return back_to(page, "approved_before")
        if not answer.is_yes:
            raise desk.refusal(service, answer)
        return back_to(page, "approved")

    @pages.post("/nhan")
    async def take(request: Request) -> Response:
        session, form = await desk.posted(request)
        item = form.text("item")
        await desk.told(session, service_of(item), "PUT", f"{path_of(item)}/holder")
        return back_to(place_of(item), "taken")


async def _try_out(desk: Desk, request: Request, session: Session, wanted: Wanted) -> Response:
    told = wanted.asked(dry_run=True)
    answer = await desk.ask(session, wanted.service, "POST", _ACTS, json=told)
    if wrong := _wrong(desk, wanted, answer):
        return await _typed_again(desk, request, session, wanted, wrong)
    proposal = Proposal.model_validate(answer.document)
    return desk.page(
        request,
        "operations-trial.html",
        wanted=wanted,
        proposal=proposal,
        possible=[one.item for one in proposal.items if one.possible],
        act_id=uuid4(),
        place_of=place_of,
    )


async def _propose(
    desk: Desk, request: Request, session: Session, wanted: Wanted, act_id: UUID
) -> Response:
    told = wanted.asked(act_id=str(act_id))
    answer = await desk.ask(session, wanted.service, "POST", _ACTS, json=told)
    if wrong := _wrong(desk, wanted, answer):
        return await _typed_again(desk, request, session, wanted, wrong)
    proposal = Proposal.model_validate(answer.document)
    if proposal.act_id is None:
        raise PageProblem(409, "operations.nothing_possible")
    return back_to(f"{PATH}/de-xuat/{wanted.service}/{proposal.act_id}", "proposed")


def _wrong(desk: Desk, wanted: Wanted, answer: Answer) -> str:
    """Return the rule that the reason breaks, empty if none; raises PageProblem for another no."""
    rule = wrong_fields(answer).get("reason", "") if answer.status == 422 else ""
    if not rule and not answer.is_yes:
        raise desk.refusal(wanted.service, answer)
    return rule


async def _typed_again(
    desk: Desk, request: Request, session: Session, wanted: Wanted, rule: str
) -> Response:
    typed = {"wrong": {wanted.act: rule}, "reason": wanted.reason}
    if len(wanted.items) > 1 or wanted.about == HOME:
        raise PageProblem(422, "operations.bad_reason")
    return await show_item(desk, request, session, wanted.about, status=422, **typed)


def _id(form: Form, name: str) -> UUID:
    try:
        return UUID(form.text(name))
    except ValueError:
        raise PageProblem(422, "problem.wrong_address") from None
