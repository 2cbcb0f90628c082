"""`hotich access`: who read or opened personal data, and whether the log of that is whole."""

import asyncio
import json
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import asyncpg
import typer

from console import services
from console.access_archive import Counted, archived_blocks
from console.failing import Failed
from console.services import STACK, Asking, Stack, read_status
from console.subject_asking import access_lines, told_of
from contracts.topics import ACCESS
from plumbing.accesses import reading
from plumbing.accesses.checking import AccessFinding

app = typer.Typer(no_args_is_help=True, help="Who read or opened personal data.")

#: Exit codes, as those of `hotich audit`: the worst of what was found.
SOUND, INCOMPLETE, ALTERED, DIVERGED = 0, 5, 6, 8
_CODES = {
    "block_missing": INCOMPLETE,
    "row_removed": INCOMPLETE,
    "block_not_archived": INCOMPLETE,
    "chain_rewritten": DIVERGED,
    "conflict": DIVERGED,
}
_ROWS = """
SELECT (SELECT count(*) FROM access_block) AS blocks, count(*) AS rows, count(*) FILTER (
    WHERE id > coalesce((SELECT max(last) FROM access_block), 0)) AS unsealed FROM access
"""


@app.callback()
def access() -> None:
    """List who looked at a dossier; verify a service's log of accesses."""


@services.command(app, "list")
async def list_accesses(
    asking: Asking,
    code: Annotated[str, typer.Option(help="the dossier's code")],
    as_json: Annotated[bool, typer.Option("--json", help="one document per line")] = False,
) -> int:
    """List who read or opened a dossier's personal data, in every service, the oldest first."""
    told = await told_of(asking, code)
    for line in access_lines(told, as_json=as_json):
        typer.echo(line)
    return 0


@app.command()
def verify(
    service: Annotated[str, typer.Argument(help="intake, routing, registry-sync or notifier")],
    database: Annotated[str, typer.Option(help="its database, instead of a local stack's")] = "",
    archive: Annotated[Path | None, typer.Option(help="an archive to compare with")] = None,
    form: Annotated[Literal["text", "json"], typer.Option("--format")] = "text",
    stack: Stack = STACK,
) -> None:
    """Compute every block anew from its rows; compare with the chain and with an archive.

    Exit 0: whole; 5: something is missing; 6: altered; 8: the chain is not the archived one.
    """
    if service not in ACCESS:
        raise Failed(f"no service {service!r}; there are: {', '.join(ACCESS)}")
    url = database or str(read_status(stack)["databases"][service])
    with archived_blocks(archive, service) if archive else nullcontext() as counted:
        told = asyncio.run(_verify(service, url, counted))
    _show(told, form)
    found = told["findings"]
    raise typer.Exit(max((_CODES.get(one["kind"], ALTERED) for one in found), default=SOUND))


async def _verify(service: str, url: str, counted: Counted | None) -> dict[str, Any]:
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Failed(f"the database cannot be reached ({type(error).__name__})") from None
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            counts: Any = await connection.fetchrow(_ROWS)
            archived = counted.archived if counted else None
            every = reading.findings(connection, service, archived)
            found = [one async for one in every]
    except asyncpg.PostgresError as error:
        raise Failed(f"this database has no log of accesses ({type(error).__name__})") from None
    finally:
        await connection.close()
    return {
        "service": service,
        **dict(counts),
        "archived": counted.blocks if counted else None,
        "not_blocks_in_archive": counted.foreign if counted else 0,
        "findings": [asdict(one) for one in sorted(found, key=_place)],
    }


def _place(finding: AccessFinding) -> tuple[int, str, tuple[int, ...]]:
    return finding.block or 0, finding.kind, finding.rows


def _show(told: dict[str, Any], form: str) -> None:
    if form == "json":
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told["findings"]:
        rows = f" (rows {', '.join(map(str, one['rows']))})" if one["rows"] else ""
        typer.echo(f"{one['kind']}: {one['text']}{rows}")
    compared = "" if told["archived"] is None else f", {told['archived']} of them archived"
    said = "sound" if not told["findings"] else f"{len(told['findings'])} findings"
    typer.echo(
        f"{told['service']}: {said}; {told['rows']} rows in {told['blocks']} blocks{compared},"
        f" {told['unsealed']} not sealed yet"
    )
    if told["not_blocks_in_archive"]:
        typer.echo(f"{told['not_blocks_in_archive']} records of the archive are no blocks of ours")
