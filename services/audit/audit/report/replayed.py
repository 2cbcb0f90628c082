"""The part of a report on other rules: which were asked, what differs, and examples in words."""

import re
from datetime import date, datetime
from pathlib import Path

from audit.questions.saying import Saying, day
from audit.replaying.results import Difference
from audit.report.saying import say

_LIMIT = re.compile(r"\(([0-9]+) (same_day|working_day|day|working_hour|hour)\)")
_MOMENT = re.compile(r"\b([0-9]{4}-[0-9]{2}-[0-9]{2})(?: ([0-9]{2}:[0-9]{2}:[0-9]{2}))?\b")
_PROMISE = re.compile(r"\b(law|published): ")


def asked_in_words(saying: Saying, named: str, version: str) -> str:
    """Return which rules were asked: a day's law, or data by the name of their folder."""
    try:
        rules = say(saying.language, "replayed.day", day=day(date.fromisoformat(named)))
    except ValueError:
        rules = say(saying.language, "replayed.data", folder=Path(named).name)
    return say(saying.language, "replayed.rules", rules=rules, version=version)


def example(saying: Saying, one: Difference) -> tuple[str, str, str, str, str]:
    """Return a row: the dossier, the kind, what of it differs, the log's words, those asked."""
    judged = one.judged
    differs = "; ".join(say(saying.language, f"aspect.{name}") for name in judged.differs)
    kind = say(saying.language, f"kind.{judged.kind}")
    log, rules = in_words(saying, judged.said), in_words(saying, judged.found)
    return one.code or one.dossier_id, kind, differs, log, rules


def in_words(saying: Saying, said: str) -> str:
    """Return what a decision was, its days, limits and promises as the rest of the report has."""
    text = _LIMIT.sub(lambda found: f"({saying.say(f'limit.{found[2]}', value=found[1])})", said)
    text = _MOMENT.sub(_moment, text)

    def promise(found: re.Match[str]) -> str:
        return say(saying.language, f"promise.{found[1]}") + " "

    return _PROMISE.sub(promise, text)


def _moment(found: re.Match[str]) -> str:
    try:
        on = day(datetime.fromisoformat(found[1]).date())
    except ValueError:
        return found[0]
    return f"{found[2]} {on}" if found[2] else on
