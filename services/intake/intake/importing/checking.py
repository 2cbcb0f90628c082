"""Rows of legacy dossiers checked by the law of their own day: entries, or everything wrong."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from contracts.model import VIETNAM, local_day
from contracts.portal import FieldProblem, Submission
from intake.checks import (
    LEEWAY,
    Case,
    check_channel,
    check_contacts,
    check_procedure,
    check_province,
    check_unit_in_province,
    check_units,
    problems_in,
)
from intake.conditions import Found
from intake.declared import read_declared
from intake.domain import Party, dossier_id_of
from intake.importing.cells import HIGHEST_NUMBER, instant_of, is_dossier_code, seed_of, ways_of
from intake.importing.row_problems import RowProblem, Tally, tally
from intake.importing.rows import Row, Sheet
from intake.reading import MOST_PROBLEMS, fingerprint_of, validated
from plumbing.strict_json import BrokenJson, read_json
from reference import Reference

OLD_ROAD: Final = Party("moj-direct", "moj-direct", frozenset({"*"}))
Stage = Literal["waiting", "at_register"]

_LETTER = "Công văn Cục CNTT, Bộ Tư pháp, 12/10/2021"
_CODES = "TT 01/2018/TT-VPCP, Điều 19; QĐ 20/2020/QĐ-TTg"
_ONLINE = "NĐ 87/2020/NĐ-CP, Điều 12"
_LEGACY_FORM: Final = {"kind": "legacy", "register_holds_form": True}
_COLUMNS: Final = {"portal_reference": "legacy_code", "channel": "province_code"}
#: What is checked of a dossier whose form the register has.
_WITHOUT_FORM: tuple[Callable[[Case], Found], ...] = (
    check_procedure,
    check_province,
    check_units,
    check_unit_in_province,
    check_channel,
    check_contacts,
)


@dataclass(frozen=True)
class Entry:
    """A row that may be imported; `fingerprint` is equal for rows that say the same."""

    row: int
    submission: Submission
    stage: Stage
    received_at: datetime | None
    fingerprint: str

    @property
    def code(self) -> str:
        """Return the code the citizen has."""
        return self.submission.portal_reference

    @property
    def dossier_id(self) -> UUID:
        """Return the id of its dossier."""
        return dossier_id_of(OLD_ROAD.portal, self.code)


@dataclass(frozen=True)
class Checked:
    """The entries and the problems of a file, both by row; `count` rows in all."""

    count: int
    entries: tuple[Entry, ...]
    tally: Tally

    @property
    def problems(self) -> tuple[RowProblem, ...]:
        """Return the problems that were kept."""
        return self.tally.kept


def check_sheet(sheet: Sheet, now: datetime, reference: Reference) -> Checked:
    """Return what may be imported of a sheet, and everything that is wrong with the rest."""
    repeated = {one.row: one for one in _repeated(sheet.rows)}
    entries: list[Entry] = []

    def checked() -> Iterator[RowProblem]:
        for row in sheet.rows:
            found = check_row(row, now, reference)
            again = repeated.get(row.number)
            if isinstance(found, Entry) and again is None:
                entries.append(found)
                continue
            yield from found if isinstance(found, tuple) else ()
            yield from () if again is None else (again,)

    found = sheet.tally | tally(checked())
    return Checked(sheet.count, tuple(entries), found)


def check_row(row: Row, now: datetime, reference: Reference) -> Entry | tuple[RowProblem, ...]:
    """Return the entry of a row, or every problem of it.

    The law of the day of submission counts, for places, procedure, channel and form.

    Source: letter of 12 October 2021; NĐ 87/2020/NĐ-CP, Điều 12.
    """
    problems = [*_of_code(row, now), *_of_stage(row), *_of_times(row, now)]
    submitted_at = instant_of(row["submitted_at"] or "")
    document, of_form = _document(row)
    problems += of_form
    told = {problem.column for problem in problems}
    read = validated(Submission, document, local_day(submitted_at or now))
    found = list(read) if isinstance(read, tuple) else []
    if submitted_at is not None:
        found += _of_matter(row, document, submitted_at, reference)
    named = [_named(row, one) for one in found]
    problems += [one for one in dict.fromkeys(named) if one.column.partition(".")[0] not in told]
    if problems or isinstance(read, tuple):
        return tuple(problems[:MOST_PROBLEMS])
    received_at = instant_of(row["received_at"] or "")
    stage: Stage = "waiting" if row["stage"] == "waiting" else "at_register"
    said = {"submission": document, "stage": stage, "received_at": _written(received_at)}
    return Entry(row.number, read, stage, received_at, fingerprint_of(said))


def _repeated(rows: Iterable[Row]) -> Iterator[RowProblem]:
    by_code: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if code := row["legacy_code"]:
            by_code[code].append(row.number)
    for numbers in by_code.values():
        for number in numbers if len(numbers) > 1 else ():
            others = ", ".join(str(one) for one in numbers[:10] if one != number)
            detail = f"Mã hồ sơ này còn ở dòng {others}."
            yield RowProblem(number, "legacy_code", "legacy_code.repeated", detail)


def _of_code(row: Row, now: datetime) -> Iterator[RowProblem]:
    code = row["legacy_code"]
    if code is None:
        return
    if not is_dossier_code(code):
        detail = "Mã hồ sơ không đúng cấu trúc."
        yield RowProblem(row.number, "legacy_code", "legacy_code.shape", detail, _CODES)
    seed = seed_of(code)
    if seed is not None and (seed.number > HIGHEST_NUMBER or seed.day > local_day(now)):
        detail = "Ngày trong mã ở tương lai, hoặc số thứ tự quá lớn để đánh số tiếp."
        yield RowProblem(row.number, "legacy_code", "legacy_code.no_room", detail, _CODES)


def _of_stage(row: Row) -> Iterator[RowProblem]:
    stage = row["stage"]
    if stage == "waiting" and row["received_at"] is not None:
        detail = "Hồ sơ chờ tiếp nhận thì chưa có ngày tiếp nhận."
        yield RowProblem(row.number, "received_at", "received_at.waiting", detail, _ONLINE)
    if stage == "at_register" and row["received_at"] is None:
        detail = "Hồ sơ đã chuyển cơ quan đăng ký thì phải có ngày tiếp nhận."
        yield RowProblem(row.number, "received_at", "received_at.missing", detail, _ONLINE)
    if stage is None:
        yield RowProblem(row.number, "stage", "missing", "Thiếu giá trị bắt buộc.")
    elif stage not in ("waiting", "at_register"):
        detail = "Giai đoạn phải là waiting hoặc at_register."
        yield RowProblem(row.number, "stage", "stage.unknown", detail)


def _of_times(row: Row, now: datetime) -> Iterator[RowProblem]:
    times = {name: instant_of(row[name] or "") for name in ("submitted_at", "received_at")}
    for name, at in times.items():
        if at is None and row[name] is not None:
            detail = "Thời điểm phải có dạng 2021-10-11 08:30 hoặc 11/10/2021 08:30."
            yield RowProblem(row.number, name, "time.unreadable", detail)
        if at is not None and at > now + LEEWAY:
            detail = "Thời điểm không được ở tương lai."
            yield RowProblem(row.number, name, f"{name}.future", detail, _ONLINE)
    submitted_at, received_at = times["submitted_at"], times["received_at"]
    if submitted_at is not None and received_at is not None and received_at < submitted_at:
        detail = "Ngày tiếp nhận không được trước ngày nộp."
        yield RowProblem(row.number, "received_at", "received_at.before_submission", detail)


def _document(row: Row) -> tuple[dict[str, Any], list[RowProblem]]:
    """Return the submission a row says, as JSON; what is not there is left out."""
    submitted_at = instant_of(row["submitted_at"] or "")
    applicant = {name: row[name] for name in ("full_name", "personal_number", "phone", "email")}
    form, problems = _form(row)
    document = {
        "portal_reference": row["legacy_code"],
        **{name: row[name] for name in ("procedure_code", "province_code", "unit_code")},
        "residence_unit_code": row["residence_unit_code"],
        "submitted_at": _written(submitted_at),
        "applicant": {name: value for name, value in applicant.items() if value is not None},
        "notify_by": ways_of(row["notify_by"]),
        "form": form,
    }
    return {name: value for name, value in document.items() if value is not None}, problems


def _written(at: datetime | None) -> str | None:
    # One way of writing an instant, so that rows that say the same are the same.
    return None if at is None else at.astimezone(VIETNAM).isoformat()


def _form(row: Row) -> tuple[Any, list[RowProblem]]:
    text = row["form"]
    if row["stage"] != "waiting":
        if text is None or row["stage"] != "at_register":
            return _LEGACY_FORM, []
        detail = "Hồ sơ đã ở cơ quan đăng ký thì không kèm biểu mẫu."
        return None, [RowProblem(row.number, "form", "form.at_register", detail, _LETTER)]
    if text is None:
        detail = "Hồ sơ chờ tiếp nhận phải kèm biểu mẫu."
        return None, [RowProblem(row.number, "form", "form.missing", detail, _LETTER)]
    try:
        return read_json(text.encode()), []
    except BrokenJson:
        return None, [RowProblem(row.number, "form", "form.not_json", "Biểu mẫu phải là JSON.")]


def _of_matter(
    row: Row, document: dict[str, Any], at: datetime, reference: Reference
) -> list[FieldProblem]:
    case = Case(read_declared(document), OLD_ROAD, at, local_day(at), reference)
    if row["stage"] == "at_register":
        found = [one for check in _WITHOUT_FORM for one in check(case)]
        found = [one for one in found if one.rule != "procedure.no_form"]
    else:
        found = list(problems_in(case))
    province = case.declared.province_code
    if province is None or reference.move(province, case.on) is not None:
        return found
    detail = "Tỉnh, thành phố này không thuộc diện chuyển đổi theo công văn."
    none = FieldProblem(
        field="province_code", rule="province.not_moving", detail=detail, source=_LETTER
    )
    return [none, *(one for one in found if one.field != "channel")]


def _named(row: Row, problem: FieldProblem) -> RowProblem:
    column = problem.field.removeprefix("applicant.")
    column = _COLUMNS.get(column, column)
    if column.startswith("notify_by."):
        column = "notify_by"
    return RowProblem(row.number, column, problem.rule, problem.detail, problem.source)
