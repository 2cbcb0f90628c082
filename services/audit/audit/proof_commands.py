"""`hotich audit keygen`, `prove`, `check-proof` and `witness`: keys, proofs and cosignatures."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from audit.archive import NotAnArchive, Unreadable
from audit.checkpoints import Ledger
from audit.findings import Finding, Verdict, worst
from audit.key_options import verifier_of
from audit.notes import COSIGNS, SIGNS, Signer, Verifier
from audit.proof_checks import check_document, shown_finding
from audit.proofs import NoProof, document_of, places_of_event, prove_record
from audit.question_options import Language, archived, wanted_dossier
from audit.report.saying import finding_told, say
from audit.signing import BadKeys, generate, read_private, write_private
from audit.trees import Tree
from audit.witness import BadState, Cosigned, Folder, Source, Witness
from audit.witness_remote import Remote, ServiceAway

Format = Annotated[str, typer.Option("--format", help="text or json")]
Key = Annotated[
    str | None, typer.Option("--key", help="the log's verifier key, had from its owner")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(keygen)
    app.command()(prove)
    app.command("check-proof")(check_proof)
    app.command()(witness)


def keygen(
    name: Annotated[str, typer.Option(help="of the key, as in audit.hotich.example/2027")],
    out: Annotated[Path, typer.Option(help="a new file for the private key")],
    as_witness: Annotated[
        bool, typer.Option("--witness", help="show the verifier text of a witness")
    ] = False,
) -> None:
    """Make a key pair: the private key into a file only you may read, the verifier text shown."""
    try:
        signer = generate(name)
        write_private(out, signer)
    except ValueError as error:
        _misused(str(error))
    except FileExistsError:
        _misused(f"{out} exists; a key is never overwritten")
    except OSError as error:
        _fail(f"{out} cannot be written ({type(error).__name__})")
    kind = COSIGNS if as_witness else SIGNS
    typer.echo(Signer(signer.name, signer.key, kind).verifier.text)


def prove(
    folder: Annotated[Path, typer.Argument(help="the archive")],
    topic: Annotated[str | None, typer.Option(help="of the record")] = None,
    partition: Annotated[int | None, typer.Option(help="of the record", min=0)] = None,
    offset: Annotated[int | None, typer.Option(help="of the record", min=0)] = None,
    event: Annotated[str | None, typer.Option(help="the id of an event")] = None,
    code: Annotated[str | None, typer.Option(help="of a dossier: all its events")] = None,
    language: Language = "vi",
) -> None:
    """Write the proof that records are on the log, for `check-proof`, as JSON."""
    named = [topic, partition, offset]
    if sum(one is not None for one in (event, code)) + any(one is not None for one in named) != 1:
        _misused("name a record by --topic, --partition and --offset, or by --event, or by --code")
    if topic is not None:
        archived(topic)
    try:
        ledger = Ledger(folder)
        keys = ledger.keys()
        if topic is not None and partition is not None and offset is not None:
            places = [(topic, partition, offset)]
        elif event is None and code is None:
            _misused("--topic, --partition and --offset belong together")
        else:
            column = "code" if event is None else "event_id"
            named_by = wanted_dossier(code) if event is None and code else event or ""
            places = places_of_event(folder, named_by.encode(), column)
            if not places:
                _fail("no event of the archive has it")
        typer.echo(_json(document_of(keys.origin, keys, _proofs(folder, ledger, places))))
    except NotAnArchive as error:
        _fail(f"{folder} is no archive: {error}")
    except NoProof as error:
        _end([Finding(Verdict.INCOMPLETE, "tail_missing", str(error))], "text", language)
    except Unreadable as error:
        _end([_unreadable(error)], "text", language)


def check_proof(
    file: Annotated[Path, typer.Argument(help="what `prove` wrote, or - for the input")],
    key: Key = None,
    form: Format = "text",
    language: Language = "vi",
) -> None:
    """Check proofs without an archive or a network; say what they show."""
    trusted = _verifier(key)
    _checked(form)
    try:
        text = typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text()
        document = json.loads(text)
    except OSError as error:
        _fail(f"{file} cannot be read ({type(error).__name__})")
    except (ValueError, RecursionError):
        _end([Finding(Verdict.UNREADABLE, "file_unreadable", "it is no JSON")], form, language)
    findings, shown = check_document(document, trusted)
    lines = [one.within(language if form == "text" else "en") for one in shown]
    _end(findings, form, language, lines, trusted_on_sight=trusted is None)


def witness(
    where: Annotated[str, typer.Argument(help="an archive's folder, or the service's URL")],
    key_file: Annotated[Path, typer.Option(help="the witness's private key")],
    state: Annotated[Path, typer.Option(help="the folder of what the witness remembers")],
    key: Key = None,
    send: Annotated[str | None, typer.Option(help="the service to hand cosignatures to")] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="an access token with audit:read, for the service")
    ] = None,
    form: Format = "text",
    language: Language = "vi",
) -> None:
    """Cosign the newest checkpoints if the log grew out of what this witness saw before."""
    trusted = _verifier(key)
    _checked(form)
    try:
        signer = read_private(key_file.read_text("utf-8"), kind=COSIGNS)
        token = "" if token_file is None else token_file.read_text("utf-8").strip()
        is_service = where.startswith(("http://", "https://"))
        source: Source = Remote(where, token) if is_service else Folder(Path(where))
        cosigned, findings = Witness(signer, state).look(source, trusted, datetime.now(UTC))
        if send is not None:
            target = Remote(send, token)
            for one in cosigned:
                target.send(one)
    except OSError as error:
        _fail(f"a file cannot be read or written ({type(error).__name__})")
    except NotAnArchive as error:
        _fail(f"{where} is no archive: {error}")
    except (BadKeys, BadState, ServiceAway) as error:
        _fail(str(error))
    except Unreadable as error:
        _end([_unreadable(error)], form, language)
    show = partial(_line, language) if form == "text" else _entry
    lines = [show(one) for one in cosigned]
    _end(findings, form, language, lines, trusted_on_sight=trusted is None, checkpoints_alone=True)


def _proofs(
    folder: Path, ledger: Ledger, places: Sequence[tuple[str, int, int]]
) -> list[dict[str, Any]]:
    trees: dict[tuple[str, int], Tree] = {}
    proofs = []
    for topic, partition, offset in places:
        place = topic, partition
        if place not in trees:
            trees[place] = Tree(folder, *place)
        proofs.append(prove_record(ledger, trees[place], place, offset))
    return proofs


def _line(language: Language, one: Cosigned) -> str:
    place, line = f"{one.place[0]}/{one.place[1]}", one.line.strip()
    return say(language, "proved.cosigned", place=place, size=one.size, line=line)


def _entry(one: Cosigned) -> dict[str, Any]:
    topic, partition = one.place
    return {"topic": topic, "partition": partition, "size": one.size, "line": one.line}


def _end(
    findings: Sequence[Finding],
    form: str,
    language: Language,
    shown: Sequence[object] = (),
    *,
    trusted_on_sight: bool = False,
    checkpoints_alone: bool = False,
) -> NoReturn:
    verdict = worst(findings)
    if form == "json":
        document = {
            "verdict": verdict.name.lower(),
            "trusted_on_first_sight": trusted_on_sight,
            "findings": [shown_finding(one) for one in findings],
            "shown": list(shown),
        }
        if checkpoints_alone:
            document["compared"] = "checkpoints"
        typer.echo(_json(document))
    else:
        for line in shown:
            typer.echo(line)
        for one in findings:
            place = "" if one.topic is None else f" {one.topic}/{one.partition}"
            at = "" if one.offset is None else f"/{one.offset}"
            told = finding_told(one, language)
            typer.echo(f"{one.verdict.name} {one.kind}{place}{at}: {told}")
        if trusted_on_sight:
            typer.echo(say(language, "proved.trusted_on_sight"))
        if checkpoints_alone:
            typer.echo(say(language, "proved.checkpoints_alone"))
        if not checkpoints_alone or findings:
            typer.echo(say(language, "proved.verdict", verdict=verdict.name))
    raise typer.Exit(int(verdict))


def _unreadable(error: Unreadable) -> Finding:
    return Finding(Verdict.UNREADABLE, "file_unreadable", error.reason, file=error.file)


def _verifier(text: str | None) -> Verifier | None:
    return None if text is None else verifier_of(text)


def _checked(form: str) -> None:
    if form not in ("text", "json"):
        _misused("--format is text or json")


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)


def _misused(text: str) -> NoReturn:
    raise typer.BadParameter(text)


def _fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(int(Verdict.NOT_AN_ARCHIVE))
