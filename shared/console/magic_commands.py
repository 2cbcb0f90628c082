"""`hotich magic`: hands in magic dossiers on a test system and shows what its portal is told."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
from rich.console import Console
from rich.table import Table as Grid

from console.failing import Failed
from console.services import STACK, Stack, read_status

app = typer.Typer(no_args_is_help=True, help="Every outcome of a dossier, on a test system.")

#: Exit code when an outcome was another than the documented one, or did not come.
OTHERWISE = 2
_LOOK_SECONDS = 0.2

SandboxUrl = Annotated[str, typer.Option("--sandbox", help="its address, without a local stack")]


@dataclass(frozen=True)
class Outside:
    """The sandbox of a test system."""

    url: str
    session: aiohttp.ClientSession

    async def told(self, method: str, path: str, **how: Any) -> Any:
        """Return the document of an answer; raises Failed when it is no yes."""
        try:
            async with self.session.request(method, self.url + path, **how) as response:
                document = await response.json(content_type=None)
                if response.status < 300:
                    return document
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Failed(f"the sandbox does not answer ({type(error).__name__})") from None
        detail = document.get("detail") if isinstance(document, dict) else ""
        raise Failed(f"the sandbox refuses ({response.status}): {detail}")


@app.callback()
def magic() -> None:
    """List the outcomes a reference can ask for, and see them happen."""


@app.command("list")
def list_outcomes(sandbox: SandboxUrl = "", stack: Stack = STACK) -> None:
    """List every name, and the statuses its portal is told."""
    document = asyncio.run(_catalogue(_address(sandbox, stack)))
    grid = Grid("reference", "statuses", "what happens", "chuyện gì xảy ra")
    for one in document["outcomes"]:
        statuses = " ".join(str(s) for step in one["steps"] for s in step["passed"])
        refused = f"422: {one['refused']}"
        grid.add_row(f"MAGIC-{one['name']}-…", statuses or refused, one["en"], one["vi"])
    console = Console()
    console.print(grid)
    console.print(f"Hand them in to unit {document['unit_code']}, province 79.")


@app.command()
def send(
    names: Annotated[list[str] | None, typer.Argument(help="names as `list` has them")] = None,
    every: Annotated[bool, typer.Option("--all", help="all of them")] = False,
    desk: Annotated[int, typer.Option(min=0, max=50, help="so many that wait for a person")] = 0,
    seconds: Annotated[int, typer.Option(help="how long what takes its time takes")] = 10,
    wait: Annotated[float, typer.Option(help="how long to wait beyond that, in seconds")] = 120,
    sandbox: SandboxUrl = "",
    stack: Stack = STACK,
) -> None:
    """Hand them in as a portal and watch; exit 2 if one does not come out as documented."""
    if [bool(names), every, desk > 0].count(True) != 1:
        raise Failed("name what to send, as `hotich magic list` has it, or --all or --desk N")
    url = _address(sandbox, stack)
    if desk:
        asyncio.run(_fill_desk(url, desk))
        return
    raise typer.Exit(asyncio.run(_send_all(url, names or [], seconds, seconds + wait)))


async def _catalogue(url: str) -> Any:
    async with aiohttp.ClientSession() as session:
        return await Outside(url, session).told("GET", "/magic")


async def _send_all(url: str, names: list[str], seconds: int, wait: float) -> int:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=90)) as session:
        outside = Outside(url, session)
        known = [one["name"] for one in (await outside.told("GET", "/magic"))["outcomes"]]
        wanted = [one.removeprefix("MAGIC-").upper() for one in names] or known
        if unknown := set(wanted) - set(known):
            raise Failed(f"no outcome {', '.join(unknown)}; there are: {', '.join(known)}")
        ended = await asyncio.gather(*(_watch(outside, one, seconds, wait) for one in wanted))
    return 0 if all(ended) else OTHERWISE


async def _fill_desk(url: str, count: int) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(count):
            handed = await Outside(url, session).told("POST", "/desk")
            sent = handed["sent"]
            if sent["problem"]:
                raise Failed(f"the intake refuses it ({sent['status']})")
            typer.echo(f"{sent['dossier_code']} waits on the desk of {handed['unit_code']}")
    unit = handed["unit_code"]
    typer.echo(f"To see it: /mot-cua/ of routing, as officer-{unit}-a or officer-{unit}-b.")


async def _watch(outside: Outside, name: str, seconds: int, wait: float) -> bool:
    """Hand one in and follow it; return whether it came out as documented."""
    began = time.monotonic()
    handed = await outside.told("POST", f"/magic/{name}", json={"seconds": seconds})
    outcome, sent = handed["outcome"], handed["sent"]

    def say(text: str) -> None:
        typer.echo(f"{time.monotonic() - began:6.1f} s  {name:<20} {text}")

    if outcome["refused"]:
        return _refused(outcome, sent, say)
    if sent["problem"]:
        say(f"refused ({sent['status']}), and was not to be")
        return False
    say(f"handed in as {sent['portal_reference']}, dossier {sent['dossier_code']}")
    shown, owed = 0, outcome["then"]
    while time.monotonic() - began < wait:
        statuses = await _told(outside, handed["portal"], sent["portal_reference"])
        for one in statuses[shown:]:
            say(_line(one))
        shown = len(statuses)
        if owed and statuses and statuses[-1]["step"] == owed["after"]:
            body = {"portal_reference": sent["portal_reference"]}
            await outside.told("POST", f"/magic/{name}/follow-ups", json=body)
            say(f"the portal sends a {owed['send']}")
            owed = None
        if shown >= len(outcome["steps"]):
            return _compared(outcome["steps"], statuses, say)
        await asyncio.sleep(_LOOK_SECONDS)
    say(f"not at its end: {shown} of {len(outcome['steps'])} steps told")
    return False


def _refused(outcome: Mapping[str, Any], sent: Mapping[str, Any], say: Any) -> bool:
    fields = [one.get("field") for one in (sent["problem"] or {}).get("errors", ())]
    say(f"answered {sent['status']}, wrong: {', '.join(map(str, fields)) or 'nothing'}")
    return outcome["refused"] in fields


async def _told(outside: Outside, portal: str, reference: str) -> list[dict[str, Any]]:
    query = {"portal_reference": reference}
    found = await outside.told("GET", f"/portals/{portal}/dossiers", params=query)
    statuses: list[dict[str, Any]] = found[0]["statuses"] if found else []
    return statuses


def _line(told: Mapping[str, Any]) -> str:
    passed = " → ".join(map(str, told["passed"])) or f"still {told['status']}"
    return f"{told['step']:<24} {passed}"


def _compared(documented: list[dict[str, Any]], statuses: list[dict[str, Any]], say: Any) -> bool:
    kept = ("step", "status", "passed")
    told = [{name: one[name] for name in kept} for one in statuses]
    if told == documented:
        say("as documented")
        return True
    say("not as documented: " + "; ".join(_line(one) for one in documented))
    return False


def _address(given: str, stack: Path) -> str:
    return given.rstrip("/") if given else str(read_status(stack)["sandbox"]["url"])
