"""What an answer to a push means: by its status, by its text, by its code."""

import json
import unicodedata
from typing import Any

import pytest

from registry_sync.meaning import meaning

NO = "Hồ sơ H29.26737-261124-0001 bị từ chối: sai thẩm quyền"


def said(text: str = "", code: str = "", **changes: Any) -> str:
    """Return the body of an answer that is no success."""
    body = {
        "status": "0",
        "statusDescription": "Không thành công",
        "errorCode": code,
        "errorDescription": text,
    }
    return json.dumps(body | changes, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "outcome", "reason"),
    [
        ("Hồ sơ X đã được tiếp nhận", "done", "taken_before"),
        ("Đã tồn tại trong một cửa điện tử", "done", "exists"),
        ("Hồ sơ X đã hoàn thành đăng ký", "done", "taken_before"),
        ("Hồ sơ đã trả kết quả, không được cập nhật", "done", "taken_before"),
        ("Hồ sơ bị từ chối. Không thể cập nhật trạng thái", "done", "taken_before"),
        ("Có lỗi trong quá trình thêm mới", "unknown", "register_in_trouble"),
        ("Client received SOAP Fault from server", "unknown", "register_in_trouble"),
        ("Server Error", "unknown", "register_in_trouble"),
        ("Hồ sơ chưa được gửi không thể cập nhật", "unknown", "register_in_trouble"),
        ("Logic xử lý không hợp lệ", "never", "malformed"),
        ("Dữ liệu không hợp lệ: nksNgaySinh", "never", "malformed"),
        ("ngayTiepNhan không đúng định dạng", "never", "malformed"),
        ("Ngày sinh sai định dạng", "never", "malformed"),
        ("Đơn vị 26740 không tồn tại", "never", "malformed"),
        (NO, "no", "register_said_no"),
        ("Hồ sơ đã bị từ chối", "no", "register_said_no"),
        ("Hồ sơ H29.26737-261124-0001 bị từ chối", "no", "register_said_no"),
        ("Trường hợp này không đủ điều kiện", "no", "register_said_no"),
        ("Yêu cầu bị từ chối", "unknown", "not_understood"),
        ("Tệp bị từ chối", "unknown", "not_understood"),
        ("Truy cập bị từ chối", "unknown", "not_understood"),
        ("Kết nối tới CSDLQGVDC bị từ chối", "unknown", "not_understood"),
        ("Tài khoản không thuộc thẩm quyền của đơn vị", "unknown", "not_understood"),
        ("Hồ sơ bị từ chối do thiếu trường nksNgaySinh", "unknown", "not_understood"),
        ("Hồ sơ bị từ chối: chữ ký số sai", "unknown", "not_understood"),
        ("Không đủ điều kiện kết nối", "unknown", "not_understood"),
        ("Từ chối tiếp nhận tệp đính kèm", "unknown", "not_understood"),
        ("Từ chối tiếp nhận hồ sơ", "no", "register_said_no"),
        ("Sai thẩm quyền", "no", "register_said_no"),
        ("Việc này không thuộc thẩm quyền của xã", "no", "register_said_no"),
        ("Không đủ điều kiện đăng ký theo quy định", "no", "register_said_no"),
        ("Ngày đẹp trời", "unknown", "not_understood"),
        ("", "unknown", "not_understood"),
    ],
)
def test_what_a_text_means_in_either_way_of_writing_it(text: str, outcome: str, reason: str):
    ways = [text, text.upper(), unicodedata.normalize("NFD", text), text.replace(" ", "  \n")]

    answers = [meaning(200, said(one)) for one in ways]
    answers.append(meaning(200, said("", statusDescription=text)))

    assert {(answer.outcome, answer.reason) for answer in answers} == {(outcome, reason)}
    assert all(text in answer.words for answer in answers[:1])


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("TRUNG_HO_SO", "done"),
        ("DU_LIEU", "never"),
        ("TU_CHOI", "no"),
        ("XAC_THUC", "again"),
        ("99", "unknown"),
    ],
)
def test_a_code_counts_where_the_text_says_nothing(code: str, outcome: str):
    assert meaning(200, said("", code)).outcome == outcome
    assert meaning(200, said("Hồ sơ đã được tiếp nhận", code)).outcome == "done"


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Bị từ chối: hồ sơ đã được tiếp nhận", "done"),
        ("Bị từ chối, có lỗi trong quá trình thêm mới", "unknown"),
        ("Hồ sơ bị từ chối: đơn vị không tồn tại", "never"),
    ],
)
def test_a_no_counts_only_when_nothing_else_is_said(text: str, outcome: str):
    assert meaning(200, said(text, "TU_CHOI")).outcome == outcome


@pytest.mark.parametrize(
    ("code", "text", "outcome"),
    [
        ("XAC_THUC", "Yêu cầu bị từ chối: sai tên đăng nhập hoặc mật khẩu", "again"),
        ("XAC_THUC", "Hồ sơ bị từ chối", "again"),
        ("XAC_THUC", "Tài khoản không tồn tại", "again"),
        ("DU_LIEU", "Hồ sơ bị từ chối: không đủ điều kiện", "never"),
        ("TU_CHOI", "Truy cập bị từ chối", "unknown"),
        ("TU_CHOI", "Hồ sơ không hợp lý", "no"),
    ],
)
def test_a_technical_code_or_text_goes_before_a_business_no(code: str, text: str, outcome: str):
    assert meaning(200, said(text, code)).outcome == outcome
    refused_bytes = {"unknown": "never"}
    assert meaning(400, said(text, code)).outcome == refused_bytes.get(outcome, outcome)


@pytest.mark.parametrize(("status", "is_at_work"), [(404, True), (401, False), (429, False)])
def test_whether_others_may_go_on_calling_after_a_no_to_our_access(status: int, is_at_work: bool):
    assert meaning(status, "").at_work is is_at_work


@pytest.mark.parametrize("status", ["1", 1])
def test_a_success_is_taken_without_keeping_words(status: Any):
    answer = meaning(200, json.dumps({"status": status, "statusDescription": "Thành công"}))

    assert (answer.outcome, answer.reason, answer.words) == ("done", "taken", "")


def test_a_success_in_words_alone_is_not_believed():
    contradicting = said("", statusDescription="Tiếp nhận thành công")

    assert meaning(200, contradicting).reason == "not_understood"
    assert meaning(400, said(status="1")).outcome == "never"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((status, "never") for status in (400, 413, 415, 422)),
        *((status, "again") for status in (401, 403, 404, 405, 429)),
        *((status, "unknown") for status in (302, 408, 409, 500, 502, 503)),
    ],
)
@pytest.mark.parametrize("body", ["", "<html>lỗi</html>", '{"status": 400, "title": "x"}'])
def test_what_a_status_means_when_the_body_says_nothing(status: int, outcome: str, body: str):
    assert meaning(status, body).outcome == outcome


@pytest.mark.parametrize(
    ("status", "text", "outcome"),
    [
        (400, "Hồ sơ đã được tiếp nhận", "done"),
        (409, "Hồ sơ đã được tiếp nhận", "done"),
        (422, "Hồ sơ không đủ điều kiện", "no"),
        (400, "Ngày đẹp trời", "never"),
        (409, "Ngày đẹp trời", "unknown"),
        # Neither an access that is refused nor a fault is any word about the dossier.
        (401, NO, "again"),
        (500, NO, "unknown"),
    ],
)
def test_a_refused_push_is_read_by_its_text(status: int, text: str, outcome: str):
    assert meaning(status, said(text)).outcome == outcome


@pytest.mark.parametrize("body", ["[]", "null", "1", "{}", "", "{", "[" * 100_000, "\ufffd"])
def test_what_is_not_the_contract_is_no_answer(body: str):
    answer = meaning(200, body)

    assert (answer.outcome, answer.reason) == ("unknown", "not_the_contract")
    assert len(answer.words) <= 2_000


def test_words_are_cut_and_hold_what_was_said():
    answer = meaning(200, said(f"Logic xử lý không hợp lệ {'x' * 9_000}", "L1"))

    assert answer.words.startswith("L1 | Logic xử lý không hợp lệ")
    assert len(answer.words) == 2_000
