"""The page of one lane to the outside: what waits in it by turn, pausing and resuming it."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response

from board.operations.desk import PATH, Desk, back_to, wrong_fields
from pages.problems import PageProblem
from pages.signing_in import Session
from plumbing.stuck.lane_views import LaneList

_ACTS = ("pause", "resume")


def add_to(pages: FastAPI, desk: Desk) -> None:
    """Add the page and its form's target."""

    @pages.get("/lan/{service}/{lane}")
    async def show(request: Request, service: str, lane: str, turn: str = "") -> Response:
        session = await desk.operator(request)
        return await _show(desk, request, session, service, lane, turn)

    @pages.post("/lan/{service}/{lane}")
    async def change(request: Request, service: str, lane: str) -> Response:
        session, form = await desk.posted(request)
        act, turn, reason = (form.text(name) for name in ("act", "turn", "reason"))
        if act not in _ACTS:
            raise PageProblem(422, "problem.wrong_address")
        path = f"/v1/lanes/{quote(lane, safe='')}/{act}"
        asked = {"turn": turn, "reason": reason}
        answer = await desk.ask(session, service, "POST", path, json=asked)
        if answer.status == 422 and (wrong := wrong_fields(answer)):
            return await _show(
                desk, request, session, service, lane, turn, wrong=wrong, reason=reason
            )
        if not answer.is_yes:
            raise desk.refusal(service, answer)
        done = act if answer.document["changed"] else f"{act}_before"
        place = f"{PATH}/lan/{quote(service)}/{quote(lane)}"
        return back_to(f"{place}?{urlencode({'turn': turn})}" if turn else place, done)


async def _show(
    desk: Desk,
    request: Request,
    session: Session,
    service: str,
    lane: str,
    turn: str,
    *,
    wrong: Mapping[str, str] | None = None,
    reason: str = "",
) -> Response:
    told = await desk.told(session, service, "GET", "/v1/lanes")
    found = LaneList.model_validate(told)
    if lane not in found.known:
        raise PageProblem(404, "operations.refused.no_such_lane", service=service)
    listed = [one for one in found.lanes if one.lane == lane]
    whole = next((one.pause for one in listed if one.pause and not one.turn), None)
    # A turn is shown with the pause of its whole lane when it has none of its own.
    own = [one.pause for one in listed if one.turn == turn and one.pause not in (None, whole)]
    return desk.page(
        request,
        "operations-lane.html",
        status=422 if wrong else 200,
        service=service,
        lane=lane,
        turn=turn,
        listed=listed,
        whole=whole,
        paused=next(iter(own), None) if turn else whole,
        wrong=wrong or {},
        reason=reason,
    )
