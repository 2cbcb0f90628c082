"""`hotich audit verify` and `compare`: is the archive what was signed, and what the broker has."""

import json
import sys
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from audit.archive import NotAnArchive
from audit.comparing import compare_with_broker
from audit.findings import Finding
from audit.kafka_reading import BrokerAway, BulkReader
from audit.notes import SIGNS, Verifier
from audit.verifying.collecting import Place
from audit.verifying.verify import Asked, Report, verify
from contracts.topics import ARCHIVED

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
    form: Annotated[Format, typer.Option("--format", help="How to tell.")] = "text",
) -> None:
    """Check that an archive is whole and unchanged; ends with the code of the worst finding."""
    asked = Asked(
        keys=tuple(_key(text) for text in key or ()),
        topics=tuple(topic or ()),
        since=None if since is None else _day(since),
        strict=strict,
        causes=causes,
        against=against,
        checkpoints=checkpoints,
    )
    try:
        report = verify(folder, asked, _progress)
    except NotAnArchive as error:
        typer.echo(f"{folder.name} is no archive to check: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(_json(report) if form == "json" else _text(report))
    raise typer.Exit(int(report.verdict))


def compare_archive(
    folder: Annotated[Path, typer.Argument(help="The archive.")],
    kafka: Annotated[str, typer.Option(help="The broker, as host:port.")],
    settings: Annotated[
        Path | None, typer.Option(help="More settings of librdkafka, a JSON document.")
    ] = None,
    topic: Annotated[list[str] | None, typer.Option(help="Only this topic.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to tell.")] = "text",
) -> None:
    """Compare every record of an archive with the broker's, byte by byte."""
    topics = [one for one in ARCHIVED if not topic or one.name in topic]
    try:
        with BulkReader(kafka, _settings(settings)) as reader:
            result = compare_with_broker(folder, reader, topics)
    except (NotAnArchive, BrokerAway) as error:
        typer.echo(f"{folder.name} could not be compared: {error}", err=True)
        raise typer.Exit(1) from None
    same, behind = sum(result.same.values()), sum(result.behind.values())
    if form == "json":
        document = {
            "verdict": result.verdict.name,
            "exit_code": int(result.verdict),
            "same": same,
            "behind": behind,
            "findings": [finding_json(finding) for finding in result.findings],
            "left_off": [asdict(one) for one in result.left_off],
        }
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        for finding in result.findings:
            typer.echo(finding_text(finding))
        typer.echo(f"{same} records are the same, {behind} are not archived yet")
        typer.echo(result.verdict.name)
    raise typer.Exit(int(result.verdict))


def _settings(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise typer.BadParameter("--settings: no JSON document") from None
    if not isinstance(found, dict):
        raise typer.BadParameter("--settings: no JSON object")
    return {str(name): str(value) for name, value in found.items()}


def _day(moment: datetime) -> date:
    return moment.date()


def _key(text: str) -> Verifier:
    try:
        verifier = Verifier.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"--key: {error}") from None
    if verifier.kind != SIGNS:
        raise typer.BadParameter("--key: a witness's key signs no checkpoint")
    return verifier


def _progress(step: str) -> None:
    if sys.stderr.isatty():
        typer.echo(step, err=True)


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as scripts read it."""
    return {
        "verdict": finding.verdict.name,
        "kind": finding.kind,
        "text": finding.text,
        "topic": finding.topic,
        "partition": finding.partition,
        "offset": finding.offset,
        "dossier_id": finding.dossier_id and str(finding.dossier_id),
        "file": finding.file,
    }


def finding_text(finding: Finding) -> str:
    """Return a finding as a line."""
    where = []
    if finding.topic is not None:
        where.append(str(Place(finding.topic, finding.partition or 0)))
    if finding.offset is not None:
        where.append(f"offset {finding.offset}")
    if finding.dossier_id is not None:
        where.append(f"dossier {finding.dossier_id}")
    if finding.file is not None:
        where.append(finding.file)
    return f"{finding.verdict.name} {finding.kind}: {', '.join(where)}: {finding.text}"


def _json(report: Report) -> str:
    document = {
        "origin": report.origin,
        "verdict": report.verdict.name,
        "exit_code": int(report.verdict),
        "as_of": report.as_of and report.as_of.isoformat(),
        "keys": "of the archive" if report.own_keys else "given",
        "records": sum(one.records for one in report.places),
        "events": sum(one.events for one in report.places),
        "copies": sum(one.copies for one in report.places),
        "dossiers": report.dossiers,
        "causes": report.causes,
        "places": [
            {
                "topic": one.place.topic,
                "partition": one.place.partition,
                "records": one.records,
                "sealed": one.sealed,
                "checkpoints": one.checkpoints,
                "root": one.root.hex(),
                "behind": report.behind.get(one.place, 0),
            }
            for one in report.places
        ],
        "findings": [finding_json(finding) for finding in report.findings],
        "left_off": [asdict(one) for one in report.left_off],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _text(report: Report) -> str:
    records = sum(one.records for one in report.places)
    sealed = sum(one.sealed for one in report.places)
    copies = sum(one.copies for one in report.places)
    lines = [finding_text(finding) for finding in report.findings]
    lines += [
        f"and {one.count} more of {one.kind}"
        + (f" in {one.topic}/{one.partition}" if one.topic else "")
        for one in report.left_off
    ]
    newest = report.as_of.isoformat() if report.as_of else "never"
    lines.append(
        f"{report.origin}, up to {newest}: {records} records in {len(report.places)} places"
    )
    checkpoints = sum(one.checkpoints for one in report.places)
    lines.append(
        f"{sealed} are under {checkpoints} signed checkpoints, {records - sealed} under none yet"
    )
    if copies:
        lines.append(f"{copies} are copies of others, which does no harm")
    for place, count in report.behind.items():
        lines.append(f"{place}: the {'other' if count > 0 else 'archive'} is {abs(count)} behind")
    if report.own_keys:
        lines.append("the keys are the archive's own: only --key tells whether all was signed anew")
    lines.append(report.verdict.name)
    return "\n".join(lines)
