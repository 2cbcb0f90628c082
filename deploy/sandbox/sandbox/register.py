"""The civil-status register: takes a dossier once, decides in time, numbers its books."""

import asyncio
import hashlib
import heapq
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from sys import intern

from sandbox.journal import Entry, Journal

LATE_ID = timedelta(seconds=5)
PAGES_IN_A_BOOK = 200
VIETNAM = timezone(timedelta(hours=7))

_TICK_SECONDS = 0.1
_VERDICTS = {
    "register": "register.registered",
    "refuse": "register.refused",
    "supplement": "register.supplement",
}


class Module(Enum):
    """The register's parts, one kind of book each; the last two are not in the known contract."""

    BIRTH = "LTKS"
    DEATH = "LTKT"
    MARRIAGE = "LTKH"
    MARITAL_STATUS = "LTHN"
    EXTRACT_COPY = "LTTL"


class Status(Enum):
    """Where a dossier stands in the register (`trangThai`)."""

    RECEIVED = 1
    SUPPLEMENT = 2
    ACCEPTED = 3
    REGISTERED = 4
    REFUSED = 6


@dataclass(frozen=True, slots=True)
class Push:
    """A dossier as the one-stop sends it; `note` is the e-form's, where tests ask for outcomes."""

    code: str
    unit: str
    module: Module
    note: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided when, journaled; the line of the book is there if it was to register."""

    at: datetime
    serial: int
    number: int | None
    book: str | None
    page: int | None


@dataclass(slots=True)
class RegisterDossier:
    """What the register knows of one dossier."""

    code: str
    unit: str
    module: Module
    outcome: str
    late_id: bool
    accepted_at: datetime
    decided_at: datetime
    form_sha256: str
    verdict: Verdict | None = None

    def status(self, now: datetime) -> Status:
        """Return the status at `now`; a verdict counts only once it is journaled."""
        if self.verdict is None:
            return Status.ACCEPTED if now >= self.accepted_at else Status.RECEIVED
        match self.outcome:
            case "register":
                return Status.REGISTERED
            case "refuse":
                return Status.REFUSED
            case _:
                return Status.SUPPLEMENT

    def personal_number(self, now: datetime) -> str | None:
        """Return the number the population database gave the child, None while it has not."""
        if self.verdict is None or self.verdict.number is None or self.module is not Module.BIRTH:
            return None
        if self.late_id and now < self.verdict.at + LATE_ID:
            return None
        # No birthplace has code 000, and a journal number is given once.
        return f"000{self.verdict.serial:09d}"


class Register:
    """The register's state, changed only by journal entries, so that replay gives it back."""

    def __init__(self, journal: Journal, mean_seconds: float) -> None:
        self._journal = journal
        self._mean_seconds = mean_seconds
        self._dossiers: dict[str, RegisterDossier] = {}
        self._due: list[tuple[datetime, str]] = []
        self._last_numbers: defaultdict[tuple[str, str, int], int] = defaultdict(int)

    def take(self, push: Push, now: datetime) -> str:
        """Take a pushed dossier and return the kind of the entry journaled for it.

        A dossier waiting for a supplement is taken up again when it comes back changed;
        everything else that is known already is a duplicate.
        """
        known = self._dossiers.get(push.code)
        if known is None and "sandbox:reject" in push.note:
            return self._record("register.push_rejected", push.code, unit=push.unit)
        form_sha256 = hashlib.sha256(push.payload).hexdigest()
        if known is None:
            return self._record("register.pushed", push.code, **self._plan(push, form_sha256, now))
        self.decide_due(now)
        if known.status(now) is Status.SUPPLEMENT and known.form_sha256 != form_sha256:
            plan = self._plan(push, form_sha256, now)
            return self._record("register.supplemented", push.code, **plan)
        return self._record("register.push_duplicate", push.code, unit=push.unit)

    def find(self, code: str) -> RegisterDossier | None:
        """Return what is known of the dossier; call `decide_due` before, to be up to date."""
        return self._dossiers.get(code)

    def decide_due(self, now: datetime) -> None:
        """Journal the verdict of every dossier whose processing time is over, oldest first."""
        while self._due and self._due[0][0] <= now:
            decided_at, code = heapq.heappop(self._due)
            dossier = self._dossiers[code]
            # A supplemented dossier and a replayed verdict leave an old date in the heap.
            if dossier.verdict is None and dossier.decided_at == decided_at:
                self._decide(dossier, now)

    async def keep_deciding(self) -> None:
        """Decide what is due for ever, so that a verdict is journaled though nobody asks."""
        while True:
            self.decide_due(datetime.now(UTC))
            await asyncio.sleep(_TICK_SECONDS)

    def recall(self, entry: Entry) -> None:
        """Change the state by one journal entry, new or replayed."""
        match entry["kind"]:
            case "register.pushed" | "register.supplemented":
                self._recall_push(entry)
            case "register.registered" | "register.refused" | "register.supplement":
                self._dossiers[entry["key"]].verdict = Verdict(
                    at=datetime.fromisoformat(entry["at"]),
                    serial=entry["n"],
                    number=entry.get("number"),
                    book=entry.get("book"),
                    page=entry.get("page"),
                )
        if entry["kind"] == "register.registered":
            year = int(entry["book"][-4:])
            self._last_numbers[entry["unit"], entry["module"], year] = entry["number"]

    def _recall_push(self, entry: Entry) -> None:
        dossier = RegisterDossier(
            code=entry["key"],
            unit=intern(entry["unit"]),
            module=Module(entry["module"]),
            outcome=intern(entry["outcome"]),
            late_id=entry["late_id"],
            accepted_at=datetime.fromisoformat(entry["accepted_at"]),
            decided_at=datetime.fromisoformat(entry["decided_at"]),
            form_sha256=entry["form_sha256"],
        )
        self._dossiers[dossier.code] = dossier
        heapq.heappush(self._due, (dossier.decided_at, dossier.code))

    def _decide(self, dossier: RegisterDossier, now: datetime) -> None:
        where = {"unit": dossier.unit, "module": dossier.module.value}
        if dossier.outcome == "register":
            year = now.astimezone(VIETNAM).year
            number = self._last_numbers[dossier.unit, dossier.module.value, year] + 1
            book, page = divmod(number - 1, PAGES_IN_A_BOOK)
            line = {"number": number, "book": f"{book + 1:02d}/{year}", "page": page + 1}
            self._record(_VERDICTS[dossier.outcome], dossier.code, **line, **where)
        else:
            self._record(_VERDICTS[dossier.outcome], dossier.code, **where)

    def _plan(self, push: Push, form_sha256: str, now: datetime) -> dict[str, object]:
        seconds = timedelta(seconds=self._mean_seconds * random.uniform(0.5, 1.5))
        outcome = "register"
        for asked in ("refuse", "supplement"):
            if f"sandbox:{asked}" in push.note:
                outcome = asked
                break
        return {
            "unit": push.unit,
            "module": push.module.value,
            "outcome": outcome,
            "late_id": "sandbox:late-id" in push.note,
            "accepted_at": (now + seconds / 3).isoformat(),
            "decided_at": (now + seconds).isoformat(),
            "form_sha256": form_sha256,
        }

    def _record(self, kind: str, code: str, **facts: object) -> str:
        self.recall(self._journal.append(kind, code, **facts))
        return kind
