"""Sample dossiers of the letter's seven provinces: invented people, days that never age."""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent
VIETNAM = timezone(timedelta(hours=7))
PLACEHOLDER = re.compile(
    r"\{(?:(?P<name>now|run)|today(?:(?P<days>[+-]\d+)d)?|day-from-(?P<first>\d{4})-to-(?P<last>\d{4}))\}"
)
LEFT_OVER = re.compile(r"\{[a-z]+[^{}\"]*\}")
#: A personal number: no birthplace has 000; sex and century, year, and six digits by chance.
NUMBER = re.compile(r"\b(000[0-9]{3})([0-9]{6})\b")
RUN_ID = re.compile(r"[A-Za-z0-9.]{1,20}")
_REGIME = "from-"

Expectation = Literal[
    "registered",
    "returned:supplement",
    "returned:wrong_authority",
    "returned:refused",
    "withdrawn",
    "rejected",
]
Road = Literal["http", "bus"]


class BadSample(Exception):
    """A sample file or a run id cannot be used; names the file or the id."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What the portal sends next, once the one-stop has asked for a supplement.

    `body` is the document of a supplement or of a withdrawal, as a portal sends it.
    """

    send: Literal["supplement", "withdrawal"]
    road: Road
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """One dossier as a portal sends it, and what must become of it.

    `submission` is the body of `POST /v1/submissions`; `former_province` is the letter's province
    in whose territory the chosen commune lies. `expect` is `rejected` if intake must refuse.
    `then` is sent, one by one, each time the dossier comes back for a supplement.
    """

    id: str
    former_province: str
    portal: str
    road: Road
    submission: dict[str, Any]
    expect: Expectation
    then: tuple[FollowUp, ...] = field(default=())


def load(now: datetime | None = None, run_id: str | None = None) -> list[Sample]:
    """Return the dossiers intake must take, by province and number, as submitted at `now`.

    They are those of the regime of that day: with the communes, portals and procedures it has.
    `now` is aware and defaults to this instant; days in the samples count back from its day in
    Vietnam. Portal references carry `run_id`, by default a new random one, so that they are new in
    every run; so are the personal numbers, lest the same people wed and die again. Raises
    BadSample for a day before the first regime.
    """
    return [one for one in _all(now, run_id) if one.expect != "rejected"]


def load_rejected(now: datetime | None = None, run_id: str | None = None) -> list[Sample]:
    """Return the dossiers intake must refuse on that day, as `load` does."""
    return [one for one in _all(now, run_id) if one.expect == "rejected"]


def regime(on: date) -> Path:
    """Return the folder of the samples that fit that day: the latest that had begun."""
    begun = [one for one in FOLDER.glob(f"{_REGIME}*") if _begins(one) <= on]
    if not begun:
        raise BadSample(f"there are no samples for {on}: nothing could be submitted online yet")
    return max(begun, key=_begins)


def _begins(folder: Path) -> date:
    return date.fromisoformat(folder.name.removeprefix(_REGIME))


def _all(now: datetime | None, run_id: str | None) -> list[Sample]:
    instant = (now or datetime.now(VIETNAM)).astimezone(VIETNAM)
    return _read(sorted(regime(instant.date()).glob("*.json")), instant, run_id)


def _read(paths: Iterable[Path], instant: datetime, run_id: str | None) -> list[Sample]:
    run = secrets.token_hex(5) if run_id is None else run_id
    if not RUN_ID.fullmatch(run):
        raise BadSample(f"run id {run!r}: 1 to 20 letters, digits or dots are needed")
    samples: list[Sample] = []
    for path in paths:
        text = _resolved(path.read_text(encoding="utf-8"), instant, run)
        if left := LEFT_OVER.search(text):
            raise BadSample(f"{path.name}: unknown placeholder {left[0]}")
        samples.extend(_sample(fields, instant.date()) for fields in json.loads(text))
    return samples


def _sample(fields: dict[str, Any], on: date) -> Sample:
    then = tuple(FollowUp(**one) for one in fields.get("then", ()))
    return Sample(**fields | {"expect": _expected(fields["expect"], on), "then": then})


def _expected(given: str | Mapping[str, str], on: date) -> Any:
    """Return the expectation of that day; a mapping gives the first day of each."""
    if isinstance(given, str):
        return given
    return given[max(day for day in given if date.fromisoformat(day) <= on)]


def _resolved(text: str, instant: datetime, run: str) -> str:
    def value(match: re.Match[str]) -> str:
        if match["first"]:
            return _some_day(run, int(match["first"]), int(match["last"])).isoformat()
        if match["name"] is None:
            return (instant.date() + timedelta(days=int(match["days"] or 0))).isoformat()
        return run if match["name"] == "run" else instant.isoformat(timespec="seconds")

    def number(match: re.Match[str]) -> str:
        digest = hashlib.sha256(f"{run}:{match[2]}".encode()).digest()
        return f"{match[1]}{int.from_bytes(digest[:8]) % 1_000_000:06d}"

    return NUMBER.sub(number, PLACEHOLDER.sub(value, text))


def _some_day(run: str, first: int, last: int) -> date:
    """Return a day of these years, both inclusive, another one in another run.

    Who has no number is known by name and birth date: in the next run it is somebody else.
    """
    begin, end = date(first, 1, 1), date(last, 12, 31)
    digest = hashlib.sha256(f"{run}:{first}:{last}".encode()).digest()
    return begin + timedelta(days=int.from_bytes(digest[:8]) % ((end - begin).days + 1))
