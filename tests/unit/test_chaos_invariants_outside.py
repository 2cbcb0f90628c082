"""The judge finds what portals, register and citizens would: lost, doubled, untrue."""

from dataclasses import replace

import pytest

from contracts.envelope import GENESIS
from contracts.topics import LIFECYCLE
from tests.chaos.campaign.invariants import Facts
from tests.chaos.campaign.invariants.intake import allowed
from tests.unit.builders import a_submission
from tests.unit.chaos_kit import (
    CODE,
    PORTAL,
    REFERENCE,
    a_registered_dossier,
    an_event,
    broken,
)

OTHER = "5f0c1a52-6f6b-5d0a-9a55-0f3c3f5f0002"


def test_a_quiet_dossier_breaks_nothing():
    assert broken(a_registered_dossier()) == set()


def test_a_dossier_that_was_acknowledged_and_is_nowhere_is_lost():
    made = a_registered_dossier()
    made.sent.append(replace(made.sent[0], reference="R-2", code="H24.19-260302-0002"))

    assert broken(made) == {"I1"}


def test_an_unanswered_dossier_may_be_nowhere():
    made = a_registered_dossier()
    made.sent.append(replace(made.sent[0], reference="R-2", code=None, outcome="info"))

    assert broken(made) == set()


def test_an_unanswered_dossier_whose_receipt_the_portal_has_after_all_must_be_there():
    made = a_registered_dossier()
    made.sent.append(replace(made.sent[0], reference="R-2", code=None, outcome="info"))
    late = {"kind": "portal.answered", "portal": PORTAL, "key": "R-2", "road": "bus"}
    made.journal.append({"at": "2026-03-02T08:00:00+00:00", "dossier_code": "H-2", **late})

    assert broken(made) == {"I1"}


def test_a_refused_dossier_that_was_taken_is_found():
    made = a_registered_dossier()
    made.sent[0] = replace(made.sent[0], expect="rejected", outcome="refused", code=None)

    assert "I1" in broken(made)


def test_a_lawful_dossier_that_was_refused_is_found():
    made = a_registered_dossier()
    made.sent.append(replace(made.sent[0], reference="R-2", code=None, outcome="refused"))

    assert broken(made) == {"I1"}


def test_two_codes_for_one_reference_are_found():
    made = a_registered_dossier()
    again = {"kind": "portal.answered", "portal": PORTAL, "key": REFERENCE, "road": "http"}
    made.journal.append({"at": "2026-03-02T08:00:00+00:00", "dossier_code": "H-2", **again})

    assert broken(made) == {"I1"}


def test_two_dossiers_for_one_reference_are_found():
    made = a_registered_dossier()
    second = an_event(
        a_submission(portal=PORTAL, portal_reference=REFERENCE), 1, GENESIS, dossier=OTHER
    )
    made.append(LIFECYCLE["intake"].name, second, key=OTHER)

    assert "I1" in broken(made)


def test_a_dossier_nobody_sent_is_found():
    made = a_registered_dossier()
    made.sent.clear()

    assert "I1" in broken(made)


def test_another_end_than_the_samples_is_found():
    made = a_registered_dossier()
    made.sent[0] = replace(made.sent[0], expect="returned:refused")

    assert broken(made) == {"I1", "Promise"}


def test_a_second_registration_is_found():
    made = a_registered_dossier()
    first = next(one for one in made.journal if one["kind"] == "register.registered")
    made.journal.append(first | {"number": 2, "page": 2})

    assert broken(made) == {"I2", "Promise"}


def test_a_registration_that_is_only_on_the_log_is_found():
    made = a_registered_dossier()
    made.journal = [one for one in made.journal if one["kind"] != "register.registered"]

    assert "I2" in broken(made)


@pytest.mark.parametrize(
    "wrong", [{"number": 2, "page": 2}, {"page": 2}, {"book": "02/2026"}], ids=str
)
def test_a_book_with_a_gap_or_a_line_in_the_wrong_place_is_found(wrong: dict[str, object]):
    made = a_registered_dossier()
    for one in made.journal:
        if one["kind"] == "register.registered":
            one.update(wrong)

    assert "I2" in broken(made)


def test_a_dossier_the_register_took_and_nobody_submitted_is_found():
    made = a_registered_dossier()
    pushed = next(one for one in made.journal if one["kind"] == "register.pushed")
    made.journal.append(pushed | {"key": "H-9"})

    assert broken(made) == {"I2"}


def test_an_accepted_dossier_the_register_was_never_told_of_is_found():
    made = a_registered_dossier()
    made.journal = [one for one in made.journal if one["kind"] != "register.pushed"]

    assert "I2" in broken(made)


def test_a_second_sms_under_another_key_is_found():
    made = a_registered_dossier()
    first = next(one for one in made.journal if one["kind"] == "sms.sent")
    made.journal.append(first | {"key": "another"})

    assert broken(made) == {"I3", "Promise"}


def test_an_sms_that_never_went_out_is_found():
    made = a_registered_dossier()
    made.journal.remove(next(one for one in made.journal if one["kind"] == "sms.sent"))

    assert "I3" in broken(made)


def test_a_mail_beside_the_sms_is_found():
    made = a_registered_dossier()
    made.journal.append(
        {"kind": "mail.sent", "key": "m", "reference": f"{CODE}:accepted:email", "at": ""}
    )

    assert "I3" in broken(made)


def test_a_second_callback_under_another_key_is_found():
    made = a_registered_dossier()
    first = next(one for one in made.journal if one["kind"] == "portal.callback")
    made.journal.append(first | {"key": "another"})

    assert broken(made) == {"I3", "I12", "Promise"}


def test_a_callback_that_never_came_is_found():
    made = a_registered_dossier()
    made.journal.remove(next(one for one in made.journal if one["kind"] == "portal.callback"))

    assert "I3" in broken(made)


def test_a_message_about_no_dossier_is_found():
    made = a_registered_dossier()
    made.journal.append({"kind": "sms.sent", "key": "k", "reference": "H-9:accepted:sms"})

    assert broken(made) == {"I3"}


def test_a_portal_that_hears_an_impossible_status_is_found():
    made = a_registered_dossier()
    for one in made.journal:
        if one["kind"] == "portal.callback" and one["step"] == "accepted":
            one.update(status=10, passed=[10])

    assert "I12" in broken(made)


def test_a_drain_that_did_not_end_is_a_breach():
    assert broken(a_registered_dossier(), drained_at=None) == {"Drain"}


@pytest.mark.parametrize(
    ("later", "right"),
    [
        ([], True),
        ([("supplement_sent", "http")], True),
        ([("supplement_sent", "bus")], False),
        ([("supplement_sent", "http"), ("supplemented", "http")], False),
    ],
)
def test_a_supplement_may_be_waited_for_only_when_it_was_not_handed_in(
    later: list[tuple[str, str]], right: bool
):
    made = a_registered_dossier()
    for what, road in later:
        made.journal.append(
            {"kind": f"portal.{what}", "portal": PORTAL, "key": REFERENCE, "road": road}
        )

    found = allowed(Facts(made.evidence(), made.course()), made.sent[0])

    assert ("returned:supplement" in found) is right
