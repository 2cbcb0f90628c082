"""Submissions to measure with: samples a machine takes to their end, always of other people."""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from itertools import count as counting
from itertools import islice
from typing import Any

from sandbox.samples import Sample, load

#: An invented person's number: the beginning tells century, sex and year, the rest is free.
_NUMBER = re.compile(r'"(000\d{3})(\d{6})"')
#: Numbers are given one after the other: drawn ones meet again among some thousands, and then it is
#: the same birth twice, which waits for an officer.
_FREE = counting(secrets.randbelow(1_000_000))


def make(count: int) -> list[Sample]:
    """Return so many; each has a reference of its own and people nobody has seen before."""
    return list(islice(_endless(), count))


def by_province(samples: list[Sample]) -> list[Sample]:
    """Return them one province after the other, as when each sends its day's work at once."""
    return sorted(samples, key=lambda sample: str(sample.submission["province_code"]))


def _endless() -> Iterator[Sample]:
    run, number = secrets.token_hex(3), 0
    while True:
        # People of another run have other birthdays.
        for sample in load(run_id=f"{run}.{number}"):
            if ends_registered(sample):
                yield replace(sample, submission=_named(sample, f"BENCH-{run}-{number}"))
        number += 1


def _named(sample: Sample, prefix: str) -> dict[str, object]:
    given: dict[str, str] = {}

    def another(found: re.Match[str]) -> str:
        return given.setdefault(found[0], f'"{found[1]}{next(_FREE) % 1_000_000:06d}"')

    submission: dict[str, Any] = json.loads(
        _NUMBER.sub(another, json.dumps(sample.submission, ensure_ascii=False))
    )
    return submission | {"portal_reference": f"{prefix}-{sample.id}"[:64]}


def ends_registered(sample: Sample) -> bool:
    """Return whether a machine takes it to its end, however often it is sent with other numbers.

    A dead person without a number is known by name and birth date, and some day the same again.
    What asks the outside for anything but an answer at once would only be waited for.
    """
    if "sandbox:" in str(sample.submission["form"]):
        return False
    deceased = sample.submission["form"].get("deceased")
    numbered = deceased is None or "personal_number" in deceased
    return sample.expect == "registered" and not sample.then and numbered
