"""Which SMS gateway a message goes to, and when to another one: never while the first may have it.

A message is bound to its gateway by the kind of its effect (`sms-1:accepted`), so a retry, a
restart or other weights change nothing. It goes to another gateway only by a new effect
(`sms-2:accepted:moved`), made in the transaction that ends the first one: what of the first was
under way then no longer counts, and it ends only if no attempt of it was ever in doubt.
"""

import hashlib
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.decision import Context
from contracts.model import ContactChannel

#: The last part of a message's kind that went to a second gateway; there is no third.
MOVED = ":moved"


@dataclass(frozen=True)
class Gateway:
    """A gateway by its name; of a weight of 0 it takes nothing new, and answers for the old."""

    name: str
    weight: int = 1


#: Messages asked for before there were several gateways; they are the first one's.
BEFORE = "sms"
ONE_GATEWAY = (Gateway(BEFORE),)


@dataclass(frozen=True)
class Sending(Context):
    """What a rule decides by, and the gateways there are; `away` are those that let nothing in."""

    gateways: tuple[Gateway, ...] = ONE_GATEWAY
    away: frozenset[str] = frozenset()


def channel_of(kind: str) -> ContactChannel:
    """Return the channel of a call to a citizen: every gateway's is SMS."""
    return "email" if kind.startswith("email:") else "sms"


def step_key(kind: str) -> str:
    """Return which step a call is about: `accepted` of `sms-2:accepted:moved`."""
    return kind.partition(":")[2].removesuffix(MOVED)


def first_gateway(context: Context, dossier_id: UUID, key: str) -> str:
    """Return the gateway for a new message: by weight, of those that are not away.

    Of the same gateways the same message always gets the same one. When all are away it is one
    of all.
    """
    known, away = _known(context)
    return _chosen([one for one in known if one.name not in away] or known, dossier_id, key)


def other_gateway(context: Context, dossier_id: UUID, key: str, refused: str) -> str:
    """Return the gateway for a message that `refused` did not take; the same if it is alone.

    `refused` may be the name of before, which is the first gateway's.
    """
    known, away = _known(context)
    others = [one for one in known if one.name != _named(context, refused)]
    there = [one for one in others if one.name not in away]
    return _chosen(there or others or known, dossier_id, key)


def _named(context: Context, name: str) -> str:
    gateways = context.gateways if isinstance(context, Sending) else ONE_GATEWAY
    is_of_before = name == BEFORE and name not in {one.name for one in gateways}
    return gateways[0].name if is_of_before else name


def _known(context: Context) -> tuple[Sequence[Gateway], Collection[str]]:
    gateways = context.gateways if isinstance(context, Sending) else ONE_GATEWAY
    away = context.away if isinstance(context, Sending) else ()
    return [one for one in gateways if one.weight > 0] or gateways, away


def _chosen(gateways: Sequence[Gateway], dossier_id: UUID, key: str) -> str:
    """Return one by weighted rendezvous: who comes or goes changes the others' share alone."""

    def score(one: Gateway) -> float:
        digest = hashlib.sha256(f"{dossier_id}:{key}:{one.name}".encode()).digest()
        drawn = (int.from_bytes(digest[:8], "big") + 1) / (2**64 + 2)
        return -max(one.weight, 1) / math.log(drawn)

    return max(gateways, key=score).name
