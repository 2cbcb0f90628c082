"""The letter's regime on a real stack: old communes, districts, three roads, days of 2021."""

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contracts.envelope import decode
from contracts.events import Accepted, Registered
from local_stack.samples import run_samples
from local_stack.stack import Stack
from tests.conftest import ROOT
from tests.flow.kit import whole_log

DAY = date(2021, 11, 15)
DISTRICT = "769"


@pytest.fixture(scope="module")
def lived() -> Any:
    """Return what a run on that day gave: its summary, its log, and the journal outside."""
    patch = pytest.MonkeyPatch()
    patch.setenv("AS_OF", DAY.isoformat())
    try:
        with Stack(ROOT, name="test-as-of", fresh=True) as stack:
            status = stack.status()
            figures = asyncio.run(run_samples(status, lambda tracks, events: None))
            log = asyncio.run(whole_log(status))
            journal = Path(status.sandbox["journal"]).read_text(encoding="utf-8")
            yield figures, log, [json.loads(line) for line in journal.splitlines()]
    finally:
        patch.undo()
        Stack(ROOT, name="test-as-of").clean()


@pytest.mark.timeout(300)
def test_given_the_letters_day_then_every_sample_ends_as_its_law_says(lived: Any) -> None:
    figures, _, _ = lived

    assert figures["submitted"] == 36
    assert figures["refused_at_intake"] == 4
    assert (figures["registered"], figures["withdrawn"], figures["forwarded"]) == (32, 1, 0)
    assert figures["returned"]["wrong_authority: not_competent"] == 1


def test_given_the_letters_day_then_codes_times_and_books_are_of_that_day(lived: Any) -> None:
    figures, log, _ = lived

    assert all("-211115-" in one["code"] for one in figures["dossiers"] if one["code"])
    assert all(one["book"].endswith("/2021") for one in figures["dossiers"] if one["book"])
    events = [decode(record.value) for records in log.values() for record in records]
    assert {event.time.date() for event in events} == {DAY}
    registered = [event.data for event in events if isinstance(event.data, Registered)]
    assert {data.registered_on for data in registered} == {DAY}


def test_given_a_matter_with_a_foreign_element_then_the_district_has_15_days(lived: Any) -> None:
    _, log, _ = lived

    accepted = [
        event.data
        for record in log["dossier.routing.v1"]
        if isinstance((event := decode(record.value)).data, Accepted)
    ]
    (foreign,) = [data for data in accepted if data.procedure_code == "2.000806"]
    assert foreign.unit_code == DISTRICT
    assert foreign.due is not None
    assert (foreign.due.value, foreign.due.unit) == (15, "day")
    assert foreign.due.due_on == date(2021, 11, 30)


def test_given_three_roads_then_the_direct_form_is_one_of_them(lived: Any) -> None:
    _, log, _ = lived

    channels = {decode(record.value).data for record in log["dossier.intake.v1"]}
    assert {getattr(data, "channel", None) for data in channels} - {None} == {
        "national-portal",
        "provincial-portal",
        "moj-direct",
    }
