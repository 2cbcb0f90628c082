"""What each portal knows of its dossiers: sent, answered, told."""

import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sandbox.journal import Entry, Journal
from sandbox.magic import played

#: What a portal sends, by the word the answers use: journaled when it is sent, when answered.
_SENT = {
    "submission": "portal.submitted",
    "supplement": "portal.supplement_sent",
    "withdrawal": "portal.withdrawal_sent",
}
_ANSWERED = {
    "submission": "portal.answered",
    "supplement": "portal.supplemented",
    "withdrawal": "portal.withdrawn",
}
ABOUT = tuple(_SENT)
PORTAL_REFERENCE = re.compile(r"[A-Za-z0-9._/-]{1,64}")

Problem = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the other side said of what a portal sent: a dossier, or the problem with it."""

    dossier_code: str | None
    dossier_id: str | None
    problem: Problem | None


@dataclass(slots=True)
class PortalDossier:
    """A dossier as one portal sees it; without `road` it was not sent by the sandbox.

    `supplements` and `withdrawals` are the answers they got; `seen_at` is when it first
    heard of it.
    """

    portal_reference: str
    road: str | None = None
    sent_at: str | None = None
    dossier_code: str | None = None
    dossier_id: str | None = None
    problem: Problem | None = None
    statuses: list[dict[str, Any]] = field(default_factory=list)
    supplements: list[dict[str, Any]] = field(default_factory=list)
    withdrawals: list[dict[str, Any]] = field(default_factory=list)
    seen_at: str | None = None


class Portals:
    """The portals' state, changed only by journal entries, so that replay gives it back."""

    def __init__(self, journal: Journal, portals: Collection[str]) -> None:
        self._journal = journal
        self._portals = frozenset(portals)
        self._dossiers: defaultdict[str, dict[str, PortalDossier]] = defaultdict(dict)
        self._callbacks: defaultdict[str, set[str]] = defaultdict(set)
        self._replies: defaultdict[str, set[str]] = defaultdict(set)
        #: Portal and reference of each magic dossier, by its code.
        self.magic: dict[str, tuple[str, str]] = {}

    def __contains__(self, portal: object) -> bool:
        """Return whether this portal is played here."""
        return portal in self._portals

    def send(self, portal: str, portal_reference: str, about: str, road: str, key: str) -> None:
        """Journal that the portal sends a submission, supplement or withdrawal."""
        facts = {"portal": portal, "road": road, "idempotency_key": key}
        self._record(_SENT[about], portal_reference, **facts)

    def answer(
        self, portal: str, portal_reference: str, about: str, road: str, outcome: Outcome
    ) -> None:
        """Journal the answer over HTTP to what the portal sent."""
        self._answered(portal, portal_reference, about, outcome, road=road)

    def reply(
        self, portal: str, portal_reference: str, about: str, reply_id: str, outcome: Outcome
    ) -> None:
        """Journal the reply on the bus to what the portal sent, once however often it is read."""
        if reply_id not in self._replies[portal]:
            facts = {"road": "bus", "reply_id": reply_id}
            self._answered(portal, portal_reference, about, outcome, **facts)
        elif about == "submission":
            self._dossier(portal, portal_reference).problem = outcome.problem

    def call_back(self, portal: str, webhook_id: str, update: dict[str, Any]) -> None:
        """Journal a verified callback; the same webhook id again is a duplicate."""
        known = webhook_id in self._callbacks[portal]
        kind = "portal.callback_duplicate" if known else "portal.callback"
        self._record(kind, webhook_id, portal=portal, **update)

    def know(self, portal: str, portal_reference: str, dossier_code: str) -> None:
        """Journal that a dossier this portal was not told of has that code."""
        self._record("portal.known", portal_reference, portal=portal, dossier_code=dossier_code)

    def forget(self, portal: str, portal_reference: str) -> None:
        """Journal that the portal lost what it was told of a dossier, as by an old backup."""
        self._record("portal.forgot", portal_reference, portal=portal)

    def dossiers(self, portal: str, portal_reference: str | None) -> list[PortalDossier]:
        """Return the portal's dossiers in the order of first sight, or the one asked for."""
        known = self._dossiers[portal]
        if portal_reference is None:
            return list(known.values())
        return [known[portal_reference]] if portal_reference in known else []

    def recall(self, entry: Entry) -> None:
        """Change the state by one journal entry, new or replayed."""
        match entry["kind"]:
            case "portal.submitted":
                dossier = self._dossier(entry["portal"], entry["key"])
                dossier.road = dossier.road or entry["road"]
                dossier.sent_at = dossier.sent_at or entry["at"]
            case "portal.answered" | "portal.supplemented" | "portal.withdrawn":
                self._recall_answer(entry)
            case "portal.forgot":
                self._dossier(entry["portal"], entry["key"]).statuses.clear()
            case "portal.known":
                dossier = self._dossier(entry["portal"], entry["key"])
                dossier.seen_at = dossier.seen_at or entry["at"]
                self._note_magic(entry["portal"], entry["key"], entry["dossier_code"])
            case "portal.callback":
                self._note_magic(entry["portal"], entry["portal_reference"], entry["dossier_code"])
                self._callbacks[entry["portal"]].add(entry["key"])
                dossier = self._dossier(entry["portal"], entry["portal_reference"])
                dossier.seen_at = dossier.seen_at or entry["at"]
                status = {name: entry[name] for name in ("status", "step", "event_id")}
                told = {**status, "passed": entry.get("passed", []), "at": entry["occurred_at"]}
                dossier.statuses.append(told)

    def _recall_answer(self, entry: Entry) -> None:
        dossier = self._dossier(entry["portal"], entry["key"])
        dossier.seen_at = dossier.seen_at or entry["at"]
        said = {name: entry[name] for name in ("at", "road", "problem")}
        match entry["kind"]:
            case "portal.supplemented":
                dossier.supplements.append(said)
            case "portal.withdrawn":
                dossier.withdrawals.append(said)
            case _:
                dossier.problem = entry["problem"]
        if entry["dossier_code"] is not None:
            dossier.dossier_code = entry["dossier_code"]
            dossier.dossier_id = entry["dossier_id"]
            self._note_magic(entry["portal"], entry["key"], entry["dossier_code"])
        if "reply_id" in entry:
            self._replies[entry["portal"]].add(entry["reply_id"])

    def _note_magic(self, portal: str, portal_reference: str, dossier_code: str) -> None:
        if played(portal_reference) is not None:
            self.magic[dossier_code] = (portal, portal_reference)

    def _answered(
        self, portal: str, portal_reference: str, about: str, outcome: Outcome, **facts: str
    ) -> None:
        self._record(
            _ANSWERED[about],
            portal_reference,
            portal=portal,
            dossier_code=outcome.dossier_code,
            dossier_id=outcome.dossier_id,
            problem=_without_words(outcome.problem),
            **facts,
        )
        if about == "submission":
            self._dossier(portal, portal_reference).problem = outcome.problem

    def _dossier(self, portal: str, portal_reference: str) -> PortalDossier:
        known = self._dossiers[portal]
        if portal_reference not in known:
            known[portal_reference] = PortalDossier(portal_reference)
        return known[portal_reference]

    def _record(self, kind: str, key: str, **facts: object) -> None:
        self.recall(self._journal.append(kind, key, **facts))


def _without_words(problem: Problem | None) -> Problem | None:
    # The words of a problem may quote the form; the journal keeps which rule and which field.
    if problem is None:
        return None
    kept: Problem = {"type": problem.get("type"), "status": problem.get("status")}
    errors = problem.get("errors")
    if isinstance(errors, list):
        named = [error for error in errors if isinstance(error, dict)]
        kept["errors"] = [{"field": one.get("field"), "rule": one.get("rule")} for one in named]
    return kept
