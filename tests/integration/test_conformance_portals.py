"""The conformance kit against portals: a good one passes, each wrong one is found out."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.conformance import callbacks, listing
from console.conformance.commands import looks_like_production
from console.failing import Failed
from tests.integration.conformance_kit import SECRET, a_portal, conformance, verdicts
from tests.integration.sandbox_process import (
    WEBHOOK_SECRET,
    Sandbox,
    a_sandbox,
    free_port,
)

#: What is wrong with a portal's ear, and the checks that find it.
EARS = {
    "any signature": {"wrong-secret", "changed-body", "changed-id", "old-timestamp"}
    | {"future-timestamp"},
    "unsigned": {"unsigned"},
    "any age": {"old-timestamp", "future-timestamp"},
    "one signature": {"two-signatures"},
    "writes anew": {"told-once", "bytes-as-sent", "not-json"},
    "strict": {"unknown-field", "bytes-as-sent"},
    "keeps repeats": {"told-once"},
    "refuses repeats": {"answers"},
    "in order": {"out-of-order"},
    "wants passed": {"no-change"},
    "few passed": {"many-passed"},
    "falls over": {"not-json"},
    "hurries": {"slow-start"},
    "redirects": {"no-redirect", "answers"},
    "breaks": {"answers"},
    "hangs": {"no-redirect", "answers"},
}
#: What is wrong with a portal's list, and the checks that find it.
LISTS = {
    "unordered": {"order", "after"},
    "goes back": {"order", "after"},
    "ignores after": {"order", "after"},
    "lists all": {"references", "thousand"},
    "ignores since": {"since"},
    "personal": {"contract", "nothing-personal"},
    "any signature": {"wrong-secret", "old-timestamp"},
    "unsigned": {"unsigned"},
    "any age": {"old-timestamp"},
    "no list": {"answers"},
}


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("conformance")) as running:
        yield running


async def test_the_sandboxs_portal_passes_every_check_of_callbacks_and_of_its_list(
    sandbox: Sandbox, tmp_path: Path
):
    at = f"{sandbox.url}/portals/national-portal"
    secret = ("--secret", WEBHOOK_SECRET)

    told = await verdicts(
        tmp_path,
        "callbacks",
        "--url",
        f"{at}/callbacks",
        "--dossiers-url",
        f"{at}/dossiers",
        *secret,
    )
    code, listed = await verdicts(tmp_path, "list", "--url", f"{at}/dossiers", *secret)

    assert told == (0, dict.fromkeys(callbacks.KIT.words, "passed"))
    assert code == 0
    # It has one dossier now, and what comes after it cannot be seen.
    assert listed == dict.fromkeys(listing.KIT.words, "passed") | {"after": "skipped"}


async def test_a_good_portal_passes_every_check(tmp_path: Path):
    async with a_portal() as url:
        told = await verdicts(tmp_path, *ears(url))
        listed = await verdicts(tmp_path, "list", "--url", f"{url}/dossiers", "--secret", SECRET)

    assert told == (0, dict.fromkeys(callbacks.KIT.words, "passed"))
    assert listed == (0, dict.fromkeys(listing.KIT.words, "passed"))


@pytest.mark.parametrize("fault", EARS)
async def test_a_portal_that_takes_callbacks_wrongly_is_found_out(fault: str, tmp_path: Path):
    patience = "1" if fault == "hangs" else "5"
    async with a_portal(fault) as url:
        code, told = await verdicts(tmp_path, *ears(url), "--patience", patience)

    assert code == 2
    assert {key for key, verdict in told.items() if verdict == "failed"} == EARS[fault]


@pytest.mark.parametrize("fault", LISTS)
async def test_a_portal_whose_list_is_wrong_is_found_out(fault: str, tmp_path: Path):
    async with a_portal(fault) as url:
        code, told = await verdicts(
            tmp_path, "list", "--url", f"{url}/dossiers", "--secret", SECRET
        )

    assert code == 2
    assert {key for key, verdict in told.items() if verdict == "failed"} == LISTS[fault]


async def test_when_the_first_needed_check_fails_the_rest_is_not_run(tmp_path: Path):
    async with a_portal("breaks") as url:
        _, told = await verdicts(tmp_path, *ears(url))

    rest = list(told)[2:]
    assert told["answers"] == "failed"
    assert {told[key] for key in rest} == {"skipped"}


async def test_where_nobody_answers_the_kit_could_not_run():
    url = f"http://127.0.0.1:{free_port()}/callbacks"

    ran = await conformance("callbacks", "--url", url, "--secret", SECRET)

    assert isinstance(ran.exception, Failed)
    assert "nobody answers" in str(ran.exception)


async def test_without_the_portals_list_a_person_is_asked_whether_a_step_stands_once(
    tmp_path: Path,
):
    async with a_portal() as url:
        code, told = await verdicts(
            tmp_path, "callbacks", "--url", f"{url}/callbacks", "--secret", SECRET
        )

    assert (code, told["told-once"]) == (0, "skipped")


async def test_the_reports_name_endpoint_version_and_day_and_neither_secret_nor_path(
    tmp_path: Path,
):
    page, document = tmp_path / "report.html", tmp_path / "report.json"
    async with a_portal("strict") as url:
        ran = await conformance(*ears(url), "--html", str(page), "--json", str(document))

    text, made = page.read_text(encoding="utf-8"), json.loads(document.read_text(encoding="utf-8"))
    assert made["endpoint"] == url
    assert made["version"]
    assert made["began_at"]
    assert made["failed"] == 2
    assert "Biên bản kiểm tra kết nối" in text
    assert "Chưa đạt" in text
    for told in (text, document.read_text(encoding="utf-8"), ran.output):
        assert SECRET not in told
        assert "/callbacks<" not in told


async def test_a_secret_nothing_can_be_signed_with_is_refused_and_not_quoted():
    ran = await conformance(
        "callbacks", "--url", "http://127.0.0.1:1/", "--secret", "whsec_not base64!"
    )

    assert isinstance(ran.exception, Failed)
    assert "not base64" not in str(ran.exception)


@pytest.mark.parametrize(
    ("url", "looks"),
    [
        ("http://127.0.0.1:8090/x", False),
        ("http://10.1.2.3/x", False),
        ("https://test.portal.example.vn/x", False),
        ("https://portal-uat.province.vn/x", False),
        ("https://dichvucong.gov.vn/x", True),
        ("https://203.162.1.1/x", True),
        ("https://uat2.portal.vn/x", False),
        ("https://latest.portal.vn/x", True),
        ("https://dichvucong.thuathienhue.gov.vn/x", True),
        ("https://developers.portal.vn/x", True),
    ],
)
def test_what_looks_like_production_is_not_examined_by_mistake(url: str, looks: bool):
    assert looks_like_production(url) is looks


async def test_an_address_that_looks_like_production_needs_a_yes():
    ran = await conformance("list", "--url", "https://dichvucong.gov.vn/x", "--secret", SECRET)

    assert isinstance(ran.exception, Failed)
    assert "--yes" in str(ran.exception)


def ears(url: str) -> tuple[str, ...]:
    """Return what examines the callbacks of a tiny portal."""
    at = ("--url", f"{url}/callbacks", "--dossiers-url", f"{url}/dossiers")
    return ("callbacks", *at, "--secret", SECRET)
