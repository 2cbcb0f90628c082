"""A dossier's way: what each event becomes, and that none is forgotten."""

from datetime import datetime
from uuid import uuid4

import pytest

from contracts.events import (
    EVENTS,
    CitizenNotified,
    EventData,
    Forwarded,
    HandedOver,
    ParticularsRef,
    PersonalIdAssigned,
    Registered,
    RegisterReturned,
    RegistrationCorrected,
    RegistrationInDoubt,
    Resubmitted,
    Resumed,
    Routed,
    WithdrawalRequested,
    Withdrawn,
)
from routing.domain.trail import ON_THE_TRAIL as LEAVES_AN_ENTRY
from routing.domain.trail import TrailEntry
from routing.slips.trail import NotOnTheTrail, entry_of
from routing.slips.wording import STEPS
from tests.unit.builders import NOW as EVENT_TIME
from tests.unit.builders import SOME_HASH, a_submission, an_event
from tests.unit.slips_kit import (
    ACCEPTED,
    APOLOGY,
    OFFICER,
    STOPPED,
    SUPPLEMENT,
    UNIT,
    a_due,
    a_sheet,
    moment,
)

DUE = moment("2026-11-24 17:00")
ON_THE_TRAIL = {data for data in EVENTS if data.service in ("intake", "routing", "registry-sync")}
#: One event of every type, and the note and the due moment its entry has.
SAMPLES: list[tuple[EventData, str, datetime | None]] = [
    (a_submission(flags=("late_registration",)), "national-portal late_registration", None),
    (
        Resubmitted(
            round=2,
            particulars=ParticularsRef(version=2, sha256=SOME_HASH),
            resubmitted_at=EVENT_TIME,
        ),
        "",
        None,
    ),
    (WithdrawalRequested(requested_at=EVENT_TIME), "", None),
    (
        Routed(unit_code=UNIT, reference_version="0", reception_due=a_due("2026-11-24 17:00")),
        "",
        DUE,
    ),
    (
        Forwarded(
            from_unit_code="26737",
            to_unit_code=UNIT,
            reason="merger",
            source="NQ 202/2025/QH15",
            certain=False,
            actor="automatic",
            reference_version="0",
        ),
        "merger uncertain",
        None,
    ),
    (ACCEPTED, "", DUE),
    (SUPPLEMENT, "supplement missing_paper birth_notification", moment("2026-12-03 17:00")),
    (APOLOGY, "apology system_outage", moment("2026-11-30 17:00")),
    (Withdrawn(actor=OFFICER, on_request=True), "on_request", None),
    (STOPPED, "legal_obstacle", None),
    (Resumed(actor=OFFICER), "no_due", None),
    (HandedOver(actor=OFFICER, method="post"), "post", None),
    (
        Registered(unit_code=UNIT, number="12", book="01/2026-KS", registered_on=EVENT_TIME.date()),
        f"12, 01/2026-KS, , {EVENT_TIME.date()}",
        None,
    ),
    (
        RegisterReturned(kind="refused", reasons=("register_refused",)),
        "refused register_refused",
        None,
    ),
    (RegistrationInDoubt(attempt=1, since=EVENT_TIME), "", None),
    (PersonalIdAssigned(), "", None),
    (
        RegistrationCorrected(
            unit_code=UNIT,
            number="13",
            book="01/2026-KS",
            page="7",
            registered_on=EVENT_TIME.date(),
            revision=1,
        ),
        f"13, 01/2026-KS, 7, {EVENT_TIME.date()}",
        None,
    ),
]


def test_every_event_of_the_three_services_has_a_projection_and_a_step() -> None:
    assert LEAVES_AN_ENTRY == ON_THE_TRAIL
    assert set(STEPS) == {data.name for data in ON_THE_TRAIL}
    assert {type(data) for data, _, _ in SAMPLES} == ON_THE_TRAIL


@pytest.mark.parametrize(
    ("data", "note", "due_at"), SAMPLES, ids=lambda value: type(value).__name__
)
def test_an_entry_is_what_the_event_says_and_nothing_more(
    data: EventData, note: str, due_at: datetime | None
) -> None:
    entry = entry_of(an_event(data))

    assert entry == TrailEntry(
        at=EVENT_TIME,
        service=data.service,
        event=data.name,
        actor=getattr(data, "actor", ""),
        unit_code=getattr(data, "to_unit_code", getattr(data, "unit_code", "")),
        due_at=due_at,
        note=note,
    )


@pytest.mark.parametrize("data", [data for data, _, _ in SAMPLES], ids=lambda data: data.name)
def test_every_entry_becomes_a_row_in_vietnamese(data: EventData) -> None:
    (row,) = a_sheet(entry_of(an_event(data))).rows

    assert row.step == STEPS[data.name].name
    assert "_" not in row.note


def test_what_the_citizen_was_told_is_not_on_the_trail() -> None:
    told = CitizenNotified(step="accepted", channel="sms", about=uuid4())

    with pytest.raises(NotOnTheTrail):
        entry_of(an_event(told))
