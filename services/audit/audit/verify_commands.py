"""`hotich audit verify` and `compare`: is the archive what was signed, and what the broker has."""

import logging
import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from cryptography.x509 import Certificate

from audit.archive import NotAnArchive
from audit.comparing import compare_with_broker
from audit.kafka_reading import BrokerAway, BulkReader
from audit.key_options import verifier_of
from audit.notes import COSIGNS
from audit.question_options import Language, archived
from audit.timestamps import NotStamped, certificate_in
from audit.verify_text import comparison_json, comparison_text, report_json, report_text
from audit.verifying.results import Asked
from audit.verifying.verify import verify
from contracts.topics import ARCHIVED
from plumbing.kafka_security import BadKafkaSecurity, KafkaSecurity

Format = Literal["text", "json"]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("verify")(verify_archive)
    app.command("compare")(compare_archive)


def verify_archive(
    folder: Annotated[Path, typer.Argument(help="The archive, or a copy of it.")],
    key: Annotated[
        list[str] | None, typer.Option(help="A key that is trusted, as its owner hands it out.")
    ] = None,
    topic: Annotated[list[str] | None, typer.Option(help="Only this topic.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Look at single records from this day on."),
    ] = None,
    strict: Annotated[bool, typer.Option(help="Count records that are no events, too.")] = False,
    causes: Annotated[bool, typer.Option(help="Look for the cause of every event.")] = False,
    against: Annotated[Path | None, typer.Option(help="Another archive of the same log.")] = None,
    checkpoints: Annotated[
        Path | None, typer.Option(help="Checkpoints kept elsewhere: a file, or a folder of files.")
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="A witness's key: its cosignatures must hold.")
    ] = None,
    tsa_certificate: Annotated[
        Path | None, typer.Option(help="The root of who time-stamps: its stamps must hold.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to tell.")] = "text",
    language: Language = "vi",
) -> None:
    """Check that an archive is whole and unchanged; ends with the code of the worst finding."""
    asked = Asked(
        keys=tuple(verifier_of(text) for text in key or ()),
        topics=tuple(map(archived, topic or ())),
        since=None if since is None else _day(since),
        strict=strict,
        causes=causes,
        against=against,
        checkpoints=checkpoints,
        witnesses=tuple(verifier_of(text, "--witness", COSIGNS) for text in witness or ()),
        authority=None if tsa_certificate is None else _certificate(tsa_certificate),
    )
    try:
        report = verify(folder, asked, _progress)
    except NotAnArchive as error:
        typer.echo(f"{folder.name} could not be checked: {error}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:  # a full disk, most of all: what is set aside goes to files
        typer.echo(f"{folder.name} could not be checked: {error.strerror or error}", err=True)
        raise typer.Exit(1) from None
    as_json = form == "json"
    typer.echo(report_json(report, asked) if as_json else report_text(report, asked, language))
    raise typer.Exit(int(report.verdict))


def compare_archive(
    folder: Annotated[Path, typer.Argument(help="The archive.")],
    kafka: Annotated[str, typer.Option(help="The broker, as host:port.")],
    topic: Annotated[list[str] | None, typer.Option(help="Only this topic.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to tell.")] = "text",
    language: Language = "vi",
) -> None:
    """Compare every record of an archive with the broker's, byte by byte.

    A secured broker is reached as the KAFKA_ variables of the environment say.
    """
    wanted = tuple(map(archived, topic or ()))
    topics = [one for one in ARCHIVED if not wanted or one.name in wanted]
    # What the library says of every try to connect would bury the answer.
    logging.getLogger("librdkafka").addHandler(logging.NullHandler())
    try:
        security = KafkaSecurity.from_environment(os.environ)
        with BulkReader(kafka, security.librdkafka()) as reader:
            result = compare_with_broker(folder, reader, topics)
    except BrokerAway as error:
        typer.echo(f"{folder.name} could not be compared: the broker {kafka}: {error}", err=True)
        raise typer.Exit(1) from None
    except (NotAnArchive, BadKafkaSecurity) as error:
        typer.echo(f"{folder.name} could not be compared: {error}", err=True)
        raise typer.Exit(1) from None
    as_json = form == "json"
    typer.echo(comparison_json(result) if as_json else comparison_text(result, language))
    raise typer.Exit(int(result.verdict))


def _day(moment: datetime) -> date:
    return moment.date()


def _certificate(path: Path) -> Certificate:
    try:
        return certificate_in(path.read_bytes())
    except (OSError, NotStamped):
        raise typer.BadParameter("--tsa-certificate: no certificate in PEM") from None


def _progress(step: str) -> None:
    if sys.stderr.isatty():
        typer.echo(step, err=True)
