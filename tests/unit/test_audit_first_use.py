"""What who uses the commands for the first time meets: each mistake is told as what it is."""

import errno
import logging
import os
import shutil
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from audit import (
    proof_commands,
    question_commands,
    replay_commands,
    report_commands,
    verify_commands,
)
from audit.archive import listing, write_segment
from audit.checkpoints import TIMESTAMPS, Ledger
from audit.kafka_reading import BulkReader
from audit.lacking import Known
from audit.no_answer import why_no_answer
from audit.notes import digest_of, split
from audit.questions.saying import Saying
from audit.replaying.results import Difference
from audit.report import gathering
from audit.report.decided import in_words
from audit.report.replayed import asked_in_words, example
from audit.signing import write_private
from contracts.what_if import Judged
from tests.unit.archive_kit import Log, a_log, dossier_of
from tests.unit.certificate_kit import a_certificate
from tests.unit.proof_kit import a_signer, a_witness, add, signed_archive

_COMMANDS = (proof_commands, question_commands, replay_commands, report_commands, verify_commands)
ENGLISH = ("--language", "en")
ROW = Judged(
    "appointment",
    ("due", "limit"),
    "2026-11-30 17:00:00 (0 same_day), law: 2026-11-30, published: 2026-12-01",
    "2026-12-02 09:30:00 (3 working_day)",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signed_archive(tmp_path_factory.mktemp("archive"), a_log(6)).root


def run(*arguments: object) -> tuple[int, str]:
    app = typer.Typer()
    app.callback()(lambda: None)
    for commands in _COMMANDS:
        commands.add_to(app)
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, " ".join(done.output.split())


def test_a_witness_s_key_is_nowhere_taken_for_that_of_the_log(root: Path, tmp_path: Path):
    key, out = a_witness().verifier.text, tmp_path / "report.pdf"
    private = tmp_path / "witness.key"
    commands = [
        ("report", root, "--out", out),
        ("check-report", out),
        ("check-proof", out),
        ("verify", root),
        ("witness", root, "--key-file", private, "--state", tmp_path / "state"),
    ]

    for command in commands:
        assert (command[0], run(*command, "--key", key)[0]) == (command[0], 2)
    assert not out.exists()
    assert run("verify", root, "--witness", a_signer(1).verifier.text)[0] == 2


def test_what_another_folder_lacks_is_not_said_of_the_archive(root: Path, tmp_path: Path):
    empty = tmp_path / "empty"
    empty.mkdir()

    assert "the other folder, empty: there is no archive.json" in _told(root, "--against", empty)
    assert "could not be checked: there is nothing at nowhere" in _told(
        root, "--checkpoints", "nowhere"
    )
    assert run("verify", tmp_path / "none") == (1, "none could not be checked: no folder")


def _told(root: Path, *options: object) -> str:
    code, text = run("verify", root, *options)
    assert code == 1
    return text


def test_a_witness_who_cosigned_nothing_is_not_passed_over(root: Path):
    code, text = run("verify", root, "--witness", a_witness().verifier.text, *ENGLISH)

    assert code == 0
    assert f"0 cosignatures are of {a_witness().name}" in text


@pytest.mark.parametrize(
    "words",
    [
        ("timeline", ""),
        ("timeline", " "),
        ("report", "--from", "2026-12-01", "--to", "2026-11-01", "--out", "report.pdf"),
    ],
)
def test_a_question_that_asks_nothing_is_a_wrong_call(root: Path, words: tuple[str, ...]):
    assert run(words[0], root, *words[1:])[0] == 2


def test_a_topic_nobody_archives_is_a_wrong_call(root: Path):
    for words in (("prove", root, "--partition", "0", "--offset", "0"), ("verify", root)):
        code, text = run(*words, "--topic", "foo")
        assert (words[0], code) == (words[0], 2)
        assert "foo" in text


def test_a_code_typed_in_small_letters_and_an_id_in_capitals_are_found(root: Path):
    dossier_id, code = dossier_of(0)

    for typed in (code.lower(), f" {code} ", str(dossier_id).upper()):
        assert f"Hồ sơ {code}" in run("timeline", root, typed)[1]
    assert run("prove", root, "--code", code.lower())[0] == 0


def test_a_file_in_the_way_is_no_short_disk(root: Path, tmp_path: Path):
    (tmp_path / "taken").write_text("")

    code, text = run("export", root, "--out", tmp_path / "taken")

    assert (code, text) == (1, f"no answer: {tmp_path / 'taken'}: File exists")


def test_only_what_is_short_is_called_short():
    disk = f"no answer: memory, or the disk of {gettempdir()}, is short"
    assert why_no_answer(OSError(errno.ENOSPC, "No space left on device")) == f"{disk} (OSError)"
    assert why_no_answer(duckdb.OutOfMemoryException("x")) == f"{disk} (OutOfMemoryException)"
    assert why_no_answer(duckdb.IOException("x")) == f"{disk} (IOException)"
    assert why_no_answer(duckdb.BinderException("no column\nmore")) == (
        "no answer, by a fault of this program and not of the archive: no column"
    )


def test_a_report_for_which_there_is_no_room_ends_in_a_sentence(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise duckdb.IOException("could not write")

    monkeypatch.setattr(gathering, "statistics_of", full)

    code, text = run("report", root, "--out", tmp_path / "report.html")

    assert code == 1
    assert "is short (IOException)" in text


def test_a_broker_that_is_away_is_one_sentence(root: Path, monkeypatch: pytest.MonkeyPatch):
    # As in a process of its own, where nobody listens to the library.
    for logger in (logging.getLogger(), logging.getLogger("librdkafka")):
        monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(verify_commands, "BulkReader", partial(BulkReader, wait_seconds=0.5))

    code, text = run("compare", root, "--kafka", "127.0.0.1:1")

    assert code == 1
    assert "could not be compared: the broker 127.0.0.1:1: " in text
    assert "FAIL" not in text


def test_a_certificate_nobody_named_is_told_in_the_lines_of_the_verdict_alone(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    certificate, private = a_certificate(tmp_path)
    out = tmp_path / "report.pdf"
    run("report", root, "--out", out, "--certificate", certificate, "--certificate-key", private)
    # As in a process of its own, where nobody listens to the library.
    for name in (None, "pyhanko", "pyhanko_certvalidator"):
        monkeypatch.setattr(logging.getLogger(name), "handlers", [])

    code, text = run("check-report", out, *ENGLISH)

    assert (code, text) == (
        7,
        "PAdES: holds: signed by Common Name: Invented Authority, whose certificate was not given",
    )


ASKED: tuple[tuple[Any, ...], ...] = (
    ("completeness",),
    ("state",),
    ("statistics",),
    ("replay",),
    ("timeline", dossier_of(0)[1]),
    ("export", "--out"),
)


@pytest.mark.parametrize("gone", ["log", "file", "end"])
@pytest.mark.parametrize("words", ASKED, ids=lambda words: words[0])
def test_an_answer_without_records_that_were_signed_says_so_and_ends_with_5(
    root: Path, tmp_path: Path, words: tuple[Any, ...], gone: str
):
    part = shutil.copytree(root, tmp_path / "part")
    first = next(one for one in listing(root).segments if one.topic == "dossier.routing.v1")
    place = f"{first.topic}/{first.partition}"
    if gone == "log":
        shutil.rmtree(part / "log")
    elif gone == "file":
        (part / first.file).unlink()
    else:
        content = pq.read_table(root / first.file)
        (part / first.file).unlink()
        shorter = replace(first, last=first.last - 1)
        write_segment(part, shorter, content.slice(0, len(content) - 1))
    more = [tmp_path / "out"] if words[0] == "export" else []

    assert run(words[0], root, *words[1:], *more)[0] == 0
    code, text = run(words[0], part, *words[1:], *more)

    # Of a dossier nothing is left without a log.
    assert code == (1 if (words[0], gone) == ("timeline", "log") else 5)
    assert text.count("kho lưu có ít bản ghi hơn số đã ký (") == 1
    assert (place in text) or gone == "log"


def test_an_archive_that_grows_is_not_taken_for_a_part(root: Path, tmp_path: Path):
    log = a_log(12)
    grown = tmp_path / "grown"
    signing = signed_archive(grown, Log(log.records[:40]))
    known = Known(grown)
    add(grown, log, 40)
    signing.round()

    assert known.lacking(listing(grown)) == []
    assert run("state", grown)[0] == 0


def test_a_witness_that_saw_checkpoints_alone_calls_no_archive_sound(root: Path, tmp_path: Path):
    part = shutil.copytree(root, tmp_path / "part")
    shutil.rmtree(part / "log")
    key = tmp_path / "witness.key"
    write_private(key, a_witness())
    words = ("witness", part, "--key-file", key, "--state", tmp_path / "state")

    code, text = run(*words, *ENGLISH)
    document = run(*words, "--format", "json")[1]

    assert code == 0
    assert "SOUND" not in text
    assert (
        "checkpoints alone were compared; of the records only `hotich audit verify` tells" in text
    )
    assert '"compared": "checkpoints"' in document


def test_the_keys_a_report_was_checked_with_are_named(root: Path, tmp_path: Path):
    key = a_signer(1).verifier
    fingerprint = sha256(key.text.encode()).hexdigest()

    for options in ((), ("--key", key.text)):
        out = tmp_path / "report.html"
        assert run("report", root, "--out", out, "--language", "en", *options)[0] == 0
        text = out.read_text("utf-8")
        assert key.name in text
        assert key.key_id.hex() in text
        assert fingerprint[:8] + " " + fingerprint[8:16] in text
        assert key.text in run("verify", root, "--format", "json", *options)[1]


def test_time_stamps_nobody_could_check_are_told(root: Path, tmp_path: Path):
    stamped = shutil.copytree(root, tmp_path / "stamped")
    ledger = Ledger(stamped)
    (stamped / TIMESTAMPS).mkdir()
    for place in ledger.places()[:3]:
        name = digest_of(split(ledger.last(*place) or "")[0])
        (stamped / TIMESTAMPS / f"{name}.tsr").write_bytes(b"a stamp")

    code, text = run("verify", stamped, *ENGLISH)

    assert code == 0
    assert "3 time stamps were not checked: give --tsa-certificate" in text
    assert '"unchecked_time_stamps": 3' in run("verify", stamped, "--format", "json")[1]
    assert "time stamps" not in run("verify", root, *ENGLISH)[1]


def test_other_rules_are_told_in_the_language_of_the_report():
    vi, en = Saying("vi"), Saying("en")

    assert in_words(vi, ROW.said) == (
        "17:00:00 30/11/2026 (ngay trong ngày làm việc), theo luật: 30/11/2026,"
        " đã công bố: 01/12/2026"
    )
    assert in_words(en, ROW.found) == "09:30:00 02/12/2026 (3 working days)"
    assert in_words(en, "2026-99-99") == "2026-99-99"
    assert asked_in_words(en, "2027-03-01", "abc") == (
        "Rules asked: the law of 01/03/2027; reference data abc."
    )
    assert "“other”" in asked_in_words(vi, "some/other", "abc")


def test_an_example_says_what_differs_and_has_a_name_when_the_code_is_not_known():
    row = example(Saying("vi"), Difference("", "some-id", ROW))

    assert row[:3] == ("some-id", "Ngày hẹn trả kết quả", "thời điểm hết hạn; thời hạn")


@pytest.mark.parametrize("closed", ["log", "checkpoints"])
def test_a_folder_nobody_may_look_into_is_never_an_empty_one(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
):
    scan = os.scandir

    def refusing(path: Any = ".") -> Any:
        if str(path).startswith(str(root / closed)):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    commands: list[tuple[Any, ...]] = [("verify",), ("report", "--out", tmp_path / "x.html")]
    if closed == "log":
        commands += [("prove", "--code", "x")]
        commands += [("state",), ("timeline", "x"), ("export", "--out", tmp_path / "x")]
        commands += [("completeness",), ("statistics",), ("compare", "--kafka", "127.0.0.1:1")]

    for name, *options in commands:
        code, text = run(name, root, *options)
        assert (name, code) == (name, 1)
        assert f"{closed} cannot be looked into (PermissionError)" in text
