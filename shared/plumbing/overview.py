"""HTTP for operators: how one replica and its service's database stand, in one document."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI, Request

from plumbing import lanes, overview_figures
from plumbing.assembly import Running
from plumbing.consuming import Consumer
from plumbing.database import Conn
from plumbing.operating import Operators
from plumbing.overview_views import Overview, PausedLane, TopicLag, Valve

PATH: Final = "/v1/operate/overview"


@dataclass(frozen=True)
class OverviewRoutes:
    """Adds the route; `consumer` is none when the service reads no topic."""

    service: str
    running: Running
    consumer: Consumer | None
    declared: Collection[str] = ()

    def __call__(self, app: FastAPI, operators: Operators) -> None:
        """Add it; only operators may use it."""

        @app.get(PATH, response_model=Overview)
        async def overview(request: Request) -> Overview:
            """Return how this replica and its service's database stand."""
            await operators.of(request)
            async with self.running.pool.acquire() as conn:
                return await self._read(conn)

    async def _read(self, conn: Conn) -> Overview:
        client = self.consumer.consumer if self.consumer is not None else None
        lag = await self.running.lags.load(conn, self.service, client)
        pauses = await lanes.load_pauses(conn)
        figures = await overview_figures.load(conn)
        return Overview(
            service=self.service,
            replica=self.running.settings.replica,
            reads=self.consumer is not None,
            lag=None if lag is None else tuple(TopicLag(**vars(one)) for one in lag),
            valves=tuple(Valve(**vars(one)) for one in self.running.valves.states()),
            lanes=tuple(sorted({*self.declared, *(one["lane"] for one in figures["calls"])})),
            pauses=tuple(PausedLane(**vars(one)) for one in pauses),
            **figures,
        )
