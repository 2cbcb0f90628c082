"""`hotich subject CODE`: what is held of a person, who looked, and their data for them."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from console import services
from console.failing import Failed
from console.services import Asking
from console.subject_asking import opened, told_of
from console.subject_report import answer, as_html, as_text
from console.writing import private_file

app = typer.Typer(
    help="What is held of a person, and who looked.",
    no_args_is_help=True,
    # Options may stand after the code: there are no commands below this one.
    context_settings={"allow_interspersed_args": True},
)


class _Whole:
    """Adds a command as the whole of `hotich subject`."""

    def command(self, name: str | None = None) -> Callable[..., Any]:
        """Return what makes a function the app's own command."""
        return app.callback(invoke_without_command=True)


def _check(*, open_: bool, reason: str, html: Path | None, as_json: bool, **_: object) -> None:
    if html is not None and as_json:
        raise Failed("--html or --json, not both")
    if open_ and len(reason.strip()) < 3:
        raise Failed("say with --reason which request the data are opened for; it is written down")


@services.command(_Whole(), check=_check)  # type: ignore[arg-type]
async def subject(
    asking: Asking,
    code: Annotated[str, typer.Argument(help="the dossier's code")],
    open_: Annotated[
        bool, typer.Option("--open", help="show the person's own data, to hand to that person")
    ] = False,
    reason: Annotated[str, typer.Option(help="the request this answers, nobody's data")] = "",
    language: Annotated[Literal["vi", "en"], typer.Option()] = "vi",
    html: Annotated[Path | None, typer.Option(help="write a page there instead")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one document")] = False,
) -> int:
    """Answer a data subject: what is held and where, who looked, what may be erased.

    With --open the services write down who opened the data and why.
    """
    # A page that cannot be written is told before anybody's data are opened and that is kept.
    with ExitStack() as stack:
        write = None if html is None else stack.enter_context(private_file(html))
        told = await told_of(asking, code)
        own = await opened(asking, told["dossier"]["dossier_id"], reason) if open_ else None
        found = answer(told, language, own)
        if write is not None:
            write(as_html(found))
            typer.echo(f"written to {html}")
        elif as_json:
            document = told if own is None else {**told, "own": own}
            typer.echo(json.dumps(document, ensure_ascii=False))
        else:
            typer.echo(as_text(found))
    return 0
