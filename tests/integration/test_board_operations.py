"""The operator's pages over real HTTP: what is wrong, and what two people do about it."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.decision import Effect
from plumbing.lanes import is_paused
from tests.integration.board_operations_bench import (
    OperationsBench,
    Person,
    an_operations_bench,
    hidden,
)
from tests.integration.core_kit import Dossier
from tests.integration.stuck_kit import BUGGY, ONE, OTHER, a_letter_and_its_followers

HOME = "/van-hanh/"


@pytest.fixture
async def bench(database: str, tmp_path: Path) -> AsyncIterator[OperationsBench]:
    async with an_operations_bench(tmp_path, database) as one:
        yield one


async def trial(person: Person, act: str, *items: str, reason: str = "mended") -> str:
    """Let the person try an act out and return the page that tells what would happen, as HTML."""
    word = hidden(await (await person.visitor.get(HOME)).text(), "csrf")
    fields = [("csrf", word), ("act", act), ("reason", reason), ("about", items[0])]
    answer = await person.visitor.post(
        "/van-hanh/xem-truoc", [*fields, *(("item", one) for one in items)]
    )
    person.status = answer.status
    return await answer.text()


async def propose(person: Person, act: str, item: str, reason: str = "mended") -> str:
    """Let the person try and then propose; return the address of the proposal's page."""
    page = await trial(person, act, item, reason=reason)
    act_id = hidden(page, "act_id")
    told = {"act": act, "item": item, "reason": reason, "about": item, "act_id": act_id}
    await person.send("/van-hanh/de-xuat", **told)
    assert person.status == 303
    return person.at.partition("?")[0]


async def test_given_a_service_that_is_away_then_it_is_named_and_the_others_are_shown(bench):
    await a_letter_and_its_followers(bench.desk)
    person = await bench.sign_in(ONE)

    page = await person.see(HOME)

    assert person.status == 200
    assert "Có 1 sự cố, cần xử lý ngay" in page
    assert "routing không trả lời (127.0.0.1:1: không kết nối được)" in page
    assert "notifier có 1 bản tin không xử lý được" in page
    assert "docs/operations.md#dead-letters" in page
    assert "notifier chạy tốt" in page


async def test_given_a_letter_then_one_proposes_after_a_trial_and_only_another_one_approves(bench):
    dossier, letter = await a_letter_and_its_followers(bench.desk)
    first, second = await bench.sign_in(ONE), await bench.sign_in(OTHER)
    shown = await first.see(f"/van-hanh/viec/{letter}")
    assert "ZeroDivisionError" in shown
    BUGGY.clear()

    page = await trial(first, "redrive", letter)
    assert "Chưa thay đổi gì. Làm được 1 trên 1 việc." in page
    assert await bench.desk.bench.count("stuck_act") == 0
    proposal = await propose(first, "redrive", letter)
    act_id = proposal.rpartition("/")[2]
    approval = {"service": "notifier", "act_id": act_id}
    own = await first.see(proposal)
    assert "Bạn đã đề xuất việc này. Cần một người vận hành khác phê duyệt." in own
    assert "Phê duyệt làm lại" not in own
    refused = await first.send("/van-hanh/phe-duyet", **approval)
    assert first.status == 403
    assert "Người đề xuất không được tự phê duyệt" in refused
    assert dossier.id in [one.dossier_id for one in await bench.desk.stuck("dead_letter")]

    assert "operator đề xuất làm lại 1 việc" in await second.see(HOME)
    assert "Phê duyệt làm lại (1 việc)" in await second.see(proposal)
    done = await second.send("/van-hanh/phe-duyet", **approval)
    assert (second.status, "Đã thực hiện." in done, "được áp dụng" in done) == (303, True, True)
    assert await bench.desk.stuck() == []
    again = await second.send("/van-hanh/phe-duyet", **approval)
    assert "đã được thực hiện từ trước" in again
    assert len(await bench.desk.bench.fetch("SELECT 1 FROM stuck_act")) == 1
    ended = await second.see(f"/van-hanh/viec/{letter}")
    assert "phê duyệt lúc" in ended
    assert "Chạy thử: làm lại" not in ended


async def test_given_a_lane_that_the_service_does_not_have_then_there_is_no_page(bench):
    person = await bench.sign_in("operator")

    await person.see("/van-hanh/lan/notifier/nope")
    assert person.status == 404
    await person.see("/van-hanh/lan/notifier/told")
    assert person.status == 200


async def test_given_a_proposal_is_sent_twice_at_once_then_there_is_one(bench):
    _, letter = await a_letter_and_its_followers(bench.desk)
    BUGGY.clear()
    person = await bench.sign_in(ONE)
    page = await trial(person, "redrive", letter)
    told = {
        name: hidden(page, name) for name in ("csrf", "act", "item", "reason", "about", "act_id")
    }

    answers = await asyncio.gather(
        *(person.visitor.post("/van-hanh/de-xuat", told) for _ in range(4))
    )

    assert {one.status for one in answers} == {303}
    assert len({one.headers["location"] for one in answers}) == 1
    assert await bench.desk.bench.count("stuck_act") == 1


async def test_given_the_id_of_another_proposal_then_nothing_is_added_to_it(bench):
    _, letter = await a_letter_and_its_followers(bench.desk)
    BUGGY.clear()
    first, second = await bench.sign_in(ONE), await bench.sign_in(OTHER)
    act_id = (await propose(first, "redrive", letter)).rpartition("/")[2]
    told = {"item": letter, "about": letter, "act_id": act_id}

    for person, act, reason in ((second, "redrive", "mended"), (first, "discard", "mended")):
        page = await person.send("/van-hanh/de-xuat", act=act, reason=reason, **told)
        assert person.status == 409
        assert "nội dung khác" in page
    assert await bench.desk.bench.fetch("SELECT act, proposed_by FROM stuck_act") == [
        ("redrive", ONE)
    ]


async def test_given_what_is_parked_then_what_it_waits_for_is_acted_on(bench):
    dossier, letter = await a_letter_and_its_followers(bench.desk)
    person = await bench.sign_in(ONE)

    parked = f"/van-hanh/viec/notifier/parked/{dossier.id}/routing"
    page = await (await person.visitor.get(parked)).text()

    tried = page.partition('action="/van-hanh/xem-truoc"')[2]
    assert hidden(tried, "item") == letter
    assert "Chạy thử: bỏ hẳn" not in page


async def test_given_it_would_fail_again_then_the_trial_says_so_and_there_is_nothing_to_propose(
    bench,
):
    _, letter = await a_letter_and_its_followers(bench.desk)
    person = await bench.sign_in(ONE)

    page = await trial(person, "redrive", letter)

    assert "Không làm được với việc nào" in page
    assert "vẫn lỗi như cũ: ZeroDivisionError" in page
    assert "/van-hanh/de-xuat" not in page


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("", "Cần có lý do."),
        ("call 0900000123", "Có số định danh, số điện thoại hoặc thư điện tử"),
        ("x" * 201, "Dài quá 200 ký tự."),
    ],
)
async def test_given_a_reason_that_may_not_be_kept_then_the_field_says_why_and_keeps_it(
    bench, reason, why
):
    _, letter = await a_letter_and_its_followers(bench.desk)
    person = await bench.sign_in(ONE)

    page = await trial(person, "redrive", letter, reason=reason)

    assert person.status == 422
    assert why in page
    assert f'value="{reason}"' in page


async def test_given_a_call_by_hand_then_every_attempt_is_shown_and_no_body(bench):
    dossier = Dossier()
    await bench.desk.bench.bring(dossier, Effect("sms:accepted", "told", b"secret body"))
    pool = bench.desk.bench.pool
    effect_id = await pool.fetchval(
        "UPDATE effect SET state = 'MANUAL', reason = 'horizon', attempt = 2,"
        " ended_at = clock_timestamp() RETURNING effect_id"
    )
    await pool.executemany(
        "INSERT INTO effect_attempt (effect_id, fence, attempt, outcome, reason, steps, words)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            (effect_id, 1, 1, "unknown", "http_504", "told:http_504", b"someone's words"),
            (effect_id, 2, 2, "stuck", "horizon", "asked:unknown", None),
        ],
    )
    person = await bench.sign_in(ONE)

    page = await person.see(f"/van-hanh/viec/notifier/effect/{effect_id}")

    for told in ("http_504", "asked:unknown", "không có trả lời", "Đã hỏi lại 48 giờ"):
        assert told in page
    assert "someone's words" not in page
    assert "secret body" not in page
    listed = await person.see("/van-hanh/dang-cho?service=notifier&kind=manual")
    assert dossier.code in listed

    await person.send("/van-hanh/nhan", item=f"notifier/effect/{effect_id}")
    assert (await bench.desk.show(f"notifier/effect/{effect_id}")).holder == ONE


async def test_given_a_lane_then_one_person_pauses_and_resumes_it_and_twice_is_harmless(bench):
    await bench.desk.bench.bring(Dossier(), Effect("sms:accepted", "told", b"x", turn="79"))
    person, pool = await bench.sign_in(ONE), bench.desk.bench.pool
    lane = "/van-hanh/lan/notifier/told"
    assert "Làn đang chạy" in await person.see(lane)

    for told in ("Đã tạm dừng làn.", "Làn đã tạm dừng từ trước."):
        assert told in await person.send(lane, act="pause", reason="the gateway asks", turn="")
    async with pool.acquire() as conn:
        assert await is_paused(conn, "told", "79")
    overview = await person.see(HOME)
    assert "tạm dừng làn told, bởi operator: the gateway asks" in overview
    acts = await bench.desk.bench.fetch("SELECT item, act, reason FROM stuck_act")
    assert acts == [("notifier/lane/told", "pause", "the gateway asks")]

    assert "Làn chạy lại." in await person.send(lane, act="resume", reason="over", turn="")
    assert "Làn đang chạy từ trước." in await person.send(lane, act="resume", reason="x", turn="")
    async with pool.acquire() as conn:
        assert not await is_paused(conn, "told", "79")


async def test_given_one_turn_of_a_lane_is_paused_then_its_page_is_shown_and_resumes_it(bench):
    await bench.desk.bench.bring(Dossier(), Effect("sms:accepted", "told", b"x", turn="79"))
    person, pool = await bench.sign_in(ONE), bench.desk.bench.pool
    lane = "/van-hanh/lan/notifier/told"

    page = await person.send(lane, act="pause", reason="a quiet province", turn="79")

    assert person.at == f"{lane}?turn=79&xong=pause"
    assert "Làn notifier/told/79" in page
    assert "Làn đang chạy" not in page
    word = await (await person.visitor.get(person.at)).text()
    resumed = await person.send(lane, act="resume", reason="over", turn=hidden(word, "turn"))
    assert "Làn đang chạy" in resumed
    async with pool.acquire() as conn:
        assert not await is_paused(conn, "told", "79")


async def test_given_no_comparison_yet_then_the_first_one_is_begun_from_the_page(bench):
    person, page = await bench.sign_in(ONE), "/van-hanh/doi-chieu/notifier"
    form = await (await person.visitor.get(page)).text()

    told = await person.send(page, at=page, neighbour="", scope="changed")

    assert re.search(r'<input type="text" [^>]*name="neighbour"', form)
    assert "Đã bắt đầu đối soát." in told
    assert hidden(await (await person.visitor.get(page)).text(), "neighbour") == "register"


async def test_given_a_list_then_a_browser_lets_every_kind_be_chosen_again(bench):
    person = await bench.sign_in(ONE)

    page = await (
        await person.visitor.get("/van-hanh/dang-cho?service=notifier&kind=manual")
    ).text()

    (choice,) = re.findall(r'<form method="get".*?</form>', page, re.DOTALL)
    assert '<option value="">' in choice
    assert "novalidate" in choice.partition(">")[0] or " required" not in choice


async def test_given_a_viewer_then_no_operators_page_opens_and_nothing_is_done(bench):
    _, letter = await a_letter_and_its_followers(bench.desk)
    viewer, operator = await bench.sign_in("viewer-79"), await bench.sign_in(ONE)
    for path in (HOME, f"/van-hanh/viec/{letter}", "/van-hanh/lan/notifier/told"):
        assert "dành cho người vận hành" in await viewer.see(path)
        assert viewer.status == 403
    assert "Vận hành" not in await viewer.see("/")
    assert "Vận hành" in await operator.see("/")

    word = hidden(await (await operator.visitor.get(HOME)).text(), "csrf")
    told = {"csrf": word, "act": "pause", "reason": "x", "turn": ""}
    await viewer.send_as_is("/van-hanh/lan/notifier/told", **told)
    assert viewer.status == 403
    assert await bench.desk.bench.count("lane_pause") == 0


@pytest.mark.parametrize("word", ["", "c" * 43])
async def test_given_a_form_without_this_sessions_word_then_nothing_is_done(bench, word):
    person = await bench.sign_in(ONE)

    told = {"csrf": word, "act": "pause", "reason": "x", "turn": ""}
    await person.send_as_is("/van-hanh/lan/notifier/told", **told)

    assert person.status == 403
    assert await bench.desk.bench.count("lane_pause") == 0


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/van-hanh/xem-truoc", {"act": "redrive", "reason": "x"}, 422),
        ("/van-hanh/xem-truoc", {"act": "erase", "item": "notifier/conflict/1"}, 422),
        ("/van-hanh/xem-truoc", {"act": "redrive", "item": ["notifier/a/1", "intake/a/1"]}, 422),
        ("/van-hanh/xem-truoc", {"act": "redrive", "item": "nobody/conflict/1"}, 404),
        ("/van-hanh/xem-truoc", {"act": "redrive", "item": "routing/conflict/1"}, 503),
        ("/van-hanh/de-xuat", {"act": "redrive", "item": "notifier/a/1", "act_id": "?"}, 422),
        ("/van-hanh/phe-duyet", {"service": "notifier", "act_id": "x"}, 422),
        ("/van-hanh/nhan", {"item": "notifier/../../v1/lanes"}, 404),
        ("/van-hanh/lan/notifier/told", {"act": "stop", "reason": "x"}, 422),
        ("/van-hanh/lan/notifier/nothing", {"act": "pause", "reason": "x"}, 404),
        ("/van-hanh/lan/notifier/told", {"act": "pause", "reason": "x", "turn": "a b"}, 422),
    ],
)
async def test_given_a_form_that_no_page_of_ours_sends_then_it_is_refused_in_words(
    bench, path, fields, status
):
    person = await bench.sign_in(ONE)

    page = await person.send(path, **fields)

    assert person.status == status
    assert page
    assert await bench.desk.bench.count("stuck_act") == 0


async def test_given_nobody_is_signed_in_then_the_way_leads_to_the_issuer_and_back(bench):
    person = await bench.sign_in(ONE)
    person.visitor.http.cookie_jar.clear()

    answer = await person.visitor.get("/van-hanh/dang-cho?service=notifier")
    posted = await person.visitor.post("/van-hanh/nhan", {"item": "x"})

    assert answer.headers["location"].startswith("/dang-nhap?next=%2Fvan-hanh%2Fdang-cho%3Fservice")
    assert posted.status == 401
