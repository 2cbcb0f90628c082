"""The judgement of a campaign: every invariant, the figures, as tables and as a document."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from tests.chaos.campaign.course import Course
from tests.chaos.campaign.evidence import Evidence
from tests.chaos.campaign.figures import Figures, figures
from tests.chaos.campaign.invariants import INVARIANTS, Facts, Verdict

MOST_LINES = 5


@dataclass(frozen=True)
class Judgement:
    """What came of a campaign; it `holds` when every invariant does."""

    course: Course
    verdicts: tuple[Verdict, ...]
    figures: Figures

    @property
    def holds(self) -> bool:
        """Return whether nothing was broken."""
        return all(one.holds for one in self.verdicts)

    @property
    def broken(self) -> tuple[str, ...]:
        """Return the short names of the invariants that do not hold, `I3` for example."""
        return tuple(one.name.split()[0] for one in self.verdicts if not one.holds)

    def as_json(self) -> str:
        """Return the document of `build/chaos-<seed>.json`."""
        course = self.course
        document = {
            "seed": course.seed,
            "minutes": course.minutes,
            "brokers": course.brokers,
            "began_at": course.began_at.isoformat(),
            "load_ended_at": course.load_ended_at.isoformat(),
            "healed_at": course.healed_at.isoformat(),
            "drained_at": course.drained_at and course.drained_at.isoformat(),
            "holds": self.holds,
            "invariants": [asdict(one) for one in self.verdicts],
            **self.figures,
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def tables(self) -> RenderableType:
        """Return all of it for a terminal."""
        return Group(_figures(self), _recovery(self.figures["recovery_seconds"]), _verdicts(self))


def judge(evidence: Evidence, course: Course) -> Judgement:
    """Return the judgement; an invariant that cannot be checked is broken."""
    facts = Facts(evidence, course)
    verdicts = [_checked(check, facts) for check in INVARIANTS]
    if course.drained_at is None:
        verdicts.append(Verdict("Drain", False, "nothing waits in time", "something waits"))
    return Judgement(course, tuple(verdicts), figures(facts))


def _checked(check: Any, facts: Facts) -> Verdict:
    try:
        found: Verdict = check(facts)
    except Exception as error:  # what cannot be judged must not look as if it were right
        words = f"{type(error).__name__}: {error}"
        name = (check.__doc__ or check.__name__).split(":")[0]
        return Verdict(name, False, "can be checked", words, (words,), 1)
    return found


def _verdicts(judgement: Judgement) -> Table:
    table = Table("invariant", "expected", "actual", "", title="Verdict", title_justify="left")
    for one in judgement.verdicts:
        mark = "[green]holds[/]" if one.holds else f"[red]{one.count or 1} BREACHES[/]"
        table.add_row(one.name, one.expected, one.actual, mark)
        for line in one.breaches[:MOST_LINES]:
            table.add_row("", "", f"[red]{line.replace('[', '(')}[/]", "")
    return table


def _figures(judgement: Judgement) -> Table:
    course, known = judgement.course, judgement.figures
    table = Table("what", "how many", title=f"Campaign, seed {course.seed}", title_justify="left")
    for name, value in known.items():
        if name != "recovery_seconds":
            table.add_row(name.replace("_", " "), _words(value))
    return table


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        parts = (f"{name.replace('_', ' ')} {_inner(one)}" for name, one in value.items())
        return ", ".join(parts) or "none"
    return str(value)


def _inner(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_words(value)})"
    return "-" if value is None else str(value)


def _recovery(by_kind: Figures) -> Table:
    table = Table("fault", "times", "p50 s", "max s", title="Recovery", title_justify="left")
    for kind, known in by_kind.items():
        table.add_row(kind, str(known["count"]), str(known["p50"]), str(known["max"]))
    return table
