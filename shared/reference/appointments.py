"""The day a result is promised for: the earlier of what the law and what the authority says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from reference.calendar import Calendar
from reference.deadlines import Deadline, Pause, deadline
from reference.limits import published_limit, statutory_limit
from reference.lookups import Reference
from reference.procedure_rows import Procedure


@dataclass(frozen=True, slots=True)
class Appointment:
    """When the result is due: the earlier of the law's deadline and the published one.

    A published limit may shorten the law's, it never lengthens it. Each is None where no such
    limit was found; where both end at the same moment `due` is the law's.
    """

    due: Deadline
    statutory: Deadline | None
    published: Deadline | None


def appointment(
    reference: Reference,
    procedure: Procedure,
    on: date,
    received_at: datetime,
    calendar: Calendar,
    pauses: Iterable[Pause] = (),
) -> Appointment | None:
    """Return the appointment for a dossier received then; None if the procedure has no limit.

    `on` is the day whose law applies, `pauses` those so far. Raises NaiveTime as `deadline` does.

    Source: Luật Hộ tịch 2014, Điều 5; NĐ 61/2018/NĐ-CP and NĐ 118/2025/NĐ-CP.
    """
    stops = tuple(pauses)
    law = statutory_limit(reference, procedure, on)
    own = published_limit(reference, procedure, on)
    statutory = None if law is None else deadline(received_at, law, calendar, stops)
    published = None if own is None else deadline(received_at, own, calendar, stops)
    if statutory is None:
        return None if published is None else Appointment(published, None, published)
    if published is None or statutory.due_at <= published.due_at:
        return Appointment(statutory, statutory, published)
    return Appointment(published, statutory, published)
