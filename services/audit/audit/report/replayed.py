"""The part of a report on other rules: which were asked, what differs, and examples in words."""

from datetime import date
from pathlib import Path

from audit.questions.saying import Saying, day
from audit.replaying.results import Difference, Replay
from audit.report.decided import decided
from audit.report.saying import say


def asked_in_words(saying: Saying, named: str, version: str) -> str:
    """Return which rules were asked: a day's law, or data by the name of their folder."""
    try:
        rules = say(saying.language, "replayed.day", day=day(date.fromisoformat(named)))
    except ValueError:
        rules = say(saying.language, "replayed.data", folder=Path(named).name)
    return say(saying.language, "replayed.rules", rules=rules, version=version)


def counts_in_words(saying: Saying, found: Replay) -> str:
    """Return of how many dossiers the result differs, and of how many its grounds alone."""
    return say(
        saying.language,
        "replayed.counts",
        changed=found.dossiers_changed,
        grounds=found.dossiers_on_other_grounds,
        dossiers=found.dossiers,
    )


def examples_of(found: Replay, most: int) -> list[Difference]:
    """Return some of the differences, those of a result before those of its grounds."""
    return sorted(found.differences, key=lambda one: not one.judged.changes_result)[:most]


def example(saying: Saying, one: Difference) -> tuple[str, str, str, str, str]:
    """Return a row: the dossier, the kind, what of it differs, the log's words, those asked.

    Calendars and steps stand there only where decision and source do not tell the two apart.
    """
    judged = one.judged
    differs = "; ".join(say(saying.language, f"aspect.{name}") for name in judged.differs)
    kind = say(saying.language, f"kind.{judged.kind}")
    log, rules = decided(saying, judged)
    if log[0] != rules[0]:
        log, rules = log[:1], rules[:1]
    return one.code or one.dossier_id, kind, differs, "; ".join(log), "; ".join(rules)
