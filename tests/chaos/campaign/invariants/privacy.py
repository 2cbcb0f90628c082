"""I14: nothing personal in logs, metrics and the topics that are kept for ever."""

import re
from collections.abc import Iterable, Iterator

from contracts.topics import ARCHIVED, CHECKPOINTS
from tests.chaos.campaign.invariants.finding import Facts, Verdict, verdict
from tests.chaos.campaign.personal import Search

#: Numbers, phones and addresses as all invented people have them.
_SHAPES = re.compile(r"\+84900\d{6}|(?<![0-9a-f.-])000\d{9}(?![0-9a-f-])|@example\.(?:com|org|net)")


def nothing_personal(facts: Facts) -> Verdict:
    """I14: no name, phone, address or number that the load sent where it may not be."""
    breaches: list[str] = []
    places = 0
    search = Search(facts.course.personal)
    for name, lines in _texts(facts):
        places += 1
        breaches += [f"{name}: {what}" for what in _found(lines, search)]
    return verdict(
        "I14 nothing personal",
        f"{len(facts.course.personal)} values sent in none of {places} texts",
        f"{len(breaches)} found",
        breaches,
    )


def _texts(facts: Facts) -> Iterator[tuple[str, Iterable[str]]]:
    yield from ((f"log {name}", lines) for name, lines in facts.evidence.logs.items())
    for name, text in facts.evidence.metrics.items():
        yield f"metrics {name}", text.splitlines()
    kept = {topic.name for topic in (*ARCHIVED, CHECKPOINTS)}
    for topic in sorted(facts.evidence.topics.keys() & kept):
        yield f"topic {topic}", _values(facts, topic)


def _values(facts: Facts, topic: str) -> Iterator[str]:
    for record in facts.evidence.topics[topic]:
        if record.place not in facts.forged:
            yield (record.key or b"").decode(errors="replace")
            yield (record.value or b"").decode(errors="replace")


def _found(lines: Iterable[str], search: Search) -> Iterator[str]:
    """Yield in which line what was found, never the value."""
    for number, line in enumerate(lines, start=1):
        if _SHAPES.search(line):
            yield f"line {number} has a phone, an address or a number"
        elif search.finds(line):
            yield f"line {number} has a value that was sent"
