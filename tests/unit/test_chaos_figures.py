"""What a campaign's table says, who must hear of which step, and how records are kept."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition

from contracts.envelope import GENESIS
from contracts.events import (
    EventData,
    Forwarded,
    HandedOver,
    Registered,
    Returned,
    Routed,
    Withdrawn,
)
from contracts.topics import LIFECYCLE
from sandbox.samples import load
from tests.chaos.campaign.course import Fault, Happened, Place
from tests.chaos.campaign.dump import Dumped, Record, write
from tests.chaos.campaign.personal import personal_values
from tests.chaos.campaign.said import Log, read_log
from tests.chaos.campaign.steps import steps_of
from tests.chaos.campaign.verdict import judge
from tests.unit.builders import A_UNIT, a_submission
from tests.unit.chaos_kit import BEGAN, DOSSIER, a_registered_dossier, an_acceptance, an_event


def a_log(*said: EventData) -> Log:
    """Return a log of these events of one dossier, a second between them."""
    heads: dict[str, int] = {}
    topics: dict[str, list[Record]] = {}
    for number, data in enumerate(said):
        sequence = heads[data.service] = heads.get(data.service, 0) + 1
        topic = LIFECYCLE[data.service].name
        body = an_event(data, sequence, GENESIS)
        place = Place(topic, 0, sequence)
        topics.setdefault(topic, []).append(
            Record(place, DOSSIER.encode(), body, (), number * 1000)
        )
    return read_log(topics, frozenset())


def must_hear(*said: EventData) -> list[tuple[str, bool, bool]]:
    log = a_log(*said)
    return [(step.name, step.citizen_must, step.portal_must) for step in steps_of(log, DOSSIER)]


def routed(resubmission: int | None = None) -> Routed:
    return Routed(unit_code=A_UNIT, reference_version="1", resubmission=resubmission)


REGISTERED = Registered(
    unit_code=A_UNIT, number="1", book="01/2026", page="1", registered_on=BEGAN.date()
)
ASKED = Returned(kind="supplement", reasons=("missing_paper",), actor="automatic")
FORWARDED = Forwarded(
    from_unit_code=A_UNIT,
    to_unit_code=A_UNIT,
    reason="merged",
    source="x",
    actor="automatic",
    reference_version="1",
)


def test_citizen_and_portal_hear_of_each_step_of_a_straight_way():
    straight = (a_submission(), routed(), an_acceptance(), REGISTERED)

    assert must_hear(*straight) == [
        ("submitted", True, True),
        ("accepted", True, True),
        ("registered", True, True),
    ]


def test_a_supplement_that_was_asked_for_is_told_when_it_is_taken():
    completed = (a_submission(), routed(), ASKED, routed(2), an_acceptance())

    assert must_hear(*completed)[1:3] == [("returned", True, True), ("resubmitted", True, True)]


def test_the_hand_over_is_told_to_the_portal_alone():
    handed = (a_submission(), an_acceptance(), REGISTERED)
    over = HandedOver(actor="someone", method="post")

    (*_, last) = must_hear(*handed, over)

    assert last == ("handed_over", False, False)


def test_what_came_after_the_answered_acceptance_may_be_overtaken():
    overtaken = must_hear(a_submission(), an_acceptance(), FORWARDED, REGISTERED)
    before = must_hear(a_submission(), FORWARDED, an_acceptance(), REGISTERED)

    assert ("forwarded", False, False) in overtaken
    assert ("forwarded", True, True) in before


def test_an_end_that_crossed_the_register_is_told_to_the_citizen_all_the_same():
    back = Withdrawn(actor="someone", on_request=True)

    crossed = must_hear(a_submission(), an_acceptance(), back, REGISTERED)

    assert ("withdrawn", True, False) in crossed
    assert ("registered", True, False) in crossed


def test_the_document_of_a_campaign_has_every_figure():
    made = a_registered_dossier()
    began = made.sent[0].sent_at
    killed = Fault(1, "kill_service", "routing", 0.0, 1.0)
    faults = (
        Happened(killed, began, began, began + timedelta(seconds=3)),
        Happened(killed, began, began, began + timedelta(seconds=1)),
        Happened(killed, began, began, None, "was not there"),
    )
    course = made.course(faults=faults, memory_mb={"routing": (100.0, 104.5)})

    document = json.loads(judge(made.evidence(), course).as_json())

    assert document["seed"] == 7
    assert document["holds"] is True
    assert len(document["invariants"]) == 17
    assert document["faults"] == {
        "total": 2,
        "by_kind": {"kill_service": 2},
        "not_done": {"kill_service": 1},
    }
    assert document["recovery_seconds"] == {"kill_service": {"p50": 3.0, "max": 3.0, "count": 2}}
    assert document["memory_mb"]["routing"]["grown"] == 4.5
    assert document["end_to_end_seconds"]["met_a_fault"]["count"] == 1
    assert document["registrations"] == {"expected": 1, "actual": 1, "double": 0, "missing": 0}


def test_the_intake_was_away_while_portals_waited_and_windows_do_not_overlap():
    made = a_registered_dossier()
    for reference, began, ended in (("A", 0, 5), ("B", 3, 9), ("C", 20, 20.5), ("D", 30, 32)):
        for kind, at in (("submitted", began), ("answered", ended)):
            moment = (BEGAN + timedelta(seconds=at)).isoformat()
            who = {"portal": "p", "key": reference, "road": "http", "at": moment}
            made.journal.append({"kind": f"portal.{kind}", "dossier_code": None, **who})

    away = judge(made.evidence(), made.course()).figures["intake"]

    assert away["portals_waited"] == {"windows": 2, "seconds": 11.0, "longest": 9.0}


def test_the_windows_in_which_the_intake_was_not_ready_are_told():
    made = a_registered_dossier()
    away = (
        (BEGAN, BEGAN + timedelta(seconds=4)),
        (BEGAN + timedelta(seconds=9), BEGAN + timedelta(seconds=10)),
    )

    told = judge(made.evidence(), made.course(intake_away=away)).figures["intake"]["not_ready"]

    assert told == {"windows": 2, "seconds": 5.0, "longest": 4.0}


class _Kafka:
    """A consumer of three records, as the dump needs one."""

    def __init__(self, records: Sequence[Any]) -> None:
        self._records, self._at = list(records), 0

    def assign(self, places: Any) -> None:
        assert places

    async def seek_to_beginning(self, *places: Any) -> None:
        self._at = 0

    async def position(self, tp: TopicPartition) -> int:
        return self._at

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        record = self._records[self._at]
        self._at += 1
        return {TopicPartition("t", 0): [record]}


async def test_records_come_back_from_their_file_byte_for_byte(tmp_path: Path):
    odd = [("null", None), ("binary", b"\xff\xfe"), ("text", "ộ".encode())]
    records = [
        SimpleNamespace(
            partition=0, offset=0, timestamp=5, key=b"k", value=b'{"a": "\xc3\xa9"}\r\n'
        ),
        SimpleNamespace(partition=0, offset=1, timestamp=6, key=None, value=b"\xff{"),
        SimpleNamespace(partition=0, offset=2, timestamp=7, key=b"\xff", value=None),
    ]
    for record in records:
        record.headers = odd
    path = tmp_path / "t.jsonl"

    await write(_Kafka(records), {TopicPartition("t", 0): 3}, path)

    assert list(Dumped("t", path)) == [
        Record(Place("t", 0, one.offset), one.key, one.value, tuple(odd), one.timestamp)
        for one in records
    ]


def test_everything_personal_of_a_sample_is_looked_for():
    sample = next(one for one in load() if one.submission["applicant"].get("phone"))
    applicant = sample.submission["applicant"]

    values = personal_values(sample.submission)

    assert {applicant["full_name"], applicant["phone"], applicant["personal_number"]} <= values
    assert sample.submission["portal_reference"] not in values
    assert replace(sample, submission={}) != sample
