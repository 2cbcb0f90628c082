"""What a check finds, in order and bounded: a broken file does not make a million findings."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

from audit.findings import Finding, Verdict

#: Of one kind and place so many are named, the others are counted.
MOST = 50


class Place(NamedTuple):
    """A topic-partition."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


@dataclass(frozen=True)
class LeftOff:
    """How many findings of a kind and place are counted only."""

    kind: str
    topic: str | None
    partition: int | None
    count: int


class Findings:
    """A growing list of findings; not all of them are kept, the verdict counts all."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._counts: Counter[tuple[str, str | None, int | None]] = Counter()
        self.verdict = Verdict.SOUND

    def add(self, verdict: Verdict, kind: str, text: str, **where: Any) -> None:
        """Add what was found; `where` are the fields of Finding."""
        self.keep(Finding(verdict, kind, text, **where))

    def keep(self, finding: Finding) -> None:
        """Add a finding."""
        self.verdict = max(self.verdict, finding.verdict)
        key = finding.kind, finding.topic, finding.partition
        self._counts[key] += 1
        if self._counts[key] <= MOST:
            self._kept.append(finding)

    def sorted(self) -> list[Finding]:
        """Return those that are kept, by place and offset."""
        return sorted(self._kept, key=_order)

    def left_off(self) -> list[LeftOff]:
        """Return how many are not kept, by kind and place."""
        found = [LeftOff(*key, count - MOST) for key, count in self._counts.items() if count > MOST]
        return sorted(found, key=lambda one: (one.kind, one.topic or "", one.partition or 0))

    def offsets(self, place: Place) -> list[int]:
        """Return the offsets of a place for which something is kept."""
        return [
            finding.offset
            for finding in self._kept
            if (finding.topic, finding.partition) == place and finding.offset is not None
        ]


def _order(finding: Finding) -> tuple[str, int, int, str, str, str, str]:
    return (
        finding.topic or "",
        -1 if finding.partition is None else finding.partition,
        -1 if finding.offset is None else finding.offset,
        finding.kind,
        str(finding.dossier_id or ""),
        finding.file or "",
        finding.text,
    )
