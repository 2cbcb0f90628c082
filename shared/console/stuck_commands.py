"""`hotich stuck`: what waits for people in every service, and what two of them do about it."""

from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console

from console import services, stuck_shown
from console.failing import Failed
from console.services import Asking

app = typer.Typer(no_args_is_help=True, help="What waits for people, and what they do about it.")

Items = Annotated[list[str], typer.Argument(help="names as `list` prints them")]
Reason = Annotated[str, typer.Option(help="for colleagues; a code or a sentence, nobody's data")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="tell what would happen, change nothing")]
Of = Annotated[list[str] | None, typer.Option("--service", help="this service alone")]
AsJson = Annotated[bool, typer.Option("--json", help="one document per line")]

#: Exit codes besides 0 and 1 (it failed).
SOME_IMPOSSIBLE, SOME_AWAY = 2, 4
_MOST_PAGES = 1000
#: In one act; more become several.
_MOST_ITEMS = 200


@app.callback()
def stuck() -> None:
    """List and show what waits for people; redrive or discard it, which takes two."""


@services.command(app, "list")
async def list_stuck(
    asking: Asking,
    service: Of = None,
    kind: Annotated[str, typer.Option(help=stuck_shown.KINDS)] = "",
    as_json: AsJson = False,
) -> int:
    """List what waits, in every service; exit 4 if one of them did not answer."""
    asked = service or list(asking.services.urls)
    found: list[dict[str, Any]] = []
    away: list[str] = []
    for one in asked:
        asking.services.url_of(one)
        try:
            found += await _pages(asking, one, kind)
        except Failed as failure:
            away.append(str(failure))
    stuck_shown.items(Console(), found, as_json=as_json)
    for line in away:
        typer.echo(f"hotich: {line}", err=True)
    return SOME_AWAY if away else 0


@services.command(app)
async def show(
    asking: Asking,
    item: Annotated[str, typer.Argument(help="a name as `list` prints it")],
    as_json: AsJson = False,
) -> int:
    """Show one thing: what it waits for, every attempt, and what people did about it."""
    found = await asking.told(_service(item), "GET", f"/v1/stuck/{item}")
    stuck_shown.item(Console(), found, as_json=as_json)
    return 0


@services.command(app)
async def redrive(
    asking: Asking,
    items: Items,
    reason: Reason,
    dry_run: DryRun = False,
) -> int:
    """Propose to try again; of what is parked, what it waits for. Exit 2 if some cannot be."""
    return await _propose(asking, "redrive", items, reason, dry_run)


@services.command(app)
async def discard(
    asking: Asking,
    items: Items,
    reason: Reason,
    dry_run: DryRun = False,
) -> int:
    """Propose to give up for good what is not to happen; exit 2 if some cannot be."""
    return await _propose(asking, "discard", items, reason, dry_run)


@services.command(app)
async def approve(
    asking: Asking,
    act: Annotated[str, typer.Argument(help="service/id, as a proposal was told")],
) -> int:
    """Carry out what another person proposed; exit 2 if some of it is not possible any more."""
    service, _, act_id = act.partition("/")
    if not _is_uuid(act_id):
        raise Failed(f"{act!r} is no act; write it like routing/<id>, as it was told")
    done = await asking.told(service, "POST", f"/v1/stuck/acts/{act_id}/approval")
    stuck_shown.outcomes(Console(), done["items"])
    return 0 if all(one["possible"] for one in done["items"]) else SOME_IMPOSSIBLE


@services.command(app)
async def take(
    asking: Asking,
    item: Annotated[str, typer.Argument(help="a name as `list` prints it")],
) -> int:
    """Say that you look after it from now on."""
    taken = await asking.told(_service(item), "PUT", f"/v1/stuck/{item}/holder")
    typer.echo(f"{taken['item']} is looked after by {taken['holder']}")
    return 0


@services.command(app)
async def acts(
    asking: Asking,
    service: Of = None,
    only_open: Annotated[bool, typer.Option("--open", help="only what waits for a second")] = False,
    as_json: AsJson = False,
) -> int:
    """List the last acts of people, and the proposals that wait for a second person."""
    found = []
    params = {"open": "true" if only_open else "false"}
    for one in service or list(asking.services.urls):
        for act in await asking.told(one, "GET", "/v1/stuck/acts", params=params):
            found.append({"service": one, **act})
    stuck_shown.acts(Console(), found, as_json=as_json)
    return 0


def _service(item: str) -> str:
    return item.partition("/")[0]


def _is_uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


async def _pages(asking: Asking, service: str, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    params = {"kind": kind} if kind else {}
    for _ in range(_MOST_PAGES):
        page = await asking.told(service, "GET", "/v1/stuck", params=params)
        found += page["items"]
        if page["after"] is None:
            break
        params["after"] = page["after"]
    return found


async def _propose(asking: Asking, act: str, items: list[str], reason: str, dry_run: bool) -> int:
    by_service: dict[str, list[str]] = {}
    for item in items:
        name = await _instead(asking, item) if act == "redrive" else item
        by_service.setdefault(_service(name), []).append(name)
    possible = True
    for service, names in by_service.items():
        for start in range(0, len(names), _MOST_ITEMS):
            batch = names[start : start + _MOST_ITEMS]
            asked = {"act": act, "items": batch, "reason": reason, "dry_run": dry_run}
            told = await asking.told(service, "POST", "/v1/stuck/acts", json=asked)
            stuck_shown.outcomes(Console(), told["items"])
            possible = possible and all(one["possible"] for one in told["items"])
            if told["act_id"]:
                name = f"{service}/{told['act_id']}"
                typer.echo(f"proposed; another person runs: hotich stuck approve {name}")
    if dry_run:
        typer.echo("A dry run: nothing was changed.")
    return 0 if possible else SOME_IMPOSSIBLE


async def _instead(asking: Asking, item: str) -> str:
    """Return what to redrive for the item: for what is parked, what it waits for."""
    service, _, rest = item.partition("/")
    if not rest.startswith("parked/"):
        return item
    waits = (await asking.told(service, "GET", f"/v1/stuck/{item}"))["waits_for"]
    typer.echo(f"{item} waits for {waits['redrive']}")
    return str(waits["redrive"])
