"""What `make run` waits for, and what its promise says of steps that come late."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contracts.envelope import Cause, Envelope, Head, decode, extend
from contracts.events import (
    Accepted,
    CitizenNotified,
    EventData,
    PersonalIdAssigned,
    PortalInformed,
    Registered,
    RegistrationCorrected,
)
from local_stack.promise import broken_promises
from local_stack.tracks import Track
from sandbox.samples import Sample
from tests.unit.builders import A_UNIT, BIRTH, a_submission

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DOSSIER, CODE = UUID("5f0c1a52-6f6b-5d0a-9a55-0f3c3f5f0001"), "H24.19-260302-0001"
PORTAL = "national-portal"
ENTRY: dict[str, Any] = {
    "unit_code": A_UNIT,
    "number": "1",
    "book": "01/2026",
    "page": "1",
    "registered_on": NOW.date(),
}
ACCEPTED = Accepted(
    unit_code=A_UNIT, procedure_code=BIRTH, actor="automatic", reference_version="1"
)
CORRECTED = RegistrationCorrected(**(ENTRY | {"number": "7"}), revision=1)
LATE = [PersonalIdAssigned(), CORRECTED]


class Run:
    """A dossier's events as they come, and the outside's journal."""

    def __init__(self) -> None:
        self.track = Track(Sample("s-1", "", PORTAL, "http", {}, "registered"))
        self.heads: dict[str, Head] = {}
        self.journal: list[dict[str, Any]] = []

    def say(self, service: str, data: EventData) -> Envelope:
        head = self.heads.get(service, Head(DOSSIER, CODE))
        body, _, self.heads[service] = extend(head, data, Cause("test", "a" * 64), NOW)
        event = decode(body)
        self.track.see(event)
        return event

    def tell(self, event: Envelope) -> None:
        """Tell citizen and portal of the step, as the notifier does."""
        step: Any = event.data.name
        self.journal += [
            {"kind": "sms.sent", "reference": f"{CODE}:{step}:sms"},
            {"kind": "portal.callback", "dossier_code": CODE, "step": step},
        ]

    def confirm(self, event: Envelope) -> None:
        """Say on the log that both were told."""
        step: Any = event.data.name
        self.say("notifier", CitizenNotified(step=step, channel="sms", about=event.id))
        self.say("notifier", PortalInformed(step=step, portal=PORTAL, status=9, about=event.id))

    @property
    def breaches(self) -> list[str]:
        return broken_promises([self.track], self.journal)


@pytest.fixture
def run() -> Run:
    """A dossier that is registered, everyone told."""
    run = Run()
    said = [
        run.say("intake", a_submission(portal=PORTAL)),
        run.say("routing", ACCEPTED),
        run.say("registry-sync", Registered(**ENTRY)),
    ]
    run.journal += [{"kind": f"register.{what}", "key": CODE} for what in ("pushed", "registered")]
    for event in said:
        run.tell(event)
        run.confirm(event)
    return run


def test_a_dossier_is_at_its_end_without_a_number_that_may_come_later(run: Run):
    assert run.track.ended
    assert run.breaches == []


@pytest.mark.parametrize("data", LATE)
def test_a_late_step_opens_it_again_until_both_have_heard(run: Run, data: EventData):
    event = run.say("registry-sync", data)
    assert not run.track.ended

    run.tell(event)
    run.confirm(event)

    assert run.track.ended
    assert run.breaches == []


@pytest.mark.parametrize("data", LATE)
def test_a_late_step_may_still_be_told_when_the_run_looks_for_the_last_time(
    run: Run, data: EventData
):
    event = run.say("registry-sync", data)
    assert run.breaches == []

    run.tell(event)
    assert run.breaches == []


@pytest.mark.parametrize("data", LATE)
def test_a_late_step_told_twice_or_said_to_be_told_and_not_is_a_breach(run: Run, data: EventData):
    event = run.say("registry-sync", data)
    run.confirm(event)
    assert len(run.breaches) == 2

    run.tell(event)
    run.tell(event)
    assert len(run.breaches) == 2


def test_a_step_that_is_not_late_must_be_told_at_the_end(run: Run):
    run.journal = [one for one in run.journal if "registered" not in str(one.get("step"))]

    assert run.breaches == [f"s-1 ({CODE}): portal told 0 times of registered, not 1"]


def test_a_correction_gives_the_track_the_entry_that_counts(run: Run):
    run.say("registry-sync", CORRECTED)

    assert (run.track.number, run.track.state) == ("7", "registered")


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "national.created", "key": CODE, "status": "1"},
        {"kind": "national.progress", "key": CODE, "step": "accepted", "status": "2"},
    ],
)
def test_what_the_national_portals_interface_was_told_twice_is_a_breach(
    run: Run, entry: dict[str, Any]
):
    run.journal.append(entry)
    assert run.breaches == []

    run.journal.append(entry)
    assert len(run.breaches) == 1
    assert run.breaches[0].endswith("twice at the National Portal")
