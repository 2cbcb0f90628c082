"""The road of one dossier's events from a service's outbox to the next service's database.

Upstream commits -> outbox -> relay -> topic partition -> consumer -> downstream database.
In a mask, bit e stands for the event with sequence e, from 0. Each fault happens at most once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

from tests.model.exploring import Exploration, Step, Wrong, explore

NONE = -1


class Fault(IntEnum):
    """What may go wrong around the design; each is one bit of a mask."""

    TAKEOVER = 1  # another relay gets the shard; the old one's sends are still on their way
    RELAY_CRASH = 2  # what it had sent is forgotten; the head arrived, or did not
    ACK_LOST = 4  # the record is in the log, the client sends it again
    DROPPED = 8  # one send fails for good, the ones behind it arrive
    REBALANCE = 16  # another consumer owns the partition; the old one still has a record in hand
    CONSUMER_CRASH = 32
    SKIP = 64  # the client moves its position over a record it never handed out


SIX_FAULTS = sum(Fault) - Fault.SKIP


class Accepts(StrEnum):
    """When the consumer's transaction applies an event."""

    NEXT_IN_SEQUENCE = "the next one; later ones are parked, earlier ones dropped"
    NEWEST = "any that is newer than the last"
    UNSEEN = "any whose id is not in the inbox"
    ALL = "every record"


@dataclass(frozen=True, slots=True)
class Design:
    """One way to build it; the defaults are what this project does, less the offset guard."""

    accepts: Accepts = Accepts.NEXT_IN_SEQUENCE
    skip_locked_relays: bool = False  # two relays at once, rows shared out by SKIP LOCKED
    deletes_failed: bool = False  # the relay forgets rows whose send failed
    ack_first: bool = False  # the Kafka offset is committed before the work
    guard: bool = False  # the partition's next offset is compared and set in the transaction
    watchdog: bool = False  # an idle consumer that is ahead of the database seeks back


class Sender(NamedTuple):
    """What one relay has on its way: sent in order, the lowest is the head."""

    queue: int = 0
    landed: bool = False  # the head is in the log, its acknowledgement is not here yet
    failed: bool = False  # something failed: send nothing more, delete nothing more, start anew

    @property
    def head(self) -> int:
        """The lowest row on its way, as a mask; 0 when nothing is."""
        return self.queue & -self.queue

    def without_head(self, *, failed: bool) -> "Sender":
        """The same after its head left; a sender with nothing on its way starts anew."""
        rest = self.queue & (self.queue - 1)
        return Sender(rest, False, failed and rest > 0)


class State(NamedTuple):
    """One moment. Offsets count from the oldest record that somebody may still read."""

    born: int = 0  # events committed upstream
    outbox: int = 0  # rows not yet deleted
    relay: Sender = Sender()
    other_relay: Sender = Sender()  # a zombie, or the second relay of SKIP LOCKED
    log: tuple[int, ...] = ()
    committed: int = 0  # Kafka's offset of the group; not kept with the guard, which never reads it
    position: int = 0  # of the partition's owner
    hand: int = NONE  # offset of the record the owner works on
    done: bool = False  # its transaction is committed
    ghost: int = NONE  # offset of the record a former owner works on
    next_offset: int = 0  # in the database, with the guard
    applied: int = 0  # in the database: state and cursor, always written together
    parked: int = 0
    happened: int = 0  # faults, as a mask


_PLACES = {field: place for place, field in enumerate(State._fields)}
_NAMES = {fault: fault.name for fault in Fault}


def explore_road(design: Design, *, events: int, faults: int = 0) -> Exploration:
    """Everything that can come of `events` events of one dossier under `faults`."""
    everything = (1 << events) - 1

    def steps(state: State) -> Iterator[Step[State]]:
        if state.born < events:
            row = 1 << state.born
            yield Step("commit", state._replace(born=state.born + 1, outbox=state.outbox | row))
        yield from _relay_steps(design, state)
        yield from _consumer_steps(design, state)
        yield from _relay_faults(design, state, faults & ~state.happened)
        yield from _consumer_faults(design, state, faults & ~state.happened)

    def at_rest(state: State) -> Iterator[Wrong]:
        if state.applied != everything:
            yield Wrong.LOST
        if state.outbox or state.parked:
            yield Wrong.STUCK

    return explore(State(), steps, at_rest, luck=lambda state: (state[:-1], state.happened))


def _relay_steps(design: Design, state: State) -> Iterator[Step[State]]:
    for slot in ("relay", "other_relay"):
        sender: Sender = getattr(state, slot)
        if not sender.failed and (slot == "relay" or design.skip_locked_relays):
            taken = sender.queue | (state.other_relay.queue | state.relay.queue) * (
                design.skip_locked_relays
            )
            row = state.outbox & ~taken
            row &= -row
            if row > sender.queue:
                sent = sender._replace(queue=sender.queue | row)
                yield Step(f"{slot} sends", _with(state, slot, sent))
        if sender.landed:
            after = _with(state, slot, sender.without_head(failed=sender.failed))
            if not sender.failed:
                after = after._replace(outbox=state.outbox & ~sender.head)
            yield Step(f"{slot} is acknowledged", after)
        elif sender.queue:
            landed = _with(state, slot, sender._replace(landed=True))
            yield Step(f"{slot}'s head lands", _appended(landed, sender.head))


def _relay_faults(design: Design, state: State, left: int) -> Iterator[Step[State]]:
    if left & Fault.TAKEOVER and not design.skip_locked_relays and state.relay.queue:
        after = state._replace(relay=Sender(), other_relay=state.relay)
        yield _fault(Fault.TAKEOVER, state, after)
    for slot in ("relay", "other_relay"):
        sender: Sender = getattr(state, slot)
        if not sender.queue:
            continue
        if left & Fault.RELAY_CRASH:
            after = _with(state, slot, Sender())
            yield _fault(Fault.RELAY_CRASH, state, after)
            if not sender.landed:
                yield _fault(Fault.RELAY_CRASH, state, _appended(after, sender.head))
        if left & Fault.ACK_LOST and sender.landed:
            after = _with(state, slot, sender._replace(landed=False))
            yield _fault(Fault.ACK_LOST, state, after)
        if left & Fault.DROPPED and not sender.landed:
            rest = sender.without_head(failed=not design.deletes_failed)
            outbox = state.outbox & ~sender.head if design.deletes_failed else state.outbox
            after = _with(state._replace(outbox=outbox), slot, rest)
            yield _fault(Fault.DROPPED, state, after)


def _consumer_steps(design: Design, state: State) -> Iterator[Step[State]]:
    if state.hand == NONE:
        if state.position < len(state.log):
            after = state._replace(hand=state.position, position=state.position + 1)
            if design.ack_first and not design.guard:
                after = after._replace(committed=after.position)
            yield Step("owner polls", _trimmed(design, after))
        if design.watchdog and state.position > state.next_offset:
            yield Step("watchdog seeks back", state._replace(position=state.next_offset))
    elif state.done:
        after = state._replace(hand=NONE, done=False, committed=state.position)
        yield Step("owner commits its offset", _trimmed(design, after))
    elif design.guard and state.hand > state.next_offset:
        after = state._replace(hand=NONE, position=state.next_offset)
        yield Step("owner sees a gap and seeks back", after)
    else:
        after, wrong = _transaction(design, state, state.hand)
        finished = design.ack_first or design.guard
        after = after._replace(hand=NONE if finished else state.hand, done=not finished)
        yield Step("owner's transaction", _trimmed(design, after), wrong=wrong)
    if state.ghost != NONE:
        after, wrong = _transaction(design, state, state.ghost)
        after = after._replace(ghost=NONE)
        yield Step("former owner's transaction", _trimmed(design, after), wrong=wrong)


def _consumer_faults(design: Design, state: State, left: int) -> Iterator[Step[State]]:
    start = state.next_offset if design.guard else state.committed
    after = state._replace(position=start, hand=NONE, done=False)
    if left & Fault.CONSUMER_CRASH:
        yield _fault(Fault.CONSUMER_CRASH, state, _trimmed(design, after))
    if left & Fault.REBALANCE:
        after = after._replace(ghost=NONE if state.done else state.hand)
        yield _fault(Fault.REBALANCE, state, _trimmed(design, after))
    if left & Fault.SKIP and state.hand == NONE and state.position < len(state.log):
        after = state._replace(position=state.position + 1)
        yield _fault(Fault.SKIP, state, _trimmed(design, after))


def _transaction(design: Design, state: State, offset: int) -> tuple[State, Wrong | None]:
    """The downstream transaction over one record: all of it or nothing, one at a time."""
    if design.guard:
        if offset != state.next_offset:
            return state, None
        state = state._replace(next_offset=offset + 1)
    row, applied, parked = state.log[offset], state.applied, state.parked
    last = 1 << applied.bit_length()
    match design.accepts:
        case Accepts.NEXT_IN_SEQUENCE if row > last:
            return state._replace(parked=parked | row), None
        case Accepts.NEXT_IN_SEQUENCE | Accepts.NEWEST if row < last:
            return state, None
        case Accepts.UNSEEN if row & applied:
            return state, None
    wrong = Wrong.DOUBLE if row & applied else Wrong.DISORDER if applied != row - 1 else None
    applied, parked = applied | row, parked & ~row
    while design.accepts is Accepts.NEXT_IN_SEQUENCE and parked & (applied + 1):
        applied, parked = applied | (applied + 1), parked & ~(applied + 1)
    return state._replace(applied=applied, parked=parked), wrong


def _with(state: State, field: str, value: object) -> State:
    """The same but for one field; `_replace` takes three times as long, and is most of a run."""
    place = _PLACES[field]
    return State(*state[:place], value, *state[place + 1 :])


def _appended(state: State, row: int) -> State:
    return _with(state, "log", (*state.log, row))


def _fault(fault: Fault, before: State, after: State) -> Step[State]:
    return Step(_NAMES[fault], _with(after, "happened", before.happened | fault), fault=True)


def _trimmed(design: Design, state: State) -> State:
    """The same without the records nobody will read again: what they were cannot matter."""
    start = state.next_offset if design.guard else state.committed
    held = [offset for offset in (state.hand, state.ghost) if offset != NONE]
    gone = min(state.position, start, *held)
    if not gone:
        return state
    return state._replace(
        log=state.log[gone:],
        committed=0 if design.guard else state.committed - gone,
        position=state.position - gone,
        hand=NONE if state.hand == NONE else state.hand - gone,
        ghost=NONE if state.ghost == NONE else state.ghost - gone,
        next_offset=state.next_offset - gone if design.guard else 0,
    )
