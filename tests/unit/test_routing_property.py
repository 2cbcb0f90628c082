"""Whatever officers, citizens, the register and time do, in any order: the life stays lawful."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import get_args

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.decision import Decision, ParticularsArrived, ParticularsErased, Refused
from contracts.envelope import GENESIS, Cause, Head, decode, extend
from contracts.events import Accepted, RegisterReturned, RegistrationInDoubt, Returned
from routing.domain import (
    AUTOMATIC,
    OPEN,
    Accept,
    Apologise,
    Case,
    Expire,
    Forward,
    GiveBack,
    HandOver,
    Merge,
    Resume,
    RoutingContext,
    Status,
    Stop,
    Verify,
    Withdraw,
    allowed_acts,
    calendar_for,
    may_expire,
    may_merge,
    prepared_apology,
)
from tests.unit.builders import A_CODE, A_DOSSIER, MARRIAGE, SOME_HASH, some_particulars
from tests.unit.routing_kit import (
    ACTS,
    ASKED_BACK,
    KNOWN,
    LINKED,
    OFFICER,
    PAPER,
    a_dossier,
    at,
    decide,
    more_papers,
    register_wants,
    registered,
    wants_back,
)

#: Lives of chance in each block.
LIVES = 40
FINAL = {"handed_over", "refused", "wrong_authority", "withdrawn", "closed"}
ENDINGS = {"refuse", "withdraw", "wrong_authority"}
_FROM_DESK = {"received", "accepted", "supplement", "refused"}
LAWFUL: dict[str, set[str]] = {
    "unseen": {"received", "accepted", "supplement", "wrong_authority"},
    "received": _FROM_DESK | {"wrong_authority", "withdrawn", "stopped", "registered"},
    "supplement": {"supplement", "received", "accepted", "refused", "withdrawn", "closed"}
    | {"registered"},
    "accepted": {
        "accepted",
        "received",
        "stopped",
        "supplement",
        "refused",
        "withdrawn",
        "registered",
    },
    "stopped": {"stopped", "withdrawn", "registered"} | _FROM_DESK,
    "registered": {"registered", "handed_over"},
    "closed": {"closed", "received", "accepted", "refused", "registered"},
} | {status: {status} for status in FINAL - {"closed"}}
DAYS = ("2021-11-15 09:00", "2025-06-30 16:00", "2026-02-12 09:00", "2026-11-23 15:30")
DAYS += ("2027-02-28 23:00", "2027-03-01 10:00")
MATTERS = (
    {},
    {"attachments": ()},
    ASKED_BACK,
    {"procedure_code": MARRIAGE, "attachments": ()},
    {"procedure_code": LINKED},
    {"unit_code": "26734", "residence_unit_code": "26734"},
    {"unit_code": "26740"},
)
#: Every act with arguments no list knows; `accept`, `withdraw` and `resume` have none to be wrong.
WRONG: dict[str, object] = {
    "supplement": GiveBack(OFFICER, "supplement", ("because",)),
    "refuse": GiveBack(OFFICER, "refused", ()),
    "wrong_authority": GiveBack(OFFICER, "wrong_authority", ("missing_paper",)),
    "forward": Forward(OFFICER, "99999", "merger"),
    "stop": Stop(OFFICER, "because"),
    "apologise": Apologise(OFFICER, "because", at(DAYS[0]).date()),
    "verify": Verify(OFFICER, "because"),
}


class Life(RuleBasedStateMachine):
    """A dossier to which anything may happen."""

    @initialize(
        day=st.sampled_from(DAYS),
        matter=st.sampled_from(MATTERS),
        officers=st.booleans(),
        long=st.booleans(),
    )
    def submit(self, day: str, matter: dict, officers: bool, long: bool) -> None:
        """Begin on a day of one of the regimes; in a `long` life nobody ends it early."""
        self.now, self.officers, self.long = at(day), officers, long
        self.case = Case(A_DOSSIER, "")
        self.asked = self.handed_in = 0
        self.heard(a_dossier(day, **matter))

    @property
    def context(self) -> RoutingContext:
        """Return the context of the next decision."""
        return RoutingContext(self.now, KNOWN, lambda _: self.officers)

    def heard(self, message: object) -> Decision[Case] | Refused:
        """Decide a message and check what every decision must hold."""
        before, decision = self.case, decide(message, self.case, self.context)
        if isinstance(decision, Refused):
            assert decision.allowed == allowed_acts(before, self.context)
            return decision
        self.case = decision.state
        assert self.case.status in LAWFUL[before.status]
        self.dates_move_only_with_their_event(before, decision)
        self.asked += sum(
            isinstance(data, Returned) and data.kind == "supplement" for data in decision.events
        )
        assert self.asked == self.case.supplements <= 1
        assert self.case.apologies <= 1
        assert self.case.verifications <= 1
        self.only_who_may_decides(message, before, decision)
        for data in decision.events:
            body, _, _ = extend(
                Head(A_DOSSIER, A_CODE, 0, GENESIS), data, Cause("test", SOME_HASH), self.now
            )
            assert decode(body).data == data
        return decision

    def only_who_may_decides(self, message: object, before: Case, decision: Decision[Case]) -> None:
        """Check that machines leave officers' dossiers alone, and the one-stop the register's."""
        today = self.now.date()
        for data in decision.events:
            if isinstance(data, Accepted):
                unit = KNOWN.unit(data.unit_code, today)
                assert unit is not None
                assert data.province_code == unit.province_code
            by_machine = isinstance(data, Accepted | Returned) and data.actor == AUTOMATIC
            assert not (by_machine and before.by_officer)
        if before.stands == "accepted" and not isinstance(message, RegisterReturned):
            assert self.case.status in ("accepted", "stopped", "registered")
        if before.entry is not None:
            assert self.case.entry is not None

    def dates_move_only_with_their_event(self, before: Case, decision: Decision[Case]) -> None:
        """Check that no date moves in silence, and an appointment only to a later moment."""
        after, said = decision.state, {data.name for data in decision.events}
        if after.appointment != before.appointment:
            assert said & {"accepted", "rescheduled", "resumed"}
            if before.appointment is not None:
                assert after.appointment is not None
                assert after.appointment.due_at >= before.appointment.due_at
        if after.reception_due != before.reception_due:
            assert said & {"routed", "forwarded"}
        if said == {"forwarded"} and before.status != "unseen":
            assert after.reception_due == before.reception_due
        if after.supplement_due != before.supplement_due:
            assert said & {"returned", "routed"}

    @rule(minutes=st.integers(-2, 2000) | st.integers(0, 15 * 24 * 60))
    def time_goes_by(self, minutes: int) -> None:
        """Let time go by; two clocks may differ a little."""
        self.now += timedelta(minutes=minutes)

    @rule(officers=st.booleans())
    def officers_come_and_go(self, officers: bool) -> None:
        """Change who receives."""
        self.officers = officers

    @rule(act=st.sampled_from(sorted(ACTS)))
    def officer_acts(self, act: str) -> None:
        """Try an act with lawful arguments: refused exactly when it is not allowed."""
        allowed = act in allowed_acts(self.case, self.context)
        if self.long and allowed and act in ENDINGS:
            return

        message = self.lawful(act)
        decision = self.heard(message)

        if isinstance(message, Apologise):
            known_year = calendar_for(self.case, self.context).is_known(message.new_due_on)
            allowed = allowed and known_year
        assert isinstance(decision, Decision) is allowed

    def lawful(self, act: str) -> object:
        """Return the act with arguments that fit the case."""
        calendar, due = calendar_for(self.case, self.context), self.case.appointment
        after = due.due_on if due is not None else self.now.date()
        had = {self.case.unit_code, *self.case.units_before}
        other = sorted(KNOWN.communes("79", self.now.date()) - had)[len(had)]
        fitting: dict[str, object] = {
            "forward": Forward(OFFICER, other, "merger"),
            "apologise": Apologise(OFFICER, "system_outage", calendar.next_working_day(after)),
        }
        return fitting.get(act) or ACTS[act]

    @rule(act=st.sampled_from(sorted(WRONG)))
    def officer_errs(self, act: str) -> None:
        """Try an act with arguments no list knows: always refused."""
        assert isinstance(self.heard(WRONG[act]), Refused)

    @rule(
        papers=st.sampled_from(((), (PAPER,))),
        minutes=st.integers(-60, 0),
        way=st.none() | st.integers(0, 60) | st.integers(0, 20 * 24 * 60),
    )
    def citizen_adds(self, papers: Iterable[str], minutes: int, way: int | None) -> None:
        """Hand in more papers; the record is so many minutes under way, or does not say."""
        self.handed_in += 1
        when = (self.now + timedelta(minutes=minutes)).isoformat()[:16]
        came_at = None if way is None else self.now - timedelta(minutes=way)
        version = min(self.handed_in + 1, 99)
        before = self.case
        self.heard(more_papers(when, *papers, version=version, round=version, came_at=came_at))
        self.what_came_is_not_lost(before, papers, version, came_at or at(when))

    def what_came_is_not_lost(
        self, before: Case, papers: Iterable[str], version: int, came_at: datetime
    ) -> None:
        """Check that in time is what came in time, and that the register's dossier keeps it."""
        due = before.supplement_due
        if before.status in ("supplement", "closed"):
            assert due is not None
            assert (self.case.status == "closed") is (came_at > due.due_at)
        taken = before.stands in ("received", "accepted") or before.status != self.case.status
        if taken and self.case.status != "closed":
            assert set(papers) <= set(self.case.papers)
            assert self.case.particulars_version >= version
        if before.stands == "accepted":
            assert self.case.submissions_unused == before.submissions_unused + 1

    @precondition(lambda self: not self.long or self.case.status == "accepted")
    @rule()
    def citizen_wants_it_back(self) -> None:
        """Ask for the dossier through the portal."""
        self.heard(wants_back(self.now.isoformat()[:16]))

    @precondition(lambda self: self.case.rounds > 0)
    @rule(kind=st.sampled_from(("supplement", "refused")), first=st.booleans())
    def register_gives_back(self, kind: str, first: bool) -> None:
        """Let the register give the dossier back, for this round or an earlier one."""
        if kind == "supplement" or not self.long:
            self.heard(register_wants(kind, round=1 if first else self.case.rounds))

    @precondition(lambda self: self.case.rounds > 0)
    @rule(doubt=st.integers(0, 3))
    def register_answers(self, doubt: int) -> None:
        """Let the register say nothing, or enter it."""
        self.heard(RegistrationInDoubt(attempt=1, since=self.now) if doubt else registered())

    @rule(erase=st.booleans())
    def particulars_come_and_go(self, erase: bool) -> None:
        """Deliver personal data, or erase them."""
        arrived = ParticularsArrived(A_DOSSIER, 1, SOME_HASH, some_particulars())
        self.heard(ParticularsErased(A_DOSSIER) if erase else arrived)

    @rule()
    def sweeper_comes(self) -> None:
        """Expire and merge: taken exactly when their own tests say so."""
        expires = may_expire(self.case, self.now)
        assert isinstance(self.heard(Expire()), Decision) is expires
        merges, status = may_merge(self.case, self.context), self.case.status
        assert isinstance(self.heard(Merge()), Decision) is merges
        assert self.case.status == status
        assert not may_merge(self.case, self.context)

    @rule()
    def apology_is_prepared(self) -> None:
        """Whatever is made ready may be signed."""
        ready = prepared_apology(self.case, self.context)
        if ready is not None:
            assert isinstance(self.heard(ready), Decision)

    @invariant()
    def an_open_case_goes_on(self) -> None:
        """Each open case has a next act or a time that ends it; the others have none."""
        case = getattr(self, "case", None)
        if case is None:
            return
        acts = allowed_acts(case, self.context)
        assert bool(acts) is (case.status in OPEN or case.status == "registered")
        if case.status == "supplement":
            assert case.supplement_due is not None

    @invariant()
    def the_clock_stands_still_only_while_it_may(self) -> None:
        """A pause is open exactly while papers are awaited or the dossier is stopped."""
        case = getattr(self, "case", None)
        if case is None:
            return
        still = [pause for pause in case.pauses if pause.to_at is None]
        assert len(still) == (case.status in ("supplement", "stopped"))
        assert not (case.erased and case.particulars)


Life.TestCase.settings = settings(
    max_examples=250,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestALife = Life.TestCase


@pytest.mark.parametrize("block", range(10))
def test_long_lives_of_chance_hold_the_same_promises(block: int):
    for seed in range(block * LIVES, (block + 1) * LIVES):
        live(random.Random(seed))


def live(chance: random.Random) -> None:
    """Lead one life nobody ends early, every step by chance; the checks are those of Life."""
    life = Life()
    life.submit(chance.choice(DAYS), chance.choice(MATTERS), chance.random() < 0.8, True)
    steps = (
        lambda: life.time_goes_by(chance.choice((-1, 30, 300, 1440, 9000, 30000))),
        lambda: life.officer_acts(chance.choice(sorted(ACTS))),
        lambda: life.officer_acts(chance.choice(sorted(ACTS))),
        lambda: life.officer_acts(chance.choice(("accept", "stop", "resume", "apologise"))),
        lambda: life.officer_acts(chance.choice(("verify", "accept", "stop", "resume"))),
        lambda: life.officer_errs(chance.choice(sorted(WRONG))),
        lambda: life.citizen_adds(
            chance.choice(((), (PAPER,))), -1, chance.choice((None, 0, 5, 2000, 20000, 50000))
        ),
        lambda: life.case.rounds and life.register_gives_back("supplement", False),
        lambda: life.case.rounds and chance.random() < 0.1 and life.register_answers(False),
        lambda: life.officers_come_and_go(chance.random() < 0.7),
        life.sweeper_comes,
        life.apology_is_prepared,
    )

    for _ in range(60):
        chance.choice(steps)()
        life.an_open_case_goes_on()
        life.the_clock_stands_still_only_while_it_may()


def test_the_table_of_lawful_ways_knows_every_status():
    assert set(LAWFUL) == set(get_args(Status))


def test_every_act_is_tried_with_lawful_arguments():
    assert {type(act) for act in ACTS.values()} == {
        Accept,
        GiveBack,
        Forward,
        Withdraw,
        Stop,
        Resume,
        Apologise,
        Verify,
        HandOver,
    }
