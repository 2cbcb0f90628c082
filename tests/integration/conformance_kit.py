"""A tiny portal that keeps to the contract, or breaks it in one way, and the kit run against it."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from click.testing import Result
from typer.testing import CliRunner

from console.conformance.commands import app

KEY = b"a secret of the tests, long enough"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
KNOWN_FIELDS = {
    "portal_reference",
    "dossier_code",
    "status",
    "step",
    "event_id",
    "occurred_at",
    "passed",
    "due_at",
}


class TinyPortal:
    """Takes callbacks and lists dossiers; `fault` names the one thing it does wrong."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.seen: set[str] = set()
        self.rows = [self.row(f"R-{n:02d}", 2) for n in range(1, 8)]

    def row(self, reference: str, status: int) -> dict[str, Any]:
        row = {"portal_reference": reference, "submitted_at": "2026-11-23T08:30:00+07:00"}
        more = {"applicant": "Nguyễn Văn Mẫu"} if self.fault == "personal" else {}
        return {**row, "dossier_code": "H29.1-261124-0001", "status": status, **more}

    async def callbacks(self, request: web.Request) -> web.Response:
        match self.fault:
            case "hangs":
                await asyncio.sleep(30)
            case "redirects":
                raise web.HTTPTemporaryRedirect("/elsewhere")
            case "breaks":
                return web.Response(status=500)
            case "hurries":
                # Gives up on a body that is not there at once.
                await asyncio.wait_for(request.read(), 1)
        body = await request.read()
        if not self.is_signed(request, body):
            return web.Response(status=401)
        try:
            data = json.loads(body)["data"]
        except ValueError:
            return web.Response(status=500 if self.fault == "falls over" else 400)
        if self.fault == "strict" and set(data) - KNOWN_FIELDS:
            return web.Response(status=422)
        identity = request.headers["webhook-id"]
        is_known = identity in self.seen
        self.seen.add(identity)
        if is_known and self.fault == "refuses repeats":
            return web.Response(status=422)
        if not is_known or self.fault == "keeps repeats":
            return self.keep(data)
        return web.Response(status=204)

    def keep(self, data: dict[str, Any]) -> web.Response:
        older = [one for one in self.rows if one["portal_reference"] == data["portal_reference"]]
        if self.fault == "in order" and older and older[-1]["status"] > data["status"]:
            return web.Response(status=422)
        if self.fault == "wants passed" and not data["passed"]:
            return web.Response(status=422)
        if self.fault == "few passed" and len(data["passed"]) > 3:
            return web.Response(status=422)
        if self.fault != "keeps repeats":
            self.rows = [one for one in self.rows if one not in older]
        self.rows.append(self.row(data["portal_reference"], data["status"]))
        self.rows.sort(key=lambda one: str(one["portal_reference"]))
        return web.Response(status=204)

    async def dossiers(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self.is_signed(request, body):
            return web.Response(status=401)
        question = json.loads(body)
        wanted = question.get("references")
        if wanted is not None:
            listed = self.rows if self.fault == "lists all" else []
            listed = listed or [one for one in self.rows if one["portal_reference"] in wanted]
            return web.json_response({"dossiers": listed, "next": ""})
        rows = self.rows[::-1] if self.fault == "unordered" else self.rows
        after = question.get("after", "")
        if self.fault != "ignores after":
            rows = [one for one in rows if one["portal_reference"] > after]
        if question.get("since", "") > "2026-12-31" and self.fault != "ignores since":
            rows = []
        if self.fault == "goes back" and after == "":
            return web.json_response({"dossiers": rows[:3], "next": "R-03"})
        if self.fault == "goes back":
            return web.json_response({"dossiers": rows[:1], "next": "R-01"})
        page = rows[:3]
        following = page[-1]["portal_reference"] if len(rows) > 3 else ""
        if self.fault == "no list":
            return web.json_response(page)
        return web.json_response({"dossiers": page, "next": following})

    def is_signed(self, request: web.Request, body: bytes) -> bool:
        """Check as Standard Webhooks has it, but for the fault."""
        told = request.headers
        signatures = told.get("webhook-signature", "").split()
        if self.fault == "any signature":
            return bool(signatures)
        if self.fault == "unsigned" and not signatures:
            return True
        if self.fault == "writes anew":
            body = json.dumps(json.loads(body), separators=(",", ":")).encode()
        if self.fault == "one signature":
            signatures = signatures[:1]
        at = told.get("webhook-timestamp", "0")
        if abs(time.time() - int(at)) > 300 and self.fault != "any age":
            return False
        signed = f"{told.get('webhook-id', '')}.{at}.".encode() + body
        digest = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        return any(hmac.compare_digest(one, f"v1,{digest}") for one in signatures)


@asynccontextmanager
async def serving(*routes: web.RouteDef) -> AsyncIterator[str]:
    """Serve the routes on a free port; gives the address."""
    application = web.Application(client_max_size=1 << 24)
    application.add_routes(routes)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def a_portal(fault: str = "") -> AsyncIterator[str]:
    """Serve a tiny portal with that fault."""
    portal = TinyPortal(fault)
    routes = (
        web.post("/callbacks", portal.callbacks),
        web.post("/dossiers", portal.dossiers),
    )
    async with serving(*routes) as url:
        yield url


async def conformance(*arguments: str) -> Result:
    """Run `hotich conformance`; what it raises is in `exception`."""
    runner = CliRunner(env={"COLUMNS": "200"})
    return await asyncio.to_thread(runner.invoke, app, [*arguments])


async def verdicts(folder: Path, *arguments: str) -> tuple[int, dict[str, str]]:
    """Run it with a report; return the exit code and the verdicts by key."""
    path = folder / "report.json"
    ran = await conformance(*arguments, "--json", str(path))
    assert path.exists(), (ran.output, ran.exception)
    report = json.loads(path.read_text(encoding="utf-8"))
    return ran.exit_code, {one["key"]: one["verdict"] for one in report["findings"]}
