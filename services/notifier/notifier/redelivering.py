"""Sends a portal one of its callbacks once more, because it asks for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.decision import Context, Decision, Refused
from notifier.comparing_rules import AGAIN
from notifier.correspondence import Correspondence
from notifier.requests import to_portal
from notifier.telling import find

#: So often a day one step can be asked for again.
MOST_A_DAY = 10
#: What begins the cause of what a portal asked to have again.
ASKED = "redelivery:"


@dataclass(frozen=True)
class Redeliver:
    """Tell the portal that step once more; `number` tells all such messages of a dossier apart."""

    key: str
    number: int


def on_redeliver(
    message: Redeliver, state: Correspondence, context: Context
) -> Decision[Correspondence] | Refused:
    """Tell the step again, as a message of its own; the state stays as it is.

    Refused while the step is still being told, and for one that portals are not told of.
    """
    news = find(state, message.key)
    if news is None or news.portal not in ("informed", "abandoned"):
        return Refused((), "under_way")
    told = to_portal(state, news)
    again = replace(told, kind=f"{told.kind}{AGAIN}{message.number}")
    return Decision(state, (), (again,))


RULES: Mapping[type, Callable[[Any, Correspondence, Context], Any]] = {Redeliver: on_redeliver}
