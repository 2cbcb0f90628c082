"""`hotich retention`: dossiers that are over and of which copies of personal data are held."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from console import services
from console.services import Asking
from console.subject_asking import SERVICES
from plumbing.retention import load

app = typer.Typer(no_args_is_help=True, help="How long what is kept, and what is due to go.")

#: No rule was found for rejected and withdrawn dossiers; the register keeps its own for ever.
DEFAULT_DAYS = 90
#: A citizen may still complain, and the register correct its entry.
FEWEST_DAYS = 30
Days = Annotated[
    int, typer.Option(min=FEWEST_DAYS, help="ended so many days ago; our default, no rule found")
]
AsJson = Annotated[bool, typer.Option("--json", help="one document per line")]


@dataclass(frozen=True)
class Due:
    """A dossier that is over, and what each service still holds of it, rows by table."""

    dossier: Mapping[str, Any]
    held: Mapping[str, Mapping[str, int]]
    busy: tuple[str, ...]

    @property
    def may_go(self) -> bool:
        """Return whether nothing is left to be done for it anywhere."""
        return not self.busy

    def shown(self, *, as_json: bool) -> str:
        """Return it as a line."""
        if as_json:
            return json.dumps({**self.dossier, "held": self.held, "busy": self.busy})
        counts = [f"{name} {sum(tables.values())}" for name, tables in self.held.items()]
        waits = f"  (kept: {', '.join(self.busy)} not done)" if self.busy else ""
        facts = (self.dossier["code"], self.dossier["status"], self.dossier["ended_at"])
        return "  ".join((*facts, ", ".join(counts))) + waits


@app.callback()
def retention() -> None:
    """Show the rules; list what is due, and erase it."""


@app.command()
def rules(
    place: Annotated[str, typer.Option(help="topic, a service, or * for all services'")] = "",
    as_json: AsJson = False,
) -> None:
    """Print what is kept where, how long, why, and what enforces it."""
    for one in load():
        if place not in ("", one.place):
            continue
        if as_json:
            typer.echo(json.dumps(vars(one), ensure_ascii=False))
        else:
            typer.echo(f"{one.place} {one.name}: {one.personal}; {one.kept} ({one.confidence})")


@services.command(app)
async def due(asking: Asking, days: Days = DEFAULT_DAYS, as_json: AsJson = False) -> int:
    """List dossiers that ended so long ago and of which personal data are still held."""
    count = 0
    async for one in _due(asking, days):
        typer.echo(one.shown(as_json=as_json))
        count += one.may_go
    if not as_json:
        typer.echo(f"{count} may be erased")
    return 0


@services.command(app)
async def erase(
    asking: Asking,
    days: Days = DEFAULT_DAYS,
    yes: Annotated[bool, typer.Option("--yes", help="do it; without this nothing changes")] = False,
    as_json: AsJson = False,
) -> int:
    """Erase what is due everywhere but at the register; tell what would be, without --yes.

    Each goes as a person's own request does: intake publishes a tombstone, every service follows.
    """
    count = 0
    async for one in _due(asking, days):
        if not one.may_go:
            continue
        typer.echo(one.shown(as_json=as_json))
        count += 1
        if yes:
            path = f"/v1/dossiers/{one.dossier['dossier_id']}/particulars"
            await asking.told("intake", "DELETE", path)
    if not as_json:
        typer.echo(f"{count} erased" if yes else f"{count} would be erased; add --yes")
    return 0


async def _due(asking: Asking, days: int) -> AsyncIterator[Due]:
    before = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    params = {"before": before}
    while True:
        page = await asking.told("routing", "GET", "/v1/ended-dossiers", params=params)
        for one in await _held(asking, page["dossiers"]):
            yield one
        if page["after"] is None:
            return
        params["after"] = page["after"]


async def _held(asking: Asking, dossiers: list[dict[str, Any]]) -> list[Due]:
    if not dossiers:
        return []
    asked = {"dossier_ids": [one["dossier_id"] for one in dossiers]}
    answers = [
        await asking.told(service, "POST", "/v1/subjects/held", json=asked) for service in SERVICES
    ]
    found = []
    for dossier in dossiers:
        name = dossier["dossier_id"]
        held = {one["service"]: one["held"][name] for one in answers if name in one["held"]}
        busy = tuple(one["service"] for one in answers if name in one["busy"])
        if held:
            found.append(Due(dossier, held, busy))
    return found
