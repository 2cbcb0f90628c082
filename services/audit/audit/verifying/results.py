"""What a check of an archive is asked, and what it came to."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography.x509 import Certificate

from audit.findings import Finding, Verdict
from audit.notes import Verifier
from audit.verifying.checking import PlaceResult
from audit.verifying.collecting import LeftOff, Place


@dataclass(frozen=True)
class Asked:
    """What is to be checked; `keys` are those the auditor brought, else the archive's are used.

    With `since` only records of files from that day on are looked at one by one; the trees are
    always computed whole. `strict` counts records that are no events. `authority` is the root
    of who time-stamps.
    """

    keys: tuple[Verifier, ...] = ()
    topics: tuple[str, ...] = ()
    since: date | None = None
    strict: bool = False
    causes: bool = False
    against: Path | None = None
    checkpoints: Path | None = None
    witnesses: tuple[Verifier, ...] = ()
    authority: Certificate | None = None


@dataclass(frozen=True)
class Report:
    """What a check came to. `dossiers` and `causes` are None when they were not counted.

    `cosigned` is how many cosignatures the archive has of each witness that was named, `keys` are
    those that might sign, `unchecked_stamps` time stamps nobody named an authority for.
    """

    origin: str
    verdict: Verdict
    findings: list[Finding]
    left_off: list[LeftOff]
    places: list[PlaceResult]
    own_keys: bool
    dossiers: int | None = None
    causes: int | None = None
    behind: dict[Place, int] = field(default_factory=dict)
    cosigned: dict[str, int] = field(default_factory=dict)
    keys: tuple[Verifier, ...] = ()
    unchecked_stamps: int = 0

    @property
    def as_of(self) -> datetime | None:
        """Return the broker's time of the newest record."""
        newest = max((place.newest_ms for place in self.places), default=-1)
        try:
            return datetime.fromtimestamp(newest / 1000, UTC) if newest >= 0 else None
        except (OverflowError, ValueError, OSError):
            return None
