"""The answer to a data subject, in two languages, and how its commands refuse."""

import errno
import tempfile
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from console import subject_words as words
from console.failing import Failed
from console.main import build
from console.subject_asking import access_lines
from console.subject_report import answer, as_html, as_text
from console.writing import private_file
from plumbing.accesses.rows import ACTS
from plumbing.retention import CONFIDENCE, KINDS, load
from plumbing.subjects.api import OpenAsked

CODE = "H29.26-20261124-0001"
AT = "2026-11-24T01:02:03+00:00"


def a_holding(**changes: Any) -> dict[str, Any]:
    return {
        "table": "case_particulars",
        "holds_en": "applicant, form",
        "holds_vi": "người nộp, tờ khai",
        "personal": "sealed",
        "fields": ["applicant", "form"],
        "rows": 1,
        "personal_rows": 1,
        "since": AT,
    } | changes


def an_access(**changes: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "at": AT,
        "actor": "officer-1",
        "unit_code": "26734",
        "act": "looked",
        "purpose": "page",
    } | changes


def told(held: list[Any] | None = None, *, busy: bool = False, **dossier: Any) -> dict[str, Any]:
    about = {"code": CODE, "portal": "national-portal", "received_at": AT, "erased_at": None}
    machine = [
        an_access(id=n, actor="service:routing", act="opened_to_take_in", purpose="")
        for n in (2, 3)
    ]
    one = {
        "service": "routing",
        "topic": "dossier.routing.v1",
        "events": 4,
        "busy": busy,
        "held": [a_holding()] if held is None else held,
        "accessed": 3,
        "accesses": [an_access(), *machine],
    }
    return {"dossier": about | dossier, "services": [one]}


def test_it_says_in_vietnamese_what_is_held_who_looked_and_by_which_rule() -> None:
    text = as_text(answer(told(), "vi"))

    for part in (
        f"Dữ liệu cá nhân của hồ sơ {CODE}",
        "Bộ phận một cửa: 4 sự kiện trên dossier.routing.v1",
        "người nộp, tờ khai (mã hóa); người nộp, tờ khai; 1 dòng; từ 08:02:03 24/11/2026",
        "Xóa được theo yêu cầu: routing/case_particulars",
        "08:02:03 24/11/2026 · officer-1 · 26734 · cán bộ xem · page",
        "phần mềm nhận dữ liệu, 2 lần, 08:02:03 24/11/2026",
        "trong 02 ngày làm việc",
        "Thông tư 04/2020/TT-BTP, Điều 37",
        "giả định của hệ thống",
    ):
        assert part in text, part


def test_given_more_accesses_than_are_listed_then_it_says_how_many_more() -> None:
    found = told()
    found["services"][0]["accessed"] = 45

    assert "earlier ones, not listed: 42" in as_text(answer(found, "en"))
    assert list(access_lines(found, as_json=False))[-1] == "3 accesses, 42 earlier ones not listed"
    assert "earlier" not in as_text(answer(told(), "en"))


@pytest.mark.parametrize("reason", ["số 001234567890", "gọi 0912345678", "x@example.com", "a\x1b["])
def test_the_reason_that_is_kept_for_ever_holds_nothing_personal(reason: str) -> None:
    with pytest.raises(ValidationError):
        OpenAsked(reason=reason)
    assert OpenAsked(reason="đơn số 12").reason == "đơn số 12"


def test_given_a_dossier_under_way_then_nothing_of_it_may_be_erased_yet() -> None:
    text = as_text(answer(told(busy=True), "en"))

    assert "Not to be erased yet: the dossier is under way: routing/case_particulars" in text


def test_given_an_erased_dossier_then_it_says_when_and_what_stays() -> None:
    kept = a_holding(table="dossier_case", personal="pseudonymous", personal_rows=0, since=None)
    text = as_text(answer(told([kept], erased_at=AT), "en"))

    assert "Personal data erased: 08:02:03 24/11/2026" in text
    assert "Nothing personal is held any more." in text
    assert (
        "Stays (nothing personal; needed to prove what was decided): routing/dossier_case" in text
    )


def test_given_sealed_tables_that_are_blank_already_then_that_is_said_and_not_that_they_hold_none():
    blank = a_holding(table="registration", personal_rows=0)
    kept = a_holding(table="stream", personal="pseudonymous", personal_rows=0)
    text = as_text(answer(told([a_holding(), blank, kept]), "en"))

    assert (
        "registration: applicant, form (encrypted; of this dossier nothing personal now);" in text
    )
    assert "case_particulars: applicant, form (encrypted); the applicant" in text
    assert "May be erased on request: routing/case_particulars\n" in text
    assert (
        "No personal data there now: there never were any, or they were blanked once done:"
        " routing/registration\n"
    ) in text
    assert "needed to prove what was decided): routing/stream\n" in text


def test_the_persons_own_data_stand_there_only_when_they_were_opened() -> None:
    own = {"routing": {"applicant": {"full_name": "Nguyễn <b>A</b>"}}, "notifier": {}}

    assert "Nguyễn" not in as_text(answer(told(), "vi"))
    assert "Nguyễn <b>A</b>" in as_text(answer(told(), "vi", own))
    page = as_html(answer(told(), "vi", own))
    assert "Nguyễn &lt;b&gt;A&lt;/b&gt;" in page
    assert "<b>" not in page


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (ACTS, words.ACTS),
        (KINDS, words.PERSONAL),
        (CONFIDENCE, words.CONFIDENCE),
        ({name for row in load() for name in row.fields}, words.FIELDS),
    ],
)
def test_every_code_has_words_in_both_languages(codes: tuple[str, ...], said: Any) -> None:
    assert set(codes) == set(said)
    assert all(vi and en and vi != en for vi, en in said.values())
    assert get_args(words.Language) == ("vi", "en")


@pytest.mark.parametrize("open_", [True, False])
@pytest.mark.parametrize("place", ["none/page.html", "shut/page.html", "folder"])
def test_a_page_that_cannot_be_written_is_told_before_any_service_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, open_: bool
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "shut").mkdir()
    make = tempfile.mkstemp

    def refusing(dir: Path, prefix: str) -> Any:  # as for everybody but root
        if dir.name == "shut":
            raise PermissionError(errno.EACCES, "Permission denied", str(dir))
        return make(dir=dir, prefix=prefix)

    monkeypatch.setattr(tempfile, "mkstemp", refusing)
    opening = ("--open", "--reason", "đơn số 12") if open_ else ()
    nobody = ("--at", "intake=http://127.0.0.1:9", "--token", "x")

    text = failed("subject", CODE, *opening, "--html", str(tmp_path / place), *nobody)

    reasons = {
        "none/page.html": "page.html could not be written: No such file or directory",
        "shut/page.html": "page.html could not be written: Permission denied",
        "folder": "folder could not be written: Is a directory",
    }
    assert text == reasons[place]


def test_a_page_is_its_owner_s_alone_and_whole_or_as_before(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("before", encoding="utf-8")
    page.chmod(0o644)

    with pytest.raises(KeyError), private_file(page):
        raise KeyError
    assert page.read_text(encoding="utf-8") == "before"
    with private_file(page) as write:
        write("sau")

    assert page.read_text(encoding="utf-8") == "sau"
    assert page.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [page]


def failed(*arguments: str) -> str:
    result = CliRunner().invoke(build(), list(arguments))
    assert isinstance(result.exception, Failed), result.output
    return str(result.exception)


def test_given_what_is_no_service_or_archive_or_database_then_it_is_said(tmp_path: Path) -> None:
    nowhere = ("--database", "postgresql://127.0.0.1:9/none")

    assert "no service 'board'" in failed("access", "verify", "board", *nowhere)
    archive = ("--archive", str(tmp_path))
    assert "there is no archive.json in it" in failed(
        "access", "verify", "routing", *nowhere, *archive
    )
    assert "cannot be reached" in failed("access", "verify", "routing", *nowhere)
    assert "cannot be reached" in failed("access", "verify", "routing", "--database", "nonsense")
    assert "--reason" in failed("subject", CODE, "--open", "--at", "intake=http://127.0.0.1:9")
