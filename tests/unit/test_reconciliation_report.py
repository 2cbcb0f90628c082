"""What the report of a comparison with a portal says to an officer."""

import csv
import io
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from console import reconciliation_report
from contracts.reconciliation import Difference, Reconciliation

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
RUN = Reconciliation(
    run_id=uuid4(),
    service="notifier",
    neighbour="national-portal",
    scope="changed",
    asked_by="daily",
    started_at=AT,
    finished_at=AT,
    compared=3,
    differences={"different_status": 2, "missing_here": 1},
    repaired=0,
)

OF_REGISTER = RUN.model_copy(update={"service": "registry-sync", "neighbour": "register"})
#: What the report says of old, and must say of a named system instead.
NAMELESS = ("bên ta", "bên kia")


def differs(reference: str, **more: str) -> Difference:
    return Difference.model_validate(
        {"reference": reference, "kind": "different_status", "ours": "9", "theirs": "2"}
        | {"found_at": AT}
        | more
    )


async def found(*differences: Difference):
    for one in differences:
        yield one


async def written(*differences: Difference) -> str:
    file = io.StringIO()
    await reconciliation_report.as_html(RUN, found(*differences), file)
    return file.getvalue()


async def test_given_statuses_of_a_portal_then_they_are_told_by_number_and_name():
    page = await written(differs("R-1", unit_code="26740"))

    assert "9: Đã xử lý xong" in page
    assert "2: Được tiếp nhận" in page


async def test_given_no_province_then_it_is_that_of_the_unit_and_each_unit_opens_one_table():
    page = await written(
        differs("R-1", unit_code="00691"),
        differs("R-2", unit_code="26740"),
        differs("R-3", unit_code="26740"),
        differs("R-4", kind="missing_here", ours="unknown", theirs="sent"),
    )

    assert page.count("<h2>") == 3
    assert page.count("<table>") == 3
    assert "Chưa rõ đơn vị" in page
    assert "gửi lại hồ sơ với mã tham chiếu cũ" in page


async def test_given_a_portal_that_is_being_told_again_then_nothing_is_left_to_a_person():
    page = await written(differs("R-1", unit_code="26740", repair="portal_told_again"))

    assert "lần đối soát sau sẽ xác nhận" in page
    assert "Báo đơn vị vận hành" not in page


async def told(run: Reconciliation, **more: str) -> dict[str, str]:
    """Return the line of the table about a difference of that run, by column."""
    file = io.StringIO()
    await reconciliation_report.as_csv(run, found(differs("R-1", **more)), file)
    (line,) = csv.DictReader(io.StringIO(file.getvalue()))
    return line


async def of_register(kind: str, ours: str, theirs: str, **more: str) -> dict[str, str]:
    return await told(OF_REGISTER, kind=kind, ours=ours, theirs=theirs, **more)


OURS, REGISTER, PORTAL = "Hệ thống một cửa", "Phần mềm hộ tịch", "Cổng dịch vụ công"


async def test_given_a_status_of_the_register_then_no_portal_is_spoken_of():
    by_register = await of_register("different_status", "pushed", "processing")
    by_portal = await told(RUN)

    assert by_register["Việc cần làm"] == "Đối chiếu hồ sơ ở hai hệ thống và báo đơn vị vận hành"
    assert "Cổng dịch vụ công không giữ trạng thái" in by_portal["Việc cần làm"]


async def test_given_a_registration_whose_entry_is_not_here_then_it_says_so_and_not_no_dossier():
    at = {"repair": "taken_from_the_register", "repaired_at": AT.isoformat()}
    line = await of_register("different_number", "no_entry", "15, 01/2026, 2026-11-23, 26740", **at)

    assert line[OURS] == "chưa lưu số đăng ký"
    assert line["Cách sửa"] == "Đã lấy kết quả của cơ quan đăng ký và cập nhật hồ sơ"
    assert line["Việc cần làm"] == ""


async def test_given_a_corrected_entry_then_it_is_no_amendment_of_civil_status():
    at = {"repair": "corrected", "repaired_at": AT.isoformat()}
    line = await of_register("different_number", "1", "2", **at)

    assert line["Cách sửa"] == "Đã cập nhật theo nội dung đã sửa trong Sổ hộ tịch"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            "15, 01/2026, 16, 2026-11-23, 26740",
            "Số 15, quyển 01/2026, trang 16, ngày 23/11/2026, Phường Sài Gòn",
        ),
        (
            "15 A, 01/2026-KS, 2026-11-23, 99999",
            "Số 15 A, quyển 01/2026-KS, ngày 23/11/2026, 99999",
        ),
        ("15, 01/2026, 2026-11-23, ", "Số 15, quyển 01/2026, ngày 23/11/2026"),
        ("H29.26740-261124-0007", "H29.26740-261124-0007"),
    ],
)
async def test_given_an_entry_of_the_book_then_it_is_told_in_words(entry: str, words: str):
    line = await of_register("different_number", entry, "other")

    assert line[OURS] == words


@pytest.mark.parametrize("code", ["pushing", "awaiting_answer"])
async def test_given_no_answer_yet_then_it_was_sent_and_is_asked_about(code: str):
    line = await of_register("missing_here", code, "processing")

    assert line[OURS] == "đã gửi, chưa nhận được trả lời"
    assert line["Việc cần làm"].startswith("Hệ thống một cửa chưa nhận được trả lời khi gửi")


async def test_given_the_register_refused_and_then_registered_then_nobody_here_had_ended_it():
    line = await of_register("different_status", "refused_there", "registered")

    assert line[OURS] == "đã từ chối theo kết quả của Phần mềm hộ tịch"
    assert line["Việc cần làm"].startswith("Phần mềm hộ tịch đã từ chối rồi lại đăng ký")


async def test_given_a_supplement_that_is_wanted_still_then_the_register_is_asked_what_it_has():
    told_it = await of_register("different_status", "pushed", "supplement")
    registered = await of_register("different_status", "registered", "supplement")

    assert "vẫn yêu cầu bổ sung" in told_it["Việc cần làm"]
    assert registered["Việc cần làm"].startswith("Đối chiếu với Sổ hộ tịch")


async def test_given_dossiers_without_an_answer_then_the_report_says_how_many():
    pages = []
    for count in (0, 12):
        file = io.StringIO()
        run = OF_REGISTER.model_copy(update={"passed_over": count})
        await reconciliation_report.as_html(run, found(), file)
        pages.append(file.getvalue())

    assert "Chưa đối soát được, chuyển lần sau</dt><dd>12</dd>" in pages[1]
    assert "Chưa đối soát được" not in pages[0]


KINDS = ("missing_here", "missing_there", "different_status", "different_number")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("run", "name"), [(OF_REGISTER, REGISTER), (RUN, PORTAL)])
async def test_given_either_neighbour_then_each_side_has_its_name_and_there_is_something_to_do(
    kind: str, run: Reconciliation, name: str
):
    line = await told(run, kind=kind)
    told_of = run.model_copy(update={"differences": dict.fromkeys(KINDS, 1)})
    file = io.StringIO()
    await reconciliation_report.as_html(told_of, found(differs("R-1", kind=kind)), file)
    page = file.getvalue()

    assert {OURS, name} <= set(line)
    assert line["Việc cần làm"]
    assert f"<th>{OURS}</th><th>{name}</th>" in page
    assert not [words for words in NAMELESS if words in page.casefold()]
    assert not [words for words in NAMELESS if words in str(line).casefold()]
    other = PORTAL if name == REGISTER else REGISTER
    assert other.casefold() not in str(line).casefold()


async def test_given_what_cannot_be_read_then_it_is_said_whose_fault_it_is():
    theirs = await written(differs("R-1", unit_code="26740", theirs="unreadable"))
    ours = await written(differs("R-1", unit_code="26740", ours="unreadable", theirs="unknown"))

    assert "danh sách sai định dạng" in theirs
    assert "không mở được" in ours
    assert "không giữ trạng thái" not in theirs + ours
