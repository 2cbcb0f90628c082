"""What an officer may do with a case now, and why not: the one source for rules and desk."""

from collections.abc import Callable, Mapping

from contracts.decision import Refused
from routing.domain.appointments import apology_in_time, overdue, verified_due
from routing.domain.case import Case, RoutingContext, Status
from routing.domain.law import missing_papers

#: Every act, in the order officers see them, and the statuses it is possible in.
ACTS: Mapping[str, frozenset[Status]] = {
    "accept": frozenset({"received"}),
    "supplement": frozenset({"received"}),
    "refuse": frozenset({"received", "stopped"}),
    "wrong_authority": frozenset({"received"}),
    "forward": frozenset({"received"}),
    "withdraw": frozenset({"received", "supplement", "stopped"}),
    "stop": frozenset({"received", "accepted"}),
    "resume": frozenset({"stopped"}),
    "apologise": frozenset({"accepted"}),
    "verify": frozenset({"accepted"}),
    "hand_over": frozenset({"registered"}),
}

NOT_IN_THIS_STATUS = "Trạng thái hiện tại của hồ sơ không cho phép thao tác này."
PAPERS_MISSING = "Hồ sơ còn thiếu giấy tờ bắt buộc."
ONE_SUPPLEMENT = (
    "Hồ sơ đã được yêu cầu bổ sung; chỉ được yêu cầu bổ sung một lần"
    " (NĐ 61/2018/NĐ-CP, NĐ 118/2025/NĐ-CP)."
)
AT_REGISTER = (
    "Hồ sơ đã được chuyển cho cơ quan đăng ký hộ tịch;"
    " chỉ cơ quan đó trả lại hoặc từ chối được hồ sơ."
)
DATA_UNDER_WAY = "Thông tin bổ sung của hồ sơ đang được chuyển đến; hãy xem lại sau ít phút."
NO_APPOINTMENT = "Hồ sơ không có ngày hẹn trả kết quả để hẹn lại."
ONE_APOLOGY = "Đã xin lỗi và hẹn lại một lần; chỉ được một lần (NĐ 61/2018/NĐ-CP, Điều 19)."
APOLOGY_TOO_LATE = (
    "Phải xin lỗi trước ngày hẹn trả kết quả ít nhất một ngày (NĐ 61/2018/NĐ-CP, Điều 19)."
)
ONE_VERIFICATION = "Đã lùi ngày hẹn để xác minh một lần; chỉ được một lần."
MISSED = "Đã quá ngày hẹn trả kết quả; không lùi ngày hẹn đã quá."
NO_VERIFICATION = "Thủ tục không cho thêm thời gian để xác minh tại cơ quan khác."

_Why = Callable[[Case, RoutingContext], str | None]


def allowed_acts(case: Case, context: RoutingContext) -> tuple[str, ...]:
    """Return what an officer may do with the case now, in the order of ACTS."""
    return tuple(act for act in ACTS if why_not(act, case, context) is None)


def why_not(act: str, case: Case, context: RoutingContext) -> str | None:
    """Return why that act is not possible now, or None if it is."""
    if case.status not in ACTS[act]:
        return NOT_IN_THIS_STATUS
    further = _FURTHER.get(act)
    return None if further is None else further(case, context)


def refusal(case: Case, context: RoutingContext, reason: str) -> Refused:
    """Return the no to an act, with the acts that are possible instead."""
    return Refused(allowed_acts(case, context), reason)


def _accept(case: Case, context: RoutingContext) -> str | None:
    if missing_papers(case, context):
        return PAPERS_MISSING
    unread = 0 < case.held_version < case.particulars_version
    return DATA_UNDER_WAY if unread and not case.erased else None


def _supplement(case: Case, context: RoutingContext) -> str | None:
    return ONE_SUPPLEMENT if case.supplements else None


def _not_at_the_register(case: Case, context: RoutingContext) -> str | None:
    """Stopping here stops nothing at the register, which may enter it any time."""
    return AT_REGISTER if case.stands == "accepted" else None


def _apologise(case: Case, context: RoutingContext) -> str | None:
    if case.appointment is None:
        return NO_APPOINTMENT
    if case.apologies:
        return ONE_APOLOGY
    return None if apology_in_time(case, context) else APOLOGY_TOO_LATE


def _verify(case: Case, context: RoutingContext) -> str | None:
    if case.appointment is None:
        return NO_APPOINTMENT
    if case.verifications:
        return ONE_VERIFICATION
    if overdue(case, context.now):
        return MISSED
    return None if verified_due(case, context) else NO_VERIFICATION


_FURTHER: Mapping[str, _Why] = {
    "accept": _accept,
    "supplement": _supplement,
    "refuse": _not_at_the_register,
    "withdraw": _not_at_the_register,
    "apologise": _apologise,
    "verify": _verify,
}
