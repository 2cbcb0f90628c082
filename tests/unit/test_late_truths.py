"""A personal number days later, and an entry the register corrected: who hears what, and when."""

import pytest

from contracts.events import NotificationAbandoned, RegistrationCorrected
from tests.unit import lifecycle_kit as life
from tests.unit.lifecycle_kit import ID_ASSIGNED, SUBMITTED, accepted, corrected, registered
from tests.unit.notifier_kit import CONTACT, ERASED, Notifier, callbacks, heard, texts
from tests.unit.routing_kit import THURSDAY, after, at, by_machine, done, on_desk
from tests.unit.routing_kit import accepted as received
from tests.unit.routing_kit import heard as told
from tests.unit.routing_kit import registered as entered

LATER_STEPS = [
    (ID_ASSIGNED, "personal_id_assigned", "đã có số định danh cá nhân"),
    (corrected(), "registration_corrected", "được sửa"),
]


@pytest.mark.parametrize(("said", "step", "words"), LATER_STEPS)
def test_given_a_late_truth_then_the_citizen_and_the_portal_hear_it_and_the_status_stays(
    said, step, words
):
    events = heard(SUBMITTED, accepted(), registered(), said)

    notifier = Notifier(CONTACT, *events).answers_all()

    assert notifier.kinds("citizen")[-1] == f"sms:{step}"
    assert words in texts(notifier)[-1]
    last = callbacks(notifier)[-1]
    assert (last.step, last.status, last.passed) == (step, 9, ())


@pytest.mark.parametrize(("said", "step", "words"), LATER_STEPS)
def test_given_a_late_truth_before_its_acceptance_is_known_then_it_waits_for_the_result(
    said, step, words
):
    submitted, received_, result, late = heard(SUBMITTED, accepted(), registered(), said)

    notifier = Notifier(CONTACT, submitted, result, late).answers_all()
    assert notifier.kinds("citizen") == ["sms:submitted"]

    notifier.hears(received_).answers_all()
    assert notifier.kinds("citizen")[1:] == ["sms:accepted", "sms:registered", f"sms:{step}"]


def test_given_two_corrections_then_each_is_told_by_a_name_of_its_own():
    events = heard(SUBMITTED, accepted(), registered(), corrected(), corrected(2, "3"))

    notifier = Notifier(CONTACT, *events).answers_all()

    assert notifier.kinds("portal")[-2:] == [
        "portal:registration_corrected",
        "portal:registration_corrected-2",
    ]


def test_given_erased_data_then_the_portal_alone_hears_the_late_number():
    events = heard(SUBMITTED, accepted(), registered(), ID_ASSIGNED)

    notifier = Notifier(ERASED, *events).answers_all()

    given_up = [one.step for one in notifier.events if isinstance(one, NotificationAbandoned)]
    assert given_up[-1] == "personal_id_assigned"
    assert notifier.kinds("portal")[-1] == "portal:personal_id_assigned"


def test_given_a_correction_then_the_desk_shows_the_entry_as_it_now_is():
    case = after(received(), (told(entered(), at(THURSDAY)), by_machine()))
    correction = told(corrected(number="77"), at(THURSDAY))

    decision = done(correction, case, by_machine())

    assert decision.state.entry is not None
    assert (decision.state.entry.number, decision.state.status) == ("77", "registered")
    assert decision.state.trail[-1].note.startswith("77, ")
    assert decision.events == ()


def test_given_a_correction_after_the_hand_over_then_the_dossier_stays_handed_over():
    correction = life.corrected(number="5")
    assert isinstance(correction, RegistrationCorrected)
    case = after(
        on_desk(),
        (told(entered(), at(THURSDAY)), by_machine()),
    ).but(status="handed_over")

    decision = done(told(correction, at(THURSDAY)), case, by_machine())

    assert (decision.state.status, decision.state.entry.number) == ("handed_over", "5")
