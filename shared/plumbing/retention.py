"""Every topic and table: what it holds, how long, by which rule, and what enforces that.

The rows stand in `retention.csv`; `python -m plumbing.retention` writes `docs/retention.md`.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

DATA = Path(__file__).with_suffix(".csv")
TOPIC, CORE = "topic", "*"
#: What may say something about a person, by how it is kept.
PERSONAL = ("in clear", "sealed", "keyed hash")
KINDS = ("none", "pseudonymous", *PERSONAL)
CONFIDENCE = ("certain", "high", "assumed")


@dataclass(frozen=True)
class Kept:
    """What is kept somewhere, and how long.

    `place` is a service, `*` for every one of them, or `topic`. `fields` names what is personal.
    Rows of a dossier are found by `of_dossier`: a column `dossier_id`, a `key` of the outbox, or
    through their `effect`; those that still hold something personal by the condition `still`,
    and their age by the column `since`; empty where there is none.
    """

    place: str
    name: str
    holds_en: str
    holds_vi: str
    personal: str
    fields: tuple[str, ...]
    of_dossier: str
    still: str
    since: str
    kept: str
    rule: str
    source: str
    confidence: str
    enforced_by: str

    @property
    def is_personal(self) -> bool:
        """Return whether it may say something about a person."""
        return self.personal in PERSONAL


@cache
def load() -> tuple[Kept, ...]:
    """Return every row; raises ValueError for one that is not complete."""
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(_read(row) for row in csv.DictReader(file))


def _read(row: dict[str, str]) -> Kept:
    named = {"still": row.pop("while"), **row}
    several = tuple(one.strip() for one in named.pop("fields").split(",") if one.strip())
    kept = Kept(**named, fields=several)
    wanted = [one.name for one in fields(Kept) if one.name not in _MAY_BE_EMPTY]
    if empty := [name for name in wanted if not getattr(kept, name)]:
        raise ValueError(f"{kept.place} {kept.name} lacks {', '.join(empty)}")
    if kept.personal not in KINDS or kept.confidence not in CONFIDENCE:
        raise ValueError(f"{kept.place} {kept.name}: {kept.personal}, {kept.confidence}")
    return kept


_MAY_BE_EMPTY = ("fields", "of_dossier", "still", "since")


def tables_of(service: str) -> list[Kept]:
    """Return what a service's database holds: its own tables and the core's."""
    return [one for one in load() if one.place in (CORE, service)]


def document() -> str:
    """Return `docs/retention.md`."""
    rows = load()
    places = dict.fromkeys(one.place for one in rows)
    parts = [_INTRODUCTION]
    for place in places:
        parts.append(f"## {_TITLES.get(place, f'Tables of `{place}`')}\n")
        parts.append(_table([one for one in rows if one.place == place]))
    return "\n".join(parts)


def _table(rows: Iterable[Kept]) -> str:
    lines = [
        "| name | holds | personal | kept | why | source | confidence | enforced by |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in rows:
        personal = f"{one.personal}: {', '.join(one.fields)}" if one.fields else one.personal
        cells = (f"`{one.name}`", one.holds_en, personal, one.kept, one.rule, one.source)
        lines.append(f"| {' | '.join((*cells, one.confidence, one.enforced_by))} |")
    return "\n".join(lines) + "\n"


_TITLES = {TOPIC: "Topics", CORE: "Tables of every service"}
_INTRODUCTION = """# Retention

What is kept where, how long, by which rule, and what enforces it.
This page is made from `shared/plumbing/retention.csv` by `python -m plumbing.retention`; a test
compares both, and the rows with the real schema of every service and with the topics.

The record of truth is not here: registers and registration dossiers are kept permanently by the
registration authority (Thông tư 04/2020/TT-BTP, Điều 37; Luật Hộ tịch, Điều 58).
What these services hold are copies on their way, and they go when their purpose is over.
No rule was found for dossiers that were rejected or withdrawn: their term is our default.

Personal is one of: `none`; `pseudonymous`, a dossier's id or code and no more; `sealed`, encrypted;
`keyed hash`, of no use without the key; `in clear`.
Confidence is `certain` where it follows from how the software works, `high` where a rule says so,
`assumed` where no rule was found and the term is our default.

`hotich retention due --days 90` lists the dossiers that ended so long ago and of which something is
held; `hotich retention erase --days 90` tells what it would erase, and with `--yes` erases it.
"""

if __name__ == "__main__":
    (Path(__file__).parents[2] / "docs" / "retention.md").write_text(document(), encoding="utf-8")
