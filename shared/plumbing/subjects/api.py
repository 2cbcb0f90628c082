"""HTTP for operators: what is held of a dossier, who looked, and its data for that person."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import FastAPI, Request
from pydantic import AwareDatetime, Field

from contracts.model import Contract
from contracts.topics import LIFECYCLE
from plumbing.accesses import reading
from plumbing.accesses.opening import Opening, opening
from plumbing.accesses.rows import By
from plumbing.database import Conn, Pool
from plumbing.operating import Operators
from plumbing.sealing import KeyRing, Unsealable
from plumbing.serving import ProblemRaised
from plumbing.stuck.reasons import Reason
from plumbing.subjects import holdings
from plumbing.subjects.holdings import Holding

#: Opens what a service holds of a dossier, by name; empty when nothing personal is there.
OpenOwn: TypeAlias = Callable[[Conn, Opening, UUID], Awaitable[Mapping[str, Any]]]
MOST_ASKED = 1000
_EVENTS = "SELECT sequence FROM stream WHERE dossier_id = $1"


class AccessView(Contract):
    """Who did what with the dossier's data, when and what for."""

    id: int
    at: AwareDatetime
    actor: str
    unit_code: str
    act: str
    purpose: str


class SubjectView(Contract):
    """What one service holds of a dossier, and who read or opened it there.

    `events` counts those on its `topic`, which hold nothing personal; `busy`: not over here yet.
    `accesses` are the last ones of each who did it, of `accessed` in all.
    """

    service: str
    dossier_id: UUID
    topic: str
    events: int
    busy: bool
    held: tuple[Holding, ...]
    accessed: int
    accesses: tuple[AccessView, ...]


class OpenAsked(Contract):
    """Why the data are opened: the request they answer, in words without anybody's data.

    It is kept for ever, also when the dossier's data are erased.
    """

    reason: Annotated[Reason, Field(min_length=3)]


class OpenedView(Contract):
    """What the service holds of the person, in clear, by name."""

    service: str
    dossier_id: UUID
    data: dict[str, Any]


class HeldAsked(Contract):
    """Of which dossiers to count what is held."""

    dossier_ids: Annotated[tuple[UUID, ...], Field(max_length=MOST_ASKED)]


class HeldView(Contract):
    """Rows with something personal by dossier and table; `busy`: not over here yet."""

    service: str
    held: dict[UUID, dict[str, int]]
    busy: tuple[UUID, ...]


@dataclass(frozen=True)
class SubjectRoutes:
    """Adds the routes that answer for one service's database."""

    service: str
    pool: Pool
    keys: KeyRing
    open_own: OpenOwn | None = None

    def __call__(self, app: FastAPI, operators: Operators) -> None:
        """Add them; only operators may use them."""
        service, pool = self.service, self.pool

        @app.get("/v1/subjects/{dossier_id}", response_model=SubjectView)
        async def show(request: Request, dossier_id: UUID) -> SubjectView:
            """Return what is held of the dossier here and who looked; nothing is opened."""
            await operators.of(request)
            async with pool.acquire() as conn:
                held = await holdings.of_dossier(conn, service, dossier_id)
                looked, accessed = await reading.of_dossier(conn, dossier_id)
                said = await conn.fetchval(_EVENTS, dossier_id)
                busy = await holdings.busy(conn, [dossier_id])
            accesses = tuple(
                AccessView(
                    id=one.id,
                    at=one.at,
                    actor=one.actor,
                    unit_code=one.unit_code,
                    act=one.act,
                    purpose=one.purpose,
                )
                for one in looked
            )
            return SubjectView(
                service=service,
                dossier_id=dossier_id,
                topic=LIFECYCLE[service].name,
                events=said or 0,
                busy=bool(busy),
                held=held,
                accessed=accessed,
                accesses=accesses,
            )

        @app.post("/v1/subjects/{dossier_id}/opened", response_model=OpenedView)
        async def open_(request: Request, dossier_id: UUID, asked: OpenAsked) -> OpenedView:
            """Return the dossier's data in clear, once it is written down who asked and why."""
            person = await operators.of(request)
            return await self._open(dossier_id, By(person, "answered_subject", asked.reason))

        @app.post("/v1/subjects/held", response_model=HeldView)
        async def count(request: Request, asked: HeldAsked) -> HeldView:
            """Return how many rows with something personal are held of these dossiers."""
            await operators.of(request)
            async with pool.acquire() as conn:
                held = await holdings.held(conn, service, asked.dossier_ids)
                busy = await holdings.busy(conn, asked.dossier_ids)
            return HeldView(service=service, held=held, busy=busy)

    async def _open(self, dossier_id: UUID, by: By) -> OpenedView:
        data: Mapping[str, Any] = {}
        async with (
            self.pool.acquire() as conn,
            conn.transaction(),
            opening(conn, self.keys, by) as access,
        ):
            access.note(dossier_id)
            if self.open_own is not None:
                try:
                    data = await self.open_own(conn, access, dossier_id)
                except Unsealable:
                    raise ProblemRaised(*_DOES_NOT_OPEN) from None
        return OpenedView(service=self.service, dossier_id=dossier_id, data=dict(data))


_DOES_NOT_OPEN = (
    503,
    "does-not-open",
    "The data do not open",
    "This process was not given the key they are sealed with.",
)
