"""What an officer should see of a submission at once: it is no reason to refuse it."""

from datetime import date
from typing import Final

from contracts.portal import Submission
from intake.conditions import Matter
from intake.conditions.births import KINDS as BIRTHS
from intake.conditions.foreign import has_foreign_element
from intake.declared_form import read_form
from reference import Reference

#: Days after the event within which it is to be registered.
BIRTH_DAYS: Final = 60
DEATH_DAYS: Final = 15


def flags_of(submission: Submission, reference: Reference, on: date) -> tuple[str, ...]:
    """Return what holds of a submission made on that day, sorted.

    `late_registration`: a birth or death is registered after the time the law gives for it.
    `foreign_element`: somebody or something in it is foreign.
    """
    form = read_form(submission.form.model_dump(mode="json"))
    matter = Matter(form, submission.procedure_code, on, reference)
    late = ("late_registration",) if is_late(matter) else ()
    foreign = ("foreign_element",) if has_foreign_element(matter.form) else ()
    return foreign + late


def is_late(matter: Matter) -> bool:
    """Return whether a birth comes after its sixtieth day, or a death after its fifteenth.

    Calendar days; the day of the event is not counted, the last one is still on time. Of a death
    whose day is not known the last day it may have been counts. What is registered again was
    registered before, so it is not late.

    Source: Luật Hộ tịch 2014, Điều 15 (births), Điều 33 (deaths).
    """
    procedure = matter.procedure
    if procedure is not None and "again" in procedure.key.split("_"):
        return False
    if matter.form.kind in BIRTHS:
        child = matter.form.people.get("child")
        happened, days = None if child is None else child.born_on, BIRTH_DAYS
    elif matter.form.kind == "death":
        happened, days = matter.form.died_on, DEATH_DAYS
    else:
        return False
    return happened is not None and (matter.on - happened.latest()).days > days
