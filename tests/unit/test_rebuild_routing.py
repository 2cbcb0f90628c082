"""The one-stop's cases made once more from the log: lives of chance, and other rules."""

import hashlib
import random
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.decision import Decision, ParticularsArrived, ParticularsErased
from contracts.envelope import Cause, decode
from contracts.events import EventData, PersonalIdAssigned, Stopped
from plumbing.rebuilding.telling import tell
from routing.domain import Case, Expire, Merge
from routing.rebuild import plan
from tests.unit.builders import A_CODE, A_DOSSIER
from tests.unit.rebuild_kit import RING, DossierLog
from tests.unit.routing_kit import registered
from tests.unit.test_routing_property import DAYS, MATTERS, Life

PLAN = plan(RING)


class LoggedLife(Life):
    """A life of chance whose every event stands on a log, chained and with its cause."""

    def __init__(self) -> None:
        super().__init__()
        self.log = DossierLog(A_DOSSIER, A_CODE)
        self.versions = 0

    def heard(self, message: Any) -> Any:
        """Put what is heard on the log, and what is decided of it."""
        self.now += timedelta(seconds=1)
        cause = self.cause_of(message)
        if isinstance(message, ParticularsArrived):
            self.versions += 1
            message = replace(message, version=self.versions)
            self.log.seal(message.particulars, message.version, self.now)
            cause = Cause(f"particulars:{message.version}", "0" * 64)
        elif isinstance(message, ParticularsErased):
            self.log.seal(None, 0, self.now)
        elif isinstance(message, EventData):
            led_to = Cause("test", "0" * 64)
            message, cause = self.log.say(message, led_to, self.now)
        decision = super().heard(message)
        if isinstance(decision, Decision):
            for data in decision.events:
                self.log.say(data, cause, self.now)
        return decision

    def only_who_may_decides(self, *_: Any) -> None:
        """Leave to the property test what it checks."""

    def what_came_is_not_lost(self, *_: Any) -> None:
        """Leave to the property test what it checks."""

    def particulars_come_and_go(self, erase: bool) -> None:
        """Deliver personal data, or erase them once; after that no version is taken any more."""
        if not self.case.erased:
            super().particulars_come_and_go(erase)

    def cause_of(self, message: Any) -> Cause:
        """Return the cause of a command, as the desk and the sweeper name it."""
        if isinstance(message, Expire | Merge):
            what = type(message).__name__.lower()
            return Cause(f"sweep:{what}:{A_CODE}", "0" * 64)
        return Cause("command:1", hashlib.sha256(repr(message).encode()).hexdigest())


def live(chance: random.Random) -> LoggedLife:
    """Lead one life by chance, as in the property test."""
    life = LoggedLife()
    life.submit(chance.choice(DAYS), chance.choice(MATTERS), chance.random() < 0.8, True)
    for _ in range(chance.randrange(1, 40)):
        what = [
            lambda: life.time_goes_by(chance.choice((1, 30, 600, 1440, 3 * 1440))),
            lambda: life.officer_acts(chance.choice(sorted(life.acts))),
            lambda: life.citizen_adds(chance.choice(((), ("birth_notification",))), 0, 0),
            lambda: life.sweeper_comes(),
            lambda: life.particulars_come_and_go(chance.random() < 0.1),
            lambda: life.case.rounds and life.register_answers(chance.randrange(4)),
            lambda: (
                life.case.rounds
                and life.register_gives_back(chance.choice(("supplement", "refused")), False)
            ),
            lambda: life.officers_come_and_go(chance.random() < 0.7),
        ]
        chance.choice(what)()
    return life


LoggedLife.acts = (
    *("accept", "supplement", "forward", "stop", "resume", "apologise", "verify"),
    *("hand_over", "refuse", "withdraw"),
)


def differing(one: Case, other: Case) -> list[str]:
    """Return the fields in which two cases differ; of personal data only whether they are there."""
    bare = [replace(case, particulars=case.particulars and True) for case in (one, other)]
    return [
        each.name
        for each in fields(Case)
        if each.compare and getattr(bare[0], each.name) != getattr(bare[1], each.name)
    ]


@pytest.mark.parametrize("block", range(8))
def test_every_life_of_chance_comes_out_of_its_log_byte_for_byte(block: int):
    for seed in range(block * 40, (block + 1) * 40):
        life = live(random.Random(seed))

        told = tell(PLAN, life.log.story("routing"), {})

        assert told.notes == (), seed
        assert told.unheard == (), seed
        assert told.state is not None
        assert differing(told.state, life.case) == [], seed
        head = life.log.heads.get("routing")
        assert head is None or (told.head.sequence, told.head.hash) == (head.sequence, head.hash)


def a_life(*, officers: bool = True) -> LoggedLife:
    """Return a dossier that was accepted, registered, and whose child got its number."""
    life = LoggedLife()
    life.submit(DAYS[3], {}, officers, True)
    life.officer_acts("accept")
    life.heard(registered())
    life.heard(PersonalIdAssigned())
    return life


def moved(log: DossierLog, name: str, by: timedelta) -> None:
    """Let the broker have had a record at another time."""
    for number, one in enumerate(log.records):
        if one.value is not None and f".{name}.v1".encode() in one.value:
            at_ms = one.at_ms + int(by.total_seconds() * 1000)
            log.records[number] = one._replace(at_ms=at_ms)


def test_where_topics_raced_an_order_that_gives_the_logs_bytes_is_found():
    """A word the register said before the hand-over came to the broker, by its clock, after it."""
    life = a_life()
    life.officer_acts("hand_over")
    moved(life.log, "registered", timedelta(hours=1))
    moved(life.log, "personal_id_assigned", timedelta(hours=1))

    told = tell(PLAN, life.log.story("routing"), {})

    assert told.notes == ()
    assert told.state is not None
    assert told.state.status == "handed_over"


def test_where_todays_rules_say_otherwise_the_log_wins_and_it_is_said():
    """A release whose reference data had another version wrote these events."""
    life, log = a_life(), DossierLog(A_DOSSIER, A_CODE)
    life.officer_acts("hand_over")
    causes: dict[str, Cause] = {}
    for record in life.log.records:
        event = decode(record.value or b"")
        data = event.data
        if hasattr(data, "reference_version"):
            data = data.model_copy(update={"reference_version": "older"})
        led_to = causes.get(event.causeid, Cause(event.causeid, event.causehash))
        _, cause = log.say(data, led_to, event.time)
        causes[str(event.id)] = cause

    told = tell(PLAN, log.story("routing"), {})

    assert [(one.event, one.why) for one in told.notes] == [
        ("routed", "rules_differ"),
        ("accepted", "rules_differ"),
    ]
    assert told.state is not None
    assert differing(told.state, life.case) == ["issued"]
    assert told.state.issued[0].data.reference_version == "older"
    assert told.head.hash == log.heads["routing"].hash


def test_an_event_the_rules_would_not_say_at_all_is_applied_as_it_stands():
    life = a_life()
    at = life.now + timedelta(hours=1)
    stopped = Stopped(reason="by_an_older_rule", final=True, actor="automatic")
    life.log.say(stopped, Cause("sweep:expire:x", "0" * 64), at)

    told = tell(PLAN, life.log.story("routing"), {})

    assert [(one.sequence, one.why) for one in told.notes] == [(3, "rules_differ")]
    assert told.state is not None
    assert told.state.status == "closed"
    assert told.state.trail[-1].event == "stopped"


def test_what_nothing_on_the_log_follows_from_yet_is_not_heard():
    life = LoggedLife()
    life.submit(DAYS[3], {}, True, True)
    heard = [one for one in life.log.records if one.topic != "dossier.routing.v1"]
    life.log.records[:] = heard

    told = tell(PLAN, life.log.story("routing"), {})

    assert [one.number for one in told.unheard] == [1]
    assert (told.heard, told.head.sequence) == ({}, 0)


def test_copies_and_records_that_are_no_events_change_nothing():
    life = a_life()
    log = life.log
    log.records.extend(log.records[:3])
    log.put("dossier.intake.v1", b"{}", life.now)
    log.put("dossier.registry.v1", log.records[0].value, life.now)

    told = tell(PLAN, log.story("routing"), {})

    assert told.story.strange == 2
    assert told.state is not None
    assert differing(told.state, life.case) == []
