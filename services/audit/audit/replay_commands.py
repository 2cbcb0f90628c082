"""`hotich audit replay`: what other rules would have decided, and why."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from audit.archive import NotAnArchive, Unreadable, listing
from audit.findings import Verdict
from audit.question_options import Language, Unit

Form = Literal["text", "json", "csv"]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("replay")(replay_archive)


def replay_archive(
    folder: Annotated[Path, typer.Argument(help="The archive, or a copy of it.")],
    rules: Annotated[
        str | None,
        typer.Option(help="A day whose law is asked, or a folder of reference data."),
    ] = None,
    first: Annotated[str, typer.Option("--from", help="Submitted on this day or later.")] = "",
    last: Annotated[str, typer.Option("--to", help="Submitted on this day or before.")] = "",
    unit: Unit = "",
    limit: Annotated[int, typer.Option(min=0, help="List so many dossiers; all count.")] = 1000,
    form: Annotated[Form, typer.Option("--format", help="How to tell.")] = "text",
    language: Language = "vi",
    check: Annotated[bool, typer.Option("--check", help="Exit 8 when anything differs.")] = False,
) -> None:
    """Decide every dossier again, under its own law or another, and tell what would differ."""
    from audit.lacking import Known, lacking_in_words
    from audit.questions.saying import Saying
    from audit.replaying import showing
    from audit.replaying.replay import replay
    from audit.replaying.results import Asked
    from audit.replaying.rules import NoRules, rules_of
    from audit.report.replay_text import text_of

    which = Asked(_day("--from", first), _day("--to", last), unit or None, limit)
    try:
        asked = rules_of(rules)
        lacking = Known(folder).lacking(listing(folder))
        found = replay(folder, asked.own, asked.asked, which, _Progress())
    except NoRules as error:
        raise typer.BadParameter(f"--rules: {error}") from None
    except NotAnArchive as error:
        typer.echo(f"{folder.name} is no archive to replay: {error}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:  # what is set aside goes to files
        typer.echo(f"{folder.name} could not be replayed: {error.strerror or error}", err=True)
        raise typer.Exit(1) from None
    except Unreadable as error:
        typer.echo(f"{error}: `hotich audit verify` tells more", err=True)
        raise typer.Exit(int(Verdict.UNREADABLE)) from None
    if lacking:
        typer.echo(lacking_in_words(lacking, language), err=True)
    match form:
        case "json":
            typer.echo(showing.json_of(found, asked))
        case "csv":
            typer.echo(showing.csv_of(found))
        case "text":
            typer.echo(text_of(found, asked, Saying(language)))
    if check and found.dossiers_differing:
        raise typer.Exit(int(Verdict.DIVERGED))
    if lacking:
        raise typer.Exit(int(Verdict.INCOMPLETE))


def _day(option: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(f"{option} {text!r} is no day like 2026-11-24") from None


class _Progress:
    """Says on a terminal how many records were heard."""

    def __init__(self) -> None:
        self._done, self._shown = 0, 0

    def __call__(self, heard: int) -> None:
        self._done += heard
        if sys.stderr.isatty() and self._done - self._shown >= 100_000:
            self._shown = self._done
            typer.echo(f"\r{self._done} records", nl=False, err=True)
