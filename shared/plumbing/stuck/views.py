"""What operators read of what is stuck: names, codes and times; never a body."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.model import Contract
from plumbing.stuck.reasons import Reason

#: `waiting`: calls tried before that are tried again by themselves; only listed when asked for.
Kind = Literal["parked", "dead_letter", "in_doubt", "manual", "conflict", "waiting"]
Act = Literal["redrive", "discard"]
#: What one act may be about at most; it is one transaction.
MOST_ITEMS = 200


class WaitsFor(Contract):
    """What parked events wait for, and which item to redrive so that it comes.

    `redrive` is a dead letter here when the missing event lies in one, else an item of the
    producer, who publishes it again.
    """

    producer: str
    sequence: int
    first_waiting: int
    waiting: int
    dead_letter: str
    redrive: str


class StuckItem(Contract):
    """One thing that waits; `since` when, `reason` why as a code, `call` what is called."""

    item: str
    service: str
    kind: str
    dossier_id: UUID | None
    code: str
    since: AwareDatetime
    age_seconds: int
    reason: str
    call: str
    attempts: int
    holder: str
    waits_for: WaitsFor | None = None


class StuckPage(Contract):
    """A part of the list, oldest first within each kind; `after` asks for the next one."""

    items: tuple[StuckItem, ...]
    after: str | None


class Attempt(Contract):
    """One attempt at a call and its answer; `steps` what was done in order."""

    attempt: int
    at: AwareDatetime
    outcome: str
    reason: str
    steps: str


class ActItem(Contract):
    """What an act does, did or would do to one item; `possible` is false when it does nothing."""

    item: str
    possible: bool
    outcome: str


class ActView(Contract):
    """An act: proposed by one person, carried out when another one approves."""

    act_id: UUID
    act: str
    reason: str
    proposed_by: str
    proposed_at: AwareDatetime
    approved_by: str | None
    done_at: AwareDatetime | None
    items: tuple[ActItem, ...]


class StuckView(StuckItem):
    """One thing that waits, with its attempts and what people did about it."""

    facts: dict[str, str]
    history: tuple[Attempt, ...]
    acts: tuple[ActView, ...]


class ActRequest(Contract):
    """What somebody wants done; with `dry_run` it is only told what would happen.

    `reason` is for colleagues: a code or a short sentence, without anything personal. `act_id`, if
    the caller makes one, makes it harmless to ask twice: the act is proposed once.
    """

    act: Act
    items: tuple[str, ...] = Field(min_length=1, max_length=MOST_ITEMS)
    reason: Reason
    dry_run: bool = False
    act_id: UUID | None = None


class Proposal(Contract):
    """What would happen; `act_id` is what someone else approves, none when nothing would."""

    act_id: UUID | None
    items: tuple[ActItem, ...]


class HolderView(Contract):
    """Who looks after an item."""

    item: str
    holder: str
