"""`hotich receipt`: whether a citizen's receipt is genuine, with no network."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from console.failing import Failed
from contracts.model import VIETNAM
from plumbing.receipts import Checked, Verdict, check

app = typer.Typer(no_args_is_help=True, help="Receipts of dossiers, verified offline.")

_NOT_GENUINE: dict[Verdict, str] = {
    "unreadable": "this is no receipt: the text is damaged, cut or something else",
    "unknown_key": "not genuine, or the keys are too old: none of them is named {kid}",
    "forged": "not genuine: the text was altered, or signed with another key",
    "expired_key": "not genuine: it says it was issued after its key {kid} stopped signing",
}


@app.callback()
def receipt() -> None:
    """Receipts of dossiers, verified offline."""


@app.command()
def verify(
    text: Annotated[str, typer.Argument(help="the text of the QR code; - reads it from input")],
    keys: Annotated[
        Path, typer.Option(help="a file of /.well-known/hotich-receipts.json, fetched before")
    ],
) -> None:
    """Say whether the receipt is genuine and what it says: exit code 0, and 1 if it is not."""
    said = typer.get_text_stream("stdin").read() if text == "-" else text
    try:
        checked = check(said, json.loads(keys.read_text("utf-8")))
    except (OSError, ValueError):
        raise Failed(f"{keys} cannot be read as a set of public keys") from None
    if checked.verdict != "genuine":
        raise Failed(_NOT_GENUINE[checked.verdict].format(kid=checked.kid or "so"))
    typer.echo("\n".join(_told(checked)))


def _told(checked: Checked) -> list[str]:
    facts = checked.facts
    assert facts is not None
    return [
        f"genuine, signed with key {checked.kid}",
        f"dossier    {facts.code}",
        f"procedure  {facts.procedure}",
        f"unit       {facts.unit}",
        f"received   {_moment(facts.received_at)}",
        f"due        {facts.due_on or 'no day set'}",
        f"issued     {_moment(facts.issued_at)}",
    ]


def _moment(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%Y-%m-%d %H:%M}"
