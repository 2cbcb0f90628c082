"""When an authority that will be late must say so, and whether it may set a new date."""

from datetime import date, timedelta
from enum import StrEnum

from reference.deadlines import Deadline

NOTICE = timedelta(days=1)


class NoReappointment(StrEnum):
    """Why a new date may not be set."""

    ALREADY_DONE = "already_done"
    TOO_LATE = "too_late"
    NOT_AFTER = "not_after"


def apology_due(due: Deadline) -> date:
    """Return the last day on which the apology is in time: one day before the due date.

    It may be a day off; `Calendar.last_working_day` gives the day an office can still act on.

    Source: NĐ 61/2018/NĐ-CP, Điều 19.
    """
    return due.due_on - NOTICE


def why_no_reappointment(
    due: Deadline, apologised_on: date, new_due_on: date, apologies: int
) -> NoReappointment | None:
    """Return None if the authority may set that new date, else why not.

    `apologies` counts those already sent for the dossier; the new date is after the old one.

    Source: NĐ 61/2018/NĐ-CP, Điều 19.
    """
    if apologies > 0:
        return NoReappointment.ALREADY_DONE
    if apologised_on > apology_due(due):
        return NoReappointment.TOO_LATE
    if new_due_on <= due.due_on:
        return NoReappointment.NOT_AFTER
    return None
