"""`hotich conformance`: a vendor shows that an endpoint keeps to what is written of it."""

import asyncio
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import aiohttp
import typer
from rich.console import Console

from console.conformance import callbacks as telling
from console.conformance import listing, report, submitting
from console.conformance.checks import Kit, Report, examine
from console.conformance.intake import Intake
from console.conformance.signing import PATIENCE_SECONDS, Endpoint, is_loopback
from console.failing import Failed

app = typer.Typer(no_args_is_help=True, help="Whether an endpoint keeps to the contract.")

#: Exit code when a check failed.
SOME_FAILED = 2
#: A whole part of a host, so that `thuathienhue.gov.vn` is not one for tests; `uat2` is.
_TEST_NAME = re.compile(
    "(?:test|sandbox|staging|uat|demo|dev|thu|kiemthu|thunghiem|example|local)[0-9]*"
)
Probe = TypeVar("Probe")

Url = Annotated[str, typer.Option(help="the endpoint to examine")]
Secret = Annotated[
    str, typer.Option(envvar="HOTICH_WEBHOOK_SECRET", help="whsec_…, better by the environment")
]
Json = Annotated[Path | None, typer.Option("--json", help="write the report as JSON")]
Html = Annotated[Path | None, typer.Option("--html", help="write it as a page in Vietnamese")]
Yes = Annotated[bool, typer.Option("--yes", help="go on though it looks like production")]
Patience = Annotated[float, typer.Option(help="how long to wait for an answer, in seconds")]


@app.callback()
def conformance() -> None:
    """Examine a portal's callbacks and list, or an intake; exit 2 if a check failed."""


@app.command()
def callbacks(
    url: Url,
    secret: Secret,
    reference: Annotated[str, typer.Option(help="a test dossier the portal has")] = "",
    dossier_code: Annotated[str, typer.Option(help="its code")] = "KIT.1-260101-0001",
    dossiers_url: Annotated[str, typer.Option(help="the portal's list, if it offers one")] = "",
    json_report: Json = None,
    html: Html = None,
    yes: Yes = False,
    patience: Patience = PATIENCE_SECONDS,
) -> None:
    """Send a portal signed callbacks, good ones and bad ones."""

    def probe(session: aiohttp.ClientSession) -> telling.Portal:
        ear = Endpoint(session, url, secret, patience)
        dossiers = Endpoint(session, dossiers_url, secret, patience) if dossiers_url else None
        named = reference or telling.invented_reference()
        return telling.Portal(ear, named, dossier_code, dossiers)

    _leave_with(telling.KIT, url, probe, json_report, html, sure=yes)


@app.command("list")
def examine_list(
    url: Url,
    secret: Secret,
    json_report: Json = None,
    html: Html = None,
    yes: Yes = False,
    patience: Patience = PATIENCE_SECONDS,
) -> None:
    """Ask a portal for its list of dossiers, in every way it may be asked."""

    def probe(session: aiohttp.ClientSession) -> listing.Offered:
        return listing.Offered(Endpoint(session, url, secret, patience))

    _leave_with(listing.KIT, url, probe, json_report, html, sure=yes)


@app.command()
def submit(
    url: Url,
    token_url: Annotated[str, typer.Option(help="where a token is to be had")],
    client: Annotated[str, typer.Option(help="the OAuth2 client")],
    secret: Annotated[str, typer.Option(envvar="HOTICH_CLIENT_SECRET", help="its secret")],
    province: Annotated[str, typer.Option(help="where invented people live")] = "79",
    unit: Annotated[str, typer.Option(help="their commune")] = "26743",
    json_report: Json = None,
    html: Html = None,
    yes: Yes = False,
    patience: Patience = PATIENCE_SECONDS,
) -> None:
    """Hand in invented dossiers at an intake, good ones and bad ones, and withdraw them."""

    def probe(session: aiohttp.ClientSession) -> Intake:
        return Intake(session, url.rstrip("/"), token_url, client, secret, province, unit)

    _leave_with(submitting.KIT, url, probe, json_report, html, sure=yes, patience=patience)


def looks_like_production(url: str) -> bool:
    """Return whether an address is neither of this network nor named as one for tests."""
    host = urlsplit(url).hostname or ""
    if not host:
        raise Failed(f"{url!r} is no address; write it like https://portal.example/callbacks")
    if is_loopback(host):
        return False
    try:
        return not ip_address(host).is_private
    except ValueError:
        parts = host.lower().replace("-", ".").replace("_", ".").split(".")
        return not any(_TEST_NAME.fullmatch(part) for part in parts)


def _leave_with(
    kit: Kit[Probe],
    url: str,
    probe: Callable[[aiohttp.ClientSession], Probe],
    json_report: Path | None,
    html: Path | None,
    *,
    sure: bool,
    patience: float = PATIENCE_SECONDS,
) -> None:
    """Run the kit, write the reports and leave: 0 if nothing failed, 2 if a check did."""
    if looks_like_production(url) and not sure:
        host = urlsplit(url).hostname
        raise Failed(f"{host} looks like production; say --yes if invented dossiers may go there")
    console = Console(width=int(os.environ.get("COLUMNS", "100")))
    made = asyncio.run(_examine(kit, url, probe, console, patience))
    report.summarise(console, made)
    if json_report is not None:
        report.write_json(made, json_report)
    if html is not None:
        report.write_html(made, html)
    raise typer.Exit(SOME_FAILED if made.failed else 0)


async def _examine(
    kit: Kit[Probe],
    url: str,
    probe: Callable[[aiohttp.ClientSession], Probe],
    console: Console,
    patience: float,
) -> Report:
    parts, began = urlsplit(url), datetime.now(UTC)
    timeout = aiohttp.ClientTimeout(total=patience + 5)
    tell: Callable[..., None] = partial(report.tell, console)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        findings = await examine(kit, probe(session), tell)
    endpoint = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return Report(kit.name, endpoint, began, version("hotich-shared"), findings)
