"""I2: the register entered each dossier once that had to be, in books without a gap."""

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.campaign.invariants.finding import Facts, Verdict, verdict
from tests.chaos.campaign.outside import Line

PAGES_IN_A_BOOK = 200


def registered_once(facts: Facts) -> Verdict:
    """I2: one registration for each dossier that had to be, none for the others."""
    outside = facts.outside
    breaches = [
        line for dossier, code in facts.dossiers.items() for line in _one(facts, dossier, code)
    ]
    known = set(facts.dossiers.values())
    strangers = (outside.lines.keys() | outside.pushes.keys()) - known
    breaches += [f"{code}: at the register, and no dossier" for code in sorted(strangers)]
    breaches += _books(facts)
    wanted = sum(any(facts.log.about(one, "registered")) for one in facts.dossiers)
    lines = sum(len(found) for found in outside.lines.values())
    doubles = sum(max(len(found) - 1, 0) for found in outside.lines.values())
    return verdict(
        "I2 registered once",
        f"{wanted} registrations on the log",
        f"{lines} in the books, {doubles} double; pushed again and dropped:"
        f" {outside.kinds['register.push_duplicate']}",
        breaches,
    )


def _one(facts: Facts, dossier: str, code: str) -> Iterator[str]:
    lines = facts.outside.lines.get(code, [])
    said = list(facts.log.about(dossier, "registered"))
    if len(lines) > 1:
        yield f"{code}: registered {len(lines)} times"
    if len(said) != len(lines):
        yield f"{code}: {len(lines)} lines in the books, {len(said)} events of it"
    for one, line in zip(said, lines, strict=False):
        if (one.data["number"], one.data["book"]) != (str(line.number), line.book):
            yield f"{code}: event says number {one.data['number']}, the register {line.number}"
    yield from _taken(facts, dossier, code)


def _taken(facts: Facts, dossier: str, code: str) -> Iterator[str]:
    """Yield a round that was told twice or not at all; one that ended may never be told."""
    chain = facts.log.of(dossier, "routing")
    rounds = sum(one.name == "accepted" and not one.data.get("at_register") for one in chain)
    ends = any(
        one.name == "withdrawn" or (one.name == "returned" and one.data["kind"] != "supplement")
        for one in chain
    )
    pushes = facts.outside.pushes.get(code, [])
    first = sum(push.kind == "pushed" for push in pushes)
    if first > 1:
        yield f"{code}: the register took it {first} times as new"
    refused = facts.outside.refused[code]
    if len(pushes) > rounds or (len(pushes) + refused < rounds and not ends):
        yield f"{code}: accepted {rounds} times, told to the register {len(pushes)} times"


def _books(facts: Facts) -> Iterator[str]:
    books: defaultdict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for lines in facts.outside.lines.values():
        for line in lines:
            books[line.unit, line.module, line.book.rpartition("/")[2]].append(line)
    for (unit, module, year), lines in books.items():
        numbers = sorted(line.number for line in lines)
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"books {module} {year} of {unit}: numbers {numbers[:20]} have a gap or a double"
        for line in lines:
            book, page = divmod(line.number - 1, PAGES_IN_A_BOOK)
            if (line.book, line.page) != (f"{book + 1:02d}/{year}", page + 1):
                yield f"{line.code}: number {line.number} is in book {line.book} page {line.page}"
