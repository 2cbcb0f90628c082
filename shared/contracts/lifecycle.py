"""Where a dossier stands for the portals: the statuses its events lead through."""

from collections import deque
from collections.abc import Iterable
from functools import lru_cache

from contracts.events import (
    Accepted,
    CitizenNotified,
    EventData,
    Forwarded,
    HandedOver,
    NotificationAbandoned,
    PersonalIdAssigned,
    PortalInformed,
    Registered,
    RegisterReturned,
    RegistrationCorrected,
    RegistrationInDoubt,
    Rescheduled,
    Resubmitted,
    Resumed,
    Returned,
    Routed,
    Stopped,
    Submitted,
    WithdrawalRequested,
    Withdrawn,
)
from reference import Clock, Reference

SUBMITTED, ACCEPTED, NOT_ACCEPTED, IN_PROCESS, SUPPLEMENT = 1, 2, 3, 4, 5
WITHDRAWN, STOPPED, COMPLETED, RESULT_RETURNED = 7, 8, 9, 10

#: Where a supplement leads back to the desk from: asked for, or ended for want of it.
ASKED = (SUPPLEMENT, STOPPED)

_FIRST, _LAST = 1, 10
#: Stands for no status yet; the portal's numbers begin at 1.
_BEFORE = 0

_TARGETS: dict[type[EventData], int | None] = {
    Submitted: SUBMITTED,
    Routed: None,
    Forwarded: None,
    Accepted: ACCEPTED,
    Returned: NOT_ACCEPTED,
    Resubmitted: None,
    WithdrawalRequested: None,
    Withdrawn: WITHDRAWN,
    Stopped: STOPPED,
    Resumed: IN_PROCESS,
    Rescheduled: None,
    Registered: COMPLETED,
    RegisterReturned: None,
    RegistrationInDoubt: None,
    PersonalIdAssigned: None,
    RegistrationCorrected: None,
    HandedOver: RESULT_RETURNED,
    CitizenNotified: None,
    NotificationAbandoned: None,
    PortalInformed: None,
}

#: A status, those that may follow it, and whether one may pass through it on the way.
_Step = tuple[int, tuple[int, ...], bool]


class UndecidedEvent(Exception):
    """An event type for which nobody decided what it means to a portal."""


def target_status(data: EventData) -> int | None:
    """Return the National Portal's status (1 to 10) the event leads to; None if to no other.

    Raises UndecidedEvent for a type that is not in the table.

    Source: TrangThaiHoSo of the National Portal's exchange format.
    """
    if isinstance(data, Returned) and data.kind == "supplement":
        return SUPPLEMENT
    if isinstance(data, Routed) and data.resubmission is not None:
        return SUBMITTED
    try:
        return _TARGETS[type(data)]
    except KeyError:
        raise UndecidedEvent(data.name) from None


def passed(current: int | None, data: EventData, reference: Reference) -> tuple[int, ...]:
    """Return the statuses passed from `current` (None before the first) to the event's, in order.

    Empty when the event changes none: it leads to no status or to none that may still follow,
    or it is a supplement nobody asked for.
    """
    target = target_status(data)
    if target is None or (isinstance(data, Routed) and current not in ASKED):
        return ()
    return way(current, target, reference)


def way(current: int | None, target: int, reference: Reference) -> tuple[int, ...]:
    """Return the statuses after `current` up to `target`, by the fewest legal transitions.

    Of several ways the one through the lowest numbers. Never through a status in which the clock
    is paused: it would ask the citizen for something. Empty when there already, or never.

    Source: TrangThaiHoSo of the National Portal's exchange format.
    """
    return _shortest(_steps(reference), _BEFORE if current is None else current, target)


def statuses(events: Iterable[EventData], reference: Reference) -> tuple[int, ...]:
    """Return every status a dossier passes through by these events, the last is where it stands."""
    reached: tuple[int, ...] = ()
    for data in events:
        reached += passed(reached[-1] if reached else None, data, reference)
    return reached


def _steps(reference: Reference) -> tuple[_Step, ...]:
    rows = [reference.status(code) for code in range(_FIRST, _LAST + 1)]
    known = [row for row in rows if row is not None]
    return (
        (_BEFORE, (SUBMITTED,), False),
        *((row.code, () if row.terminal else row.next, _may_pass(row.clock)) for row in known),
    )


def _may_pass(clock: Clock) -> bool:
    return clock is not Clock.PAUSED


@lru_cache(maxsize=1024)
def _shortest(steps: tuple[_Step, ...], start: int, target: int) -> tuple[int, ...]:
    following = {code: sorted(after) for code, after, _ in steps}
    through = {code for code, _, may_pass in steps if may_pass}
    ways: deque[tuple[int, ...]] = deque([()])
    seen = {start}
    while ways:
        so_far = ways.popleft()
        for code in following.get(so_far[-1] if so_far else start, ()):
            if code in seen:
                continue
            seen.add(code)
            if code == target:
                return (*so_far, code)
            if code in through:
                ways.append((*so_far, code))
    return ()
