"""What became of an SMS a gateway took: a message the network never delivered goes by mail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from contracts.decision import Context, Decision
from notifier.correspondence import Correspondence, News
from notifier.gateways import step_key
from notifier.telling import ask_by, find

#: Where a message stands; it only goes on from `taken`, and to one of the others.
Receipt = Literal["taken", "delivered", "failed", "unknown"]

#: What a gateway may say of a message, and what that is here; any other word is no news.
SAID: Mapping[str, Receipt] = {
    "delivered": "delivered",
    "failed": "failed",
    "expired": "failed",
    "rejected": "failed",
}
#: When a gateway is asked again, counted from the time before; then nobody will know.
ASK_AFTER = (
    *(timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=15)),
    *(timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=2)),
)


@dataclass(frozen=True)
class Undelivered:
    """The network gave up a message that its gateway had taken; `kind` is that of its call."""

    kind: str


def following(now: Receipt, said: str) -> Receipt:
    """Return where the message stands after its gateway said that; never back from an end."""
    return SAID.get(said, now) if now == "taken" else now


def on_undelivered(
    message: Undelivered, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Tell the step once by mail, which is no second time: nobody got the first.

    Not when a later step was told or is being told, for the older one would come after it.
    """
    news = find(state, step_key(message.kind))
    contact = state.contact
    if news is None or contact is None or contact.email is None or not _may_again(state, news):
        return Decision(state)
    failed = replace(news, undelivered=True, tried=(*news.tried, "email"))
    state, effect = ask_by("email", state, contact, failed, context)
    return Decision(state, (), (effect,))


def _may_again(state: Correspondence, news: News) -> bool:
    later = state.news[state.news.index(news) + 1 :]
    is_last = all(one.citizen not in ("asked", "told") for one in later)
    return news.citizen == "told" and "email" not in news.tried and is_last


RULES: Mapping[type, Callable[[Any, Correspondence, Context], Decision[Correspondence]]] = {
    Undelivered: on_undelivered
}
