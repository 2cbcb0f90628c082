"""Sample dossiers of the letter's seven provinces: invented people, days that never age."""

import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent
VIETNAM = timezone(timedelta(hours=7))
PLACEHOLDER = re.compile(r"\{(?:(?P<name>now|run)|today(?:(?P<days>[+-]\d+)d)?)\}")
LEFT_OVER = re.compile(r"\{[a-z]+[^{}\"]*\}")
RUN_ID = re.compile(r"[A-Za-z0-9.]{1,20}")

Expectation = Literal[
    "registered", "returned:supplement", "returned:wrong_authority", "returned:refused", "rejected"
]


class BadSample(Exception):
    """A sample file or a run id cannot be used; names the file or the id."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One dossier as a portal sends it, and what must become of it.

    `submission` is the body of `POST /v1/submissions`; `former_province` is the letter's province
    in whose territory the chosen commune lies today. `expect` is `rejected` if intake must refuse.
    """

    id: str
    former_province: str
    portal: str
    road: Literal["http", "bus"]
    submission: dict[str, Any]
    expect: Expectation


def load(now: datetime | None = None, run_id: str | None = None) -> list[Sample]:
    """Return the dossiers intake must take, by province and number, as submitted at `now`.

    `now` is aware and defaults to this instant; days in the samples count back from its day in
    Vietnam. Portal references carry `run_id`, by default a new random one, so that they are new in
    every run.
    """
    return _read(sorted(FOLDER.glob("[0-9]*.json")), now, run_id)


def load_rejected(now: datetime | None = None, run_id: str | None = None) -> list[Sample]:
    """Return the dossiers intake must refuse, as `load` does."""
    return _read([FOLDER / "rejected.json"], now, run_id)


def _read(paths: Iterable[Path], now: datetime | None, run_id: str | None) -> list[Sample]:
    instant = (now or datetime.now(VIETNAM)).astimezone(VIETNAM)
    run = secrets.token_hex(5) if run_id is None else run_id
    if not RUN_ID.fullmatch(run):
        raise BadSample(f"run id {run!r}: 1 to 20 letters, digits or dots are needed")
    samples: list[Sample] = []
    for path in paths:
        text = _resolved(path.read_text(encoding="utf-8"), instant, run)
        if left := LEFT_OVER.search(text):
            raise BadSample(f"{path.name}: unknown placeholder {left[0]}")
        samples.extend(Sample(**fields) for fields in json.loads(text))
    return samples


def _resolved(text: str, instant: datetime, run: str) -> str:
    def value(match: re.Match[str]) -> str:
        if match["name"] is None:
            return (instant.date() + timedelta(days=int(match["days"] or 0))).isoformat()
        return run if match["name"] == "run" else instant.isoformat(timespec="seconds")

    return PLACEHOLDER.sub(value, text)
