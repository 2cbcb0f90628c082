"""HTTP for operators: the lanes to the outside, and pausing them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from fastapi import FastAPI, Request

from plumbing import lanes
from plumbing.database import Conn, Pool
from plumbing.operating import Operators
from plumbing.serving import ProblemRaised
from plumbing.stuck import recording
from plumbing.stuck.lane_views import LaneAct, LaneChanged, LaneList, lane_views
from plumbing.valves import ValveState

_NO_LANE = (404, "no-such-lane", "No such lane", "This service makes no calls in that lane.")


@dataclass(frozen=True)
class LaneRoutes:
    """Adds the routes for a service's lanes; `wake` lets resumed calls begin at once.

    `declared` are the lanes the service has, also those in which nothing ever waited.
    """

    service: str
    pool: Pool
    valves: Callable[[], list[ValveState]]
    wake: Callable[[], None]
    declared: Collection[str] = ()

    def __call__(self, app: FastAPI, operators: Operators) -> None:
        """Add them; one person is enough to pause or to resume, and each act is recorded."""

        @app.get("/v1/lanes", response_model=LaneList)
        async def list_lanes(request: Request) -> LaneList:
            """Return what waits in each lane, and who paused it."""
            await operators.of(request)
            async with self.pool.acquire() as conn:
                waiting, pauses = await lanes.load_lanes(conn), await lanes.load_pauses(conn)
            return lane_views(self.service, waiting, pauses, self.valves(), self.declared)

        @app.post("/v1/lanes/{lane}/pause", response_model=LaneChanged)
        async def pause(request: Request, lane: str, asked: LaneAct) -> LaneChanged:
            """Let no more calls begin; those under way end."""
            return await self._change("pause", lane, asked, await operators.of(request))

        @app.post("/v1/lanes/{lane}/resume", response_model=LaneChanged)
        async def resume(request: Request, lane: str, asked: LaneAct) -> LaneChanged:
            """Let calls begin again."""
            changed = await self._change("resume", lane, asked, await operators.of(request))
            self.wake()
            return changed

    async def _change(self, act: str, lane: str, asked: LaneAct, person: str) -> LaneChanged:
        async with self.pool.acquire() as conn, conn.transaction():
            if not await self._is_lane(conn, lane):
                raise ProblemRaised(*_NO_LANE)
            if act == "pause":
                changed = await lanes.pause(conn, lane, asked.turn, by=person, reason=asked.reason)
            else:
                changed = await lanes.resume(conn, lane, asked.turn)
            if changed:
                item = "/".join(filter(None, (self.service, "lane", lane, asked.turn)))
                await recording.note(conn, item, act, asked.reason, person)
        return LaneChanged(lane=lane, turn=asked.turn, changed=changed)

    async def _is_lane(self, conn: Conn, lane: str) -> bool:
        return lane in self.declared or (lane.isprintable() and await lanes.is_used(conn, lane))
