"""The citizen's pages over real HTTP: what they say of each dossier, and to bad input."""

import asyncio
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest

from contracts.events import Returned
from plumbing.receipts import ReceiptKeys, check
from routing.domain import Accept, BookEntry, Case, Issued, TrailEntry
from routing.tracking import receipt_pages, visits
from routing.tracking.receipts import paper_of
from routing.tracking.routes import MOST_LOOKS
from tests.integration.routing_kit import NOW, OneStop, a_due, a_one_stop
from tests.integration.tracking_kit import (
    RECEIPT_KEYS,
    RIGHT,
    WRONG,
    Citizen,
    Page,
    a_citizen,
    a_tracked,
)

DAY = timedelta(days=1)
ENTRY = BookEntry("15", "01/2026", "16", NOW.date())


@pytest.fixture
async def citizen(database: str) -> AsyncIterator[Citizen]:
    async with a_one_stop(database) as one_stop, a_citizen(one_stop) as one:
        yield one


def trail(event: str, service: str = "routing", note: str = "") -> TrailEntry:
    return TrailEntry(NOW, service, event, unit_code="26737", note=note)


def plain(page: Page) -> str:
    """Return the text of a page as it is read."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


async def test_given_code_and_number_then_the_dossier_is_shown_and_neither_is_in_an_address(
    citizen: Citizen,
):
    case = a_tracked(appointment=a_due(NOW + DAY), trail=(trail("accepted"),))
    await citizen.one_stop.put(case)

    asked = await citizen.ask(case.code.lower().replace("-", " – "), "000 001")
    page = await citizen.get(asked.headers["location"])

    assert asked.headers["location"] == "/tra-cuu/ho-so"
    assert page.status == 200
    assert case.code in plain(page)
    assert "Hồ sơ đã được tiếp nhận, đang giải quyết" in plain(page)
    assert "09:00 Thứ Tư, 25/11/2026" in plain(page)
    assert "Luật Hộ tịch 2014, Điều 16" in plain(page)
    for personal in ("Nguyễn", "000190000001", "thu@example.com", RIGHT):
        assert personal not in page.text
    addresses = re.findall(r'(?:href|action|src)="([^"]*)"', page.text)
    assert addresses
    assert not [one for one in addresses if case.code in one or str(case.dossier_id) in one]


@pytest.mark.parametrize(
    ("changes", "headline", "more"),
    [
        ({"status": "received", "received_at": None}, "đang chờ cán bộ kiểm tra", "trả lời chậm"),
        (
            {
                "status": "supplement",
                "supplement_due": a_due(NOW + DAY),
                "issued": (
                    Issued(
                        "supplement",
                        NOW,
                        Returned(
                            kind="supplement",
                            reasons=("paper_unreadable",),
                            papers=("birth_notification",),
                            actor="x",
                        ),
                    ),
                ),
            },
            "Hồ sơ còn thiếu",
            "Giấy chứng sinh",
        ),
        (
            {"trail": (trail("accepted"), trail("registration_in_doubt", "registry-sync"))},
            "đang chờ xác nhận đã đăng ký",
            "không bị đăng ký hai lần",
        ),
        ({"appointment": a_due(NOW - DAY)}, "đang giải quyết", "Đã quá ngày hẹn"),
        ({"status": "stopped", "resumes_to": "accepted"}, "đang tạm dừng", "không tính"),
        ({"status": "registered", "entry": ENTRY}, "có kết quả", "01/2026"),
        (
            {
                "status": "registered",
                "entry": ENTRY,
                "trail": (trail("registration_corrected", note="15, 01/2026, 16, 2026-11-24"),),
            },
            "có kết quả",
            "đã được sửa",
        ),
        (
            {"status": "registered", "entry": ENTRY, "trail": (trail("personal_id_assigned"),)},
            "có kết quả",
            "số định danh cá nhân",
        ),
        ({"status": "refused", "entry": ENTRY}, "không được giải quyết", "đã được ghi vào sổ"),
        ({"status": "withdrawn"}, "đã được rút", "Nếu Ông/Bà không yêu cầu"),
        ({"status": "wrong_authority"}, "chưa đúng nơi", "nộp lại hồ sơ"),
        ({"status": "closed"}, "dừng và kết thúc", "nộp hồ sơ mới"),
        ({"status": "handed_over"}, "Đã trả kết quả", "hoàn thành"),
        ({"trail": (trail("forwarded"),)}, "đang giải quyết", "được chuyển đến"),
        ({"withdrawal_requested_at": NOW}, "đang giải quyết", "Yêu cầu rút"),
    ],
)
async def test_a_dossier_is_told_in_plain_words(
    citizen: Citizen, changes: dict[str, object], headline: str, more: str
):
    case = a_tracked(**changes)
    await citizen.one_stop.put(case)

    vi = await citizen.see(case.code)
    en = await citizen.see(case.code, language="en")

    assert headline in plain(vi)
    assert more in plain(vi)
    assert "What do you have to do?" in plain(en)
    assert 'lang="en"' in en.text


async def test_given_a_unit_that_was_merged_then_its_name_of_today_and_the_former_one_are_shown(
    citizen: Citizen,
):
    case = a_tracked(unit_code="26749", residence_unit_code="26749", unit_on=date(2025, 6, 1))
    await citizen.one_stop.put(case)

    page = await citizen.see(case.code)

    assert "Ủy ban nhân dân phường Bến Thành, Hồ Chí Minh" in plain(page)
    assert "hành chính: Ủy ban nhân dân phường Phạm Ngũ Lão" in plain(page)


async def test_who_looked_is_shown_by_unit_without_an_officer_and_so_is_this_page(
    citizen: Citizen,
):
    case = a_tracked()
    await citizen.one_stop.put(case)
    await citizen.one_stop.pool.execute(
        "INSERT INTO access_log (actor, unit_code, dossier_id, what, at)"
        " VALUES ('officer-secret-name', '26737', $1, 'particulars', $2)",
        case.dossier_id,
        NOW - DAY,
    )

    page = await citizen.see(case.code)

    assert "Cán bộ Ủy ban nhân dân" in plain(page)
    assert "xem thông tin cá nhân và tờ khai" in plain(page)
    assert "Người nhập đúng mã hồ sơ và 6 số cuối: xem trang này" in plain(page)
    assert "officer-secret-name" not in page.text


async def test_however_often_somebody_looks_the_look_of_another_unit_stays(citizen: Citizen):
    case = a_tracked()
    await citizen.one_stop.put(case)
    await citizen.one_stop.pool.executemany(
        "INSERT INTO access_log (actor, unit_code, dossier_id, what, at)"
        " VALUES ('somebody', $1, $2, $3, $4)",
        [
            ("26737", case.dossier_id, "page", NOW - DAY),
            *[("", case.dossier_id, "tracking", NOW)] * 50,
            *[("26740", case.dossier_id, "slip:acceptance:last", NOW - DAY / 2)] * 50,
        ],
    )

    page = await citizen.see(case.code)

    assert plain(page).count("xem thông tin cá nhân và tờ khai") == 1
    assert plain(page).count("xem hoặc in giấy tờ của hồ sơ") == 1
    assert plain(page).count("xem trang này") == 1
    assert plain(page).count(f"{MOST_LOOKS} lần, ") == 2


@pytest.mark.parametrize(
    ("code", "factor", "told"),
    [
        ("", "000001", "Mã này chưa đúng dạng"),
        ("H29", "000001", "Mã này chưa đúng dạng"),
        ("x" * 300, "000001", "Mã này chưa đúng dạng"),
        ("<script>alert(1)</script>", "000001", "Mã này chưa đúng dạng"),
        ("H29.26737-261123-0001' OR 1=1", "000001", "Mã này chưa đúng dạng"),
        ("H29.26737-261123-0001", "", "Hãy nhập đúng 6 chữ số"),
        ("H29.26737-261123-0001", "12345", "Hãy nhập đúng 6 chữ số"),
        ("H29.26737-261123-0001", "0001900000010", "Hãy nhập đúng 6 chữ số"),
        ("H29.26737-261123-0001", "१२३४५६", "Hãy nhập đúng 6 chữ số"),
    ],
)
async def test_given_what_can_be_no_code_or_number_then_its_form_is_told_and_nothing_is_asked(
    citizen: Citizen, code: str, factor: str, told: str
):
    page = await citizen.ask(code, factor)

    assert page.status == 422
    assert told in page.text
    assert "<script>alert" not in page.text
    assert "x" * 100 not in page.text
    assert await citizen.one_stop.everything("tracking_attempt") == ""


async def test_given_no_visit_then_the_form_is_shown_instead(citizen: Citizen):
    pages = [await citizen.get(path) for path in ("/tra-cuu/ho-so", "/tra-cuu/giay-hen")]
    forged = await citizen.get("/tra-cuu/ho-so", cookies={visits.COOKIE: "AAAA"})

    assert [page.status for page in pages] == [401, 401]
    assert 'name="code"' in pages[0].text
    assert forged.status == 401


async def test_given_a_visit_that_is_over_then_that_is_said(
    citizen: Citizen, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(visits, "SESSION_SECONDS", 1)
    case = a_tracked()
    await citizen.one_stop.put(case)
    asked = await citizen.ask(case.code, RIGHT)
    kept = asked.headers["set-cookie"].partition(";")[0]
    over = asyncio.get_running_loop().time() + 10

    while (page := await citizen.get("/tra-cuu/ho-so", headers={"cookie": kept})).status == 200:
        assert asyncio.get_running_loop().time() < over
        await asyncio.sleep(0.1)

    assert page.status == 401
    assert "Đã quá 15 phút" in page.text
    assert case.code not in page.text


async def test_given_someone_who_is_done_then_the_dossier_is_no_longer_shown(citizen: Citizen):
    case = a_tracked()
    await citizen.one_stop.put(case)
    assert (await citizen.see(case.code)).status == 200

    left = await citizen.post("/tra-cuu/thoat", {})

    assert left.headers["location"] == "/tra-cuu"
    assert (await citizen.get("/tra-cuu/ho-so")).status == 401


async def test_given_a_form_of_another_site_then_nothing_is_asked(citizen: Citizen):
    page = await citizen.ask("H29.26737-261123-0001", WRONG, headers={"origin": "https://evil.vn"})

    assert page.status == 403
    assert await citizen.one_stop.everything("tracking_attempt") == ""


async def test_a_visit_is_a_cookie_that_no_script_reads_and_nobody_can_read(citizen: Citizen):
    case = a_tracked()
    await citizen.one_stop.put(case)

    asked = await citizen.ask(case.code, RIGHT)
    cookie = asked.headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "Max-Age=900" in cookie
    assert case.code not in cookie
    assert str(case.dossier_id) not in cookie
    assert asked.headers["cache-control"] == "no-store"


async def test_given_a_dossier_that_was_received_then_its_receipt_is_genuine_for_anybody(
    citizen: Citizen,
):
    one_stop = citizen.one_stop
    case = await accepted(one_stop)
    await citizen.see(case.code)

    page = await citizen.get("/tra-cuu/giay-hen")
    pdf = await citizen.get("/tra-cuu/giay-hen.pdf")
    keys = json.loads((await citizen.get("/.well-known/hotich-receipts.json")).text)
    (text,) = re.findall(r"<code>([^<]+)</code>", page.text)
    checked = check(text, keys)
    told = await citizen.post("/tra-cuu/kiem-tra", {"receipt": text})
    forged = await citizen.post("/tra-cuu/kiem-tra", {"receipt": text[:-8] + "AAAAAAAA"})

    assert checked.verdict == "genuine"
    assert checked.facts is not None
    assert checked.facts.code == case.code
    assert "d" not in keys["keys"][0]
    assert "<svg" in page.text
    assert "Giấy hẹn là thật" in told.text
    assert "Giấy hẹn không phải giấy thật" in forged.text
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.text.startswith("%PDF")
    for personal in ("Nguyễn", "000190000001"):
        assert personal not in page.text + text
    looks = await one_stop.everything("access_log")
    assert looks.count("receipt") == 2


async def test_given_many_prints_at_once_then_one_is_set_at_a_time_and_officers_have_the_other(
    citizen: Citizen, monkeypatch: pytest.MonkeyPatch
):
    at_once, most = 0, 0

    async def slowly(_: Any) -> bytes:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        return b"%PDF"

    monkeypatch.setattr(receipt_pages, "render_pdf", slowly)
    await citizen.see((await accepted(citizen.one_stop)).code)

    papers = await asyncio.gather(*(citizen.get("/tra-cuu/giay-hen.pdf") for _ in range(5)))

    assert [one.status for one in papers] == [200] * 5
    assert most == 1


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
async def test_given_a_forged_receipt_of_a_day_that_cannot_be_counted_then_that_is_said(
    citizen: Citizen, at: str
):
    header = {"alg": "Ed25519", "kid": "r1", "typ": "hotich-receipt"}
    said = {"code": a_tracked().code, "unit": "26737", "procedure": "1.001193"}
    parts = (json.dumps(header), json.dumps(said | {"received_at": at, "issued_at": at}), "x" * 64)
    text = ".".join(urlsafe_b64encode(one.encode()).decode().rstrip("=") for one in parts)

    page = await citizen.post("/tra-cuu/kiem-tra", {"receipt": text})

    assert page.status == 200
    assert "Giấy hẹn không phải giấy thật" in page.text


async def accepted(one_stop: OneStop) -> Case:
    """Put a dossier that an officer received."""
    case = a_tracked(status="received", received_at=None, rounds=0)
    await one_stop.put(case)
    await one_stop.act(case, Accept("officer"))
    return case


async def test_given_an_appointment_that_moved_then_paper_and_signature_say_the_new_one(
    citizen: Citizen,
):
    one_stop = citizen.one_stop
    case = await one_stop.case((await accepted(one_stop)).dossier_id)
    moved = case.but(appointment=a_due(NOW + 9 * DAY))
    context = one_stop.context(one_stop.now)

    paper = paper_of(moved, ReceiptKeys.from_json(RECEIPT_KEYS), one_stop.now, context.reference)

    assert paper is not None
    slip, facts = paper
    assert facts.due_on == (NOW + 9 * DAY).date()
    assert slip.due == "09:00 Thứ Năm, 03/12/2026"
    assert (slip.citizen, slip.officer, slip.named) == (None, "", False)


async def test_given_no_receipt_yet_then_that_is_said(citizen: Citizen):
    case = a_tracked(status="received", received_at=None)
    await citizen.one_stop.put(case)
    page = await citizen.see(case.code)

    receipt = await citizen.get("/tra-cuu/giay-hen")

    assert "/tra-cuu/giay-hen" not in page.text
    assert receipt.status == 404
    assert "Giấy hẹn có khi" in receipt.text


@pytest.mark.parametrize("text", ["", "abc", "a.b.c", "<script>", "x" * 5000, "é" * 10])
async def test_given_a_text_that_is_no_receipt_then_that_is_said(citizen: Citizen, text: str):
    page = await citizen.post("/tra-cuu/kiem-tra", {"receipt": text})

    assert page.status == 200
    assert "Đây không phải nội dung của giấy hẹn" in page.text
    assert "<script>" not in page.text


async def test_given_a_page_that_is_not_there_then_a_page_says_so(citizen: Citizen):
    page = await citizen.get("/tra-cuu/khong-co")

    assert page.status == 404
    assert "Không có trang này" in page.text
