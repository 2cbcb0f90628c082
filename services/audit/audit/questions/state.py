"""What every dossier stood at then: one row for each, and counts by unit and status."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from typing import Any

import pyarrow as pa

from audit.questions.reading import Source
from audit.questions.rows import Rows
from audit.questions.saying import Saying, iso, moment, province_of, told_document
from audit.questions.standing import STATUSES, Standing, standing
from contracts.model import local_day

_MOMENT = pa.timestamp("us", tz="UTC")
_SCHEMA = pa.schema(
    [
        ("code", pa.string()),
        ("dossier_id", pa.string()),
        ("status", pa.string()),
        ("unit_code", pa.string()),
        ("province_code", pa.string()),
        ("procedure_code", pa.string()),
        ("road", pa.string()),
        ("submitted_at", _MOMENT),
        ("changed_at", _MOMENT),
        ("due_at", _MOMENT),
        ("appointment_on", pa.date32()),
        ("first_appointment_on", pa.date32()),
        ("number", pa.string()),
        ("book", pa.string()),
        ("registered_on", pa.date32()),
    ]
)
#: The columns of a dossier, in files; `late` stands after `due_at`.
COLUMNS = (*_SCHEMA.names[:10], "late", *_SCHEMA.names[10:])
# Late is what waits for its reception or its result and is over the due moment, as on the board.
_LATE = "(status IN ('received', 'accepted') AND coalesce(due_at < $at, false)) AS late"


@dataclass(frozen=True)
class Asked:
    """What is asked: `until` is the moment, the newest event's if None; "" is every one."""

    until: datetime | None = None
    unit_code: str = ""
    province_code: str = ""


@dataclass
class State:
    """The answer: the dossiers of `rows` as they stood at `at`."""

    rows: Rows
    source: Source
    at: datetime | None

    def counts(self) -> dict[tuple[str, date, str], tuple[int, int]]:
        """Return unit, day of its map and status -> how many, and how many of them late."""
        query = (
            f"SELECT unit_code, max(submitted_at), status, count(*), count(*) FILTER (late)"
            f" FROM (SELECT *, {_LATE} FROM state) GROUP BY unit_code, status ORDER BY 1, 3"
        )
        return {
            (unit, local_day(on) if on else date.min, status): (count, late)
            for unit, on, status, count, late in self.rows.ask(query, at=self.at)
        }

    def dossiers(self) -> Iterator[dict[str, Any]]:
        """Yield every dossier by code, columns in the order of COLUMNS; times of Vietnam."""
        names = ", ".join(COLUMNS)
        query = f"SELECT {names} FROM (SELECT *, {_LATE} FROM state) ORDER BY code, dossier_id"
        for row in self.rows.ask(query, at=self.at):
            yield {name: _plain(value) for name, value in zip(COLUMNS, row, strict=True)}


def state_of(source: Source, asked: Asked) -> State:
    """Return what the dossiers of a unit or province, or all, stood at."""
    newest: datetime | None = None
    with Rows(source.base, "state", _SCHEMA) as rows:
        for dossier in source.dossiers():
            last = max(one.event.time for one in dossier.events)
            newest = last if newest is None else max(newest, last)
            now = standing(dossier.events, asked.until)
            if now is not None and _is_asked(now, asked):
                rows.add(*_row(now))
    return State(rows, source, asked.until or newest)


def province_now(now: Standing) -> str:
    """Return the province of the unit that has it, by the events or by the map of its day."""
    if now.province_code or now.unit_on is None:
        return now.province_code
    return province_of(now.unit_code, now.unit_on)


def _is_asked(now: Standing, asked: Asked) -> bool:
    if asked.unit_code and now.unit_code != asked.unit_code:
        return False
    return not asked.province_code or province_now(now) == asked.province_code


def _row(now: Standing) -> tuple[Any, ...]:
    due, entry = now.due, now.entry
    return (
        now.code,
        str(now.dossier_id),
        now.status,
        now.unit_code,
        province_now(now),
        now.procedure_code,
        now.road,
        now.submitted_at,
        now.changed_at,
        due and due.due_at,
        now.appointment and now.appointment.due_on,
        now.first_appointment and now.first_appointment.due_on,
        entry and entry.number,
        entry and entry.book,
        entry and entry.registered_on,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    return value.isoformat() if isinstance(value, date) else value


def state_text(state: State, saying: Saying) -> Iterator[str]:
    """Yield the counts by unit and status as lines."""
    counts = state.counts()
    sums: Counter[str] = Counter()
    for (_, _, status), (count, late) in counts.items():
        sums[status] += count
        sums["late"] += late
    shown = [one for one in STATUSES if sums[one]]
    total = sum(sums[one] for one in shown)
    at = moment(state.at) if state.at else "–"
    yield saying.say("state.title", at=at, count=total)
    for unit in sorted({unit for unit, _, _ in counts}):
        parts = {key[2]: figures for key, figures in counts.items() if key[0] == unit}
        on = max(day for one, day, _ in counts if one == unit)
        all_, late = (sum(figures[n] for figures in parts.values()) for n in (0, 1))
        yield ""
        yield f"{saying.unit(unit, on)}: {all_}"
        for status in shown:
            if status in parts:
                yield f"  {saying.say(f'status.{status}')}: {parts[status][0]}"
        if late:
            yield f"  {saying.say('state.late')}: {late}"
    yield ""
    yield saying.say("state.all")
    for status in shown:
        yield f"  {saying.say(f'status.{status}')}: {sums[status]}"
    yield f"  {saying.say('state.late')}: {sums['late']}"
    yield from saying.told(state.source.told)


def state_csv(state: State) -> Iterator[str]:
    """Yield the dossiers as lines of CSV, the names of the columns first."""
    yield ",".join(COLUMNS)
    for row in state.dossiers():
        line = StringIO()
        csv.writer(line, lineterminator="").writerow(
            ["" if value is None else _flag(value) for value in row.values()]
        )
        yield line.getvalue()


def _flag(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def state_json(state: State) -> Iterator[str]:
    """Yield one JSON document, a dossier a line."""
    head = {
        "origin": state.source.origin,
        "as_of": iso(state.at),
        "counts": [
            {"unit_code": unit, "status": status, "count": count, "late": late}
            for (unit, _, status), (count, late) in state.counts().items()
        ],
        "left_out": told_document(state.source.told),
    }
    opening = json.dumps(head, ensure_ascii=False, indent=1)
    yield opening.removesuffix("\n}") + ',\n "dossiers": ['
    waiting = ""
    for row in state.dossiers():
        if waiting:
            yield waiting + ","
        waiting = "  " + json.dumps(row, ensure_ascii=False)
    yield from filter(None, [waiting])
    yield " ]"
    yield "}"
