"""`hotich messages`: what citizens would read at each step, in Vietnamese and in English."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from console import services
from console.services import Asking

app = typer.Typer(no_args_is_help=True, help="What citizens read; nothing is sent.")

SERVICE = "notifier"


@app.callback()
def messages() -> None:
    """List the messages to citizens, or show one with invented data."""


@services.command(app, "list")
async def list_messages(asking: Asking) -> int:
    """List every step citizens are told of, its kinds and the reasons it may have."""
    found = await asking.told(SERVICE, "GET", "/v1/messages")
    table = Table(title=f"messages, version {found['version']}")
    for name in ("step", "kind", "reasons"):
        table.add_column(name, overflow="fold")
    for one in found["messages"]:
        table.add_row(one["step"], one["kind"], " ".join(one["reasons"]))
    Console().print(table)
    return 0


@services.command(app)
async def preview(
    asking: Asking,
    step: Annotated[str, typer.Argument(help="a step, like accepted")],
    kind: Annotated[str, typer.Option(help="one of the step's kinds, like refused")] = "",
    reason: Annotated[list[str] | None, typer.Option(help="a reason's code")] = None,
    paper: Annotated[list[str] | None, typer.Option(help="a paper's code")] = None,
    language: Annotated[str, typer.Option(help="vi or en")] = "vi",
    channel: Annotated[str, typer.Option(help="sms or email")] = "sms",
) -> int:
    """Show one message as a citizen would read it; dossier and person are invented."""
    asked: dict[str, Any] = {"step": step, "kind": kind, "language": language, "channel": channel}
    params = [*asked.items(), *(("reasons", one) for one in reason or ())]
    params += [("papers", one) for one in paper or ()]
    told = await asking.told(SERVICE, "GET", "/v1/messages/preview", params=params)
    if told["subject"]:
        typer.echo(f"{told['subject']}\n")
    typer.echo(told["text"].rstrip())
    parts = f", {told['parts']} parts" if told["parts"] else ""
    typer.echo(f"\n{told['template']}, {told['characters']} characters{parts}", err=True)
    return 0
