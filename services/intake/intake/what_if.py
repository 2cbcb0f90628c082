"""Decides again whether a submission could be taken, with other data; pure, for auditors."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, cast

from contracts import as_written
from contracts.envelope import MalformedEvent, decode
from contracts.events import Submitted
from contracts.model import Channel, local_day
from contracts.told import Shape, Told
from contracts.what_if import Judged, Kind
from intake.checks import (
    Case,
    check_channel,
    check_procedure,
    check_province,
    check_unit_in_province,
    check_units,
)
from intake.conditions import Found
from intake.declared import Declared
from intake.declared_form import read_form
from intake.domain import Party
from reference import Reference
from reference.eras import Eras

REMEMBERED = 20_000
#: What of a submission the law of its day decides, and the checks that do.
_CHECKS: Mapping[Kind, tuple[Callable[[Case], Found], ...]] = {
    "channel": (check_channel,),
    "procedure": (check_procedure,),
    "place": (check_province, check_units, check_unit_in_province),
}
_TAKEN = tuple(Judged(kind) for kind in _CHECKS)
_NOBODY = "national-portal", ""


class Judge:
    """Judges that submissions were taken: by this channel, of this procedure, to this place.

    What was under way on the old road and taken over was never handed in here, and is not judged.
    """

    hears = frozenset({Submitted.event_type()})

    def __init__(self, own: Reference, asked: Reference) -> None:
        """Take the data that are asked; what the log has was taken, whatever its data said."""
        self._asked, self._eras = asked, Eras(asked)
        self._usual = lru_cache(maxsize=REMEMBERED)(self._usual_of)
        self._differing = lru_cache(maxsize=REMEMBERED)(self._differing_of)
        self._holds = lru_cache(maxsize=REMEMBERED)(self._held)

    def hear(
        self, memory: Any, event_type: str, value: bytes, told: Told | None, exact: bool
    ) -> tuple[Any, tuple[Judged, ...]]:
        """Return what can be judged of a submission; nothing has to be remembered."""
        try:
            if told is None:
                return memory, self._decoded(value)
            days = told.moment[:10], told.time[:10]
            return memory, self._usual(told.shape, told.unit_code, told.other, *days)
        except (ValueError, OverflowError):  # a day that is none, or the last there is
            return memory, ()

    def _usual_of(
        self, written: Shape, unit: bytes, residence: bytes, submitted: bytes, came: bytes
    ) -> tuple[Judged, ...]:
        channel, portal, procedure, province = written.text.decode().split(" ")[:4]
        codes = procedure, province, unit.decode(), residence.decode()
        days = as_written.day(submitted), as_written.day(came)
        return self._judged((channel, portal), codes, *days)

    def _decoded(self, value: bytes) -> tuple[Judged, ...]:
        """Judge a submission that is not written as usual."""
        try:
            event = decode(value)
        except MalformedEvent:
            return ()
        data = event.data
        assert isinstance(data, Submitted)
        if data.imported is not None:
            return ()
        codes = (
            *(data.procedure_code, data.province_code),
            *(data.unit_code, data.residence_unit_code),
        )
        days = local_day(data.submitted_at), local_day(event.time)
        return self._judged((data.channel, data.portal), codes, *days)

    def end(self, memory: Any, exact: bool) -> tuple[Judged, ...]:
        """Return nothing: all is judged when it is heard."""
        return ()

    def _judged(
        self, by: tuple[str, str], codes: Sequence[str], submitted: date, came: date
    ) -> tuple[Judged, ...]:
        procedure, province, unit, residence = codes
        era = self._eras.first_of(submitted)
        # Of each check only what it looks at: most dossiers share that, but not all of it.
        if (
            self._holds("channel", by, (None, province, None, None), submitted, came)
            and self._holds("procedure", None, (procedure, None, None, None), era, None)
            and self._holds("place", None, (None, province, unit, residence), era, None)
        ):
            return _TAKEN
        return self._differing(by, tuple(codes), submitted, came)

    def _differing_of(
        self, by: tuple[str, str], codes: tuple[str, ...], submitted: date, came: date
    ) -> tuple[Judged, ...]:
        case, unit = self._case(by, codes, submitted, came), codes[2]
        return tuple(_of_kind(kind, checks, case, unit) for kind, checks in _CHECKS.items())

    def _held(
        self,
        kind: Kind,
        by: tuple[str, str] | None,
        codes: tuple[str | None, ...],
        submitted: date,
        came: date | None,
    ) -> bool:
        case = self._case(by or _NOBODY, codes, submitted, came or submitted)
        return not any(problem for check in _CHECKS[kind] for problem in check(case))

    def _case(
        self, by: tuple[str, str], codes: tuple[str | None, ...], submitted: date, came: date
    ) -> Case:
        procedure_code, province_code, unit_code, residence = codes
        declared = Declared(
            portal_reference=None,
            procedure_code=procedure_code,
            province_code=province_code,
            unit_code=unit_code,
            residence_unit_code=residence,
            submitted_at=None,
            form=read_form(None),
            notify_by=(),
            contacts=frozenset(),
        )
        channel, portal = by
        party = Party(portal, cast(Channel, channel), frozenset({"*"}))
        return Case(declared, party, _noon(came), submitted, self._asked)


def _of_kind(
    kind: Kind, checks: tuple[Callable[[Case], Found], ...], case: Case, unit_code: str
) -> Judged:
    problems = [problem for check in checks for problem in check(case)]
    if not problems:
        return Judged(kind)
    return Judged(
        kind,
        ("not_allowed",),
        "taken",
        "; ".join(dict.fromkeys(problem.rule for problem in problems)),
        found_source="; ".join(dict.fromkeys(problem.source for problem in problems)),
        unit_code=unit_code,
        event=Submitted.name,
        sequence=1,
    )


@lru_cache(maxsize=REMEMBERED)
def _noon(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time().replace(hour=5), UTC)
