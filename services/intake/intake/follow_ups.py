"""What portals send after a submission, from bytes to a supplement or a withdrawal."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, TypeVar

from contracts.model import local_day
from contracts.portal import (
    SUPPLEMENT_TYPE,
    WITHDRAWAL_TYPE,
    About,
    FieldProblem,
    PortalSupplement,
    PortalWithdrawal,
    Supplement,
    Withdrawal,
)
from intake.checks import LEEWAY
from intake.declared import read_reference
from intake.domain import Party
from intake.reading import MOST_PROBLEMS, Problems, validated

T = TypeVar("T", Supplement, Withdrawal)
FollowUp = Supplement | Withdrawal

#: What a record on the bus is about, by its CloudEvents type; every other one is a submission.
ABOUT: Final[dict[str, About]] = {SUPPLEMENT_TYPE: "supplement", WITHDRAWAL_TYPE: "withdrawal"}

_EMPTY = "Cần ít nhất một biểu mẫu hoặc một giấy tờ bổ sung."
_ENVELOPE = "CloudEvents 1.0; đặc tả portal.submissions.v1"
_SCHEMA = "Đặc tả dữ liệu Supplement v1 và Withdrawal v1"


def read_supplement(document: Any, reference: str, now: datetime) -> Supplement | Problems:
    """Return the supplement to the submission of that reference, or every problem of it."""
    return _checked(validated(Supplement, document, local_day(now)), document, reference, now)


def read_withdrawal(document: Any, reference: str, now: datetime) -> Withdrawal | Problems:
    """Return the withdrawal of the submission of that reference, or every problem of it."""
    return _checked(validated(Withdrawal, document, local_day(now)), document, reference, now)


def read_event(event: dict[str, Any], key: str, party: Party, now: datetime) -> FollowUp | Problems:
    """Return the follow-up in a CloudEvent of a type of ABOUT, or every problem of both.

    `key` is the record's.
    """
    document = event.get("data")
    found: FollowUp | Problems
    if event.get("type") == SUPPLEMENT_TYPE:
        supplement = validated(PortalSupplement, event, local_day(now))
        whole = supplement if isinstance(supplement, tuple) else supplement.data
        found = _checked(whole, document, key, now)
    else:
        withdrawal = validated(PortalWithdrawal, event, local_day(now))
        asked = withdrawal if isinstance(withdrawal, tuple) else withdrawal.data
        found = _checked(asked, document, key, now)
    if event.get("source") in (None, f"/portals/{party.portal}"):
        return found
    detail = "Nguồn của sự kiện phải là cổng đã ký."
    other = problem("source", "source_mismatch", detail, _ENVELOPE)
    return (*found, other) if isinstance(found, tuple) else (other,)


def problem(field: str, rule: str, detail: str, source: str = _SCHEMA) -> FieldProblem:
    """Return a problem of a follow-up; the source is its own schema unless another is given."""
    return FieldProblem(field=field, rule=rule, detail=detail, source=source)


def _checked(read: T | Problems, document: Any, reference: str, now: datetime) -> T | Problems:
    problems = tuple(map(_worded, read)) if isinstance(read, tuple) else tuple(_late(read, now))
    if read_reference(document) not in (None, reference):
        detail = "Mã tham chiếu trong nội dung phải là mã tham chiếu của nơi gửi đến."
        problems += (problem("portal_reference", "key_mismatch", detail),)
    return problems[:MOST_PROBLEMS] if problems or isinstance(read, tuple) else read


def _late(read: FollowUp, now: datetime) -> Iterator[FieldProblem]:
    name = "resubmitted_at" if isinstance(read, Supplement) else "requested_at"
    if getattr(read, name) > now + LEEWAY:
        yield problem(name, f"{name}.future", "Thời điểm gửi không được ở tương lai.")


def _worded(found: FieldProblem) -> FieldProblem:
    if found.rule == "supplement_empty":
        return problem("attachments", "supplement.empty", _EMPTY)
    return problem(found.field, found.rule, found.detail)
