"""The toy with a rule that can be mended, and the two people who act on what is stuck."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn

from contracts.decision import Context, Decision, Refused
from contracts.envelope import Envelope
from contracts.events import Accepted
from plumbing.operating import Operators
from plumbing.serving import Health, make_app
from plumbing.stuck import acting, reading
from plumbing.stuck.api import StuckRoutes
from plumbing.stuck.items import read_name
from plumbing.stuck.lanes_api import LaneRoutes
from plumbing.stuck.views import ActItem, ActRequest, ActView, Kind, Proposal, StuckItem, StuckView
from plumbing.stuck.workbench import Workbench
from plumbing.tokens import TokenVerifier
from plumbing.valves import Valves
from tests.integration.core_kit import NOW, RING, ROUTING, Bench, Dossier, Log, open_bench
from tests.integration.core_toy import Case, on_event
from tests.integration.sandbox_process import SECRETS, Sandbox, a_sandbox, free_port

SERVICE = "notifier"
ONE, OTHER = "operator", "operator-2"
#: A moment's toy: its dossiers for which the rule has a bug.
BUGGY: set[UUID] = set()
#: Of these the rule refuses the third event, after it took the second.
REFUSED: set[UUID] = set()


def on_accepted(event: Envelope, case: Case, context: Context) -> "Decision[Case] | Refused":
    """Fail for some dossiers until they are taken out of BUGGY and REFUSED."""
    if case.dossier_id in BUGGY:
        raise ZeroDivisionError("a rule's bug")
    if case.dossier_id in REFUSED and event.sequence == 3:
        return Refused((), "not now")
    return on_event(event, case, context)


@dataclass
class Desk:
    """A bench with a workbench beside it; `woken` counts the wakes."""

    bench: Bench
    woken: list[datetime] = field(default_factory=list)

    @property
    def workbench(self) -> Workbench:
        """Return what acts have at hand."""
        bench = self.bench
        return Workbench(
            SERVICE,
            bench.pool,
            bench.part,
            RING,
            bench.inlets,
            lambda: NOW,
            lambda: self.woken.append(NOW),
        )

    async def stuck(self, kind: Kind | None = None) -> list[StuckItem]:
        """Return the whole list, page by page."""
        found: list[StuckItem] = []
        after: str | None = None
        while True:
            async with self.bench.pool.acquire() as conn:
                page = await reading.list_page(conn, RING, SERVICE, kind, after)
            found += page.items
            after = page.after
            if after is None:
                return found

    async def show(self, item: str) -> StuckView:
        """Return one thing."""
        async with self.bench.pool.acquire() as conn:
            return await reading.show(conn, RING, SERVICE, read_name(SERVICE, item))

    async def propose(
        self, act: Any, *items: str, reason: str = "mended", dry_run: bool = False
    ) -> Proposal:
        """Let the first person propose."""
        asked = ActRequest(act=act, items=items, reason=reason, dry_run=dry_run)
        return await acting.propose(self.workbench, asked, ONE)

    async def approve(self, act_id: UUID | None) -> ActView:
        """Let the other person approve."""
        assert act_id is not None
        return await acting.approve(self.workbench, act_id, OTHER)

    async def act(self, act: Any, *items: str, reason: str = "mended") -> list[str]:
        """Let one propose and the other approve; return what came of each possible item."""
        done = await self.approve((await self.propose(act, *items, reason=reason)).act_id)
        return told(done.items)


def told(items: tuple[ActItem, ...]) -> list[str]:
    """Return what is told of each item: its outcome, `no:` before what is not possible."""
    return [one.outcome if one.possible else f"no: {one.outcome}" for one in items]


@asynccontextmanager
async def a_desk(database: str) -> AsyncIterator[Desk]:
    """Give the desk on an empty database."""
    BUGGY.clear()
    REFUSED.clear()
    async with open_bench(database, {Accepted: on_accepted}) as bench:
        yield Desk(bench)


async def a_letter_and_its_followers(desk: Desk) -> tuple[Dossier, str]:
    """Let a rule's bug make a dead letter whose follower parks; return the letter's name."""
    dossier, log = Dossier(), Log()
    for name in ("routed", "accepted", "accepted"):
        log.add(ROUTING, dossier.says(name), dossier)
    BUGGY.add(dossier.id)
    (rows,) = log.records.values()
    await desk.bench.settle(rows)
    (letter,) = await desk.stuck("dead_letter")
    return dossier, letter.item


@asynccontextmanager
async def an_issuer(folder: Path) -> AsyncIterator[tuple[TokenVerifier, dict[str, str]]]:
    """Give whom the desk believes, and tokens of two operators and a portal."""
    clients = SECRETS["clients"] | {OTHER: SECRETS["clients"]["operator"]}
    folder.mkdir(parents=True, exist_ok=True)
    secrets = folder / "stuck-secrets.json"
    secrets.write_text(json.dumps(SECRETS | {"clients": clients}))
    async with a_sandbox(folder, SANDBOX_SECRETS=str(secrets)) as sandbox:
        tokens = {name: await _token(sandbox, name, one["secret"]) for name, one in clients.items()}
        yield TokenVerifier(sandbox.url, "hotich", f"{sandbox.url}/oauth/jwks.json"), tokens


async def _token(sandbox: Sandbox, client: str, password: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": password}
    status, body = await sandbox.post("/oauth/token", data=form)
    assert status == 200
    return str(body["access_token"])


@asynccontextmanager
async def served(desk: Desk, verifier: TokenVerifier, valves: Valves) -> AsyncIterator[str]:
    """Serve the routes for operators on a free port; gives the url."""
    app, port = make_app(SERVICE, Health()), free_port()
    StuckRoutes(desk.workbench)(app, Operators(verifier))
    woken, states = (lambda: desk.woken.append(NOW)), valves.states
    lanes = LaneRoutes(SERVICE, desk.bench.pool, states, woken, declared=("told",))
    lanes(app, Operators(verifier))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off")
    )
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving
