"""Builders of the slips' tests: a dossier, what happened to it, and the papers about it."""

from datetime import datetime
from typing import Any

import reference
from contracts.events import Accepted, Due, DueStep, Rescheduled, Returned, Stopped
from contracts.model import VIETNAM
from routing.domain.trail import TrailEntry
from routing.slips.building import slip_of
from routing.slips.content import Citizen, ControlSheet, Dossier, Slip
from routing.slips.control import control_sheet

LAW = reference.load()
UNIT = "26740"
CODE = "H29.26740-261124-0007"
OFFICER = "officer-26740"
CITIZEN = Citizen("Nguyễn Thị Thử", "Phường Sài Gòn", "+84900000123", "thu@example.org")


def moment(text: str) -> datetime:
    """Return the Vietnamese moment `2026-11-24 08:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


NOW = moment("2026-11-24 08:30")
OLD = moment("2021-11-15 08:30")


def a_due(text: str) -> Due:
    """Return a due moment with one step that explains it."""
    at = moment(text)
    step = DueStep(
        kind="due",
        from_at=at,
        to_at=at,
        note_vi="Hết thời hạn",
        note_en="Due",
        source="Luật Hộ tịch 2014, Điều 16",
    )
    return Due(
        due_at=at,
        due_on=at.date(),
        value=0,
        unit="same_day",
        source="Luật Hộ tịch 2014, Điều 16",
        calendar_version="abc123",
        steps=(step,),
    )


def a_dossier(**changes: Any) -> Dossier:
    """Return a birth dossier at the one-stop of UNIT."""
    facts: dict[str, Any] = {
        "code": CODE,
        "procedure_code": "1.001193",
        "unit_code": UNIT,
        "papers": ("birth_notification",),
        "received_at": NOW,
        "citizen": CITIZEN,
    }
    return Dossier(**{**facts, **changes})


ACCEPTED = Accepted(
    unit_code=UNIT,
    procedure_code="1.001193",
    actor=OFFICER,
    reference_version="0",
    due=a_due("2026-11-24 17:00"),
    received_at=NOW,
)
SUPPLEMENT = Returned(
    kind="supplement",
    reasons=("missing_paper",),
    papers=("birth_notification",),
    actor=OFFICER,
    supplement_due=a_due("2026-12-03 17:00"),
)
REFUSED = Returned(kind="refused", reasons=("conditions_not_met",), actor=OFFICER)
APOLOGY = Rescheduled(
    kind="apology",
    reason="system_outage",
    old_due_on=a_due("2026-11-26 17:00").due_on,
    due=a_due("2026-11-30 17:00"),
    actor=OFFICER,
)
STOPPED = Stopped(reason="legal_obstacle", final=False, actor=OFFICER)
EVENTS = {
    "acceptance": ACCEPTED,
    "supplement": SUPPLEMENT,
    "refusal": REFUSED,
    "apology": APOLOGY,
    "stop": STOPPED,
}


def a_slip(key: str = "acceptance", at: datetime = NOW, **changes: Any) -> Slip:
    """Return the slip of that key; `changes` are changes of the dossier."""
    slip = slip_of(a_dossier(**changes), EVENTS[key], at, LAW)
    assert slip is not None
    return slip


def an_entry(at: str, event: str, service: str = "routing", **facts: Any) -> TrailEntry:
    """Return an entry of a dossier's way; a due moment is given as text."""
    if "due_at" in facts:
        facts["due_at"] = moment(facts["due_at"])
    return TrailEntry(at=moment(at), service=service, event=event, **facts)


def a_sheet(*entries: TrailEntry, at: datetime = NOW) -> ControlSheet:
    """Return the control sheet of those entries."""
    sheet = control_sheet(entries, LAW, a_dossier(), at)
    assert sheet is not None
    return sheet
