"""What a replay is asked, and what came out."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from contracts.what_if import Judged


@dataclass(frozen=True)
class Asked:
    """Which dossiers: those submitted on these days (both inclusive) and to that unit; all by None.

    `limit` is how many dossiers that differ are listed; all are counted.
    """

    first: date | None = None
    last: date | None = None
    unit_code: str | None = None
    limit: int = 1000


@dataclass(frozen=True)
class Difference:
    """A decision that would be another, of a dossier."""

    code: str
    dossier_id: str
    judged: Judged


@dataclass
class Replay:
    """What came out; `records` are those of the archive, `heard` those the judges were told.

    `judged` counts decisions by kind, `differing` those that differ by kind and by what differs.
    Of `dossiers_differing` something was decided otherwise of `dossiers_changed`, of the others
    only the grounds of the same are not the same.
    `versions` are the reference data the log names, by dossiers routed with them. `never_submitted`
    are dossiers without a submission in the archive, of which nothing can be said.
    """

    origin: str
    records: int = 0
    heard: int = 0
    copies: int = 0
    dossiers: int = 0
    dossiers_differing: int = 0
    dossiers_changed: int = 0
    never_submitted: int = 0
    judged: Counter[str] = field(default_factory=Counter)
    differing: Counter[tuple[str, str]] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    @property
    def dossiers_on_other_grounds(self) -> int:
        """Return of how many dossiers nothing is decided otherwise, on other grounds."""
        return self.dossiers_differing - self.dossiers_changed
