"""`hotich lane`: the lanes to the outside; stops one while a neighbour is in trouble."""

from typing import Annotated, Any

import typer
from rich.console import Console

from console import services, stuck_shown
from console.services import Asking

app = typer.Typer(no_args_is_help=True, help="The lanes of calls to the outside.")

Lane = Annotated[str, typer.Argument(help="service/lane, like registry-sync/register")]
Turn = Annotated[str, typer.Option(help="one province or portal alone")]
Reason = Annotated[str, typer.Option(help="for colleagues; a code or a sentence, nobody's data")]


@app.callback()
def lane() -> None:
    """List the lanes to the outside, pause one, let it go on."""


@services.command(app, "list")
async def list_lanes(
    asking: Asking,
    service: Annotated[list[str] | None, typer.Option(help="this service alone")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one document per line")] = False,
) -> int:
    """List what waits in each lane, how its valve stands and who paused it."""
    found: list[dict[str, Any]] = []
    known: list[str] = []
    for one in service or list(asking.services.urls):
        told = await asking.told(one, "GET", "/v1/lanes")
        found += told["lanes"]
        known += [f"{one}/{lane}" for lane in told["known"]]
    if found or as_json:
        stuck_shown.lanes(Console(), found, as_json=as_json)
    else:
        typer.echo(f"nothing open; lanes: {', '.join(known) or 'none'}")
    return 0


@services.command(app)
async def pause(
    asking: Asking,
    lane: Lane,
    reason: Reason,
    turn: Turn = "",
) -> int:
    """Let no more calls of the lane begin; those under way end."""
    return await _change(asking, "pause", lane, turn, reason)


@services.command(app)
async def resume(
    asking: Asking,
    lane: Lane,
    reason: Reason,
    turn: Turn = "",
) -> int:
    """Let calls of the lane begin again."""
    return await _change(asking, "resume", lane, turn, reason)


async def _change(asking: Asking, act: str, lane: str, turn: str, reason: str) -> int:
    service, _, name = lane.partition("/")
    asked = {"turn": turn, "reason": reason}
    told = await asking.told(service, "POST", f"/v1/lanes/{name}/{act}", json=asked)
    place = "/".join(filter(None, (service, told["lane"], told["turn"])))
    already = "" if told["changed"] else " already"
    typer.echo(f"{place} is{already} {'paused' if act == 'pause' else 'not paused'}")
    return 0
