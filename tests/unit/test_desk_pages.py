"""What the desk's pages show of a case: days left, forms of acts, what was declared, who did it."""

from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from contracts.forms import Form
from contracts.model import Contract
from contracts.particulars import Particulars
from contracts.portal import Applicant
from pages.forms import Form as Sent
from pages.words import Language, Words
from routing.desk import ListName
from routing.desk_pages.act_forms import act_form, act_forms, barred_acts
from routing.desk_pages.commands import (
    ACT_NAMES,
    Unreadable,
    command_of,
    seen_of,
    was_done,
    was_left_by,
)
from routing.desk_pages.dossier import rows_since
from routing.desk_pages.left import Left, left_of, left_until, near_until
from routing.desk_pages.names import Names
from routing.desk_pages.particulars import _CODED, sections_of
from routing.desk_pages.queue import tabs
from routing.desk_store import MOST_COUNTED
from routing.domain import (
    ACTS,
    Accept,
    Apologise,
    Case,
    Forward,
    GiveBack,
    HandOver,
    Resume,
    Status,
    Stop,
    Verify,
    Withdraw,
    near_due,
)
from routing.domain.acts import ONE_SUPPLEMENT
from tests.unit.builders import NEXT_UNIT, some_particulars
from tests.unit.routing_kit import KNOWN, OFFICER, THURSDAY, after, at, by_officer, on_desk

WORDS = Words.load(files("routing.desk_pages").joinpath("words"), files("pages").joinpath("words"))
CALENDAR = KNOWN.calendar("79")
LANGUAGES: tuple[Language, ...] = get_args(Language)
LATER = "2026-10-15 10:00"


def names(language: Language = "vi") -> Names:
    return Names(KNOWN, language, WORDS)


def sent(**fields: Any) -> Sent:
    return Sent({name: [one] if isinstance(one, str) else one for name, one in fields.items()})


@pytest.mark.parametrize(
    ("due", "left"),
    [
        ("2026-10-15 08:59", Left("overdue", 0)),
        ("2026-10-15 09:00", Left("today")),
        ("2026-10-15 17:00", Left("today")),
        ("2026-10-14 17:00", Left("overdue", 1)),
        ("2026-10-09 17:00", Left("overdue", 4)),
        ("2026-10-16 17:00", Left("near", 1)),
        ("2026-10-17 17:00", Left("near", 1)),
        ("2026-10-19 17:00", Left("later", 2)),
        ("2026-11-25 17:00", Left("later", 28)),
    ],
)
def test_days_left_are_working_days_and_the_moment_itself_is_in_time(due: str, left: Left) -> None:
    assert left_until(at(due), at(THURSDAY), CALENDAR) == left


def test_without_a_limit_nobody_counts() -> None:
    assert left_until(None, at(THURSDAY), CALENDAR) == Left("unknown")


def test_what_is_near_ends_where_the_rule_for_an_apology_says() -> None:
    context = by_officer()
    case = after(on_desk(), (Accept(OFFICER), context))
    assert case.appointment is not None
    until = near_until(at(THURSDAY), CALENDAR)

    for due_at in (until - timedelta(seconds=1), until):
        due = case.appointment.model_copy(
            update={"due_at": due_at, "due_on": due_at.astimezone(until.tzinfo).date()}
        )
        near = near_due(case.but(appointment=due), at(THURSDAY), CALENDAR)
        assert near == (due_at < until)


@pytest.mark.parametrize(
    ("status", "mark"), [("stopped", "paused"), ("refused", "over"), ("handed_over", "over")]
)
def test_what_stands_still_or_is_decided_has_no_days(status: Any, mark: str) -> None:
    case = on_desk().but(status=status, resumes_to="received")

    assert left_of(case, at(THURSDAY) + timedelta(days=30), CALENDAR).mark == mark


def test_a_tab_says_more_when_nobody_counted_to_the_end() -> None:
    made = tabs({"waiting": MOST_COUNTED, "overdue": MOST_COUNTED + 1}, "overdue")

    assert [one.name for one in made] == list(get_args(ListName))
    assert [(one.count, one.more, one.current) for one in made if one.count] == [
        (MOST_COUNTED, False, False),
        (MOST_COUNTED, True, True),
    ]


def models(kind: Any) -> set[type[BaseModel]]:
    """Return every model in an annotation, and in the fields of those."""
    found: set[type[BaseModel]] = set()
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        found = {kind}.union(*(models(one.annotation) for one in kind.model_fields.values()))
    for inner in get_args(kind):
        found |= models(inner)
    return found


def values(kind: Any) -> set[str]:
    """Return every literal text in an annotation."""
    texts = {kind} if isinstance(kind, str) else set()
    return texts.union(*(values(inner) for inner in get_args(kind)))


def test_every_field_of_every_form_has_a_label_and_every_coded_value_a_word() -> None:
    shown = models(Form) | {Applicant}
    left_out = {"form.kind", "requester", "register_holds_form", "item", "item_other"}
    left_out |= {"old_value", "new_value", "items", "province_code", "district_code", "detail"}
    left_out |= {"abroad", "kind_other"}
    missing = set()
    for model in shown:
        for name, field in model.model_fields.items():
            if name in left_out or (name == "kind" and model in _forms()):
                continue
            part = bool(models(field.annotation)) and f"desk.part.{name}" in WORDS
            if f"desk.field.{name}" not in WORDS and not part:
                missing.add(f"{model.__name__}.{name}")
            if name in _CODED:
                missing |= {v for v in values(field.annotation) if f"desk.value.{v}" not in WORDS}

    assert len(shown) > 20
    assert missing == set()


def _forms() -> set[type]:
    (union, *_) = get_args(Form)
    return set(get_args(union))


def test_every_item_that_may_change_has_a_word() -> None:
    from contracts.forms import Item

    assert {one for one in get_args(Item) if f"desk.item.{one}" not in WORDS} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_act_status_list_flag_and_mark_has_its_words(language: Language) -> None:
    from routing.desk_pages.left import Mark

    keys = [f"desk.act.{act}" for act in ACTS] + [f"desk.act.{act}.hint" for act in ACTS]
    keys += [f"desk.done.{act}" for act in ACTS]
    keys += [f"desk.status.{one}" for one in get_args(Status)]
    keys += [f"desk.list.{one}" for one in get_args(ListName)]
    keys += [f"desk.empty.{one}" for one in get_args(ListName)]
    keys += [
        Left(mark, days, reception).key
        for mark in get_args(Mark)
        for days in (0, 1)
        for reception in (False, True)
    ]

    assert [key for key in keys if key not in WORDS] == []
    assert set(ACT_NAMES) == set(ACTS)


def test_what_was_declared_is_shown_in_words_and_typed_text_as_it_is() -> None:
    sections = sections_of(some_particulars("Xin <b>nhanh</b>"), names(), at(THURSDAY).date())

    said = {(one.key, line.label): line.text for one in sections for line in one.lines}
    assert [one.key for one in sections] == ["applicant", "child", "mother", "rest"]
    assert said["applicant", "Họ và tên"] == "Nguyễn Thị Thử"
    assert said["applicant", "Nhận thông báo qua"] == "Tin nhắn SMS"
    assert said["child", "Giới tính"] == "Nam"
    assert said["child", "Ngày sinh"] == "01/11/2026"
    assert said["child", "Quốc tịch"] == "Việt Nam"
    assert said["child", "Nơi sinh"].endswith(", Hồ Chí Minh")
    assert said["rest", "Quan hệ với người được đăng ký"] == "Mẹ"
    assert said["rest", "Ghi chú"] == "Xin <b>nhanh</b>"


def test_a_change_is_shown_as_old_and_new_and_a_date_as_far_as_it_is_known() -> None:
    data = some_particulars().model_dump(mode="json")
    data["form"] = {
        "kind": "change",
        "matter": "correction",
        "entry": {"kind": "birth", "number": "12"},
        "person": {
            "full_name": "Trần Văn Mẫu",
            "born_on": "1950-03",
            "ethnicity": "Kinh",
            "nationality": "ZZ",
            "residence": {"kind": "permanent", "address": {"unit_code": "26737", "detail": "1"}},
            "paper": {"kind": "passport", "number": "C1", "issued_on": "2020-02-03"},
        },
        "items": [
            {"item": "surname", "old_value": "Trần", "new_value": "Trân"},
            {"item": "other", "item_other": "Tôn giáo", "new_value": "Không"},
        ],
        "ground": "Sai sót",
    }
    sections = sections_of(Particulars.model_validate(data), names(), at(THURSDAY).date())

    said = {line.label: line.text for one in sections[1:] for line in one.lines}
    assert said["Họ"] == "Trần → Trân"
    assert said["Tôn giáo"] == "bổ sung: Không"
    assert said["Ngày sinh"] == "03/1950"
    assert said["Quốc tịch"] == "ZZ"
    assert said["Nơi cư trú"].startswith("1, ")
    assert said["Nơi cư trú"].endswith("(thường trú)")
    assert said["Giấy tờ tùy thân"] == "Hộ chiếu C1, cấp ngày 03/02/2020"
    assert said["Việc yêu cầu"] == "Cải chính"


def test_a_form_stands_for_every_act_that_is_allowed_and_for_no_other() -> None:
    forms = act_forms(on_desk(), by_officer(), names())

    assert [one.act for one in forms] == [
        "accept",
        "supplement",
        "refuse",
        "wrong_authority",
        "forward",
        "withdraw",
        "stop",
    ]


def test_reasons_of_the_register_or_a_machine_are_not_offered() -> None:
    context, case = by_officer(), on_desk(attachments=())
    offered = {
        (form.act, choice.value)
        for form in act_forms(case, context, names())
        for asked in form.asked
        for choice in asked.choices
        if asked.name in ("reason", "reasons")
    }

    assert ("supplement", "missing_paper") in offered
    assert {value for _, value in offered} & {
        "register_needs_supplement",
        "register_refused",
        "supplement_not_received",
        "supplement_exhausted",
        "particulars_erased",
    } == set()


def test_a_supplement_begins_with_the_papers_that_are_missing_picked() -> None:
    form = act_form("supplement", on_desk(attachments=()), by_officer(), names())
    reasons, papers = form.asked

    assert [one.value for one in reasons.choices if one.picked] == ["missing_paper"]
    assert papers.choices[0].value == "birth_notification"
    assert [one.value for one in papers.choices if one.picked] == ["birth_notification"]


def test_what_was_typed_replaces_what_was_picked_and_errors_stand_at_their_field() -> None:
    typed = {"reasons": ["paper_unreadable"], "papers": []}
    form = act_form(
        "supplement", on_desk(attachments=()), by_officer(), names(), typed, {"papers": "Sai"}
    )
    reasons, papers = form.asked

    assert [one.value for one in reasons.choices if one.picked] == ["paper_unreadable"]
    assert [one.value for one in papers.choices if one.picked] == []
    assert (reasons.error, papers.error) == ("", "Sai")


def test_a_dossier_is_forwarded_within_the_province_and_never_back() -> None:
    case = on_desk().but(residence_unit_code=NEXT_UNIT)
    _, asked = act_form("forward", case.but(units_before=("26734",)), by_officer(), names()).asked
    codes = {one.value: one.group for one in asked.choices}

    assert codes[NEXT_UNIT] == "Có thẩm quyền theo nơi cư trú"
    assert case.unit_code not in codes
    assert "26734" not in codes
    assert all(code == "" or KNOWN.units.last(code) for code in codes)


def test_why_an_act_of_this_status_is_not_possible_is_said() -> None:
    case = on_desk().but(supplements=1)

    assert [(one.act, one.why) for one in barred_acts(case, by_officer())] == [
        ("supplement", ONE_SUPPLEMENT)
    ]


READ: list[tuple[Any, dict[str, Any], object]] = [
    ("accept", {}, Accept(OFFICER)),
    (
        "supplement",
        {"reasons": ["a", "a", "b"], "papers": ["c"]},
        GiveBack(OFFICER, "supplement", ("a", "b"), ("c",)),
    ),
    ("refuse", {"reasons": "a", "papers": ["c"]}, GiveBack(OFFICER, "refused", ("a",))),
    ("wrong_authority", {"reasons": "a"}, GiveBack(OFFICER, "wrong_authority", ("a",))),
    ("forward", {"reason": "a", "to_unit_code": "26740"}, Forward(OFFICER, "26740", "a")),
    ("withdraw", {}, Withdraw(OFFICER)),
    ("stop", {"reason": "a"}, Stop(OFFICER, "a")),
    ("resume", {}, Resume(OFFICER)),
    (
        "apologise",
        {"reason": "a", "new_due_on": "2026-10-20"},
        Apologise(OFFICER, "a", date(2026, 10, 20)),
    ),
    ("verify", {"reason": "a"}, Verify(OFFICER, "a")),
    ("hand_over", {"method": "post"}, HandOver(OFFICER, "post")),
]


@pytest.mark.parametrize(("act", "fields", "command"), READ, ids=[one[0] for one in READ])
def test_a_form_is_read_as_its_command(act: Any, fields: dict[str, Any], command: object) -> None:
    assert command_of(act, sent(**fields), OFFICER) == command


@pytest.mark.parametrize(
    ("act", "fields", "field"),
    [
        ("refuse", {}, "reasons"),
        ("refuse", {"reasons": ["A"]}, "reasons"),
        ("refuse", {"reasons": [f"r{n}" for n in range(11)]}, "reasons"),
        ("supplement", {"reasons": ["a"], "papers": [f"p{n}" for n in range(21)]}, "papers"),
        ("stop", {}, "reason"),
        ("stop", {"reason": ["a", "b"]}, "reason"),
        ("forward", {"reason": "a", "to_unit_code": "2674"}, "to_unit_code"),
        ("apologise", {"reason": "a", "new_due_on": "20.10.2026"}, "new_due_on"),
        ("hand_over", {"method": "owl"}, "method"),
    ],
)
def test_a_field_that_is_not_as_it_can_be_is_named(
    act: Any, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Unreadable) as wrong:
        command_of(act, sent(**fields), OFFICER)

    assert wrong.value.field == field
    assert wrong.value.key in WORDS


@pytest.mark.parametrize(
    ("text", "seen"), [("0", 0), ("12", 12), ("", None), ("-1", None), ("1e3", None), ("٣", None)]
)
def test_the_revision_is_a_plain_number(text: str, seen: int | None) -> None:
    assert seen_of(sent(revision=text)) == seen


DONE: list[tuple[object, object]] = [
    (Stop(OFFICER, "legal_obstacle"), Stop(OFFICER, "applicant_absent")),
    (
        GiveBack(OFFICER, "supplement", ("missing_paper",), ("passport_copy",)),
        GiveBack(OFFICER, "supplement", ("missing_paper",)),
    ),
    (GiveBack(OFFICER, "refused", ("conditions_not_met",)), Withdraw(OFFICER)),
    (Accept(OFFICER), Accept("officer-26737-b")),
    (Forward(OFFICER, NEXT_UNIT, "not_competent"), Forward(OFFICER, NEXT_UNIT, "merger")),
    (Forward(OFFICER, NEXT_UNIT, "not_competent"), Forward(OFFICER, "26743", "not_competent")),
    (Withdraw(OFFICER), Resume(OFFICER)),
]


@pytest.mark.parametrize(("command", "other"), DONE)
def test_only_the_very_act_of_the_very_person_counts_as_done(command: Any, other: Any) -> None:
    before = on_desk().but(
        residence_unit_code=NEXT_UNIT if isinstance(command, Forward) else "26737"
    )
    case = after(before, (command, by_officer(LATER)))
    since = case.trail[len(before.trail) :]

    assert was_done(command, since)
    assert not was_done(other, since)
    assert not was_done(replace(command, actor="officer-26737-b"), since)
    assert not was_done(command, case.trail[: len(before.trail)])


def test_an_apology_for_another_day_is_not_the_one_that_was_sent() -> None:
    before = after(
        on_desk(procedure_code="1.004873", attachments=()), (Accept(OFFICER), by_officer())
    )
    command = Apologise(OFFICER, "staff_shortage", date(2026, 10, 23))
    case = after(before, (command, by_officer(LATER)))
    since = case.trail[len(before.trail) :]

    assert was_done(command, since)
    assert not was_done(replace(command, new_due_on=date(2026, 10, 26)), since)


def test_a_notice_is_believed_only_if_the_trail_has_the_act() -> None:
    case = after(on_desk(), (Accept(OFFICER), by_officer(LATER)))

    assert was_left_by("accept", case.trail, OFFICER)
    assert not was_left_by("accept", case.trail, "officer-26737-b")
    assert not was_left_by("stop", case.trail, OFFICER)
    assert not was_left_by("nothing", case.trail, OFFICER)


def test_what_changed_is_what_the_trail_got_since_also_what_was_heard_late() -> None:
    case: Case = after(on_desk(), (Accept(OFFICER), by_officer(LATER)))
    heard = replace(case.trail[0], at=case.trail[0].at - timedelta(days=1), event="resubmitted")
    case = case.but(trail=(*case.trail, heard))

    (row,) = rows_since(case, len(case.trail) - 1, by_officer(LATER))

    assert row.step == "Nộp bổ sung"
    assert rows_since(case, len(case.trail), by_officer(LATER)) == ()


def test_what_changed_names_the_officer_by_what_the_trail_knows_of_them() -> None:
    case = after(on_desk(), (Accept(OFFICER), by_officer(LATER)))
    at_last = len(case.trail) - 1
    said = {}
    for actor in (OFFICER, "", "automatic"):
        trail = (*case.trail[:-1], replace(case.trail[-1], actor=actor))
        (row,) = rows_since(case.but(trail=trail), at_last, by_officer(LATER))
        said[actor] = row.handed_by

    assert said[OFFICER] == f"Cán bộ {OFFICER}"
    assert said[""] == "Một cán bộ khác"
    assert "tự động" in said["automatic"]
    routed = replace(case.trail[-1], event="routed", actor="")
    (row,) = rows_since(case.but(trail=(*case.trail[:-1], routed)), at_last, by_officer(LATER))
    assert "cán bộ" not in row.handed_by.lower()


@pytest.mark.parametrize(
    ("status", "key"),
    [("received", "desk.left.reception.overdue"), ("accepted", "desk.left.overdue")],
)
def test_late_to_be_received_is_not_said_as_late_to_be_decided(status: Status, key: str) -> None:
    due = after(on_desk(), (Accept(OFFICER), by_officer(LATER))).appointment
    assert due is not None
    case = on_desk().but(status=status, reception_due=due, appointment=due)

    left = left_of(case, due.due_at + timedelta(days=7), CALENDAR)

    assert (left.mark, left.key) == ("overdue", key)


def test_no_contract_is_shown_by_its_code() -> None:
    for language in LANGUAGES:
        for section in sections_of(some_particulars(), names(language), at(THURSDAY).date()):
            assert not any("=" in line.text for line in section.lines)
    assert issubclass(Particulars, Contract)
