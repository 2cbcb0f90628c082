"""How the notifier's database is made once more from the log: answers from who was told."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from contracts.decision import Answered, InDoubt
from contracts.envelope import Envelope
from contracts.events import CitizenNotified, EventData, NotificationAbandoned, PortalInformed
from notifier.app import MIGRATIONS, SERVICE, make_part
from notifier.comparing_rules import AGAIN
from notifier.correspondence import Correspondence, News
from notifier.freshness import STALE
from notifier.gateways import step_key
from notifier.reasons import TRIAL
from notifier.receipts import Undelivered
from plumbing.rebuilding.planning import ENDED, Call, KnownAnswer, Plan, Silent
from plumbing.rebuilding.stories import Group
from plumbing.rebuilding.tables import EFFECT, Table
from plumbing.sealing import KeyRing

#: Names gateways have had, where no call of a dossier is left that tells its own.
GATEWAYS = ("sms", *(f"sms-{number}" for number in range(1, 10)))
#: Since when a call was in doubt is not asked by any rule.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

TABLES = (
    replace(
        EFFECT, needs_particulars=True, untold=f"l.kind LIKE 'sync:%' OR l.kind LIKE '%{AGAIN}%'"
    ),
    Table(
        "correspondence",
        "rebuilt",
        key=("dossier_id",),
        columns=(
            *("dossier_code", "portal", "portal_reference", "province_code", "erased"),
            *("news", "early", "procedure_code", "unit_code", "fed"),
        ),
        sealed=("contact",),
        personal=("news",),
        unknown={
            "changed_at": "a moment of the database's clock",
            "compared_at": "comparisons with portals are in no event",
        },
        carry={"changed_at": "l.changed_at", "compared_at": "l.compared_at"},
    ),
    Table("feed", "carried", "its places are this database's, and portals hold cursors into it"),
    Table("feed_epoch", "carried", "names the history portals' cursors count in"),
    Table("feed_forgotten", "carried", "up to where a portal's updates are kept no more"),
    Table("sms_spent", "carried", "what a message cost is in no event"),
    Table("sms_day", "carried", "what messages cost is in no event"),
    Table("sms_receipt", "carried", "what the network said of a message is in no event"),
)


@dataclass(frozen=True)
class NotifierPlan(Plan[Correspondence]):
    """The rules of the notifier; answers to its calls are made of who was told what."""

    def message(
        self,
        group: Group,
        state: Correspondence,
        calls: Sequence[Call],
        known: Mapping[str, KnownAnswer],
    ) -> object | None:
        """Return the answer to the call that is the cause; None while that was not asked for."""
        name, _, effect_id = group.cause.id.partition(":")
        if name != "effect":
            return None
        call = next((one for one in calls if str(one.effect_id) == effect_id), None)
        data = group.data[0]
        if call is None:
            return _again(effect_id, state, data)
        return _answer(call.kind, data, known.get(call.kind))

    def kind_of(
        self, dossier_id: UUID, kind: str, known: Mapping[str, KnownAnswer], causes: Collection[str]
    ) -> str:
        """Return the kind with the gateway that had the message."""
        way, _, rest = kind.partition(":")
        if not way.startswith("sms"):
            return kind
        ways = [one.partition(":")[0] for one in known if one.startswith("sms")]
        for gateway in dict.fromkeys((*ways, *GATEWAYS)):
            named = f"{gateway}:{rest}"
            if named in known or f"effect:{uuid5(dossier_id, named)}" in causes:
                return named
        return kind

    def silent(
        self, state: Correspondence, calls: Sequence[Call], group: Group | None
    ) -> Iterable[Silent]:
        """Return what must have come before an answer to a call that was not asked for yet."""
        if group is None or any(f"effect:{one.effect_id}" == group.cause.id for one in calls):
            return
        data = group.data[0]
        if isinstance(data, CitizenNotified) and data.instead_of is not None:
            keys = {one.key for one in state.news if one.event_id == data.about}
            for call in calls:
                if call.kind.startswith("sms") and step_key(call.kind) in keys:
                    yield Silent(Undelivered(call.kind), None)
        for call in calls:
            if call.state not in ENDED:
                yield Silent(Answered(call.kind, "no", "", {}), None)
                yield Silent(InDoubt(call.kind, 1, call.at, final=True), None)

    def as_said(
        self,
        before: Correspondence,
        decided: Correspondence | None,
        message: Any,
        group: Group,
        *,
        is_same: bool,
    ) -> Correspondence:
        """Return the correspondence with the steps as they were told."""
        state = before if decided is None else decided
        for data in group.data:
            state = replace(state, news=tuple(_told(one, data) for one in state.news))
        return state

    def noted(self, state: Correspondence, message: Any, at: Any) -> Correspondence:
        """Return the correspondence as it was."""
        return replace(state, dossier_code=message.subject) if _is_event(message) else state


def plan(keys: KeyRing | None) -> NotifierPlan:
    """Return the plan of the notifier; without keys nothing personal can be read or written."""
    part = make_part(keys or KeyRing("none", {"none": bytes(32)}))
    return NotifierPlan(SERVICE, part, MIGRATIONS, TABLES)


def _is_event(message: Any) -> bool:
    return isinstance(message, Envelope)


def _answer(kind: str, data: EventData, known: KnownAnswer | None) -> object | None:
    if isinstance(data, CitizenNotified | PortalInformed):
        return Answered(kind, "done", "", {})
    if not isinstance(data, NotificationAbandoned):
        return None
    if known is not None and known.state == "REJECTED":
        return Answered(kind, "no", known.reason, {})
    if data.reason == "in_doubt":
        return InDoubt(kind, known.attempt if known is not None else 1, _LONG_AGO, final=True)
    reason = TRIAL if data.reason == "trial" else data.reason if data.reason in STALE else ""
    return Answered(kind, "no", reason, {})


def _again(effect_id: str, state: Correspondence, data: EventData) -> object | None:
    """Return the answer to a call that told a portal once more: no event asked for it."""
    if not isinstance(data, PortalInformed) or not data.again:
        return None
    for news in state.news:
        kind = f"portal:{news.key}{AGAIN}{data.again}"
        if str(uuid5(state.dossier_id, kind)) == effect_id:
            return Answered(kind, "done", "", {})
    return None


def _told(news: News, data: EventData) -> News:
    """Return a step as an event says it was told."""
    if getattr(data, "about", None) != news.event_id:
        return news
    match data:
        case CitizenNotified():
            return replace(news, citizen="told", template=data.template or news.template)
        case NotificationAbandoned():
            return replace(news, citizen="abandoned")
        case PortalInformed(again=0):
            return replace(news, portal="informed")
    return news
