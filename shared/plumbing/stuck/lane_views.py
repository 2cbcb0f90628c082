"""What operators read of the lanes to the outside."""

from collections.abc import Collection

from pydantic import AwareDatetime, Field

from contracts.model import Contract
from plumbing.lanes import Lane, Pause
from plumbing.stuck.reasons import Reason
from plumbing.valves import ValveState


class LanePause(Contract):
    """Who stopped a lane, or one turn of it, since when and why."""

    paused_by: str
    reason: str
    at: AwareDatetime


class LaneView(Contract):
    """What waits in one turn of a lane for one neighbour; an empty `turn` is the whole lane.

    `open` counts calls not answered, `valve` and `window` are of the replica that answers: how
    many calls it lets through now, empty and none when it has made no call there yet.
    """

    service: str
    lane: str
    turn: str
    call: str
    open: int
    oldest_seconds: int
    pause: LanePause | None
    valve: str
    window: int | None


class LaneList(Contract):
    """Every lane in which something waits, and every one that is paused; `known`: all names."""

    lanes: tuple[LaneView, ...]
    known: tuple[str, ...] = ()


class LaneAct(Contract):
    """Which turn of a lane to pause or to let go on, none for the whole lane, and why."""

    turn: str = Field(default="", max_length=100, pattern=r"^[\w.-]*$")
    reason: Reason


class LaneChanged(Contract):
    """Whether the lane was not already as it was asked to be."""

    lane: str
    turn: str
    changed: bool


def lane_views(
    service: str,
    lanes: list[Lane],
    pauses: list[Pause],
    valves: list[ValveState],
    declared: Collection[str] = (),
) -> LaneList:
    """Return the lanes in order, with this replica's valves; `declared` are known besides."""
    states = {(one.call, one.turn): one for one in valves}
    views = [
        LaneView(
            service=service,
            lane=lane.lane,
            turn=lane.turn,
            call=lane.call,
            open=lane.open,
            oldest_seconds=int(lane.oldest.total_seconds()),
            pause=_pause(lane.pause),
            valve=state.state if state else "",
            window=state.window if state else None,
        )
        for lane in lanes
        for state in [states.get((lane.call, lane.turn)) or states.get((lane.call, ""))]
    ]
    seen = {(view.lane, view.turn) for view in views}
    views += [
        LaneView(
            service=service,
            lane=pause.lane,
            turn=pause.turn,
            call="",
            open=0,
            oldest_seconds=0,
            pause=_pause(pause),
            valve="",
            window=None,
        )
        for pause in pauses
        if (pause.lane, pause.turn) not in seen
    ]
    return LaneList(
        lanes=tuple(sorted(views, key=lambda one: (one.lane, one.turn, one.call))),
        known=tuple(sorted({*declared, *(view.lane for view in views)})),
    )


def _pause(pause: Pause | None) -> LanePause | None:
    if pause is None:
        return None
    return LanePause(paused_by=pause.paused_by, reason=pause.reason, at=pause.at)
