"""What `verify` and `compare` say to a person: Vietnamese unless asked, the codes in neither."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from typer import Typer
from typer.testing import CliRunner

from audit import verify_commands
from audit.comparing import Comparison
from audit.findings import Finding, Verdict
from audit.questions.saying import iso, moment
from audit.verify_text import comparison_text, finding_text, report_text
from audit.verifying.collecting import LeftOff, Place
from audit.verifying.results import Asked, Report
from pages.words import Language
from tests.unit.archive_kit import dossier_of
from tests.unit.audit_verify_kit import INTAKE, ROUTING, SIGNER, a_sealed, files_of

KEY = ("--key", SIGNER.verifier.text)
DOSSIER = dossier_of(0)[0]
MISSING = Finding(
    Verdict.INCOMPLETE, "record_missing", "offsets 3 to 4", ROUTING, 2, 3, DOSSIER, "log/x.parquet"
)
PLACE_OF_IT = f"{ROUTING}/2, offset 3"
OTHER = Finding(Verdict.DIVERGED, "archives_differ", "the broker does not have it", INTAKE, 0, 7)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_sealed(tmp_path_factory.mktemp("sealed"))[0]


@pytest.fixture(scope="module")
def damaged(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("damaged") / "archive"
    shutil.copytree(root, copy)
    (copy / files_of(copy, ROUTING, 4)[0].file).unlink()
    return copy


def run(*words: object) -> tuple[int, list[str]]:
    app = Typer()
    app.callback()(lambda: None)
    verify_commands.add_to(app)
    done = CliRunner().invoke(app, ["verify", *map(str, words)])
    return done.exit_code, done.output.splitlines()


def test_given_no_language_then_verify_speaks_vietnamese(root: Path) -> None:
    code, lines = run(root)

    assert (code, lines) == (
        0,
        [
            "test.hotich.example: 360 bản ghi ở 24 phân vùng,"
            " bản ghi mới nhất: 19:00:05 25/11/2026",
            "360 bản ghi nằm dưới 62 điểm chốt có chữ ký, 0 bản ghi chưa",
            "Khóa dùng để kiểm là khóa ghi trong chính kho lưu: muốn biết có bị ký lại toàn bộ"
            " hay không, phải kiểm bằng khóa nhận riêng (--key)",
            "Kho lưu nguyên vẹn: không thiếu, không sửa, không đổi thứ tự những gì đã ký.",
            "SOUND",
        ],
    )


def test_asked_in_english_verify_speaks_english(root: Path) -> None:
    code, lines = run(root, *KEY, "--language", "en")

    assert (code, lines) == (
        0,
        [
            "test.hotich.example, up to 2026-11-25T12:00:05+00:00: 360 records in 24 places",
            "360 are under 62 signed checkpoints, 0 under none yet",
            "The archive is sound: nothing that was signed is missing, changed or out of order.",
            "SOUND",
        ],
    )


def test_the_verdict_the_kinds_and_the_places_are_the_same_in_both_languages(damaged: Path) -> None:
    (vi_code, vi), (en_code, en) = (
        run(damaged, *KEY, "--language", language) for language in get_args(Language)
    )

    assert vi_code == en_code == Verdict.INCOMPLETE
    assert (vi[-1], vi[-2]) == ("INCOMPLETE", "Kho lưu bị thiếu.")
    assert (en[-1], en[-2]) == ("INCOMPLETE", "The archive is incomplete.")
    assert len(vi) == len(en) > 6
    for ours, theirs in zip(vi[:-4], en[:-4], strict=True):
        assert ours.split(",")[0] == theirs.split(",")[0]
        assert ours != theirs


def test_json_is_the_same_in_both_languages(damaged: Path) -> None:
    said = [run(damaged, "--format", "json", "--language", one) for one in get_args(Language)]

    assert said[0] == said[1] == run(damaged, "--format", "json")


def test_a_limit_of_what_was_looked_at_is_a_limit_of_the_verdict(root: Path) -> None:
    _, lines = run(root, *KEY, "--topic", INTAKE, "--since", "2026-11-24")

    assert lines[2:] == [
        f"chỉ kiểm {INTAKE}",
        "không kiểm từng bản ghi trước ngày 24/11/2026",
        "Trong phạm vi đã kiểm: Kho lưu nguyên vẹn: không thiếu, không sửa, không đổi thứ tự"
        " những gì đã ký.",
        "SOUND",
    ]


def test_a_language_nobody_speaks_is_a_wrong_call(root: Path) -> None:
    assert run(root, "--language", "fr")[0] == 2


def test_a_finding_has_the_sentence_of_the_report_and_the_words_of_the_check() -> None:
    assert finding_text(MISSING, "vi") == (
        f"INCOMPLETE record_missing: {PLACE_OF_IT}, hồ sơ {DOSSIER}, log/x.parquet:"
        " Thiếu bản ghi. (offsets 3 to 4)"
    )
    assert finding_text(MISSING, "en") == (
        f"INCOMPLETE record_missing: {PLACE_OF_IT}, dossier {DOSSIER}, log/x.parquet:"
        " offsets 3 to 4"
    )


def test_what_is_not_sound_in_itself_is_told_in_vietnamese() -> None:
    report = Report(
        "test",
        Verdict.DIVERGED,
        [],
        [LeftOff("archives_differ", INTAKE, 0, 9), LeftOff("bad_signature", None, None, 2)],
        [],
        own_keys=False,
        behind={Place(INTAKE, 1): 3, Place(INTAKE, 2): -4},
        cosigned={"w.example/79": 5},
        unchecked_stamps=6,
    )

    assert report_text(report, Asked(), "vi").splitlines() == [
        f"và 9 phát hiện archives_differ khác ở {INTAKE}/0",
        "và 2 phát hiện bad_signature khác",
        "test: 0 bản ghi ở 0 phân vùng, bản ghi mới nhất: –",
        "0 bản ghi nằm dưới 0 điểm chốt có chữ ký, 0 bản ghi chưa",
        "5 lượt đồng ký là của nhân chứng w.example/79",
        "6 dấu thời gian chưa được kiểm: cần --tsa-certificate",
        f"{INTAKE}/1: kho lưu kia ít hơn 3 bản ghi ở cuối",
        f"{INTAKE}/2: kho lưu này ít hơn 4 bản ghi ở cuối",
        "Kho lưu khác với bản đối chiếu.",
        "DIVERGED",
    ]


class _Late(Report):
    as_of = datetime(9999, 12, 31, 23, tzinfo=UTC)  # type: ignore[assignment]


@pytest.mark.parametrize("language", get_args(Language))
def test_a_moment_beyond_the_calendar_of_vietnam_is_told_as_it_is(language: Language) -> None:
    late = _Late("test", Verdict.SOUND, [], [], [], own_keys=False)

    assert "9999-12-31T23:00:00+00:00" in report_text(late, Asked(), language)


def test_no_moment_breaks_what_an_answer_or_a_report_says_of_it() -> None:
    late = datetime(9999, 12, 31, 23, tzinfo=UTC)

    assert moment(late) == iso(late) == "9999-12-31T23:00:00+00:00"
    assert moment(late - timedelta(hours=7)) == "23:00:00 31/12/9999"


def test_a_comparison_is_told_in_either_language() -> None:
    same = Comparison(Verdict.SOUND, [], [], {Place(INTAKE, 0): 7}, {Place(INTAKE, 0): 2})
    other = Comparison(Verdict.DIVERGED, [OTHER], [LeftOff("archives_differ", INTAKE, 0, 9)])

    assert comparison_text(same, "vi").splitlines() == [
        "7 bản ghi giống nhau, 2 bản ghi chưa được lưu",
        "Mọi bản ghi của kho lưu đều trùng từng byte với bản ghi ở Kafka.",
        "SOUND",
    ]
    assert comparison_text(same, "en").splitlines() == [
        "7 records are the same, 2 are not archived yet",
        "Every record of the archive is the broker's, byte by byte.",
        "SOUND",
    ]
    assert comparison_text(other, "vi").splitlines() == [
        f"DIVERGED archives_differ: {INTAKE}/0, offset 7: Hai kho lưu, hoặc kho lưu và Kafka,"
        " có những bản ghi khác nhau. (the broker does not have it)",
        f"và 9 phát hiện archives_differ khác ở {INTAKE}/0",
        "0 bản ghi giống nhau, 0 bản ghi chưa được lưu",
        "Kho lưu khác với bản đối chiếu.",
        "DIVERGED",
    ]
