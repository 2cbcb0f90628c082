"""Forged, foreign and forked checkpoints, other keys, and archives that are to be compared."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from audit import verify_commands
from audit.archive import NotAnArchive
from audit.checkpoints import Checkpoint, parse_checkpoint
from audit.findings import Verdict
from audit.notes import sign, split
from audit.verifying.collecting import MOST, Place
from audit.verifying.results import Asked
from audit.verifying.verify import verify
from contracts.audit import AccessBlock
from contracts.envelope import GENESIS, sha256
from tests.unit.archive_kit import START, Log, Written, a_log, archive
from tests.unit.audit_verify_kit import (
    INTAKE,
    NOTIFICATION,
    ROUTING,
    SIGNER,
    STRANGER,
    a_sealed,
    by_place,
    files_of,
    kinds,
    named,
    notes_of,
    seal,
    some_days,
)

PLACE = (ROUTING, 4)
Rewrite = Callable[[list[str]], list[str]]


def rewritten(root: Path, change: Rewrite, place: tuple[str, int] = PLACE) -> None:
    """Change the notes of a place."""
    path = root / f"checkpoints/{place[0]}/p{place[1]:02d}.jsonl"
    notes = [json.loads(line)["note"] for line in path.read_text("utf-8").splitlines()]
    lines = [json.dumps({"note": note}, ensure_ascii=False) + "\n" for note in change(notes)]
    path.write_text("".join(lines), encoding="utf-8")


def signed_anew(note: str, **changes: object) -> str:
    """Return a checkpoint that says something else, signed with the right key."""
    one: Checkpoint = replace(parse_checkpoint(split(note)[0]), **changes)  # type: ignore[arg-type]
    return sign(one.text(), [SIGNER])


def _forge(notes: list[str]) -> list[str]:
    text, _ = split(notes[0])
    other = split(notes[1])[1][0]
    return [f"{text}\n{other.line}", *notes[1:]]


def _another_root(notes: list[str]) -> list[str]:
    return [*notes[:-1], signed_anew(notes[-1], root=bytes(32))]


@pytest.mark.parametrize(
    ("change", "verdict", "kind"),
    [
        (_forge, Verdict.FORGED, "bad_signature"),
        (
            lambda ns: [ns[0].replace("\ntime 2", "\ntime 1"), *ns[1:]],
            Verdict.FORGED,
            "bad_signature",
        ),
        (
            lambda ns: [sign(split(ns[0])[0], [STRANGER]), *ns[1:]],
            Verdict.FORGED,
            "unknown_signer",
        ),
        (
            lambda ns: [*ns[:-1], signed_anew(ns[-1], origin="other.log/x/1")],
            Verdict.FORGED,
            "checkpoint_of_another_log",
        ),
        (_another_root, Verdict.ALTERED, "root_differs"),
        (
            lambda ns: [signed_anew(ns[0], root=bytes(32)), *ns[1:]],
            Verdict.DIVERGED,
            "checkpoints_fork",
        ),
        (
            lambda ns: [*ns, signed_anew(ns[-1], root=bytes(32))],
            Verdict.DIVERGED,
            "checkpoints_fork",
        ),
        (lambda ns: [*ns, ns[0]], Verdict.DIVERGED, "checkpoints_fork"),
        (
            lambda ns: [*ns[:-1], signed_anew(ns[-1], size=1000, offset=1000)],
            Verdict.INCOMPLETE,
            "tail_missing",
        ),
        (lambda ns: ns[1:], Verdict.INCOMPLETE, "checkpoint_missing"),
        (lambda ns: [ns[0], *ns[2:]], Verdict.INCOMPLETE, "checkpoint_missing"),
        (lambda ns: [], Verdict.INCOMPLETE, "checkpoint_missing"),
        (lambda ns: ["", *ns[1:]], Verdict.UNREADABLE, "note_malformed"),
        (
            lambda ns: [
                signed_anew(ns[0], time=START - timedelta(days=9000)),
                *ns[1:],
            ],
            Verdict.FORGED,
            "unknown_signer",
        ),
    ],
)
def test_given_a_checkpoint_tampered_with_then_its_place_and_line_are_named(
    tmp_path: Path, change: Rewrite, verdict: Verdict, kind: str
) -> None:
    root, _ = a_sealed(tmp_path)

    rewritten(root, change)
    report = verify(root, Asked())

    assert report.verdict is verdict
    assert kind in kinds(report)
    assert {(one.topic, one.partition) for one in report.findings} == {PLACE}


def test_given_everything_signed_anew_with_another_key_then_only_the_right_key_tells(
    tmp_path: Path,
) -> None:
    log = some_days()
    log.records.remove(by_place(log)[ROUTING, 4][-1])
    root = archive(tmp_path, log)
    seal(root, log, STRANGER)

    own = verify(root, Asked())
    known = verify(root, Asked(keys=(SIGNER.verifier,)))

    assert (own.verdict, own.own_keys) == (Verdict.SOUND, True)
    assert known.verdict is Verdict.FORGED
    assert "unknown_signer" in kinds(known)
    assert verify(root, Asked(keys=(STRANGER.verifier,))).verdict is Verdict.SOUND


def test_given_a_witness_who_saw_other_checkpoints_then_the_archive_forked(tmp_path: Path) -> None:
    root, _ = a_sealed(tmp_path / "archive")
    other = a_log(60, minutes=61)
    witness = tmp_path / "witness"
    witness.mkdir()
    notes = notes_of(PLACE, by_place(other)[PLACE])
    (witness / "one.txt").write_text(notes[0], encoding="utf-8")

    report = verify(root, Asked(checkpoints=witness))

    assert report.verdict is Verdict.DIVERGED
    assert [one.kind for one in report.findings] == ["checkpoints_fork"]


def test_given_the_tail_and_its_checkpoints_cut_then_a_witness_tells(tmp_path: Path) -> None:
    root, log = a_sealed(tmp_path / "archive")
    full = by_place(log)[PLACE]
    lines = tmp_path / "kept.jsonl"
    notes = notes_of(PLACE, full)
    lines.write_text("".join(json.dumps({"note": one}) + "\n" for one in notes), encoding="utf-8")
    log.records.remove(full[-1])
    shutil.rmtree(root)
    archive(root, log)
    seal(root, log)

    alone, told = verify(root, Asked()), verify(root, Asked(checkpoints=lines))

    assert alone.verdict is Verdict.SOUND
    assert (told.verdict, kinds(told)) == (Verdict.INCOMPLETE, {"tail_missing"})
    assert told.findings[0].offset == full[-1].offset


@pytest.mark.parametrize("content", ["x", "{}\n", '{"note": "a\\n\\n— b c\\n"}\n', "\n\n"])
def test_given_outside_checkpoints_that_are_none_then_it_says_so(
    tmp_path: Path, content: str
) -> None:
    root, _ = a_sealed(tmp_path / "archive")
    file = tmp_path / "kept"
    file.write_text(content, encoding="utf-8")

    report = verify(root, Asked(checkpoints=file))

    assert (report.verdict, kinds(report)) == (Verdict.UNREADABLE, {"note_malformed"})


def test_given_an_archive_that_is_behind_then_it_has_not_diverged(tmp_path: Path) -> None:
    log = some_days()
    root, _ = a_sealed(tmp_path / "one", log)
    shorter = some_days()
    shorter.records.remove(by_place(shorter)[PLACE][-1])
    other = archive(tmp_path / "other", shorter, rows=30)

    report = verify(root, Asked(against=other))
    turned = verify(other, Asked(against=root))

    assert (report.verdict, report.behind) == (Verdict.SOUND, {Place(*PLACE): 1})
    assert (turned.verdict, turned.behind) == (Verdict.SOUND, {Place(*PLACE): -1})


def test_given_two_archives_that_diverge_then_the_first_difference_of_each_place_is_named(
    tmp_path: Path,
) -> None:
    root, log = a_sealed(tmp_path / "one")
    changed = some_days()
    record = by_place(changed)[PLACE][5]
    record.headers = []
    by_place(changed)[PLACE][9].headers = []
    other = archive(tmp_path / "other", changed, rows=30)

    report = verify(root, Asked(against=other))

    (finding,) = report.findings
    assert (report.verdict, finding.kind) == (Verdict.DIVERGED, "archives_differ")
    assert (finding.topic, finding.partition, finding.offset) == (*PLACE, record.offset)
    assert str(finding.dossier_id) == (record.key or b"").decode()
    assert len(log.records) == len(changed.records)


def test_given_a_truncated_file_then_it_is_unreadable_and_named(tmp_path: Path) -> None:
    root, _ = a_sealed(tmp_path)
    file = root / files_of(root, *PLACE)[0].file
    file.write_bytes(file.read_bytes()[:-100])

    report = verify(root, Asked())

    assert report.verdict is Verdict.UNREADABLE
    assert [(one.kind, one.file) for one in report.findings] == [
        ("file_unreadable", str(file.relative_to(root)))
    ]


@pytest.mark.parametrize(
    "name", ["log/x.txt", f"log/topic={ROUTING}/day=2026-11-23/p99.parquet", "log/topic=a/b"]
)
def test_given_a_foreign_file_in_the_log_then_it_is_named(tmp_path: Path, name: str) -> None:
    root, _ = a_sealed(tmp_path)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(b"x")

    report = verify(root, Asked())

    assert [(one.kind, one.file) for one in report.findings] == [("file_foreign", name)]


def test_given_no_keys_but_checkpoints_then_a_file_is_missing(tmp_path: Path) -> None:
    root, _ = a_sealed(tmp_path)
    (root / "keys.json").unlink()

    report = verify(root, Asked())

    assert [(one.kind, one.file) for one in report.findings] == [("file_missing", "keys.json")]
    assert verify(root, Asked(keys=(SIGNER.verifier,))).verdict is Verdict.SOUND


def test_given_more_findings_than_anyone_reads_then_the_rest_is_counted(tmp_path: Path) -> None:
    log = a_log(1)
    for number in range(MOST + 5):
        log.put(ROUTING, b"x", b"%d" % number, START + timedelta(hours=1), partition=0)
    root = archive(tmp_path, log)

    report = verify(root, Asked(strict=True))

    assert len(named(report, "not_an_event")) == MOST
    assert [(one.kind, one.count) for one in report.left_off] == [("not_an_event", 5)]


def test_sealed_accesses_are_a_chain_of_their_own(tmp_path: Path) -> None:
    log = _accesses()
    root, _ = a_sealed(tmp_path / "sound", log)
    changed = _accesses()
    block = by_place(changed)["access.routing.v1", 0][1]
    block.value = (block.value or b"").replace(b'"count":1', b'"count":2')
    other = archive(tmp_path / "other", changed)

    assert verify(root, Asked(strict=True)).verdict is Verdict.SOUND
    (finding,) = verify(other, Asked(strict=True)).findings
    assert (finding.kind, finding.offset, finding.dossier_id) == ("chain_broken", 2, None)


def test_given_a_block_of_accesses_missing_then_it_is_named(tmp_path: Path) -> None:
    log = _accesses()
    log.records.remove(by_place(log)["access.routing.v1", 0][1])
    root = archive(tmp_path, log)

    report = verify(root, Asked())

    assert report.verdict is Verdict.INCOMPLETE
    assert {"event_missing", "record_missing"} == kinds(report)


def _accesses() -> Log:
    log, before = a_log(2), GENESIS
    for number in range(1, 4):
        block = AccessBlock(
            service="routing",
            block=number,
            first=number,
            last=number,
            count=1,
            sha256=sha256(b"row"),
            prevhash=before,
            sealed_at=START + timedelta(minutes=number),
        )
        body = block.model_dump_json().encode()
        at = START + timedelta(minutes=10 + number)
        _put(log, body, at)
        before = sha256(body)
    return log


def _put(log: Log, body: bytes, at: object) -> Written:
    return log.put("access.routing.v1", b"routing", body, at, partition=0)  # type: ignore[arg-type]


def _app() -> Typer:
    app = Typer()
    app.callback()(lambda: None)
    verify_commands.add_to(app)
    return app


def test_the_command_ends_with_the_verdict_and_says_the_same_twice(tmp_path: Path) -> None:
    root, _ = a_sealed(tmp_path)
    (root / files_of(root, NOTIFICATION, 2)[0].file).unlink()
    asked = ["verify", str(root), "--format", "json", "--key", SIGNER.verifier.text]

    runs = [CliRunner().invoke(_app(), asked) for _ in range(2)]

    assert runs[0].exit_code == Verdict.INCOMPLETE
    assert runs[0].stdout == runs[1].stdout
    document = json.loads(runs[0].stdout)
    assert (document["verdict"], document["exit_code"]) == ("INCOMPLETE", 5)
    assert {one["kind"] for one in document["findings"]} == {"file_missing"}
    assert document["findings"][0]["topic"] == NOTIFICATION


def test_the_command_says_in_words_what_it_found(tmp_path: Path) -> None:
    root, log = a_sealed(tmp_path)

    run = CliRunner().invoke(_app(), ["verify", str(root), "--language", "en"])

    assert run.exit_code == 0
    assert run.stdout.splitlines()[-1] == "SOUND"
    assert f"{len(log.records)} records" in run.stdout
    assert "--key" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--key", "nonsense"], 2),
        (["--since", "yesterday"], 2),
        (["--format", "xml"], 2),
        (["--against", "nowhere"], 1),
        (["--checkpoints", "nowhere"], 1),
    ],
)
def test_given_a_wrong_call_then_it_ends_with_a_sentence(
    tmp_path: Path, arguments: list[str], code: int
) -> None:
    root, _ = a_sealed(tmp_path)

    run = CliRunner().invoke(_app(), ["verify", str(root), *arguments])

    assert run.exit_code == code
    assert run.stdout == ""
    assert run.stderr
    assert "Traceback" not in run.stderr


def test_given_a_folder_that_is_no_archive_then_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotAnArchive):
        verify(tmp_path, Asked())
    assert CliRunner().invoke(_app(), ["verify", str(tmp_path)]).exit_code == 1


def test_an_archive_still_being_written_is_sound(tmp_path: Path) -> None:
    """Records and checkpoints that come, and files that are merged, while it is read."""
    log = some_days()
    root, _ = a_sealed(tmp_path / "archive", log, rows=12)
    merged = archive(tmp_path / "merged", log, rows=1000)
    done = False

    def meanwhile(_: str) -> None:
        nonlocal done
        if not done:
            done = True
            shutil.rmtree(root / "log")
            shutil.copytree(merged / "log", root / "log")

    report = verify(root, Asked(), meanwhile)

    assert (report.verdict, report.findings) == (Verdict.SOUND, [])
    assert sum(one.records for one in report.places) == len(log.records)
    assert INTAKE in {one.place.topic for one in report.places}
