"""What codes and books show, as an auditor reads it."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

from audit.questions.completeness import Completeness, Gap
from audit.questions.saying import Saying, day

#: So many stretches of missing numbers are named for a day.
_MOST_NAMED = 20


def completeness_text(found: Completeness, saying: Saying) -> Iterator[str]:
    """Yield the counts, each unit and day, what is missing, and the books."""
    say = saying.say
    yield say("completeness.title")
    yield say("completeness.counts", **found.counts)
    if unnumbered := found.counts["unnumbered"]:
        yield say("completeness.unnumbered", count=unnumbered)
    for one in found.days:
        places = {"unit": saying.unit(one.unit_code, one.day), "day": day(one.day)}
        yield say("completeness.day", **places, **_figures(one))
    yield ""
    yield from _gaps(found.gaps, saying)
    for code, count in found.codes_twice:
        yield say("completeness.code_twice", code=code, count=count)
    if not found.gaps:
        yield say("completeness.whole")
    if found.books:
        yield ""
        yield from _books(found, saying)


def _figures(one: object) -> dict[str, object]:
    wanted = ("last", "present", "accepted", "registered")
    return {name: getattr(one, name) for name in wanted}


def _gaps(gaps: Iterable[Gap], saying: Saying) -> Iterator[str]:
    for (unit, on), of_day in groupby(gaps, key=lambda one: (one.unit_code, one.day)):
        found = list(of_day)
        yield saying.say(
            "completeness.gap",
            unit=saying.unit(unit, on),
            day=day(on),
            missing=sum(one.count for one in found),
            numbers=_numbers(found),
        )


def _numbers(gaps: list[Gap]) -> str:
    named = ", ".join(one.numbers for one in gaps[:_MOST_NAMED])
    return f"{named} …" if len(gaps) > _MOST_NAMED else named


def _books(found: Completeness, saying: Saying) -> Iterator[str]:
    yield saying.say("completeness.books")
    for one in found.books:
        yield saying.say(
            "completeness.book",
            unit=saying.unit(one.unit_code, date.max),
            form=saying.say(f"form.{one.form}"),
            book=one.book,
            count=one.count,
            first=one.first,
            last=one.last,
            missing=one.missing,
        )
    for unit, form, book, number, codes in found.entries_twice:
        yield saying.say(
            "completeness.book_twice",
            unit=saying.unit(unit, date.max),
            form=saying.say(f"form.{form}"),
            book=book,
            number=number,
            codes=", ".join(codes),
        )
