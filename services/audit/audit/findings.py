"""What a check of an archive may find, and with which code the command ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID


class Verdict(IntEnum):
    """The exit code of a check: the worst of what was found.

    2 is what the command line itself ends with when it was called wrongly.
    """

    SOUND = 0
    NOT_AN_ARCHIVE = 1
    CLOCK_WENT_BACK = 3
    UNREADABLE = 4
    INCOMPLETE = 5
    ALTERED = 6
    FORGED = 7
    DIVERGED = 8


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, where, and in words; a place that is not known is None.

    `kind` is a constant in snake case that scripts may rely on, `text` a sentence for a person
    that quotes nothing of a value.
    """

    verdict: Verdict
    kind: str
    text: str
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    dossier_id: UUID | None = None
    file: str | None = None


def worst(findings: Iterable[Finding]) -> Verdict:
    """Return the worst verdict, SOUND when nothing was found."""
    return max((finding.verdict for finding in findings), default=Verdict.SOUND)
