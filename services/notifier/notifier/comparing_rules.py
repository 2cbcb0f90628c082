"""What differs between what a portal was told and what it says, and how it is told again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from contracts.decision import Context, Decision
from contracts.portal import PortalDossier
from contracts.reconciliation import DifferenceKind, Repair
from notifier.correspondence import Correspondence, News
from notifier.requests import to_portal

#: What is this young is still on its way.
TOO_YOUNG = timedelta(minutes=15)
#: After so many times a person has to find out why a portal does not keep what it is told.
MOST_TIMES = 3
AGAIN = ":again-"
#: What begins the cause of what a comparison led to.
COMPARED = "reconciliation:"
#: What stands in a report for what cannot be read: a row of the portal's, or a dossier of ours.
UNREADABLE: Literal["unreadable"] = "unreadable"


@dataclass(frozen=True)
class TellPortalAgain:
    """Tell the portal once more where the dossier stands; `number` counts from 1."""

    number: int


@dataclass(frozen=True)
class Differs:
    """One thing the portal says differently; `repair` is what a rule can do about it."""

    kind: DifferenceKind
    ours: str
    theirs: str
    repair: Repair = ""


def is_under_way(state: Correspondence, now: datetime) -> bool:
    """Return whether it is too early to compare: news is being told, or came just now."""
    if not state.news:
        return True
    return any(one.portal in ("waiting", "asked") for one in state.news) or (
        now - state.news[-1].occurred_at < TOO_YOUNG
    )


def what_differs(
    state: Correspondence, theirs: PortalDossier | Literal["unreadable"] | None
) -> Differs | None:
    """Return what the portal says differently of a dossier it was told of, None if nothing.

    A portal that knows nothing of the dossier cannot be told of it; a person has to find out
    whose reference it is, and what it means where it is outside the contract.
    """
    ours = last_told(state)
    if ours is None:
        return None
    if theirs is None:
        return Differs("missing_there", str(ours.status), "unknown")
    if theirs == UNREADABLE:
        return Differs("different_status", str(ours.status), UNREADABLE)
    if theirs.dossier_code is not None and theirs.dossier_code != state.dossier_code:
        return Differs("different_number", state.dossier_code, theirs.dossier_code)
    if theirs.status != ours.status:
        said = "none" if theirs.status is None else str(theirs.status)
        return Differs("different_status", str(ours.status), said, "portal_told_again")
    return None


def last_told(state: Correspondence) -> News | None:
    """Return the last step the portal was to hear of, None before the first."""
    return next((one for one in reversed(state.news) if one.portal != "silent"), None)


def on_tell_again(
    message: TellPortalAgain, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Tell the portal the last step again, as a message of its own; the state stays as it is."""
    news = last_told(state)
    if news is None or news.portal in ("waiting", "asked"):
        return Decision(state)
    told = to_portal(state, news)
    return Decision(state, (), (replace(told, kind=f"{told.kind}{AGAIN}{message.number}"),))


RULES: Mapping[type, Callable[[Any, Correspondence, Context], Decision[Correspondence]]] = {
    TellPortalAgain: on_tell_again
}
