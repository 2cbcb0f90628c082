"""The figures as an auditor reads them."""

from collections.abc import Iterator

from audit.questions.saying import Saying, day, percent
from audit.questions.statistics import (
    By,
    Figures,
    Punctuality,
    Statistics,
    old_and_new,
    quantile,
)

_COUNTED = (
    "submitted",
    "accepted",
    "returned",
    "rescheduled",
    "stopped",
    "closed",
    "withdrawn",
    "registered",
    "handed_over",
    "told",
    "not_told",
)


def statistics_text(found: Statistics, saying: Saying) -> Iterator[str]:
    """Yield the figures as lines: each part, then the roads by province."""
    if found.first and found.last:
        places = {"first": day(found.first), "last": day(found.last)}
        yield saying.say("statistics.title", **places)
    else:
        yield saying.say("statistics.whole")
    yield saying.say("statistics.times")
    for part, figures in found.parts.items():
        yield ""
        yield _name(found.by, part, saying)
        yield from (f"  {line}" for line in _part(figures, saying))
    yield ""
    yield saying.say("roads.title")
    for province, roads in found.roads.items():
        old, new = old_and_new(roads)
        name = saying.province(province)
        share = percent(new, old)
        yield "  " + saying.say("roads.line", province=name, old=old, new=new, percent=share)


def _name(by: By, part: str, saying: Saying) -> str:
    match by:
        case "unit":
            return saying.unit(part, None)
        case "province":
            return saying.province(part)
        case "procedure":
            return saying.procedure(part)
        case "channel":
            return saying.say(f"road.{part}")
        case "month":
            return part
        case "all":
            return saying.say("group.all")


def _part(figures: Figures, saying: Saying) -> Iterator[str]:
    for what in _COUNTED:
        if not (count := figures.total(what)):
            continue
        yield f"{saying.say(f'what.{what}')}: {count}"
        for reason, times in figures.reasons(what):
            yield f"  {_reason(what, reason, saying)}: {times}"
            if what == "returned":
                yield from _why_returned(figures, reason, saying)
    yield _judged("reception", figures.reception, saying)
    yield _judged("appointment", figures.appointment, saying)
    first = figures.by_first
    yield "  " + saying.say(
        "punctual.first",
        on_time=first.on_time,
        late=first.late,
        percent=percent(first.on_time, first.late),
        apologised=figures.apologised,
    )
    if figures.lasted:
        yield _lasted(figures, saying)


def _judged(what: str, figures: Punctuality, saying: Saying) -> str:
    return saying.say(
        "punctual.line",
        what=saying.say(f"what.{what}"),
        on_time=figures.on_time,
        late=figures.late,
        percent=percent(figures.on_time, figures.late),
    )


def _lasted(figures: Figures, saying: Saying) -> str:
    return saying.say(
        "duration.line",
        median=saying.lasting(quantile(figures.lasted, 0.5)),
        p90=saying.lasting(quantile(figures.lasted, 0.9)),
        working_median=_hours(quantile(figures.worked, 0.5), saying),
        working_p90=_hours(quantile(figures.worked, 0.9), saying),
    )


def _hours(minutes: int | None, saying: Saying) -> str:
    """Return working time in hours: a day of it is no working day."""
    return saying.say("unit.hours", value=saying.number((minutes or 0) / 60))


def _why_returned(figures: Figures, kind: str, saying: Saying) -> Iterator[str]:
    for said, times in figures.reasons("return_reason"):
        of, _, code = said.partition(" ")
        if of == kind:
            yield f"    {saying.reason(code)} ({code}): {times}"


def _reason(what: str, reason: str, saying: Saying) -> str:
    match what:
        case "returned" | "rescheduled":
            return saying.say(f"kind.{reason}")
        case "told":
            return saying.say(f"way.{reason}")
        case "not_told":
            return saying.say(f"unsaid.{reason}")
        case _:
            return saying.reason(reason, "stop")
