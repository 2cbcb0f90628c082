"""What was decided, in words: what judges write in codes, as the rest of a report has it."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from audit.questions.saying import Saying, day, moment
from audit.questions.saying import words as answers
from audit.report.saying import say, words
from contracts.events import DueStep
from contracts.what_if import Judged

_LIMIT = re.compile(r"\(([0-9]+) (same_day|working_day|day|working_hour|hour)\)")
_MOMENT = re.compile(r"\b([0-9]{4}-[0-9]{2}-[0-9]{2})(?: ([0-9]{2}:[0-9]{2}:[0-9]{2}))?\b")
_PROMISE = re.compile(r"\b(law|published): ")
_UNIT = re.compile(r"^(competent:|sent on to) ([0-9]+)$")
_KINDS = ("supplement", "refused", "wrong_authority")


def decided(saying: Saying, judged: Judged) -> tuple[list[str], list[str]]:
    """Return what the log has and what the rules give, as lines; the two are never the same.

    The first line is the decision with its legal source, or why it is not allowed. Where the same
    is decided on other grounds, what of the calendar and the steps is not the same follows.
    """
    pairs = ((judged.said, judged.said_source), (judged.found, judged.found_source))
    said, found = ([_sourced(in_words(saying, text), source)] for text, source in pairs)
    if judged.changes_result:
        return said, found
    if "calendar" in judged.differs:
        said.append(say(saying.language, "decided.calendar", version=judged.said_calendar))
        found.append(say(saying.language, "decided.calendar", version=judged.found_calendar))
    if "reasons" in judged.differs:
        ours, theirs = _steps(saying, judged.said_steps, judged.found_steps)
        said += ours
        found += theirs
    return said, found


def in_words(saying: Saying, said: str) -> str:
    """Return what a decision was: in words, its days, limits and promises as elsewhere."""
    known = "; ".join(_named(saying, part) for part in said.split("; "))
    text = _LIMIT.sub(lambda found: f"({saying.say(f'limit.{found[2]}', value=found[1])})", known)
    text = _MOMENT.sub(_moment, text)

    def promise(found: re.Match[str]) -> str:
        return say(saying.language, f"promise.{found[1]}") + " "

    return _PROMISE.sub(promise, text) or "–"


def _named(saying: Saying, said: str) -> str:
    """Return an outcome or a rule in words; what is none is left as it is."""
    if (key := f"ruled.{said.replace(': ', '.').replace(' ', '_')}") in words():
        return say(saying.language, key)
    if found := _UNIT.match(said):
        key = "ruled.competent_unit" if found[1] == "competent:" else "ruled.sent_on"
        return say(saying.language, key, unit=saying.unit(found[2], date.max))
    first, *codes = said.split(" ")
    if first in _KINDS:
        named = ", ".join(_code(saying, code) for code in codes)
        kind = saying.say(f"kind.{first}")
        return f"{kind}: {named}" if named else kind
    if all(f"step.{one}" in answers() for one in (first, *codes)):
        return ", ".join(saying.say(f"step.{one}") for one in (first, *codes))
    return said


def _code(saying: Saying, code: str) -> str:
    reason = saying.reason(code)
    return reason if reason != code else saying.paper(code)


def _sourced(text: str, source: str) -> str:
    return f"{text} [{source}]" if source else text


def _steps(
    saying: Saying, ours: Sequence[DueStep], theirs: Sequence[DueStep]
) -> tuple[list[str], list[str]]:
    """Return the steps only one of the two has; all of them where only the order differs."""
    pair = [one for one in ours if one not in theirs], [one for one in theirs if one not in ours]
    if not any(pair):
        pair = list(ours), list(theirs)
    first, second = ([_step(saying, one) for one in steps] for steps in pair)
    if first == second:
        first, second = ([*_with_moments(saying, steps)] for steps in pair)
    return first, second


def _step(saying: Saying, one: DueStep) -> str:
    note = one.note_vi if saying.language == "vi" else one.note_en
    line = saying.say("due.step", note=note, source=one.source)
    return saying.say("due.assumed", step=line) if one.assumed else line


def _with_moments(saying: Saying, steps: Sequence[DueStep]) -> Iterator[str]:
    for one in steps:
        yield f"{_step(saying, one)}: {one.kind}, {moment(one.from_at)} – {moment(one.to_at)}"


def _moment(found: re.Match[str]) -> str:
    try:
        on = day(datetime.fromisoformat(found[1]).date())
    except ValueError:
        return found[0]
    return f"{found[2]} {on}" if found[2] else on
