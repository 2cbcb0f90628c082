"""`hotich audit timeline`, `state`, `completeness`, `statistics`, `export`: answers offline."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from audit.archive import NotAnArchive, Unreadable
from audit.findings import Verdict, worst
from audit.folders import is_within
from audit.lacking import lacking_in_words
from audit.no_answer import TROUBLES, why_no_answer
from audit.question_options import Language, Province, Unit, wanted_dossier
from audit.questions import completeness as of_codes
from audit.questions import statistics as of_figures
from audit.questions.completeness_text import completeness_text
from audit.questions.exporting import export
from audit.questions.reading import Source
from audit.questions.saying import Saying, told_document
from audit.questions.state import Asked, state_csv, state_json, state_of, state_text
from audit.questions.statistics_text import statistics_text
from audit.questions.timeline import timeline_document, timeline_text
from contracts.model import VIETNAM

Folder = Annotated[Path, typer.Argument(help="The archive, or a copy of it.")]
Document = Annotated[Literal["text", "json"], typer.Option("--format", help="How to tell.")]
Sheet = Annotated[Literal["text", "csv", "json"], typer.Option("--format", help="How to tell.")]
First = Annotated[str, typer.Option("--from", help="The first day, as 2026-11-23.")]
Last = Annotated[str, typer.Option("--to", help="The last day, inclusive.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("timeline")(timeline)
    app.command("state")(state)
    app.command("completeness")(completeness)
    app.command("statistics")(statistics)
    app.command("export")(export_tables)


def timeline(
    folder: Folder,
    code: Annotated[str, typer.Argument(help="The code of a dossier, or its id.")],
    form: Document = "text",
    language: Language = "vi",
) -> None:
    """Tell everything the log says of a dossier, by cause and time; exit 1 for an unknown one."""
    saying = Saying(language)
    if not code.strip():
        raise typer.BadParameter("the code or the id of a dossier is wanted")
    with _asked(folder, language) as source:
        found = list(source.dossiers(only=wanted_dossier(code)))
        if form == "json" and found:
            documents = [timeline_document(one) for one in found]
            _say([_document(source, {"dossiers": documents})])
        for dossier in found if form == "text" else ():
            _say(timeline_text(dossier, source.origin, source.told, saying))
        if not found:
            typer.echo(saying.say("timeline.unknown", code=code), err=True)
            raise typer.Exit(1)


def state(
    folder: Folder,
    as_of: Annotated[
        str, typer.Option(help="A day, to its end, or a moment; else the newest event's.")
    ] = "",
    unit: Unit = "",
    province: Province = "",
    form: Sheet = "text",
    language: Language = "vi",
) -> None:
    """Tell what dossiers stood at then: counts as text, every dossier as CSV or JSON."""
    until = _moment("--as-of", as_of) if as_of else None
    with _asked(folder, language) as source:
        found = state_of(source, Asked(until, unit, province))
        if form == "text":
            _say(state_text(found, Saying(language)))
        else:
            _say(state_csv(found) if form == "csv" else state_json(found))
            _tell_beside(source, Saying(language), form)


def completeness(
    folder: Folder,
    unit: Unit = "",
    first: First = "",
    last: Last = "",
    form: Document = "text",
    language: Language = "vi",
) -> None:
    """Look for dossier numbers without a dossier; exit 5 if there are any."""
    wanted = of_codes.Wanted(unit, *_days(first, last))
    with _asked(folder, language) as source:
        found = of_codes.completeness_of(source, wanted)
        if form == "json":
            document = of_codes.completeness_document(found)
            _say([_document(source, document)])
        else:
            saying = Saying(language)
            _say([*completeness_text(found, saying), *saying.told(source.told)])
        if verdict := worst(found.findings()):
            raise typer.Exit(int(verdict))


def statistics(
    folder: Folder,
    by: Annotated[of_figures.By, typer.Option(help="What the figures are divided by.")] = "all",
    first: First = "",
    last: Last = "",
    form: Sheet = "text",
    language: Language = "vi",
) -> None:
    """Count what happened, how punctual it was, how long it took, who was told."""
    with _asked(folder, language) as source:
        found = of_figures.statistics_of(source, by, *_days(first, last))
        saying = Saying(language)
        if form == "json":
            _say([_document(source, of_figures.statistics_document(found))])
        elif form == "csv":
            rows = of_figures.statistics_rows(found)
            cells = (["" if one is None else str(one) for one in row] for row in rows)
            _say(["part,what,reason,value", *(",".join(row) for row in cells)])
            _tell_beside(source, saying, form)
        else:
            _say([*statistics_text(found, saying), *saying.told(source.told)])


def export_tables(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="The folder the tables are written to.")],
    form: Annotated[Literal["parquet", "csv"], typer.Option("--format")] = "parquet",
    since: Annotated[str, typer.Option(help="Only events of this day and later.")] = "",
    language: Language = "vi",
) -> None:
    """Write events, dossiers and deadlines as flat tables, and a manifest with their digests."""
    start = datetime.combine(_day("--since", since), time(), VIETNAM) if since else None
    with _asked(folder, language) as source:
        if is_within(out, folder):
            raise typer.BadParameter("--out: not within the archive")
        made = export(source, out, form, start)
        saying = Saying(language)
        places = {"events": made.events, "deadlines": made.deadlines, "out": out}
        done = saying.say("export.done", count=made.dossiers, **places)
        _say([done, *saying.told(source.told)])


@contextmanager
def _asked(folder: Path, language: Language) -> Iterator[Source]:
    """Yield the archive; what cannot be read ends the command in words.

    An answer that lacks records which checkpoints know is given with a warning, and ends with 5.
    """
    try:
        with Source(folder, progress=_Progress()) as source:
            if source.lacking:
                typer.echo(lacking_in_words(source.lacking, language), err=True)
            yield source
            if source.lacking:
                raise typer.Exit(int(Verdict.INCOMPLETE))
    except NotAnArchive as error:
        typer.echo(f"{folder.name}: {error}", err=True)
        raise typer.Exit(int(Verdict.NOT_AN_ARCHIVE)) from None
    except Unreadable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(int(Verdict.UNREADABLE)) from None
    except TROUBLES as error:
        typer.echo(why_no_answer(error), err=True)
        raise typer.Exit(1) from None


def _say(lines: Iterable[str]) -> None:
    """Write lines; who stops reading stops the command without a word."""
    try:
        for line in lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _document(source: Source, answer: dict[str, Any]) -> str:
    document = {"origin": source.origin, **answer, "left_out": told_document(source.told)}
    return json.dumps(document, ensure_ascii=False, indent=1)


def _tell_beside(source: Source, saying: Saying, form: str) -> None:
    """Tell what was left out beside a file that has no place for it."""
    for line in saying.told(source.told) if form == "csv" else ():
        typer.echo(line, err=True)


class _Progress:
    """Tells a terminal how far it is, in whole percent."""

    def __init__(self) -> None:
        self._told = -1

    def __call__(self, done: int, all_: int) -> None:
        percent = 100 * done // all_ if all_ else -1
        if percent > self._told and sys.stderr.isatty():
            sys.stderr.write(f"\r{percent:3} %" + ("\r     \r" if done == all_ else ""))
            sys.stderr.flush()
        self._told = max(self._told, percent)


def _days(first: str, last: str) -> tuple[date | None, date | None]:
    days = (_day("--from", first) if first else None, _day("--to", last) if last else None)
    if days[0] and days[1] and days[0] > days[1]:
        raise typer.BadParameter("--to: before --from")
    return days


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option}: a day is written as 2026-11-23") from None


def _moment(option: str, text: str) -> datetime:
    """Return a moment; of a day its end in Vietnam, and without an offset Vietnam's."""
    try:
        if len(text) == len("2026-11-23"):
            midnight = datetime.combine(_day(option, text), time(), VIETNAM)
            return midnight + timedelta(days=1, microseconds=-1)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        reason = "a day or a moment, as 2026-11-23 or 2026-11-23T15:00:00+07:00"
        raise typer.BadParameter(f"{option}: {reason}") from None
    return (at if at.tzinfo else at.replace(tzinfo=VIETNAM)).astimezone(UTC)
