"""Lives of chance led by the one-stop's own rules, written down as the services would say them."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.decision import Decision
from contracts.envelope import Cause, decode
from contracts.events import EventData, RegistrationCorrected, RegistrationInDoubt
from contracts.model import VIETNAM
from routing.domain import (
    RULES,
    Apologise,
    Case,
    Expire,
    Forward,
    Merge,
    RoutingContext,
    calendar_for,
)
from tests.unit.archive_kit import Log, dossier_of
from tests.unit.builders import A_UNIT, MARRIAGE
from tests.unit.routing_kit import (
    ACTS,
    ASKED_BACK,
    KNOWN,
    LINKED,
    OFFICER,
    PAPER,
    a_dossier,
    at,
    more_papers,
    register_wants,
    registered,
    wants_back,
)

DAYS = ("2021-11-15 09:00", "2025-06-30 16:00", "2026-02-12 09:00", "2026-11-23 15:30")
MATTERS = (
    {},
    {"attachments": ()},
    ASKED_BACK,
    {"procedure_code": MARRIAGE, "attachments": ()},
    {"procedure_code": LINKED},
    {"unit_code": "26734", "residence_unit_code": "26734"},
    {"unit_code": "26740"},
    {"channel": "provincial-portal", "portal": "hcm"},
)
CORRECTED = RegistrationCorrected(
    unit_code=A_UNIT,
    number="13",
    book="01/2026",
    registered_on=at("2026-10-17 09:00").date(),
    revision=1,
)


@dataclass
class Life:
    """A dossier to which anything may happen; what was said of it goes to the log."""

    number: int
    log: Log
    now: datetime
    officers: bool
    came: int = 0
    case: Case = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing known."""
        self.case = Case(*dossier_of(self.number))

    @property
    def context(self) -> RoutingContext:
        """Return the context of the next decision."""
        return RoutingContext(self.now, KNOWN, lambda _: self.officers)

    def hear(self, message: object) -> None:
        """Decide a message; an event of another service is said first, then what it leads to."""
        cause = Cause(f"request:{self.number}", "0" * 64)
        kind = type(message)
        if isinstance(message, EventData):
            cause = self._say(message, cause)
            message = decode(self.log.records[-1].value or b"")
        decision = RULES[kind](message, self.case, self.context)
        if isinstance(decision, Decision):
            self.case = decision.state
            for data in decision.events:
                self._say(data, cause)

    def _say(self, data: EventData, cause: Cause) -> Cause:
        return self.log.say(self.case.dossier_id, self.case.code, data, cause, self.now)

    def act(self, name: str) -> None:
        """Let an officer try an act with arguments that fit the case."""
        due = self.case.appointment
        after = due.due_on if due is not None else self.now.date()
        had = {self.case.unit_code, *self.case.units_before}
        other = sorted(KNOWN.communes("79", self.now.date()) - had)[len(had)]
        next_day = calendar_for(self.case, self.context).next_working_day(after)
        fitting: dict[str, object] = {
            "forward": Forward(OFFICER, other, "merger"),
            "apologise": Apologise(OFFICER, "system_outage", next_day),
        }
        self.hear(fitting.get(name) or ACTS[name])

    def supplement(self, chance: random.Random) -> None:
        """Hand in a paper, or none, some time ago."""
        self.came += 1
        number, way = min(self.came + 1, 99), chance.choice((None, 0, 5, 2000, 20000))
        came_at = None if way is None else self.now - timedelta(minutes=way)
        papers = chance.choice(((), (PAPER,)))
        handed_in = more_papers(self.when, *papers, version=number, round=number, came_at=came_at)
        self.hear(handed_in)

    @property
    def when(self) -> str:
        """Return the moment in Vietnam, to the minute."""
        return self.now.astimezone(VIETNAM).isoformat()[:16]


def live(
    log: Log, number: int, chance: random.Random, *, steps: int = 30, kind: type[Life] = Life
) -> Life:
    """Lead one life by chance; return it as it is in the end."""
    day, matter = chance.choice(DAYS), chance.choice(MATTERS)
    life = kind(number, log, at(day), chance.random() < 0.7)
    life.hear(a_dossier(day, **matter))
    for _ in range(steps):
        life.now += timedelta(minutes=chance.choice((1, 1, 30, 300, 1440, 9000)))
        _step(life, chance)
    return life


def _step(life: Life, chance: random.Random) -> None:
    kind = chance.random()
    if kind < 0.45:
        life.act(chance.choice(sorted(ACTS)))
    elif kind < 0.6:
        life.supplement(chance)
    elif kind < 0.64:
        life.hear(wants_back(life.when))
    elif kind < 0.76:
        life.hear(chance.choice((Expire(), Merge())))
    elif kind < 0.8:
        life.officers = not life.officers
    elif not life.case.rounds:
        life.act("accept")
    elif kind < 0.88:
        life.hear(register_wants(chance.choice(("supplement", "refused")), life.case.rounds))
    elif kind < 0.95:
        life.hear(registered(life.case.rounds))
    elif life.case.entry is not None:
        life.hear(CORRECTED)
    else:
        life.hear(RegistrationInDoubt(attempt=1, since=life.now))
