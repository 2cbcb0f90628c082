"""`hotich audit report` and `check-report`: what an archive comes to, for people, signed."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audit.archive import ABOUT, NotAnArchive, write_file
from audit.findings import Verdict
from audit.folders import is_within
from audit.key_options import verifier_of
from audit.no_answer import TROUBLES, why_no_answer
from audit.notes import Signer
from audit.question_options import Language, Province, Unit
from audit.signing import BadKeys, read_private

if TYPE_CHECKING:
    from audit.replaying.rules import Rules
    from audit.report.layout import Page

Keys = Annotated[list[str] | None, typer.Option("--key", help="A verifier key that is trusted.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("report")(report)
    app.command("check-report")(check_report)


def report(
    folder: Annotated[Path, typer.Argument(help="The archive, or a copy of it.")],
    out: Annotated[Path, typer.Option(help="The file to write: .pdf or .html.")],
    unit: Unit = "",
    province: Province = "",
    first: Annotated[str, typer.Option("--from", help="From this day on.")] = "",
    last: Annotated[str, typer.Option("--to", help="Up to this day, inclusive.")] = "",
    language: Language = "vi",
    rules: Annotated[
        str | None, typer.Option(help="Also what a day's law, or a folder of data, would decide.")
    ] = None,
    key: Keys = None,
    certificate: Annotated[Path | None, typer.Option(help="Sign the PDF with it: PEM.")] = None,
    certificate_key: Annotated[Path | None, typer.Option(help="Its private key: PEM.")] = None,
    key_file: Annotated[Path | None, typer.Option(help="An audit key: signs FILE.note.")] = None,
) -> None:
    """Write a report on an archive; ends with the code of its verdict, the file is written anyway.

    Without a certificate the same folder and options give the same bytes.
    """
    from audit.report.gathering import Asked, gather
    from audit.report.page import page_of
    from audit.report.signing import NOTE_ENDING, BadCertificate, note_of, sign_pdf

    _check(folder, out, unit, province, certificate, certificate_key)
    signer = _signer(key_file) if key_file else None
    keys = tuple(verifier_of(text) for text in key or ())
    days = _day("--from", first), _day("--to", last)
    if days[0] and days[1] and days[0] > days[1]:
        raise typer.BadParameter("--to: before --from")
    asked = Asked(unit, province, *days, keys, _rules(rules), rules or "")
    try:
        facts = gather(folder, asked, _tell)
    except NotAnArchive as error:
        typer.echo(f"{folder.name} is no archive to report on: {error}", err=True)
        raise typer.Exit(1) from None
    except TROUBLES as error:
        typer.echo(f"{folder.name}: {why_no_answer(error)}", err=True)
        raise typer.Exit(1) from None
    page = page_of(facts, language)
    content = _drawn(page, facts.as_of, out)
    if certificate is not None and certificate_key is not None:
        try:
            content = sign_pdf(content, certificate, certificate_key)
        except BadCertificate as error:
            raise typer.BadParameter(f"--certificate: {error}") from None
    try:
        write_file(out.absolute(), content)
        if signer is not None:
            note = note_of(content, facts.origin, facts.as_of, signer)
            write_file(out.absolute().with_name(out.name + NOTE_ENDING), note.encode())
    except OSError as error:
        typer.echo(f"{out.name} could not be written: {error.strerror or error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{out.name}: {facts.verification.verdict.name}")
    raise typer.Exit(int(facts.verification.verdict))


def check_report(
    file: Annotated[Path, typer.Argument(help="The report; its note lies beside it.")],
    key: Keys = None,
    certificate: Annotated[
        list[Path] | None, typer.Option(help="A certificate that is trusted: PEM.")
    ] = None,
    language: Language = "vi",
) -> None:
    """Check the signatures of a report, offline; exit 7 unless one of a known signer holds."""
    from audit.report import checking
    from audit.report.saying import say
    from audit.report.signing import BadCertificate

    keys = [verifier_of(text) for text in key or ()]
    try:
        found = checking.check_report(file, keys, certificate or [])
    except OSError:
        typer.echo(f"{file.name} cannot be read", err=True)
        raise typer.Exit(1) from None
    except BadCertificate as error:
        raise typer.BadParameter(f"--certificate: {error}") from None
    for one in found:
        how = "checked.holds" if one.holds else "checked.does_not_hold"
        typer.echo(say(language, how, what=one.what, why=one.why.within(language)))
    if not found:
        typer.echo(say(language, "checked.none"))
    known = any(one.holds and one.known for one in found)
    broken = any(not one.holds for one in found)
    raise typer.Exit(int(Verdict.SOUND if known and not broken else Verdict.FORGED))


def _check(
    folder: Path,
    out: Path,
    unit: str,
    province: str,
    certificate: Path | None,
    certificate_key: Path | None,
) -> None:
    if out.suffix not in (".pdf", ".html"):
        raise typer.BadParameter("--out ends with .pdf or .html")
    if not out.absolute().parent.is_dir():
        raise typer.BadParameter(f"--out: there is no folder {out.parent}")
    if (folder / ABOUT).exists() and is_within(out, folder):
        raise typer.BadParameter("--out: not within the archive")
    if unit and province:
        raise typer.BadParameter("--unit or --province, not both")
    if (certificate is None) is not (certificate_key is None):
        raise typer.BadParameter("--certificate and --certificate-key go together")
    if certificate is not None and out.suffix != ".pdf":
        raise typer.BadParameter("a certificate signs a PDF; an audit key signs both")


def _drawn(page: "Page", at: datetime, out: Path) -> bytes:
    if out.suffix == ".html":
        from audit.report.html import html_of

        return html_of(page)
    from audit.report.pdf import pdf_of

    return pdf_of(page, at)


def _day(option: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(f"{option} {text!r} is no day like 2026-11-24") from None


def _rules(named: str | None) -> "Rules | None":
    from audit.replaying.rules import NoRules, rules_of

    try:
        return None if named is None else rules_of(named)
    except NoRules as error:
        raise typer.BadParameter(f"--rules: {error}") from None


def _signer(file: Path) -> Signer:
    try:
        return read_private(file.read_text("utf-8"))
    except (OSError, ValueError, BadKeys):
        raise typer.BadParameter(f"--key-file: {file.name} is no audit key") from None


def _tell(step: str) -> None:
    if sys.stderr.isatty():
        typer.echo(step, err=True)
