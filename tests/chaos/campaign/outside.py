"""The outside's journal, gone through once: what portals, register, gateways really saw."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Party = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Push:
    """A dossier as the register took it: `kind` is `pushed` or `supplemented`."""

    kind: str
    unit: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line in a book of the register."""

    code: str
    unit: str
    module: str
    number: int
    book: str
    page: int


@dataclass(frozen=True, slots=True)
class Callback:
    """A status as a portal heard it the first time."""

    event_id: str
    step: str
    status: int
    passed: tuple[int, ...]


@dataclass
class Outside:
    """What the journal says, by portal and reference, or by dossier code.

    `follow_ups` counts what portals sent later, `handed_in` what of it the intake or the bus took.
    `told` counts messages by code, step's key (`accepted-2`) and channel; `waits` are the times
    between a portal's sending over HTTP and its answer.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    codes: defaultdict[Party, set[str]] = field(default_factory=lambda: defaultdict(set))
    refusals: Counter[Party] = field(default_factory=Counter)
    sent: Counter[Party] = field(default_factory=Counter)
    follow_ups: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    handed_in: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    pushes: defaultdict[str, list[Push]] = field(default_factory=lambda: defaultdict(list))
    lines: defaultdict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    refused: Counter[str] = field(default_factory=Counter)
    told: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    callbacks: defaultdict[str, list[Callback]] = field(default_factory=lambda: defaultdict(list))
    waits: list[tuple[datetime, datetime]] = field(default_factory=list)
    _waiting: dict[Party, datetime] = field(default_factory=dict)

    def see(self, entry: Mapping[str, Any]) -> None:
        """Take in the next entry."""
        kind = str(entry["kind"])
        self.kinds[kind] += 1
        match kind.split("."):
            case ["portal", what]:
                self._portal(what, entry)
            case ["register", what]:
                self._register(what, entry)
            case ["sms" | "mail", "sent"]:
                code, key, channel = str(entry["reference"]).rsplit(":", 2)
                self.told[code, key, channel] += 1

    def _portal(self, what: str, entry: Mapping[str, Any]) -> None:
        party = (str(entry["portal"]), str(entry["key"]))
        match what:
            case "submitted":
                self.sent[party] += 1
                if entry["road"] == "http":
                    self._waiting[party] = datetime.fromisoformat(entry["at"])
            case "answered":
                if entry.get("dossier_code"):
                    self.codes[party].add(entry["dossier_code"])
                else:
                    self.refusals[party] += 1
                if began := self._waiting.pop(party, None):
                    self.waits.append((began, datetime.fromisoformat(entry["at"])))
            case "supplement_sent" | "withdrawal_sent":
                about = what.removesuffix("_sent")
                self.follow_ups[(*party, about)] += 1
                self.handed_in[(*party, about)] += entry.get("road") == "bus"
            case "supplemented" | "withdrawn" if not entry.get("problem"):
                about = "supplement" if what == "supplemented" else "withdrawal"
                self.handed_in[(*party, about)] += 1
            case "callback":
                passed = tuple(entry.get("passed", ()))
                heard = Callback(entry["event_id"], entry["step"], entry["status"], passed)
                self.callbacks[entry["dossier_code"]].append(heard)

    def _register(self, what: str, entry: Mapping[str, Any]) -> None:
        code = str(entry["key"])
        match what:
            case "pushed" | "supplemented":
                self.pushes[code].append(Push(what, entry["unit"]))
            case "registered":
                number, page = int(entry["number"]), int(entry["page"])
                self.lines[code].append(
                    Line(code, entry["unit"], entry["module"], number, entry["book"], page)
                )
            case "refused" | "push_rejected":
                self.refused[code] += 1


def read_journal(entries: Iterable[Mapping[str, Any]]) -> Outside:
    """Return what all the entries say together."""
    outside = Outside()
    for entry in entries:
        outside.see(entry)
    return outside
