"""Every step of a dossier's life: who is told, when its turn is, and what the portal hears."""

import itertools
import json
from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from contracts.decision import Answered, InDoubt
from contracts.events import Imported, NotificationAbandoned, PortalInformed
from contracts.portal import StatusUpdate
from notifier.correspondence import Correspondence, News
from notifier.heard import completed
from tests.unit.builders import A_CODE, A_DOSSIER, NOW
from tests.unit.lifecycle_kit import (
    APOLOGY,
    APPOINTMENT,
    CLOSED,
    FORWARDED,
    HANDED_OVER,
    LATER,
    RESUMED,
    STOPPED,
    SUBMITTED,
    VERIFICATION,
    WITHDRAWN,
    a_due,
    accepted,
    handed_in_again,
    registered,
    resubmitted,
    returned,
)
from tests.unit.notifier_kit import CONTACT, ERASED, Notifier, callbacks, heard, notified, texts

TWICE = (
    *(SUBMITTED, accepted(), returned(), resubmitted(), accepted(2, 2)),
    *(registered(2), HANDED_OVER),
)
KEYS = ["submitted", "accepted", "returned", "resubmitted", "accepted-2", "registered"]


def after(*said):
    """Return what the portal heard of the last step, None if nothing."""
    events = heard(*said)
    notifier = Notifier(CONTACT, *events).answers_all()
    about = {one.event_id: one for one in callbacks(notifier)}
    return about.get(events[-1].id)


def imported(stage):
    """Return that a dossier was taken over from the old road."""
    return SUBMITTED.model_copy(update={"imported": Imported(batch="b1", stage=stage)})


def of(told: StatusUpdate | None):
    """Return step, status, statuses passed and appointment of what the portal heard."""
    return told and (told.step, told.status, told.passed, told.due_at)


@pytest.mark.parametrize(
    ("said", "heard_of_it"),
    [
        ((SUBMITTED,), ("submitted", 1, (1,), None)),
        ((SUBMITTED, FORWARDED), ("forwarded", 1, (), None)),
        ((SUBMITTED, accepted()), ("accepted", 2, (2,), APPOINTMENT)),
        ((SUBMITTED, accepted(), APOLOGY), ("rescheduled", 2, (), LATER)),
        ((SUBMITTED, accepted(), VERIFICATION), ("rescheduled", 2, (), LATER)),
        ((SUBMITTED, accepted(), STOPPED), ("stopped", 8, (8,), None)),
        ((SUBMITTED, accepted(), STOPPED, RESUMED), ("resumed", 4, (4,), LATER)),
        ((SUBMITTED, STOPPED), ("stopped", 8, (8,), None)),
        ((SUBMITTED, STOPPED, RESUMED, accepted()), ("accepted", 4, (), APPOINTMENT)),
        ((SUBMITTED, returned()), ("returned", 5, (5,), None)),
        ((SUBMITTED, returned(), resubmitted()), ("resubmitted", 1, (1,), None)),
        ((SUBMITTED, returned(), WITHDRAWN), ("withdrawn", 7, (7,), None)),
        ((SUBMITTED, returned(), CLOSED), ("stopped", 8, (8,), None)),
        ((SUBMITTED, resubmitted()), None),
        ((SUBMITTED, accepted(), registered()), ("registered", 9, (4, 9), None)),
        ((SUBMITTED, accepted(), STOPPED, registered()), ("registered", 9, (4, 9), None)),
        ((SUBMITTED, accepted(), registered(), HANDED_OVER), ("handed_over", 10, (10,), None)),
        ((SUBMITTED, returned("refused"), accepted(), registered()), None),
    ],
)
def test_given_a_step_then_the_portal_hears_where_the_dossier_stands_now(said, heard_of_it):
    assert of(after(*said)) == heard_of_it


def test_given_a_second_round_then_each_step_is_told_by_a_name_of_its_own():
    events = heard(*TWICE)

    notifier = Notifier(CONTACT, *events).answers_all()

    assert notifier.kinds("citizen") == [f"sms:{key}" for key in KEYS]
    assert notifier.kinds("portal") == [f"portal:{key}" for key in [*KEYS, "handed_over"]]
    references = [json.loads(request)["reference"] for _, request in notifier.lane("citizen")]
    assert references == [f"{A_CODE}:{key}:sms" for key in KEYS]
    assert notified(events[4], "accepted") in notifier.events
    informed = [one for one in notifier.events if isinstance(one, PortalInformed)]
    assert [one.status for one in informed] == [1, 2, 5, 1, 2, 9, 10]
    assert [one.about for one in informed] == [one.id for one in events]


def test_given_a_hand_over_then_the_citizen_is_not_told_and_nothing_is_given_up():
    life = heard(SUBMITTED, accepted(), registered(), HANDED_OVER)

    notifier = Notifier(ERASED, *life).answers_all()

    given_up = [one.step for one in notifier.events if isinstance(one, NotificationAbandoned)]
    assert given_up == ["submitted", "accepted", "registered"]
    assert notifier.kinds("portal")[-1] == "portal:handed_over"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_given_three_topics_in_any_order_then_a_second_round_is_told_as_it_happened(order):
    events = heard(*TWICE)
    topics = [
        [one for one in events if one.service == name]
        for name in ("intake", "routing", "registry-sync")
    ]

    notifier = Notifier(CONTACT)
    for number in order:
        notifier.hears(*topics[number])
    notifier.answers_all()

    assert [kind.partition(":")[2] for kind in notifier.kinds("citizen")] == KEYS
    assert notifier.kinds("portal")[-2:] == ["portal:registered", "portal:handed_over"]


def test_given_the_result_of_a_round_not_yet_received_then_it_waits_for_that_round():
    said, first, answer = heard(SUBMITTED, accepted(), registered(2))
    second = heard(accepted(), accepted(2))[1]

    notifier = Notifier(CONTACT, said, first, answer).answers_all()
    assert notifier.kinds("citizen")[-1] == "sms:accepted"

    notifier.hears(second).answers_all()
    assert notifier.kinds("citizen")[-2:] == ["sms:accepted-2", "sms:registered"]


def test_given_papers_heard_of_before_they_were_asked_for_then_told_when_they_were_taken():
    submitted, papers = heard(SUBMITTED, handed_in_again())
    asked, taken, again = heard(returned(), resubmitted(), accepted(1, 2))

    notifier = Notifier(CONTACT, submitted, papers).answers_all()
    assert notifier.kinds("citizen") == ["sms:submitted"]

    notifier.hears(asked, taken, again).answers_all()
    assert notifier.kinds("portal")[1:] == [
        "portal:returned",
        "portal:resubmitted",
        "portal:accepted",
    ]
    assert [one.status for one in callbacks(notifier)] == [1, 5, 1, 2]


@pytest.mark.parametrize("late", [FORWARDED, APOLOGY, STOPPED, RESUMED])
def test_given_how_the_work_goes_on_when_the_result_was_told_then_nobody_hears_it(late):
    submitted, received, step, result = heard(SUBMITTED, accepted(), late, registered())

    notifier = Notifier(CONTACT, submitted, received, result, step).answers_all()

    assert notifier.kinds("citizen")[-1] == "sms:registered"
    assert notifier.kinds("portal")[-1] == "portal:registered"


@pytest.mark.parametrize("late", [returned(), resubmitted(), accepted(2, 2)])
def test_given_the_result_before_a_round_it_overtook_then_nothing_is_asked_or_promised(late):
    before = {"resubmitted": [returned()], "accepted": [returned(), resubmitted()]}
    events = heard(SUBMITTED, accepted(), *before.get(late.name, []), late, registered())
    *told, step, result = events

    notifier = Notifier(CONTACT, *told, result, step).answers_all()

    assert "cần bổ sung" not in texts(notifier)[-1]
    assert "hẹn trả" not in texts(notifier)[-1]
    assert callbacks(notifier)[-1].status == 9


@pytest.mark.parametrize("end", [returned("refused"), WITHDRAWN, CLOSED])
def test_given_an_end_when_the_register_enters_it_all_the_same_then_the_citizen_reads_so(end):
    notifier = Notifier(CONTACT, *heard(SUBMITTED, accepted(), end, registered())).answers_all()

    assert texts(notifier)[-1] == (
        f"Hồ sơ {A_CODE} đã được đăng ký dù trước đó đã kết thúc;"
        " vui lòng liên hệ Ủy ban nhân dân nơi giải quyết để được hướng dẫn."
    )


@pytest.mark.parametrize("end", [returned("refused"), WITHDRAWN, CLOSED])
def test_given_the_result_first_when_the_end_it_crossed_comes_then_the_citizen_reads_so(end):
    submitted, received, ended, result = heard(SUBMITTED, accepted(), end, registered())

    notifier = Notifier(CONTACT, submitted, received, result, ended).answers_all()

    assert "đã đăng ký xong" in texts(notifier)[-2]
    assert texts(notifier)[-1].endswith(
        "; tuy nhiên việc hộ tịch đã được đăng ký, vui lòng liên hệ Ủy ban nhân dân nơi giải quyết."
    )


def test_given_a_dossier_at_the_register_when_taken_over_then_the_citizen_is_told_of_that_once():
    at_register = accepted(due=a_due(NOW - timedelta(days=30))).model_copy(
        update={"at_register": True}
    )

    notifier = Notifier(CONTACT, *heard(imported("at_register"), at_register)).answers_all()

    assert texts(notifier) == [
        f"Hồ sơ {A_CODE} đã được chuyển sang hệ thống mới;"
        " mã hồ sơ giữ nguyên, không cần nộp lại; vui lòng chờ thông báo tiếp theo."
    ]
    assert [(one.step, one.status) for one in callbacks(notifier)] == [
        ("submitted", 1),
        ("accepted", 2),
    ]


def test_given_a_dossier_taken_over_on_a_desk_when_received_late_then_no_past_day_is_promised():
    late = accepted(due=a_due(NOW - timedelta(seconds=1)))

    notifier = Notifier(CONTACT, *heard(imported("waiting"), late)).answers_all()

    assert texts(notifier)[-1] == (
        f"Hồ sơ {A_CODE} đã được tiếp nhận và đang được giải quyết;"
        " vui lòng chờ thông báo kết quả, chưa cần làm gì thêm."
    )


def test_given_a_dossier_taken_over_and_completed_when_received_then_the_citizen_is_told_of_that():
    again = accepted(2, 2).model_copy(update={"at_register": True})
    life = heard(imported("at_register"), accepted(), returned(), resubmitted(), again)

    notifier = Notifier(CONTACT, *life).answers_all()

    assert "hẹn trả kết quả" in texts(notifier)[-1]


@pytest.mark.parametrize("end", [returned("refused"), WITHDRAWN])
def test_given_an_end_when_more_papers_come_then_the_citizen_hears_that_it_is_over(end):
    submitted, *said, papers = heard(SUBMITTED, returned(), end, handed_in_again())
    notifier = Notifier(CONTACT, submitted, *said, papers)

    notifier.answers_all()

    assert texts(notifier)[-1] == (
        f"Hồ sơ {A_CODE} đã kết thúc, phần bổ sung không làm thay đổi kết quả;"
        " nếu cần hỏi thêm, vui lòng liên hệ Ủy ban nhân dân nơi nhận hồ sơ."
    )


def test_given_a_second_step_of_a_kind_when_answered_then_the_first_is_left_as_it_was():
    life = heard(SUBMITTED, accepted(), APOLOGY, VERIFICATION)
    notifier = Notifier(CONTACT, *life).answers("sms:submitted").answers("sms:accepted")

    notifier.answers("sms:rescheduled", "no").answers("email:rescheduled")
    notifier.loses("sms:rescheduled-2", final=True)

    assert notifier.state.news[2].citizen == "told"
    assert notifier.state.news[3].citizen == "abandoned"


@pytest.mark.parametrize("answer", [Answered, InDoubt])
def test_given_an_answer_about_a_step_that_was_never_told_then_nothing_changes(answer):
    notifier = Notifier(CONTACT, *heard(SUBMITTED, accepted()))
    before = notifier.state
    facts = ("no", "", {}) if answer is Answered else (1, NOW, True)

    notifier.hears(answer("sms:accepted-2", *facts))

    assert notifier.state is before


def test_given_news_kept_before_steps_came_twice_then_it_goes_on_from_there():
    def old(step, **more):
        return completed(News(step, A_DOSSIER, NOW, **more), had_its_turn=True)

    news = (old("submitted", citizen="told", portal="informed"), old("accepted", citizen="asked"))
    before = Correspondence(A_DOSSIER, A_CODE, "national-portal", "DVCQG-1", news=news)
    notifier = Notifier()
    notifier.state = before

    notifier.open = ["sms:accepted"]
    notifier.hears(CONTACT).answers("sms:accepted").hears(*heard(registered())).answers_all()

    assert [(one.step, one.status, one.passed) for one in callbacks(notifier)] == [
        ("accepted", 2, ()),
        ("registered", 9, (4, 9)),
    ]
    assert notifier.kinds("citizen") == ["sms:registered"]


@pytest.mark.parametrize(
    ("kept", "target"),
    [
        ({"step": "submitted"}, 1),
        ({"step": "accepted"}, 2),
        ({"step": "registered"}, 9),
        ({"step": "returned", "kind": "supplement"}, 5),
        ({"step": "returned", "kind": "refused"}, 3),
        ({"step": "returned", "kind": "wrong_authority"}, 3),
    ],
)
def test_given_older_news_then_what_was_added_since_is_filled_in(kept, target):
    older = News(event_id=A_DOSSIER, occurred_at=NOW, **kept)

    told, early = (completed(older, had_its_turn=had) for had in (True, False))

    whole = replace(older, key=kept["step"], target=target)
    assert asdict(early) == asdict(whole)
    assert asdict(told) == asdict(replace(whole, status=target))
    assert completed(told, had_its_turn=False) is told


def test_given_an_end_for_want_of_papers_when_they_came_in_time_then_it_goes_on_in_plain_words():
    life = heard(SUBMITTED, returned(), CLOSED, resubmitted(), accepted(1, 2), registered())
    (papers,) = heard(SUBMITTED, handed_in_again())[1:]

    notifier = Notifier(CONTACT, *life[:3], papers, *life[3:]).answers_all()

    assert notifier.kinds("citizen") == [
        f"sms:{key}"
        for key in ("submitted", "returned", "stopped", "resubmitted", "accepted", "registered")
    ]
    assert [one.status for one in callbacks(notifier)] == [1, 5, 8, 1, 2, 9]
    assert "vui lòng nhận kết quả" in texts(notifier)[-1]
