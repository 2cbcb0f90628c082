"""A report: it says what the commands say, the same bytes each time, signed and checked."""

import ast
import re
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
import typer
from pypdf import PdfReader
from typer.testing import CliRunner

from audit.report.gathering import Asked, gather
from audit.report.html import html_of
from audit.report.page import page_of
from audit.report.saying import say, words
from audit.report_commands import add_to
from audit.signing import generate, write_private
from pages.words import LANGUAGES
from tests.conftest import ROOT
from tests.unit.archive_kit import ORIGIN, a_log, archive
from tests.unit.certificate_kit import a_certificate

ENGLISH = ("--language", "en")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return archive(tmp_path_factory.mktemp("archive"), a_log(12, minutes=200))


def run(*arguments: str | Path) -> tuple[int, str]:
    app = typer.Typer()
    app.callback()(lambda: None)
    add_to(app)
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize("name", ["report.pdf", "report.html"])
def test_the_same_folder_and_options_give_the_same_bytes(root, tmp_path, name):
    for turn in ("one", "two"):
        (tmp_path / turn).mkdir()
        assert run("report", root, "--out", tmp_path / turn / name) == (0, f"{name}: SOUND\n")

    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_pdf_says_what_the_archive_is_and_carries_its_date(root, tmp_path):
    out = tmp_path / "report.pdf"
    assert run("report", root, "--out", out, "--language", "en")[0] == 0

    document = PdfReader(BytesIO(out.read_bytes()))
    text = "".join(page.extract_text() for page in document.pages)

    assert f"Audit report on the log of dossiers: {ORIGIN}" in text
    assert "72 records" in text
    created = document.metadata and document.metadata.creation_date
    assert created == gather(root, Asked()).as_of.replace(microsecond=0)


def test_every_section_says_how_its_figures_were_computed_in_both_languages(root):
    facts = gather(root, Asked())

    for language in LANGUAGES:
        page = page_of(facts, language)
        assert all(section.how and section.heading for section in page.sections)
        assert len(page.sections) == 8


def test_the_html_stands_alone_and_shows_text_as_text(root):
    facts = gather(root, Asked())
    facts.records["<b>topic</b>"] = 1

    text = html_of(page_of(facts, "vi")).decode()

    assert "&lt;b&gt;topic&lt;/b&gt;" in text
    assert "<b>" not in text
    assert not re.search(r"(src|href)=\"(?!#)", text)
    assert "url(" not in text


def test_a_report_on_a_broken_archive_says_so_and_ends_with_its_code(tmp_path):
    broken = archive(tmp_path / "archive", a_log(12))
    file = sorted(broken.rglob("*.parquet"))[0]
    file.write_bytes(file.read_bytes()[:-9])
    out = tmp_path / "report.html"

    code, _ = run("report", broken, "--out", out, "--language", "en")

    assert code >= 4
    text = out.read_text(encoding="utf-8")
    assert "not_sound" in text
    assert "file_unreadable" in text
    assert "This could not be computed" in text


def test_a_certificate_and_an_audit_key_sign_it_and_the_check_names_both(root, tmp_path):
    signer = generate("audit.example/2026")
    write_private(tmp_path / "audit.key", signer)
    certificate, private = a_certificate(tmp_path)
    out = tmp_path / "report.pdf"
    signing = ("--certificate", certificate, "--certificate-key", private)
    code, text = run("report", root, "--out", out, *signing, "--key-file", tmp_path / "audit.key")
    assert code == 0, text

    known = ("--key", signer.verifier.text, "--certificate", certificate)
    code, text = run("check-report", out, *known, *ENGLISH)

    assert code == 0, text
    assert "PAdES: holds: signed by Common Name: Invented Authority" in text
    assert "note: holds: signed by audit.example/2026" in text


def test_a_signature_of_somebody_unknown_vouches_for_nothing(root, tmp_path):
    certificate, private = a_certificate(tmp_path)
    out = tmp_path / "report.pdf"
    run("report", root, "--out", out, "--certificate", certificate, "--certificate-key", private)

    code, text = run("check-report", out, *ENGLISH)
    (tmp_path / "other").mkdir()
    other, _ = a_certificate(tmp_path / "other", "Somebody Else")
    code_of_other, _ = run("check-report", out, "--certificate", other)

    assert (code, code_of_other) == (7, 7)
    assert "whose certificate was not given" in text


@pytest.mark.parametrize("name", ["report.pdf", "report.html"])
def test_a_byte_changed_after_signing_is_found(root, tmp_path, name):
    signer = generate("audit.example/2026")
    write_private(tmp_path / "audit.key", signer)
    out = tmp_path / name
    run("report", root, "--out", out, "--key-file", tmp_path / "audit.key")
    assert run("check-report", out, "--key", signer.verifier.text)[0] == 0
    assert run("check-report", out, "--key", generate("audit.example/2026").verifier.text)[0] == 7
    content = out.read_bytes()
    out.write_bytes(content[:2000] + bytes([content[2000] ^ 1]) + content[2001:])

    code, text = run("check-report", out, "--key", signer.verifier.text, *ENGLISH)

    assert code == 7
    assert "the note is of another file" in text


@pytest.mark.parametrize("at", [0.3, 0.9])
def test_a_byte_changed_under_a_pades_signature_is_found(root, tmp_path, at):
    certificate, private = a_certificate(tmp_path)
    out = tmp_path / "report.pdf"
    run("report", root, "--out", out, "--certificate", certificate, "--certificate-key", private)
    assert run("check-report", out, "--certificate", certificate)[0] == 0
    content = bytearray(out.read_bytes())
    content[int(len(content) * at)] ^= 1
    out.write_bytes(content)

    code, text = run("check-report", out, "--certificate", certificate, *ENGLISH)
    assert code == 7
    assert "PAdES: does not hold" in text


def test_a_report_without_a_signature_vouches_for_nothing(root, tmp_path):
    out = tmp_path / "report.html"
    run("report", root, "--out", out)

    assert run("check-report", out, *ENGLISH) == (7, "it has no signature\n")
    assert run("check-report", out) == (7, "báo cáo không có chữ ký nào\n")


def test_it_can_tell_what_another_law_would_decide(root, tmp_path):
    out = tmp_path / "report.html"

    assert run("report", root, "--out", out, "--language", "en", "--rules", "2027-03-01")[0] == 0

    text = out.read_text(encoding="utf-8")
    assert "What other rules would decide" in text
    assert "Of 12 dossiers 12 would have another result, 0 other grounds or steps alone" in text


def test_bad_usage_ends_with_2_and_no_archive_with_1(root, tmp_path):
    out = tmp_path / "report.pdf"
    assert run("report", tmp_path, "--out", out)[0] == 1
    assert run("report", root, "--out", tmp_path / "report.doc")[0] == 2
    assert run("report", root, "--out", tmp_path / "none" / "report.pdf")[0] == 2
    for name in ("report.pdf", "log/report.pdf"):
        assert run("report", root, "--out", root / name)[0] == 2
        assert not (root / name).exists()
    assert run("report", root, "--out", out, "--unit", "1", "--province", "79")[0] == 2
    assert run("report", root, "--out", out, "--certificate", out)[0] == 2
    assert run("report", root, "--out", out, "--key-file", out)[0] == 2
    assert run("report", root, "--out", out, "--key", "x")[0] == 2
    assert run("report", root, "--out", out, "--rules", "x")[0] == 2
    assert run("check-report", out)[0] == 1


def test_every_sentence_is_said(root):
    sources = Path("services/audit/audit")
    text = "".join(file.read_text(encoding="utf-8") for file in sources.rglob("*.py"))
    names = {"heading", "how", "caption", "columns"}

    for key in sorted(words().keys()):
        first, _, last = key.partition(".")
        assert last in names or f'"{key}"' in text or f'{first}."' in text or f'"{first}.{{' in text


def test_every_kind_of_finding_has_a_sentence_in_both_languages():
    kinds = {
        after.value
        for path in (ROOT / "services/audit/audit").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        for verdict, after in pairwise([*call.args, *(word.value for word in call.keywords)])
        if isinstance(after, ast.Constant) and isinstance(after.value, str)
        if ast.unparse(verdict).startswith("Verdict.")
    }

    assert len(kinds) > 20
    for kind in kinds:
        assert say("vi", f"found.{kind}") != say("en", f"found.{kind}")
