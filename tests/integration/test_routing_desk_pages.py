"""The officer's desk as pages: lists, a dossier, acts; what is refused, and what changed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.particulars import Particulars
from routing.desk_store import MOST_READINGS
from routing.domain import Accept, Case, Stop
from tests.integration.desk_pages_kit import (
    COLLEAGUE,
    PERSON,
    Clerk,
    a_clerk,
    desk_pages,
    text_of,
)
from tests.integration.routing_kit import (
    NOW,
    OTHER_UNIT,
    UNIT,
    OneStop,
    a_case,
    a_due,
    a_one_stop,
    an_accepted,
)
from tests.unit.builders import some_particulars
from tests.unit.pages_kit import Issuer

DAY = timedelta(days=1)
#: Another place before July 2025, which went into another unit.
LAI_UYEN = "25822"
SCRIPT = "<script>document.title='x'</script>"


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[Issuer]:
    async with Issuer().running() as one:
        yield one


@pytest.fixture
async def one_stop(database: str) -> AsyncIterator[OneStop]:
    async with a_one_stop(database) as one:
        yield one


@pytest.fixture
async def pages(one_stop: OneStop, issuer: Issuer) -> AsyncIterator[str]:
    async with desk_pages(one_stop, issuer.url) as url:
        yield url


@pytest.fixture
async def clerk(one_stop: OneStop, pages: str, issuer: Issuer) -> AsyncIterator[Clerk]:
    async with a_clerk(one_stop, pages, issuer) as one:
        await one.sign_in()
        yield one


@pytest.fixture
async def colleague(one_stop: OneStop, pages: str, issuer: Issuer) -> AsyncIterator[Clerk]:
    async with a_clerk(one_stop, pages, issuer) as one:
        await one.sign_in(COLLEAGUE)
        yield one


async def test_given_nobody_signed_in_then_every_page_leads_to_signing_in(
    one_stop: OneStop, pages: str, issuer: Issuer
):
    case = a_case(particulars=some_particulars())
    await one_stop.put(case)

    async with a_clerk(one_stop, pages, issuer) as nobody:
        asked = (
            "/",
            "/so-luong",
            f"/ho-so/{case.dossier_id}",
            f"/ho-so/{case.dossier_id}/giay/stop.pdf",
        )
        answers = [await nobody.visitor.get(f"/mot-cua{path}") for path in asked]

    assert {answer.status for answer in answers} == {303}
    assert all(answer.headers["location"].startswith("/dang-nhap?next=") for answer in answers)
    assert await one_stop.pool.fetchval("SELECT count(*) FROM access_log") == 0


async def test_given_the_address_without_a_path_then_it_leads_to_the_desk(
    one_stop: OneStop, pages: str, issuer: Issuer
):
    async with a_clerk(one_stop, pages, issuer) as nobody:
        answer = await nobody.visitor.get("/")

    assert (answer.status, answer.headers["location"]) == (303, "/mot-cua/")


@pytest.mark.parametrize("claims", [{"role": "operator"}, {"unit_code": None}, {"sub": "ông A"}])
async def test_given_a_person_who_is_no_officer_then_no_page_of_the_desk(
    one_stop: OneStop, pages: str, issuer: Issuer, claims: dict[str, Any]
):
    async with a_clerk(one_stop, pages, issuer) as somebody:
        await somebody.sign_in(claims.get("sub", PERSON), **claims)
        status, page = await somebody.get()

    assert status == 403
    assert "cán bộ một cửa" in page


async def test_given_waiting_dossiers_then_the_list_has_codes_and_days_and_no_person(
    clerk: Clerk,
):
    late = a_case(1, reception_due=a_due(NOW - 4 * DAY), particulars=some_particulars())
    soon = a_case(2, reception_due=a_due(NOW + timedelta(hours=3)), papers=())
    far = a_case(3, reception_due=a_due(NOW + 9 * DAY), flags=("foreign_element",))
    await clerk.one_stop.put(far, late, soon, a_case(4, unit_code=OTHER_UNIT))

    status, page = await clerk.get()

    assert status == 200
    said = text_of(page)
    places = [said.index(case.code) for case in (late, soon, far)]
    assert places == sorted(places)
    assert "Quá hạn tiếp nhận 1 ngày làm việc" in said
    assert "Hết hạn tiếp nhận hôm nay" in said
    assert "Còn 7 ngày làm việc để tiếp nhận" in said
    assert "Thiếu giấy tờ" in said
    assert "Có yếu tố nước ngoài" in said
    assert "Chờ tiếp nhận 3" in said
    assert "0004" not in said
    assert "Thử" not in said
    assert await clerk.one_stop.pool.fetchval("SELECT count(*) FROM access_log") == 0


async def test_given_more_than_a_page_when_followed_then_each_dossier_is_shown_once(clerk: Clerk):
    cases = [a_case(n, reception_due=a_due(NOW + timedelta(minutes=n))) for n in range(120)]
    await clerk.one_stop.put(*cases)

    path, shown = "/mot-cua/?list=waiting", []
    while path:
        page = await (await clerk.visitor.get(path)).text()
        shown += [case.code for case in cases if case.code in page]
        _, found, rest = page.partition('rel="next" href="')
        path = rest.partition('"')[0].replace("&amp;", "&") if found else ""

    assert sorted(shown) == sorted(case.code for case in cases)


async def test_given_a_near_dossier_another_unit_has_by_now_then_the_next_page_is_still_offered(
    clerk: Clerk,
):
    def near(number: int, **changes: Any) -> Case:
        due_at = NOW + timedelta(minutes=number)
        return an_accepted(number, due_at, unit_code=LAI_UYEN, **changes)

    gone = near(7, residence_unit_code=LAI_UYEN, unit_on=date(2025, 6, 20))
    await clerk.one_stop.put(gone, *(near(number) for number in range(10, 70)))
    await clerk.sign_in(unit=LAI_UYEN)

    _, page = await clerk.get("/?list=near_due")

    assert gone.code not in page
    assert 'rel="next"' in page


async def test_given_every_list_then_each_tab_counts_what_its_list_shows(clerk: Clerk):
    await clerk.one_stop.put(
        a_case(1),
        an_accepted(2, NOW - DAY),
        an_accepted(3, NOW + DAY),
        an_accepted(4, NOW + 20 * DAY),
        an_accepted(5, None),
        a_case(6, status="supplement", supplement_due=a_due(NOW + DAY)),
        a_case(7, status="stopped", resumes_to="received"),
        a_case(8, status="registered"),
        a_case(9, status="refused"),
    )

    counts = await (await clerk.visitor.get("/mot-cua/so-luong")).json()
    shown = {}
    for name in counts:
        _, page = await clerk.get(f"/?list={name}")
        shown[name] = page.count("data-row")

    assert counts == {
        "waiting": 1,
        "in_process": 4,
        "near_due": 1,
        "overdue": 1,
        "supplement": 1,
        "stopped": 1,
        "to_hand_over": 1,
    }
    assert shown == counts


async def test_given_a_procedure_then_the_list_has_those_alone(clerk: Clerk):
    birth, death = a_case(1), a_case(2, procedure_code="1.000656")
    await clerk.one_stop.put(birth, death)

    _, page = await clerk.get("/?list=waiting&procedure=1.000656")

    assert death.code in page
    assert birth.code not in page


@pytest.mark.parametrize("query", ["/?list=all", "/?after=x", "/?procedure=birth"])
async def test_given_a_wrong_query_then_a_page_says_so(clerk: Clerk, query: str):
    status, page = await clerk.get(query)

    assert status == 422
    assert "<h1>Yêu cầu không hợp lệ</h1>" in page


async def test_given_a_place_that_is_none_then_the_page_leads_back_to_the_list(clerk: Clerk):
    status, page = await clerk.get("/?after=zzz")

    assert status == 422
    assert "Chỗ này trong danh sách không còn" in page
    assert "errors" not in text_of(page)
    assert 'class="button" href="/mot-cua/"' in page


@pytest.mark.parametrize("asked", ["H29.26737-261123-0001", "h29.26737-261123-0001 ", "3-0001"])
async def test_given_a_code_or_its_end_when_searched_then_its_dossier(clerk: Clerk, asked: str):
    case = a_case(1, status="refused")
    await clerk.one_stop.put(case, a_case(2))

    answer = await clerk.post("/tim", code=asked)

    assert answer.status == 303
    assert answer.headers["location"] == f"/mot-cua/ho-so/{case.dossier_id}"


async def test_given_an_end_several_have_when_searched_then_those_of_the_unit_without_names(
    clerk: Clerk,
):
    first, second = a_case(1, particulars=some_particulars()), a_case(10001)
    await clerk.one_stop.put(first, second, replace(a_case(20001), unit_code=OTHER_UNIT))

    answer = await clerk.post("/tim", code="0001")
    page = await answer.text()

    assert answer.status == 200
    assert (first.code in page, second.code in page) == (True, True)
    assert "2 hồ sơ" in page
    assert "20001" not in page
    assert "Thử" not in page


@pytest.mark.parametrize(
    ("asked", "status"), [("", 422), ("001", 422), ("%%%%", 422), ("0009", 404), ("0002", 404)]
)
async def test_given_a_search_that_finds_nothing_then_it_says_why(
    clerk: Clerk, asked: str, status: int
):
    await clerk.one_stop.put(a_case(1), a_case(2, unit_code=OTHER_UNIT))

    answer = await clerk.post("/tim", code=asked)

    assert answer.status == status


async def test_given_a_dossier_when_opened_then_the_person_is_shown_once_it_is_written_down(
    clerk: Clerk,
):
    case = a_case(particulars=some_particulars(SCRIPT))
    await clerk.one_stop.put(case)

    status, page = await clerk.dossier(case)

    said = text_of(page)
    assert status == 200
    assert "Nguyễn Thị Thử" in said
    assert "Số định danh cá nhân 000190000001" in said
    assert "Ngày sinh 01/01/1990" in said
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page
    assert f"{PERSON} (Phường Sài Gòn)" in said or PERSON in said
    rows = await clerk.one_stop.pool.fetch(
        "SELECT actor, unit_code, dossier_id, what FROM access_log"
    )
    assert [tuple(row) for row in rows] == [(PERSON, UNIT, case.dossier_id, "page")]


async def test_given_somebody_who_looks_again_and_again_then_the_look_of_another_stays(
    clerk: Clerk,
):
    case = a_case(particulars=some_particulars())
    await clerk.one_stop.put(case)
    await clerk.one_stop.pool.execute(
        "INSERT INTO access_log (actor, unit_code, dossier_id, what, at)"
        " SELECT actor, $2, $1, 'page', now() - make_interval(mins => ago) FROM (VALUES"
        " ('seldom', 1000), ('often', 1)) AS one (actor, ago)"
        " CROSS JOIN LATERAL generate_series(1, CASE actor WHEN 'often' THEN 200 ELSE 1 END)",
        case.dossier_id,
        UNIT,
    )

    _, page = await clerk.dossier(case)

    assert "seldom" in text_of(page)
    assert text_of(page).count("often") == 1
    assert f"{MOST_READINGS} lần" in text_of(page)


async def test_given_reads_that_cannot_be_written_down_then_no_page_shows_the_person(clerk: Clerk):
    case = a_case(particulars=some_particulars())
    await clerk.one_stop.put(case)
    await clerk.one_stop.pool.execute("DROP TABLE access CASCADE")

    status, page = await clerk.dossier(case)

    assert status == 503
    assert "Thử" not in page


@pytest.mark.parametrize("unknown", [True, False], ids=["unknown", "another unit's"])
async def test_given_a_dossier_of_nobody_or_of_another_unit_then_the_same_page_says_no(
    clerk: Clerk, unknown: bool
):
    case = a_case(unit_code=OTHER_UNIT, particulars=some_particulars())
    await clerk.one_stop.put(case)
    asked = replace(case, dossier_id=uuid4()) if unknown else case

    read = await clerk.dossier(asked)
    slip = await clerk.get(f"/ho-so/{asked.dossier_id}/giay/acceptance.html")
    acted = [await clerk.act(asked, act, reason="legal_obstacle") for act in ("accept", "stop")]
    wrong = await clerk.act(asked, "stop")

    answers = [(status, text_of(page)) for status, page in (read, slip)]
    answers += [(status, text_of(page)) for status, _, page in (*acted, wrong)]
    assert {status for status, _ in answers} == {404}
    assert all("Đơn vị của cán bộ không có hồ sơ này." in said for _, said in answers)
    assert await clerk.one_stop.case(case.dossier_id) == case


ACTS: list[tuple[str, Any, dict[str, Any], str]] = [
    ("accept", a_case(), {}, "accepted"),
    (
        "supplement",
        a_case(),
        {"reasons": ["missing_paper"], "papers": ["passport_copy"]},
        "supplement",
    ),
    ("refuse", a_case(), {"reasons": ["conditions_not_met"]}, "refused"),
    ("wrong_authority", a_case(), {"reasons": ["not_competent"]}, "wrong_authority"),
    (
        "forward",
        a_case(residence_unit_code=OTHER_UNIT),
        {"reason": "not_competent", "to_unit_code": OTHER_UNIT},
        "received",
    ),
    ("withdraw", a_case(), {}, "withdrawn"),
    ("stop", a_case(), {"reason": "legal_obstacle"}, "stopped"),
    ("resume", a_case(status="stopped", resumes_to="received"), {}, "received"),
    (
        "apologise",
        an_accepted(1, NOW + 3 * DAY),
        {"reason": "staff_shortage", "new_due_on": "2026-12-02"},
        "accepted",
    ),
    ("verify", an_accepted(1, NOW + 3 * DAY), {"reason": "verify_information"}, "accepted"),
    ("hand_over", a_case(status="registered"), {"method": "in_person"}, "handed_over"),
]


@pytest.mark.parametrize(("act", "case", "fields", "status"), ACTS, ids=[one[0] for one in ACTS])
async def test_given_a_form_sent_twice_then_it_is_done_once_and_both_lead_to_the_dossier(
    clerk: Clerk, act: str, case: Any, fields: dict[str, Any], status: str
):
    await clerk.one_stop.put(case)

    first = await clerk.act(case, act, **fields)
    said = await clerk.one_stop.said(case.dossier_id)
    second = await clerk.act(case, act, **fields)

    home = "/mot-cua/" if act == "forward" else f"/mot-cua/ho-so/{case.dossier_id}"
    assert first[:2] == (303, f"{home}?done={act}"), first[2]
    assert second[:2] == (303, f"{home}?done={act}&before=1")
    assert (await clerk.one_stop.case(case.dossier_id)).status == status
    assert said
    assert await clerk.one_stop.said(case.dossier_id) == said
    assert {getattr(one, "actor", PERSON) for one in said} == {PERSON}
    after, page = await clerk.get(first[1].removeprefix("/mot-cua"))
    assert after == 200
    assert 'class="notice good"' in page


@pytest.mark.parametrize(("act", "case", "fields", "status"), ACTS, ids=[one[0] for one in ACTS])
async def test_given_an_act_that_is_allowed_then_the_page_has_its_form(
    clerk: Clerk, act: str, case: Any, fields: dict[str, Any], status: str
):
    await clerk.one_stop.put(case)

    _, page = await clerk.dossier(case)

    assert f'action="/mot-cua/ho-so/{case.dossier_id}/{act}"' in page
    for values in fields.values():
        for value in values if isinstance(values, list) else [values]:
            assert f'value="{value}"' in page or act == "apologise"


async def test_given_a_colleague_was_faster_then_the_page_shows_what_changed_and_keeps_the_form(
    clerk: Clerk, colleague: Clerk
):
    case = a_case()
    await clerk.one_stop.put(case)
    await colleague.act(case, "stop", reason="legal_obstacle")

    status, _, page = await clerk.act(case, "refuse", reasons=["duplicate_registration"])

    said = text_of(page)
    assert status == 412
    assert "Dừng giải quyết" in said
    assert COLLEAGUE in said
    assert "Đang dừng" in said
    assert 'value="duplicate_registration" checked' in page
    assert 'value="conditions_not_met" checked' not in page
    assert 'name="revision" value="1"' in page
    assert "Tiếp tục giải quyết" in said
    assert (await clerk.one_stop.case(case.dossier_id)).status == "stopped"

    again = await clerk.act(case, "refuse", seen=1, reasons=["duplicate_registration"])
    assert again[0] == 303
    assert (await clerk.one_stop.case(case.dossier_id)).status == "refused"


async def test_given_an_act_that_is_possible_no_more_then_what_was_chosen_is_still_shown(
    clerk: Clerk, colleague: Clerk
):
    case = a_case()
    await clerk.one_stop.put(case)
    await colleague.act(case, "accept")

    status, _, page = await clerk.act(
        case, "supplement", reasons=["paper_unreadable"], papers=["passport_copy"]
    )

    said = text_of(page)
    assert status == 412
    assert "Bản chụp giấy tờ không rõ" in said
    assert "Bản sao hộ chiếu" in said
    assert f'action="/mot-cua/ho-so/{case.dossier_id}/supplement"' not in page
    assert (await clerk.one_stop.case(case.dossier_id)).status == "accepted"


async def test_given_the_same_act_of_two_officers_then_the_second_hears_of_the_first(
    clerk: Clerk, colleague: Clerk
):
    case = a_case()
    await clerk.one_stop.put(case)
    await colleague.act(case, "accept")

    status, _, page = await clerk.act(case, "accept")

    assert status == 412
    assert COLLEAGUE in text_of(page)


async def test_given_an_act_the_law_does_not_allow_then_the_page_says_why_and_what_is(
    clerk: Clerk,
):
    case = a_case(papers=())
    await clerk.one_stop.put(case)

    status, _, page = await clerk.act(case, "accept")

    assert status == 409
    said = text_of(page)
    assert "Hồ sơ còn thiếu giấy tờ bắt buộc." in said
    assert "Yêu cầu bổ sung" in said


WRONG: list[tuple[str, Any, dict[str, Any]]] = [
    ("refuse", a_case(), {"reasons": ["because"]}),
    ("refuse", a_case(), {"reasons": ["missing_paper"]}),
    ("refuse", a_case(), {"reasons": ["register_refused"]}),
    ("refuse", a_case(), {"reasons": ["particulars_erased"]}),
    ("supplement", a_case(), {"reasons": ["missing_paper"]}),
    ("stop", a_case(), {"reason": "supplement_not_received"}),
    ("refuse", a_case(), {}),
    ("refuse", a_case(), {"reasons": ["<b>"]}),
    ("supplement", a_case(), {"reasons": ["missing_paper"], "papers": ["Giấy"]}),
    ("forward", a_case(), {"reason": "not_competent"}),
    ("forward", a_case(), {"reason": "not_competent", "to_unit_code": "99999"}),
    ("forward", a_case(), {"reason": "because", "to_unit_code": OTHER_UNIT}),
    ("stop", a_case(), {"reason": "because"}),
    ("stop", a_case(), {"reason": ["legal_obstacle", "applicant_absent"]}),
    (
        "apologise",
        an_accepted(1, NOW + 3 * DAY),
        {"reason": "staff_shortage", "new_due_on": "2.12."},
    ),
    (
        "apologise",
        an_accepted(1, NOW + 3 * DAY),
        {"reason": "staff_shortage", "new_due_on": "2026-11-29"},
    ),
    ("hand_over", a_case(status="registered"), {"method": "owl"}),
]


@pytest.mark.parametrize(("act", "case", "fields"), WRONG)
async def test_given_a_form_that_was_tampered_with_then_the_field_is_marked_and_nothing_is_done(
    clerk: Clerk, act: str, case: Any, fields: dict[str, Any]
):
    await clerk.one_stop.put(case)

    status, _, page = await clerk.act(case, act, **fields)

    assert status == 422
    assert 'class="error"' in page
    assert await clerk.one_stop.case(case.dossier_id) == case
    assert await clerk.one_stop.said(case.dossier_id) == []


async def test_given_a_form_without_its_revision_or_word_then_it_is_not_taken(clerk: Clerk):
    case = a_case()
    await clerk.one_stop.put(case)
    path = f"/ho-so/{case.dossier_id}/accept"

    unseen = await clerk.post(path)
    no_word = await clerk.visitor.post(f"/mot-cua{path}", {"revision": "0"})
    elsewhere = await clerk.visitor.post(
        f"/mot-cua{path}", {"revision": "0"}, Sec_Fetch_Site="cross-site"
    )

    assert (unseen.status, no_word.status, elsewhere.status) == (422, 403, 403)
    assert await clerk.one_stop.case(case.dossier_id) == case


async def test_given_an_act_there_is_not_then_a_page_says_so(clerk: Clerk):
    case = a_case()
    await clerk.one_stop.put(case)

    status, _, page = await clerk.act(case, "burn")

    assert status == 422
    assert "<h1>" in page


async def test_given_slips_when_printed_by_a_session_then_it_is_written_down(clerk: Clerk):
    case = a_case(particulars=some_particulars())
    await clerk.one_stop.put(case)
    await clerk.one_stop.act(case, Accept(PERSON))

    html = await clerk.visitor.get(f"/mot-cua/ho-so/{case.dossier_id}/giay/acceptance.html?n=1")
    pdf = await clerk.visitor.get(f"/mot-cua/ho-so/{case.dossier_id}/phieu-kiem-soat.pdf")
    missing = await clerk.visitor.get(f"/mot-cua/ho-so/{case.dossier_id}/giay/stop.html")

    assert (html.status, pdf.status, missing.status) == (200, 200, 404)
    assert "Nguyễn Thị Thử" in await html.text()
    assert "default-src 'none'" in html.headers["content-security-policy"]
    assert pdf.content_type == "application/pdf"
    assert "Chưa có giấy tờ nào như vậy được cấp." in await missing.text()
    whats = await clerk.one_stop.pool.fetch("SELECT what FROM access_log ORDER BY id")
    assert [row["what"] for row in whats] == ["slip:acceptance:1", "slip:stop:last"]


async def test_given_dossiers_about_the_same_event_then_those_of_the_unit_are_linked(clerk: Clerk):
    other, elsewhere = a_case(2), a_case(3, unit_code=OTHER_UNIT)
    case = a_case(1, flags=("same_event",), same_event_as=(other.code, elsewhere.code))
    await clerk.one_stop.put(case, other, elsewhere)

    _, page = await clerk.dossier(case)

    assert f'href="/mot-cua/ho-so/{other.dossier_id}"' in page
    assert str(elsewhere.dossier_id) not in page
    assert elsewhere.code in page


async def test_given_a_stopped_dossier_then_its_page_tells_way_pauses_and_slips(clerk: Clerk):
    case = a_case(particulars=some_particulars())
    await clerk.one_stop.put(case)
    await clerk.one_stop.act(case, Accept(PERSON))
    await clerk.one_stop.act(case, Stop(COLLEAGUE, "legal_obstacle"))

    status, page = await clerk.dossier(case)

    said = text_of(page)
    assert status == 200
    assert "Tiếp nhận, chuyển xử lý" in said
    assert "chưa kết thúc" in said
    assert "Thông báo dừng giải quyết hồ sơ" in said
    assert "Không tính hạn" in said
    assert "Hết thời hạn lúc" in said


async def test_given_long_names_then_every_letter_is_there(clerk: Clerk):
    name = "Nguyễn Thị " + "Ngưỡng" * 18
    data = some_particulars().model_dump(mode="json")
    data["applicant"]["full_name"] = name
    case = a_case(particulars=Particulars.model_validate(data))
    await clerk.one_stop.put(case)

    _, page = await clerk.dossier(case)

    assert name in page


@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_given_either_language_then_no_code_is_left_unsaid(clerk: Clerk, lang: str):
    case = a_case(particulars=some_particulars(), papers=())
    await clerk.one_stop.put(case)

    status, page = await clerk.get(f"/ho-so/{case.dossier_id}?lang={lang}")

    assert status == 200
    said = text_of(page)
    assert ("What can be done now" in said) == (lang == "en")
    assert ("Full name" in said) == (lang == "en")


async def test_given_a_link_that_says_something_was_done_then_the_page_believes_the_trail(
    clerk: Clerk,
):
    case = a_case()
    await clerk.one_stop.put(case)

    _, page = await clerk.get(f"/ho-so/{case.dossier_id}?done=accept")

    assert "Đã tiếp nhận hồ sơ." not in page
