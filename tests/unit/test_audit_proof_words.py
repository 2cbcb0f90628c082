"""What `check-proof`, `witness` and `check-report` say to a person: Vietnamese unless asked."""

import json
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import pytest
from typer import Typer
from typer.testing import CliRunner

from audit import proof_commands, report_commands
from audit.notes import Reason
from audit.proof_checks import check_document
from audit.report.saying import Said, say
from audit.signing import write_private
from pages.words import Language
from tests.unit.archive_kit import Log, a_log
from tests.unit.proof_kit import a_signer, a_witness, checkpoints, signed_archive

ENGLISH = ("--language", "en")
KEY = a_signer(1).verifier
LOG: Log = a_log(4)
LANGUAGES: tuple[Language, ...] = get_args(Language)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signed_archive(tmp_path_factory.mktemp("archive"), LOG).root


def run(*words: object, text: str | None = None) -> tuple[int, list[str]]:
    app = Typer()
    proof_commands.add_to(app)
    report_commands.add_to(app)
    done = CliRunner().invoke(app, [str(one) for one in words], input=text)
    return done.exit_code, done.output.splitlines()


def proof(root: Path, offset: int = 0) -> str:
    first = LOG.records[0]
    where = ("--topic", first.topic, "--partition", first.partition, "--offset", offset)
    return "\n".join(run("prove", root, *where)[1])


def spoiled(text: str) -> str:
    document: dict[str, Any] = json.loads(text)
    document["proofs"][0]["record"]["timestamp_ms"] += 1
    return json.dumps(document)


def test_a_proof_that_holds_is_told_in_either_language(root: Path) -> None:
    first, text = LOG.records[0], proof(root)
    record = f"{first.topic}/{first.partition}/{first.offset}"
    digest = sha256(first.value or b"").hexdigest()
    at = checkpoints(root, (first.topic, first.partition))[-1].time.astimezone(UTC)
    vi = Said("proved.record", {"record": record, "when": at, "digest": digest}).within("vi")

    assert run("check-proof", "-", "--key", KEY.text, text=text) == (0, [vi, "kết luận: SOUND"])
    assert vi.startswith(f"{record}: có trong nhật ký chậm nhất từ ")
    assert run("check-proof", "-", "--key", KEY.text, *ENGLISH, text=text) == (
        0,
        [
            f"{record}: on the log by {at:%Y-%m-%dT%H:%M:%SZ}, SHA-256 {digest}",
            "verdict: SOUND",
        ],
    )


def test_a_proof_that_does_not_hold_has_the_sentence_of_the_report(root: Path) -> None:
    text = spoiled(proof(root))
    first = LOG.records[0]
    line = f"ALTERED root_differs {first.topic}/{first.partition}/{first.offset}: "

    code, lines = run("check-proof", "-", text=text)

    assert (code, lines) == (
        6,
        [
            f"{line}{say('vi', 'found.root_differs')}"
            " (the record is not in the log the checkpoint is of)",
            "không có --key: khóa đầu tiên của nhật ký được tin ngay từ lần gặp đầu tiên",
            "kết luận: ALTERED",
        ],
    )
    assert run("check-proof", "-", *ENGLISH, text=text)[1][0] == (
        f"{line}the record is not in the log the checkpoint is of"
    )


@pytest.mark.parametrize("change", [str, spoiled])
def test_json_of_a_proof_is_english_whatever_the_language(root: Path, change: Any) -> None:
    text = change(proof(root))
    asked = ("check-proof", "-", "--format", "json")

    said = [run(*asked, "--language", one, text=text) for one in LANGUAGES]

    assert said[0] == said[1] == run(*asked, text=text)
    findings, shown = check_document(json.loads(text), None)
    document = json.loads("\n".join(said[0][1]))
    assert document["shown"] == [one.within("en") for one in shown]
    assert [one["text"] for one in document["findings"]] == [one.text for one in findings]


def test_a_record_that_cannot_be_proved_is_told_in_vietnamese(root: Path) -> None:
    first = LOG.records[0]
    where = ("--topic", first.topic, "--partition", first.partition, "--offset", 999)

    code, lines = run("prove", root, *where)

    assert (code, lines) == (
        5,
        [
            f"INCOMPLETE tail_missing: {say('vi', 'found.tail_missing')}"
            f" (no record 999 of {first.topic}/{first.partition})",
            "kết luận: INCOMPLETE",
        ],
    )


def test_a_witness_is_told_in_either_language_and_its_json_is_the_same(
    root: Path, tmp_path: Path
) -> None:
    key = tmp_path / "witness.key"
    write_private(key, a_witness())

    def look(state: str, *more: str) -> tuple[int, list[str]]:
        return run("witness", root, "--key-file", key, "--state", tmp_path / state, *more)

    vi, en = look("vi"), look("en", *ENGLISH)

    assert (vi[0], en[0], len(vi[1])) == (0, 0, len(en[1]))
    assert vi[1][0].partition(": — ")[0].endswith(" bản ghi")
    assert ": đã đồng ký " in vi[1][0]
    assert ": cosigned " in en[1][0]
    assert vi[1][-2:] == [
        "không có --key: khóa đầu tiên của nhật ký được tin ngay từ lần gặp đầu tiên",
        "chỉ đối chiếu các điểm chốt; về các bản ghi, chỉ `hotich audit verify` cho biết",
    ]
    assert look("json", "--format", "json")[1][:3] == look("x", "--format", "json", *ENGLISH)[1][:3]


def test_the_signature_of_a_report_is_told_in_either_language(root: Path, tmp_path: Path) -> None:
    out, key = tmp_path / "report.html", tmp_path / "audit.key"
    write_private(key, a_signer(1))
    assert run("report", root, "--out", out, "--key-file", key)[0] == 0

    assert run("check-report", out, "--key", KEY.text) == (0, [f"note: đúng: do {KEY.name} ký"])
    assert run("check-report", out) == (
        7,
        [f"note: không đúng: không có --key để kiểm chữ ký của {KEY.name}"],
    )
    assert run("check-report", out, *ENGLISH) == (
        7,
        [f"note: does not hold: no --key to check the signature of {KEY.name}"],
    )
    other = shutil.copy(out, tmp_path / "other.html")
    shutil.copy(tmp_path / "report.html.note", tmp_path / "other.html.note")
    Path(other).write_bytes(out.read_bytes() + b" ")
    assert run("check-report", other) == (7, ["note: không đúng: chữ ký này là của một tệp khác"])


def test_why_a_note_is_none_has_a_sentence_each() -> None:
    said: Iterable[str] = [say("en", f"checked.{one}") for one in get_args(Reason)]

    assert list(said) == [one.replace("_", " ") for one in get_args(Reason)]


def test_a_moment_beyond_the_calendar_of_vietnam_is_told_as_it_is() -> None:
    late = {"record": "x", "when": datetime(9999, 12, 31, 23, tzinfo=UTC)}

    assert "9999-12-31T23:00:00+00:00" in Said("proved.no_value", late).within("vi")
    assert "9999-12-31T23:00:00Z" in Said("proved.no_value", late).within("en")
