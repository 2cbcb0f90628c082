"""The civil-status register: takes a dossier once, decides in time, numbers its books."""

import asyncio
import hashlib
import heapq
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from sys import intern

from sandbox.clock import Clock
from sandbox.journal import Entry, Journal
from sandbox.register_dossier import Module, Push, RegisterDossier, Status, Verdict

PAGES_IN_A_BOOK = 200

_TICK_SECONDS = 0.1
_VERDICTS = {
    "register": "register.registered",
    "refuse": "register.refused",
    "supplement": "register.supplement",
}
OUTCOMES = tuple(_VERDICTS)
#: A planted dossier has no form here, so whatever is pushed for it is a change.
_NO_FORM_SHA256 = hashlib.sha256(b"").hexdigest()


class Register:
    """The register's state, changed only by journal entries, so that replay gives it back."""

    def __init__(self, journal: Journal, mean_seconds: float, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._mean_seconds = mean_seconds
        self._dossiers: dict[str, RegisterDossier] = {}
        self._due: list[tuple[datetime, str]] = []
        self._last_numbers: defaultdict[tuple[str, str, int], int] = defaultdict(int)

    def take(self, push: Push, now: datetime) -> str:
        """Take a pushed dossier and return the kind of the entry journaled for it.

        A dossier waiting for a supplement is taken up again when it comes back changed, and asked
        for another one only when its first note wanted two; everything else that is known
        already is a duplicate.
        """
        known = self._dossiers.get(push.code)
        if known is None and "sandbox:reject" in push.note:
            return self._record("register.push_rejected", push.code, unit=push.unit)
        if known is None and "sandbox:technical-no" in push.note:
            return self._record("register.push_faulty", push.code, unit=push.unit)
        form_sha256 = hashlib.sha256(push.payload).hexdigest()
        if known is None:
            plan = self._plan(push, form_sha256, push.asks, now)
            return self._record("register.pushed", push.code, **plan)
        self.decide_due(now)
        if known.status(now) is Status.SUPPLEMENT and known.form_sha256 != form_sha256:
            plan = self._plan(push, form_sha256, max(known.asks - 1, 0), now)
            return self._record("register.supplemented", push.code, **plan)
        return self._record("register.push_duplicate", push.code, unit=push.unit)

    def plant(self, code: str, unit: str, module: Module, outcome: str, now: datetime) -> None:
        """Take a dossier the old form brought, to be decided as told."""
        facts = {"outcome": outcome, "asks": int(outcome == "supplement"), "late_id": False}
        where = {"unit": unit, "module": module.value, "form_sha256": _NO_FORM_SHA256}
        self._record("register.played", code, **where, **facts, **self._times(now))

    def is_planted(self, code: str, unit: str, module: Module, outcome: str) -> bool:
        """Return whether the dossier is there as it was planted, untouched since."""
        known = self._dossiers[code]
        planted = (unit, module, outcome, _NO_FORM_SHA256)
        return (known.unit, known.module, known.outcome, known.form_sha256) == planted

    def correct(self, code: str, correction: dict[str, str]) -> None:
        """Change the entry of a registered dossier, by the register's own names."""
        self._record("register.corrected", code, correction=correction)

    def lose(self, code: str) -> None:
        """Forget a dossier; its number is given to no other."""
        self._record("register.lost", code)

    def find(self, code: str) -> RegisterDossier | None:
        """Return what is known of the dossier; call `decide_due` before, to be up to date."""
        return self._dossiers.get(code)

    def decide_due(self, now: datetime) -> None:
        """Journal the verdict of every dossier whose processing time is over, oldest first."""
        while self._due and self._due[0][0] <= now:
            decided_at, code = heapq.heappop(self._due)
            dossier = self._dossiers.get(code)
            # A supplemented, a lost and a replayed dossier leave an old date in the heap.
            if dossier and dossier.verdict is None and dossier.decided_at == decided_at:
                self._decide(dossier, now)

    async def keep_deciding(self) -> None:
        """Decide what is due for ever, so that a verdict is journaled though nobody asks."""
        while True:
            self.decide_due(datetime.now(UTC))
            await asyncio.sleep(_TICK_SECONDS)

    def recall(self, entry: Entry) -> None:
        """Change the state by one journal entry, new or replayed."""
        match entry["kind"]:
            case "register.pushed" | "register.supplemented" | "register.played":
                self._recall_push(entry)
            case "register.registered" | "register.refused" | "register.supplement":
                self._dossiers[entry["key"]].verdict = Verdict(
                    at=datetime.fromisoformat(entry["at"]),
                    dated=datetime.fromisoformat(entry.get("dated") or entry["at"]),
                    serial=entry["n"],
                    number=entry.get("number"),
                    book=entry.get("book"),
                    page=entry.get("page"),
                )
            case "register.corrected":
                self._dossiers[entry["key"]].correction |= entry["correction"]
            case "register.lost":
                del self._dossiers[entry["key"]]
        if entry["kind"] == "register.registered":
            year = int(entry["book"][-4:])
            self._last_numbers[entry["unit"], entry["module"], year] = entry["number"]

    def _recall_push(self, entry: Entry) -> None:
        dossier = RegisterDossier(
            code=entry["key"],
            unit=intern(entry["unit"]),
            module=Module(entry["module"]),
            outcome=intern(entry["outcome"]),
            asks=entry.get("asks", int(entry["outcome"] == "supplement")),
            late_id=entry["late_id"],
            accepted_at=datetime.fromisoformat(entry["accepted_at"]),
            decided_at=datetime.fromisoformat(entry["decided_at"]),
            form_sha256=entry["form_sha256"],
            silent_until=_moment(entry.get("silent_until")),
        )
        self._dossiers[dossier.code] = dossier
        heapq.heappush(self._due, (dossier.decided_at, dossier.code))

    def _decide(self, dossier: RegisterDossier, now: datetime) -> None:
        where = {"unit": dossier.unit, "module": dossier.module.value}
        # Kept, for a restart may give the clock another offset, and no answer may change by that.
        dated = self._clock.shown(now)
        facts: dict[str, object] = {**where, "dated": dated.isoformat(timespec="seconds")}
        if dossier.outcome == "register":
            number = self._last_numbers[dossier.unit, dossier.module.value, dated.year] + 1
            book, page = divmod(number - 1, PAGES_IN_A_BOOK)
            line = {"number": number, "book": f"{book + 1:02d}/{dated.year}", "page": page + 1}
            self._record(_VERDICTS[dossier.outcome], dossier.code, **line, **facts)
        else:
            self._record(_VERDICTS[dossier.outcome], dossier.code, **facts)

    def _plan(self, push: Push, form_sha256: str, asks: int, now: datetime) -> dict[str, object]:
        is_refused = "sandbox:refuse" in push.note
        return {
            "unit": push.unit,
            "module": push.module.value,
            "outcome": "refuse" if is_refused else "supplement" if asks else "register",
            "asks": asks,
            "late_id": "sandbox:late-id" in push.note,
            "form_sha256": form_sha256,
            **self._times(now, push.seconds("slow")),
            **_silence(push, now),
        }

    def _times(self, now: datetime, slow: int | None = None) -> dict[str, str]:
        usual = self._mean_seconds * random.uniform(0.5, 1.5)
        seconds = timedelta(seconds=usual if slow is None else slow)
        return {
            "accepted_at": (now + seconds / 3).isoformat(),
            "decided_at": (now + seconds).isoformat(),
        }

    def _record(self, kind: str, code: str, **facts: object) -> str:
        self.recall(self._journal.append(kind, code, **facts))
        return kind


def _silence(push: Push, now: datetime) -> dict[str, str]:
    seconds = push.seconds("silent")
    return (
        {} if seconds is None else {"silent_until": (now + timedelta(seconds=seconds)).isoformat()}
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
