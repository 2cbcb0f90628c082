"""What a report tells: each part asked of the archive anew, none taken from elsewhere."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import ValidationError

from audit.archive import Listing, NotAnArchive, Segment, Unreadable, batches_of, listing
from audit.checkpoints import TIMESTAMPS, Ledger
from audit.notes import Verifier
from audit.questions.completeness import Completeness, Wanted, completeness_of
from audit.questions.reading import Source
from audit.questions.statistics import By, Figures, Statistics, statistics_of
from audit.replaying.replay import replay
from audit.replaying.results import Asked as Replayed
from audit.replaying.results import Replay
from audit.replaying.rules import Rules
from audit.verifying.results import Asked as Verified
from audit.verifying.results import Report as Verification
from audit.verifying.verify import verify
from contracts.audit import AccessBlock
from contracts.topics import ACCESS

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What the report is about: a unit or a province, "" for all, and days, both inclusive.

    `rules_named` is how who asked named the rules: a day or a folder.
    """

    unit_code: str = ""
    province_code: str = ""
    first: date | None = None
    last: date | None = None
    keys: tuple[Verifier, ...] = ()
    rules: Rules | None = None
    rules_named: str = ""


@dataclass(frozen=True)
class Witnessed:
    """How many checkpoints were cosigned by whom, and how many have a time stamp."""

    cosignatures: dict[str, int]
    timestamps: int


@dataclass
class Facts:
    """Everything a report tells; None is what could not be computed, `why` says why by name.

    `span` is the broker's time of the first and the last record. `accesses` counts accesses to
    personal data by service and how many sealed blocks tell of them.
    """

    asked: Asked
    origin: str
    span: tuple[datetime, datetime] | None
    records: dict[str, int]
    files: int
    verification: Verification
    completeness: Completeness | None = None
    figures: Figures | None = None
    provinces: Statistics | None = None
    replayed: Replay | None = None
    accesses: dict[str, tuple[int, int]] = field(default_factory=dict)
    witnessed: Witnessed = field(default_factory=lambda: Witnessed({}, 0))
    why: dict[str, str] = field(default_factory=dict)

    @property
    def as_of(self) -> datetime:
        """Return the broker's time of the newest record; the epoch of an archive without any."""
        return self.span[1] if self.span else datetime(1970, 1, 1, tzinfo=UTC)


def gather(root: Path, asked: Asked, tell: Tell = lambda _: None) -> Facts:
    """Return what the report tells; raises NotAnArchive.

    What cannot be read is left out and said so, for a report on a broken archive is wanted too.
    """
    verification = verify(root, Verified(keys=asked.keys), tell)
    files = listing(root)
    records = {place.place.topic: 0 for place in verification.places}
    for place in verification.places:
        records[place.place.topic] += place.records
    facts = Facts(
        asked, verification.origin, _span(root, files), records, len(files.segments), verification
    )
    _try(facts, "figures", lambda: _ask(root, facts, tell))
    _try(facts, "accesses", lambda: _count_accesses(root, files, facts))
    _try(facts, "witnessed", lambda: _count_witnesses(root, facts))
    if asked.rules is not None:
        _try(facts, "replayed", lambda: _replay(root, facts, asked.rules, tell))
    return facts


def _try(facts: Facts, part: str, compute: Callable[[], None]) -> None:
    try:
        compute()
    except (Unreadable, NotAnArchive) as error:
        facts.why[part] = str(error)


def _ask(root: Path, facts: Facts, tell: Tell) -> None:
    asked, days = facts.asked, (facts.asked.first, facts.asked.last)
    with Source(root) as source:
        tell("completeness")
        facts.completeness = completeness_of(source, Wanted(asked.unit_code, *days))
        tell("statistics")
        by: By = "unit" if asked.unit_code else "province" if asked.province_code else "all"
        part = asked.unit_code or asked.province_code or "all"
        facts.figures = statistics_of(source, by, *days).parts.get(part, Figures())
        facts.provinces = statistics_of(source, "province", *days)


def _replay(root: Path, facts: Facts, rules: Rules | None, tell: Tell) -> None:
    assert rules is not None
    tell("replay")
    asked = facts.asked
    which = Replayed(asked.first, asked.last, asked.unit_code or None, limit=20)
    facts.replayed = replay(root, rules.own, rules.asked, which)


def _count_accesses(root: Path, files: Listing, facts: Facts) -> None:
    topics = {topic.name: service for service, topic in ACCESS.items()}
    counted: Counter[str] = Counter()
    blocks: Counter[str] = Counter()
    seen: set[tuple[str, int]] = set()
    for segment in files.segments:
        service = topics.get(segment.topic)
        if service is None:
            continue
        for batch in batches_of(root, segment, ["value"]):
            for value in batch.column("value").to_pylist():
                block = _block(value)
                # A block may stand on its topic twice; it tells of the same accesses.
                if block is not None and (service, block.block) not in seen:
                    seen.add((service, block.block))
                    counted[service] += block.count
                    blocks[service] += 1
    facts.accesses = {name: (counted[name], blocks[name]) for name in ACCESS}


def _block(value: bytes | None) -> AccessBlock | None:
    try:
        return AccessBlock.model_validate_json(value or b"")
    except ValidationError:
        return None


def _count_witnesses(root: Path, facts: Facts) -> None:
    ledger = Ledger(root)
    signed: Counter[str] = Counter()
    for topic, partition in ledger.places():
        for _, _, line in ledger.cosignatures(topic, partition):
            signed[line.split(" ")[1] if " " in line else "?"] += 1
    stamps = sum(1 for _ in (root / TIMESTAMPS).glob("*.tsr"))
    facts.witnessed = Witnessed(dict(sorted(signed.items())), stamps)


def _span(root: Path, files: Listing) -> tuple[datetime, datetime] | None:
    """Return the least and the greatest timestamp; only the first and the last days are read."""
    if not files.segments:
        return None
    days = sorted({segment.day for segment in files.segments})
    first = [one for one in files.segments if one.day == days[0]]
    last = [one for one in files.segments if one.day == days[-1]]
    lows, highs = _moments(root, first), _moments(root, last)
    return (min(lows), max(highs)) if lows and highs else None


def _moments(root: Path, segments: list[Segment]) -> list[datetime]:
    found: list[datetime] = []
    for segment in segments:
        try:
            for batch in batches_of(root, segment, ["timestamp"]):
                moments = batch.column("timestamp").to_pylist()
                found += [min(moments), max(moments)] if moments else []
        except (Unreadable, OverflowError, ValueError):
            continue
    return found
