"""HTTP for operators: ask for a comparison with a neighbour, and read what comparisons found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import FastAPI, Query, Request
from pydantic import Field

from contracts.model import Contract
from contracts.reconciliation import Difference, Reconciliation, Scope
from plumbing import reconciling
from plumbing.comparing import Reconciler
from plumbing.database import Conn
from plumbing.operating import Operators
from plumbing.serving import ProblemRaised

PATH: Final = "/v1/reconciliations"
_MOST_RUNS = 50
_PAGE = 500


class ReconciliationAsked(Contract):
    """Which neighbour to compare with; it may be left out where there is but one."""

    neighbour: str = ""
    scope: Scope = "changed"


class DifferencePage(Contract):
    """Some differences of a run, by province and unit; `next` is empty on the last page."""

    differences: Annotated[tuple[Difference, ...], Field(max_length=_PAGE)]
    next: str


@dataclass(frozen=True)
class ReconciliationRoutes:
    """Adds the routes for these reconcilers of one service to its app."""

    reconcilers: Sequence[Reconciler]

    def __call__(self, app: FastAPI, operators: Operators) -> None:
        """Add them; only operators may use them."""
        service, pool = self.reconcilers[0].service, self.reconcilers[0].pool
        by_name = {one.comparison.neighbour: one for one in self.reconcilers}

        @app.post(PATH, status_code=202, response_model=Reconciliation)
        async def ask(request: Request, asked: ReconciliationAsked) -> Reconciliation:
            """Begin a comparison; one at a time with each neighbour."""
            operator = await operators.of(request)
            chosen = _chosen(by_name, asked.neighbour)
            neighbour = chosen.comparison.neighbour
            async with pool.acquire() as conn:
                run_id = await reconciling.start(conn, neighbour, asked.scope, operator)
                if run_id is None:
                    raise await _under_way(conn, neighbour)
                begun = await reconciling.read(conn, service, run_id)
            chosen.wake.set()
            assert begun is not None
            return begun

        @app.get(PATH, response_model=list[Reconciliation])
        async def show_all(
            request: Request,
            neighbour: str = "",
            limit: Annotated[int, Query(ge=1, le=_MOST_RUNS)] = 10,
        ) -> list[Reconciliation]:
            """Return the last comparisons, newest first."""
            await operators.of(request)
            async with pool.acquire() as conn:
                return await reconciling.latest(conn, service, neighbour, limit)

        @app.get(PATH + "/{run_id}", response_model=Reconciliation)
        async def show(request: Request, run_id: UUID) -> Reconciliation:
            """Return one comparison and how much it found."""
            await operators.of(request)
            async with pool.acquire() as conn:
                return _found(await reconciling.read(conn, service, run_id))

        @app.get(PATH + "/{run_id}/differences", response_model=DifferencePage)
        async def show_differences(
            request: Request, run_id: UUID, after: str = ""
        ) -> DifferencePage:
            """Return what it found, a page at a time."""
            await operators.of(request)
            async with pool.acquire() as conn:
                _found(await reconciling.read(conn, service, run_id))
                found, place = await reconciling.differences(conn, run_id, after, _PAGE)
            return DifferencePage(differences=tuple(found), next=place)


def _chosen(by_name: Mapping[str, Reconciler], neighbour: str) -> Reconciler:
    if not neighbour and len(by_name) == 1:
        return next(iter(by_name.values()))
    if neighbour not in by_name:
        detail = f"This service compares itself with: {', '.join(sorted(by_name))}."
        raise ProblemRaised(422, "no-such-neighbour", "No such neighbour", detail)
    return by_name[neighbour]


async def _under_way(conn: Conn, neighbour: str) -> ProblemRaised:
    run = await reconciling.open_run(conn, neighbour)
    detail = "Wait until the comparison under way is finished."
    extra = {} if run is None else {"run_id": str(run.run_id)}
    return ProblemRaised(
        409, "reconciliation-under-way", "Comparing already", detail, None, **extra
    )


def _found(run: Reconciliation | None) -> Reconciliation:
    if run is None:
        detail = "This service made no comparison of that id."
        raise ProblemRaised(404, "no-such-reconciliation", "No such comparison", detail)
    return run
