"""One dossier told once more to a service's rules, calls and the register answering as they did."""

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import reference
from contracts.decision import Answered, Context, InDoubt, Refused
from contracts.envelope import Envelope
from notifier.app import make_part as notifier_part
from plumbing.applying import Part
from plumbing.sealing import KeyRing
from registry_sync.domain import RULES as REGISTRY_SYNC_RULES
from registry_sync.registration import RegisterEntry, RegisterSaid
from registry_sync.store import RegistrationStore
from routing.domain import RULES as ROUTING_RULES
from routing.domain import RoutingContext
from routing.store import CaseStore
from tests.chaos.campaign.heard import Heard

#: The calls of a service by dossier and kind, as their table has them.
Effects = Mapping[tuple[str, str], Mapping[str, Any]]

#: What the topics do not tell: moments of a replica's clock, and what only the register knows.
_UNTOLD = {
    "registry-sync": frozenset(
        {"pushed_at", "personal_number", "earlier", "entry", "revision", "awaits_number"}
    )
}
_NO_NUMBER = "000000000000"
_GATEWAY = re.compile(r"^sms-[a-z0-9]+:")


def without_gateway(kind: str) -> str:
    """Return the kind of a call whichever SMS gateway it is to: that depends on who was away."""
    return _GATEWAY.sub("sms:", kind)


def parts(keys: KeyRing, officer_units: str) -> dict[str, Part[Any]]:
    """Return the services' rules and stores; `officer_units` receive by hand, comma separated."""
    known = reference.load()
    units = frozenset(filter(None, officer_units.split(",")))

    def by_officer(unit_code: str) -> bool:
        return unit_code in units

    def routing(now: datetime) -> Context:
        return RoutingContext(now, known, by_officer)

    def plain(now: datetime) -> Context:
        return Context(now, known)

    store: Any = RegistrationStore(keys)
    return {
        "routing": Part("routing", ROUTING_RULES, CaseStore(keys), routing),
        "registry-sync": Part("registry-sync", REGISTRY_SYNC_RULES, store, plain),
        "notifier": notifier_part(keys),
    }


@dataclass(frozen=True)
class Replayed:
    """A service's rules, and its calls with the answers they got."""

    service: str
    part: Part[Any]
    effects: Effects

    def tell(
        self, kept: Any, order: Sequence[Heard], said: Sequence[Envelope]
    ) -> tuple[Any, list[Any]]:
        """Return the state after all that was heard in that order, and what the rules said."""
        telling = Telling(self, kept, said)
        for one in order:
            telling = telling.after(one)
        return telling.state, telling.events


class Telling:
    """A dossier being told to the rules; `kept` is what came of it then.

    Each rule lives at the moment of the event it led to, as it did then.
    """

    def __init__(self, replayed: Replayed, kept: Any, said: Sequence[Envelope]) -> None:
        self._replayed, self._kept = replayed, kept
        self._said = [one for one in said if one.data.name not in _LATER]
        self._at = {one.causeid: one.time for one in reversed(said)}
        self.state: Any = None
        self.events: list[Any] = []

    def after(self, one: Heard) -> "Telling":
        """Return the telling after one message more; this one stays as it is."""
        following = copy.copy(self)
        following.events = list(self.events)
        if following.state is None:
            # Personal data do not name the code.
            code = one.message.subject if one.is_event else ""
            following.state = self._replayed.part.store.new(self._kept.dossier_id, code)
        if one.is_event and one.message.service == self._replayed.service:
            following.decide(_word(one.message, following.state.round), "", one.at)
        else:
            following.decide(one.message, one.cause, one.at)
        return following

    @property
    def may_come_true(self) -> bool:
        """Return whether what is kept can still come of it: what is in order began the same."""
        if self._replayed.service == "notifier":
            return _begins([one.event_id for one in self._kept.news], self.state.news, "event_id")
        spoken = [one.data for one in self._said]
        trail = getattr(self.state, "trail", ())
        begins = spoken[: len(self.events)] == self.events
        return begins and tuple(trail) == getattr(self._kept, "trail", ())[: len(trail)]

    def decide(self, message: Any, cause: str, at: datetime) -> None:
        """Have the rule decide, and answer every call it asks for."""
        part, now = self._replayed.part, self._at.get(cause, at)
        decision = part.decide(message, self.state, part.context(now))
        if isinstance(decision, Refused):
            self.events.append(f"refused: {decision.reason}")
            return
        self.state = decision.state
        self.events.extend(decision.events)
        for effect in decision.effects:
            place = str(self.state.dossier_id), without_gateway(effect.kind)
            row = self._replayed.effects.get(place)
            if row is None:
                self.events.append(f"asks for {effect.kind}, which never was")
            else:
                self._answer(row, now)

    def _answer(self, row: Mapping[str, Any], now: datetime) -> None:
        kind, cause = row["kind"], f"effect:{row['effect_id']}"
        doubt = self._doubt(cause)
        if doubt is not None:
            data: Any = doubt.data
            self.decide(InDoubt(kind, data.attempt, data.since), cause, doubt.time)
        match row["state"]:
            case "DONE":
                self.decide(Answered(kind, "done", row["reason"] or "", {}), cause, now)
            case "REJECTED":
                self.decide(Answered(kind, "no", row["reason"] or "", {}), cause, now)
            case "MANUAL":
                self.decide(InDoubt(kind, row["attempt"], now, final=True), cause, now)

    def _doubt(self, cause: str) -> Any:
        """Return the next event the service said, if it is its doubt about that call."""
        following = self._said[len(self.events) : len(self.events) + 1]
        doubts = (one for one in following if one.data.name == "registration_in_doubt")
        return next((one for one in doubts if one.causeid == cause), None)


def is_word(event: Envelope) -> bool:
    """Return whether the event passes on a final word of the register, which is on no topic."""
    return event.causeid.startswith("poll:") and event.data.name not in _LATER


def _word(event: Any, round_: int) -> RegisterSaid:
    data = event.data
    if data.name != "registered":
        return RegisterSaid(data.kind, round=round_, at=event.time)
    number = _NO_NUMBER if data.personal_id_assigned else None
    entry = RegisterEntry(
        data.number, data.book, data.page, data.registered_on, number, data.unit_code
    )
    return RegisterSaid("registered", entry, round_, event.time)


def same(
    service: str, kept: Any, replayed: Any, events: Sequence[Any], said: Sequence[Envelope]
) -> str:
    """Return how what is kept and was said differs from the replay, in words; "" for not at all.

    Of personal data it only counts whether they are there. Citizen and portal are told side by
    side, so the notifier's words have no order between them.
    """
    spoken = [one.data for one in said if one.data.name not in _LATER]
    if service == "notifier":
        events, spoken = sorted(events, key=repr), sorted(spoken, key=repr)
    if list(events) != spoken:
        return f"said {_names(spoken)}, again {_names(events)}"
    untold = _UNTOLD.get(service, frozenset())
    kept, replayed = _bare(kept), _bare(replayed)
    found = [
        one.name
        for one in fields(kept)
        if one.compare
        and one.name not in untold
        and getattr(kept, one.name) != getattr(replayed, one.name)
    ]
    return f"other {', '.join(found)}" if found else ""


#: Said of a dossier after its end by the register's own later words, which no topic tells.
_LATER = frozenset({"personal_id_assigned", "registration_corrected"})


def _begins(kept: Sequence[Any], so_far: Sequence[Any], name: str) -> bool:
    return [getattr(one, name) for one in so_far] == list(kept[: len(so_far)])


def _names(events: Sequence[Any]) -> list[str]:
    return [one if isinstance(one, str) else one.name for one in events]


def _bare(state: Any) -> Any:
    for name in ("particulars", "contact"):
        if getattr(state, name, None) is not None:
            state = replace(state, **{name: True})
    return state
