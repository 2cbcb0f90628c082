"""What other rules would have decided: the words that judges and those who ask them share."""

from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from contracts.events import DueStep
from contracts.told import Told
from reference import Reference

#: Judges announce themselves by this entry point group, under the name of their service.
GROUP: Final = "hotich.what_if"

Kind = Literal[
    "channel",
    "procedure",
    "place",
    "authority",
    "reception_due",
    "reception",
    "appointment",
    "supplement_due",
    "act",
]
#: What of a decision is not the same; `promises` are the days by the law and by the published
#: procedure, `reasons` the steps to a due moment; `not_judged`: no rule can make anything of it.
Aspect = Literal[
    "outcome",
    "due",
    "promises",
    "limit",
    "source",
    "calendar",
    "reasons",
    "not_allowed",
    "not_judged",
]
#: Where nothing else differs the same was decided, on other grounds.
GROUNDS: Final = frozenset[Aspect]({"limit", "source", "calendar", "reasons"})


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision the log has, and what the rules that were asked make of it.

    It is the same when `differs` is empty, and then says nothing more. `said` and `found` are what
    the log has and what the rules give, with the legal source of each and, of what is due, the
    version of its calendar and the steps that lead there; `event` is the last part of the type of
    the event that has the decision, `sequence` its number.
    """

    kind: Kind
    differs: tuple[Aspect, ...] = ()
    said: str = ""
    found: str = ""
    said_source: str = ""
    found_source: str = ""
    unit_code: str = ""
    event: str = ""
    sequence: int = 0
    said_calendar: str = ""
    found_calendar: str = ""
    said_steps: tuple[DueStep, ...] = ()
    found_steps: tuple[DueStep, ...] = ()

    @property
    def changes_result(self) -> bool:
        """Return whether more differs than the grounds of the same outcome at the same moment."""
        return not GROUNDS.issuperset(self.differs)


class Judge(Protocol):
    """Decides a service's decisions again, dossier by dossier.

    What it remembers of a dossier is its own affair; the one who asks keeps it, and may pickle it
    meanwhile. None is the memory of a dossier that nothing is known of: it has no end to judge.
    """

    #: The types of the events it is told, of whatever service.
    hears: frozenset[str]

    def hear(
        self, memory: Any, event_type: str, value: bytes, told: Told | None, exact: bool
    ) -> tuple[Any, tuple[Judged, ...]]:
        """Return the new memory, and what can be judged by now; never raises for a strange value.

        `told` is what the event tells if it is usual (`contracts.as_written`). A service's events
        of a dossier come in order and each once. Unless `exact` is asked for, of a decision that
        differs only `kind` and `differs` are to be relied on.
        """

    def end(self, memory: Any, exact: bool) -> tuple[Judged, ...]:
        """Return what is left to judge of a dossier of which no more comes."""


class JudgeMaker(Protocol):
    """What an entry point of the group leads to."""

    def __call__(self, own: Reference, asked: Reference) -> Judge:
        """Return a judge that asks the rules with the data `asked`.

        `own` are the data the decisions were made with: what is as the log has it goes on from
        there. Both are the same value when the same rules are asked again.
        """
