"""`hotich rebuild`: a service's database made from the log, compared, put in its place."""

import asyncio
import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from console.failing import Failed
from console.rebuild_reading import from_archive, from_kafka, own_ends
from console.rebuild_text import compared_text, made_text, swapped_text
from plumbing.rebuilding import scratch
from plumbing.rebuilding.checking import NotSwapped
from plumbing.rebuilding.comparing import compare as compare_with_live
from plumbing.rebuilding.making import make as make_rebuild
from plumbing.rebuilding.making import topics_of
from plumbing.rebuilding.planning import Plan
from plumbing.rebuilding.scratch import NoScratch
from plumbing.rebuilding.spooling import LogRecord
from plumbing.rebuilding.swapping import Swapped
from plumbing.rebuilding.swapping import swap as swap_with_live
from plumbing.sealing import KeyRing

app = typer.Typer(no_args_is_help=True, help="A service's database, made from the log.")

#: The package of each service that has a database.
PACKAGES: Mapping[str, str] = {
    "intake": "intake",
    "routing": "routing",
    "registry-sync": "registry_sync",
    "notifier": "notifier",
}
Service = Annotated[str, typer.Argument(help=", ".join(PACKAGES))]
Database = Annotated[str, typer.Option(envvar="DATABASE_URL", help="the service's database")]
Scratch = Annotated[str, typer.Option("--scratch", help="the schema it is made in")]
Keys = Annotated[
    Path | None, typer.Option(help="a JSON file with the key ring, as PARTICULARS_KEYS has it")
]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON document")]
NAME = "rebuild"


@app.callback()
def rebuild() -> None:
    """Make a service's database once more from the log, compare it, put it in its place."""


@app.command()
def make(
    service: Service,
    database: Database,
    archive: Annotated[Path | None, typer.Option(help="an archive's folder")] = None,
    kafka: Annotated[str, typer.Option(help="a broker; with an archive for personal data")] = "",
    keys: Keys = None,
    name: Scratch = NAME,
    log_alone: Annotated[
        bool, typer.Option(help="do not ask the live database what it knows of calls")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the database in a schema beside the live one; exit 2 when something differed."""
    plan, ring = _plan(service, keys)
    if archive is None and not kafka:
        raise typer.BadParameter("say where the log is: --archive FOLDER or --kafka ADDRESS")
    has_particulars = bool(kafka) and ring is not None
    made = _run(
        make_rebuild(
            database,
            plan,
            _records(plan, archive, kafka, particulars=has_particulars),
            keys=ring,
            name=name,
            has_particulars=has_particulars,
            log_alone=log_alone,
        )
    )
    _say(asdict(made) if as_json else made_text(plan, made))
    raise typer.Exit(2 if made.otherwise else 0)


@app.command()
def compare(
    service: Service, database: Database, name: Scratch = NAME, as_json: AsJson = False
) -> None:
    """Compare the rebuild with the live tables; exit 2 when rows are otherwise than the log says.

    Columns are named and values never.
    """
    plan, _ = _plan(service, None)

    async def compared() -> Any:
        connection = await scratch.connect(database)
        try:
            return await compare_with_live(connection, plan, name)
        finally:
            await connection.close()

    found = _run(compared())
    counts = [
        {"table": table, "kind": kind, "class": what, "rows": count}
        for (table, kind, what), count in sorted(found.counts.items())
    ]
    document = {
        "service": service,
        "damage": found.damage,
        "rows": found.rows,
        "counts": counts,
        "read_to": [list(one) for one in found.offsets],
        "differences": [asdict(one) for one in found.shown],
    }
    _say(document if as_json else compared_text(plan, document))
    raise typer.Exit(2 if found.damage else 0)


@app.command()
def swap(
    service: Service,
    database: Database,
    kafka: Annotated[str, typer.Option(help="a broker that knows where the log ends")] = "",
    name: Scratch = NAME,
    yes: Annotated[bool, typer.Option("--yes", help="do it; without, only try")] = False,
    as_json: AsJson = False,
) -> None:
    """Put the rebuild in the place of the live tables, which are kept under another name.

    Only while the service is stopped; what is unsent and every open call are taken over.
    """
    plan, _ = _plan(service, None)
    ends = own_ends(kafka, service) if kafka else None

    async def swapped() -> Swapped:
        connection = await scratch.connect(database)
        try:
            return await swap_with_live(connection, plan, name, yes=yes, ends=ends)
        finally:
            await connection.close()

    done = _run(swapped())
    _say(asdict(done) if as_json else swapped_text(done))


@app.command()
def drop(
    service: Service,
    database: Database,
    name: Scratch = NAME,
    yes: Annotated[bool, typer.Option("--yes", help="do it; without, only try")] = False,
) -> None:
    """Remove a rebuild, or with --scratch what a swap kept: both hold personal data.

    A schema that no rebuild of this service made is left as it is.
    """
    plan, _ = _plan(service, None)

    async def dropped() -> None:
        connection = await scratch.connect(database)
        try:
            about = await scratch.read_about(connection, name)
        finally:
            await connection.close()
        if about["service"] != plan.service:
            raise NoScratch(f"the rebuild in {name} is of {about['service']}")
        if yes:
            await scratch.drop(database, name)

    _run(dropped())
    _say([f"{service}: {name} {'is gone' if yes else 'would be gone; --yes does it'}"])


def _plan(service: str, keys: Path | None) -> tuple[Plan[Any], KeyRing | None]:
    if service not in PACKAGES:
        known = ", ".join(PACKAGES)
        raise typer.BadParameter(f"no service {service!r} has a database; there are: {known}")
    try:
        module = importlib.import_module(f"{PACKAGES[service]}.rebuild")
    except ModuleNotFoundError:
        raise Failed(f"{service} is not installed here") from None
    ring = None
    if keys is not None:
        try:
            ring = KeyRing.from_json(keys.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError):
            raise typer.BadParameter(f"--keys: {keys} is no key ring") from None
    plan: Plan[Any] = module.plan(ring)
    return plan, ring


def _records(
    plan: Plan[Any], archive: Path | None, kafka: str, *, particulars: bool
) -> Iterator[LogRecord]:
    topics = topics_of(plan, particulars=particulars)
    if archive is None:
        yield from from_kafka(kafka, topics)
        return
    archived = topics_of(plan, particulars=False)
    yield from from_archive(archive, archived)
    yield from from_kafka(kafka, [topic for topic in topics if topic not in archived])


def _run(work: Any) -> Any:
    try:
        return asyncio.run(work)
    except (NoScratch, NotSwapped) as error:
        raise Failed(str(error)) from None
    except OSError as error:
        raise Failed(f"the database cannot be reached ({type(error).__name__})") from None


def _say(what: dict[str, Any] | list[str]) -> None:
    if isinstance(what, dict):
        typer.echo(json.dumps(what, indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(what))
