"""From bytes to a checked submission, or to everything that is wrong with it."""

import json
from datetime import date, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from contracts.envelope import sha256
from contracts.portal import FieldProblem, PortalSubmission, Submission
from intake.checks import Case, law_day, problems_in
from intake.declared import read_declared, read_reference, read_submitted_at
from intake.domain import Party
from reference import Reference

M = TypeVar("M", bound=BaseModel)
Problems = tuple[FieldProblem, ...]

#: A reply must fit its topic whatever was sent.
MOST_PROBLEMS = 60
LONGEST_FIELD = 160

_SCHEMA = "Đặc tả dữ liệu Submission v1"
_TEXTS = {
    "missing": "Thiếu trường bắt buộc.",
    "extra_forbidden": "Trường này không có trong biểu mẫu.",
    "string_type": "Giá trị phải là chuỗi ký tự.",
    "string_too_short": "Chuỗi ký tự quá ngắn.",
    "string_too_long": "Chuỗi ký tự quá dài.",
    "string_pattern_mismatch": "Giá trị không đúng định dạng.",
    "date_too_old": "Ngày quá xa trong quá khứ.",
    "date_in_future": "Ngày không được ở tương lai.",
    "partial_date_parsing": "Ngày phải có dạng năm, năm-tháng hoặc năm-tháng-ngày.",
    "bool_type": "Giá trị phải là true hoặc false.",
    "too_short": "Cần ít nhất một phần tử.",
    "date_type": "Ngày phải có dạng năm-tháng-ngày.",
    "date_parsing": "Ngày phải có dạng năm-tháng-ngày.",
    "date_from_datetime_parsing": "Ngày phải có dạng năm-tháng-ngày.",
    "datetime_type": "Thời điểm phải theo ISO 8601 và có múi giờ.",
    "datetime_parsing": "Thời điểm phải theo ISO 8601 và có múi giờ.",
    "datetime_from_date_parsing": "Thời điểm phải theo ISO 8601 và có múi giờ.",
    "timezone_aware": "Thời điểm phải có múi giờ.",
    "literal_error": "Giá trị không nằm trong danh sách cho phép.",
    "union_tag_invalid": "Không có biểu mẫu loại này.",
    "union_tag_not_found": "Thiếu loại biểu mẫu.",
    "int_type": "Giá trị phải là số nguyên.",
    "int_parsing": "Giá trị phải là số nguyên.",
    "greater_than": "Số quá nhỏ.",
    "greater_than_equal": "Số quá nhỏ.",
    "less_than_equal": "Số quá lớn.",
    "too_long": "Quá nhiều phần tử.",
    "model_type": "Giá trị phải là một đối tượng.",
    "model_attributes_type": "Giá trị phải là một đối tượng.",
    "tuple_type": "Giá trị phải là một danh sách.",
    "value_error": "Giá trị không hợp lệ.",
    "key_mismatch": "Khóa của bản ghi phải là mã tham chiếu của cổng.",
    "source_mismatch": "Nguồn của sự kiện phải là cổng đã ký.",
}
_ENVELOPE_SOURCE = "CloudEvents 1.0; đặc tả portal.submissions.v1"


def fingerprint_of(document: Any) -> str:
    """Return the SHA-256 of the canonical form: equal for documents that say the same.

    Spaces and the order of members do not count.
    """
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(canonical.encode())


def check_submission(
    document: Any, party: Party, now: datetime, reference: Reference
) -> Submission | Problems:
    """Return the submission, or every problem of its form and of its matter.

    `now` is when it came in; the law is that of the day of submission.
    """
    on = _law_day(document, now)
    read = validated(Submission, document, on)
    problems = read if isinstance(read, tuple) else ()
    problems += _of_matter(document, party, now, on, reference)
    return problems[:MOST_PROBLEMS] if problems or isinstance(read, tuple) else read


def check_event(
    event: Any, key: str, party: Party, now: datetime, reference: Reference
) -> Submission | Problems:
    """Return the submission in a portal's CloudEvent, or every problem of both.

    Problems of the submission are named as `check_submission` names them. `key` is the record's.
    """
    members = event if isinstance(event, dict) else {}
    document = members.get("data")
    on = _law_day(document, now)
    read = validated(PortalSubmission, event, on)
    problems = read if isinstance(read, tuple) else ()
    problems += _of_matter(document, party, now, on, reference)
    if read_reference(document) not in (None, key):
        problems += (_problem("portal_reference", "key_mismatch", _ENVELOPE_SOURCE),)
    if members.get("source") not in (None, f"/portals/{party.portal}"):
        problems += (_problem("source", "source_mismatch", _ENVELOPE_SOURCE),)
    return problems[:MOST_PROBLEMS] if problems or isinstance(read, tuple) else read.data


def _law_day(document: Any, now: datetime) -> date:
    return law_day(read_submitted_at(document), now)


def _of_matter(
    document: Any, party: Party, now: datetime, on: date, reference: Reference
) -> Problems:
    return problems_in(Case(read_declared(document), party, now, on, reference))


def validated(model: type[M], document: Any, today: date) -> M | Problems:
    """Return what a document says, or every problem of its form; no date in it is after `today`."""
    # As JSON, strictly: a number is no date, "1" is no number.
    text = json.dumps(document)
    try:
        return model.model_validate_json(text, strict=True, context={"today": today})
    except ValidationError as error:
        items = error.errors(include_url=False, include_context=False, include_input=False)
    # No answer says more than the first of them, and there may be a hundred thousand.
    return tuple(_problem(_path(item), item["type"], _SCHEMA) for item in items[:MOST_PROBLEMS])


def _path(item: ErrorDetails) -> str:
    """Return the path in the document: no `data.` of the bus, no tag of the form's kind."""
    parts = item["loc"]
    if parts[:1] == ("data",) and len(parts) > 1:
        parts = parts[1:]
    if parts[:1] == ("form",):
        parts = parts[:1] + parts[2:]
    return ".".join(map(str, parts))[:LONGEST_FIELD]


def _problem(field: str, rule: str, source: str) -> FieldProblem:
    return FieldProblem(
        field=field, rule=rule, detail=_TEXTS.get(rule, "Giá trị không hợp lệ."), source=source
    )
