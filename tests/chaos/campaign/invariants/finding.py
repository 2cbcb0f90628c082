"""What an invariant says, and everything it may look at."""

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from contracts.topics import PARTICULARS
from tests.chaos.campaign.course import Course, Place, Sent
from tests.chaos.campaign.evidence import Evidence, Tables
from tests.chaos.campaign.forgery import Forgeries, read_forgeries
from tests.chaos.campaign.outside import Outside, Party, read_journal
from tests.chaos.campaign.said import Log, Said, read_log

MOST_SHOWN = 20
#: The version that stands for the tombstone of the personal data.
ERASED = 2**31 - 1


@dataclass(frozen=True)
class Verdict:
    """Whether one invariant holds; `breaches` are the first of them, `actual` how it came out."""

    name: str
    holds: bool
    expected: str
    actual: str
    breaches: tuple[str, ...] = ()
    count: int = 0


def verdict(name: str, expected: str, actual: str, breaches: Iterable[str]) -> Verdict:
    """Return the verdict: it holds without a breach; only the first ones are kept."""
    found = list(breaches)
    return Verdict(name, not found, expected, actual, tuple(found[:MOST_SHOWN]), len(found))


@dataclass(frozen=True)
class Facts:
    """Evidence and course, with the log and the journal read once."""

    evidence: Evidence
    course: Course

    @cached_property
    def forged(self) -> frozenset[Place]:
        """Return the places of the forged records."""
        return frozenset(self.course.forged)

    @cached_property
    def put_in(self) -> frozenset[Place]:
        """Return the places of all records no service put there: forged ones and copies."""
        return self.forged | frozenset(self.course.again)

    @cached_property
    def log(self) -> Log:
        """Return the true events."""
        return read_log(self.evidence.topics, self.forged)

    @cached_property
    def forgeries(self) -> Forgeries:
        """Return what may have become of the forged records."""
        return read_forgeries(self.evidence.topics, self.forged, self.log)

    @cached_property
    def outside(self) -> Outside:
        """Return what the outside saw."""
        return read_journal(self.evidence.journal)

    @cached_property
    def sent(self) -> dict[Party, Sent]:
        """Return what the load sent, by portal and reference."""
        return {(one.portal, one.reference): one for one in self.course.sent}

    @cached_property
    def submitted(self) -> dict[Party, list[Said]]:
        """Return the submissions on the log, by portal and reference."""
        found: dict[Party, list[Said]] = {}
        for dossier in self.log.by_dossier:
            for one in self.log.about(dossier, "submitted"):
                party = (one.data["portal"], one.data["portal_reference"])
                found.setdefault(party, []).append(one)
        return found

    @cached_property
    def dossiers(self) -> dict[str, str]:
        """Return the code of every true dossier by its id; those a forged event began are not."""
        return {
            dossier: events[0].code
            for dossier, events in self.log.by_dossier.items()
            if dossier not in self.forgeries.phantoms
        }

    @cached_property
    def newest_particulars(self) -> dict[str, tuple[int, str]]:
        """Return version and hash of each dossier's newest personal data; ERASED is the last."""
        newest: dict[str, tuple[int, str]] = {}
        for record in self.evidence.topics.get(PARTICULARS.name, ()):
            if record.place in self.forged or record.key is None:
                continue
            place = ERASED, hashlib.sha256(b"").hexdigest()
            if record.value is not None:
                sealed = json.loads(record.value)
                ciphertext = base64.b64decode(sealed["ciphertext"])
                place = sealed["version"], hashlib.sha256(ciphertext).hexdigest()
            before = newest.get(record.key.decode(), (0, ""))
            newest[record.key.decode()] = max(before, place, key=lambda known: known[0])
        return newest

    @cached_property
    def taken(self) -> frozenset[str]:
        """Return the dossiers in the intake's database."""
        return frozenset(row["dossier_id"] for row in self.tables("intake").get("dossier", ()))

    def tables(self, service: str) -> Tables:
        """Return what a service's database holds."""
        return self.evidence.databases.get(service, {})
