"""What a submission has to fulfil on its day; every problem at once, in words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from contracts.model import local_day
from contracts.portal import FieldProblem
from intake import conditions
from intake.conditions import Found, Matter
from intake.declared import Declared
from intake.domain import Party
from reference import Reference
from reference.channels import DIRECT_CHANNEL

#: How far a portal's clock may be ahead of ours.
LEEWAY: Final = timedelta(minutes=5)
#: How long a portal may have held a submission back; our own bound, no law names one.
LONGEST_WAIT: Final = timedelta(days=30)

_ONLINE = "NĐ 87/2020/NĐ-CP, Điều 12"
_PROCEDURES = "Danh mục thủ tục hành chính lĩnh vực hộ tịch"
_PLACES = "Danh mục đơn vị hành chính; NQ 202/2025/QH15; QĐ 19/2025/QĐ-TTg"


def law_day(submitted_at: datetime | None, now: datetime) -> date:
    """Return the local day whose law counts: that of the submission, of today for one not to be.

    The one-stop decides by the same day, so what is taken here is competent there.
    """
    return local_day(
        now if submitted_at is None or not _is_plausible(submitted_at, now) else submitted_at
    )


def _is_plausible(submitted_at: datetime, now: datetime) -> bool:
    return now - LONGEST_WAIT <= submitted_at <= now + LEEWAY


@dataclass(frozen=True)
class Case:
    """A submission before the checks: what it declares, by whom, when, and the law of that day.

    `on` is the day of submission, `now` when it came in.
    """

    declared: Declared
    party: Party
    now: datetime
    on: date
    reference: Reference


def problems_in(case: Case) -> tuple[FieldProblem, ...]:
    """Return everything the law of the day has against what is declared, in field order."""
    return tuple(problem for check in CHECKS for problem in check(case))


def check_procedure(case: Case) -> Found:
    """Yield a problem if the procedure is not valid on the day or has no electronic form."""
    code = case.declared.procedure_code
    if code is None:
        return
    procedure = case.reference.procedure(code, case.on)
    if procedure is None:
        detail = "Thủ tục không có trong danh mục đang có hiệu lực."
        yield FieldProblem(
            field="procedure_code", rule="procedure.unknown", detail=detail, source=_PROCEDURES
        )
    elif procedure.form is None:
        detail = f"Thủ tục «{procedure.name_vi}» chưa có biểu mẫu điện tử."
        yield FieldProblem(
            field="procedure_code", rule="procedure.no_form", detail=detail, source=procedure.source
        )


def check_form(case: Case) -> Found:
    """Yield a problem if the form belongs to another procedure."""
    code, kind = case.declared.procedure_code, case.declared.form.kind
    procedure = None if code is None else case.reference.procedure(code, case.on)
    if procedure is None or procedure.form is None:
        return
    if kind in (None, "legacy", procedure.form.value):
        return
    detail = f"Thủ tục «{procedure.name_vi}» dùng biểu mẫu «{procedure.form.value}»."
    yield FieldProblem(
        field="form.kind", rule="form.other_procedure", detail=detail, source=procedure.source
    )


def check_province(case: Case) -> Found:
    """Yield a problem if the province does not exist on the day; says what it became."""
    code = case.declared.province_code
    if code is None or case.reference.province(code, case.on) is not None:
        return
    last = case.reference.provinces.last(code)
    detail = "Không có tỉnh, thành phố với mã này."
    if last is not None and last.successor is not None:
        detail = f"{last.name} đã được sắp xếp; dùng mã tỉnh {last.successor}."
    yield FieldProblem(
        field="province_code", rule="province.unknown", detail=detail, source=_PLACES
    )


def check_units(case: Case) -> Found:
    """Yield a problem for each commune that does not exist on the day; says what it became.

    One that ended after the submission is taken: the one-stop hands the dossier to its heir.
    """
    declared = case.declared
    for field, code in (
        ("unit_code", declared.unit_code),
        ("residence_unit_code", declared.residence_unit_code),
    ):
        if code is None or case.reference.unit(code, case.on) is not None:
            continue
        last = case.reference.units.last(code)
        detail = "Không có đơn vị hành chính cấp xã với mã này."
        if last is not None and last.successors:
            detail = f"{last.name} đã được sắp xếp; dùng mã {', '.join(last.successors)}."
        yield FieldProblem(field=field, rule="unit.unknown", detail=detail, source=_PLACES)


def check_unit_in_province(case: Case) -> Found:
    """Yield a problem if the chosen commune lies in another province."""
    code, province_code = case.declared.unit_code, case.declared.province_code
    unit = None if code is None else case.reference.unit(code, case.on)
    if unit is None or province_code in (None, unit.province_code):
        return
    detail = f"{unit.name} thuộc tỉnh, thành phố có mã {unit.province_code}."
    yield FieldProblem(
        field="unit_code", rule="unit.other_province", detail=detail, source=unit.source
    )


def check_channel(case: Case) -> Found:
    """Yield a problem if the channel may not submit for the province; names the way to go.

    It has to be open on the day of submission; what the direct form brings has to come in within
    the days of grace too.

    Source: letter of 12 October 2021; NĐ 87/2020/NĐ-CP, Điều 12; CV 623/TTg-KSTT.
    """
    province_code = case.declared.province_code
    if province_code is None:
        return
    channel, law = case.party.channel, case.reference
    refusal = law.may_submit(channel, province_code, case.on)
    if refusal is None and channel == DIRECT_CHANNEL:
        refusal = law.may_submit(channel, province_code, local_day(case.now), case.on)
    if refusal is not None:
        yield FieldProblem(
            field="channel",
            rule=refusal.rule,
            detail=f"Kênh này không được nộp hồ sơ. {refusal.lawful_way_vi}",
            source=refusal.source,
        )


def check_provinces_of_portal(case: Case) -> Found:
    """Yield a problem if the portal does not speak for the province."""
    province_code = case.declared.province_code
    if province_code is None or case.party.speaks_for(province_code):
        return
    detail = "Cổng này không được nộp hồ sơ cho tỉnh, thành phố đã khai."
    yield FieldProblem(
        field="province_code", rule="province.not_of_portal", detail=detail, source=_ONLINE
    )


def check_submission_time(case: Case) -> Found:
    """Yield a problem if the submission lies in the future or is older than a portal may hold it.

    Both days inclusive: the leeway ahead, LONGEST_WAIT back.
    """
    submitted_at = case.declared.submitted_at
    if submitted_at is None:
        return
    if submitted_at > case.now + LEEWAY:
        detail = "Thời điểm nộp không được ở tương lai."
        yield FieldProblem(
            field="submitted_at", rule="submitted_at.future", detail=detail, source=_ONLINE
        )
    if submitted_at < case.now - LONGEST_WAIT:
        detail = f"Thời điểm nộp đã quá {LONGEST_WAIT.days} ngày; đề nghị nộp lại hồ sơ."
        yield FieldProblem(
            field="submitted_at", rule="submitted_at.too_old", detail=detail, source=_ONLINE
        )


def check_contacts(case: Case) -> Found:
    """Yield a problem for each way of being told that has no address."""
    for channel, field, name in (
        ("sms", "applicant.phone", "số điện thoại"),
        ("email", "applicant.email", "địa chỉ thư điện tử"),
    ):
        if channel in case.declared.notify_by and channel not in case.declared.contacts:
            detail = f"Chọn nhận thông báo qua {channel} thì phải khai {name}."
            yield FieldProblem(field=field, rule="contact.missing", detail=detail, source=_ONLINE)


def check_conditions(case: Case) -> Found:
    """Yield the problems the legal conditions of the form find."""
    declared = case.declared
    yield from conditions.problems_of(
        Matter(declared.form, declared.procedure_code, case.on, case.reference)
    )


CHECKS: tuple[Callable[[Case], Found], ...] = (
    check_procedure,
    check_form,
    check_province,
    check_units,
    check_unit_in_province,
    check_channel,
    check_provinces_of_portal,
    check_submission_time,
    check_contacts,
    check_conditions,
)
