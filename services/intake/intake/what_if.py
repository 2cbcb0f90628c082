"""Decides again whether a submission could be taken, with other data; pure, for auditors."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, cast

from contracts.envelope import MalformedEvent, decode
from contracts.events import Submitted
from contracts.model import Channel, local_day
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

REMEMBERED = 20_000
_ZONES = ("Z", "+00:00", "+07:00")
#: What of a submission the law of its day decides, and the checks that do.
_CHECKS: Mapping[Kind, tuple[Callable[[Case], Found], ...]] = {
    "channel": (check_channel,),
    "procedure": (check_procedure,),
    "place": (check_province, check_units, check_unit_in_province),
}
_TAKEN = tuple(Judged(kind) for kind in _CHECKS)
_NOBODY = "national-portal", ""
# As events are written; what is written otherwise is decoded.
_USUAL = re.compile(
    rb'"time":"([^"\\]+)","datacontenttype".*"data":\{"channel":"([^"\\]+)","portal":"([^"\\]+)",'
    rb'"portal_reference":"[^"\\]+","procedure_code":"([^"\\]+)","province_code":"([^"\\]+)",'
    rb'"unit_code":"([^"\\]+)","residence_unit_code":"([^"\\]+)","submitted_at":"([^"\\]+)"'
)


class Judge:
    """Judges that submissions were taken: by this channel, of this procedure, to this place.

    What was under way on the old road and taken over was never handed in here, and is not judged.
    """

    hears = frozenset({Submitted.event_type()})

    def __init__(self, own: Reference, asked: Reference) -> None:
        """Take the data that are asked; what the log has was taken, whatever its data said."""
        self._asked = asked
        self._judge = lru_cache(maxsize=REMEMBERED)(self._judged)
        self._holds = lru_cache(maxsize=REMEMBERED)(self._held)

    def hear(
        self, memory: Any, event_type: str, value: bytes, exact: bool
    ) -> tuple[Any, tuple[Judged, ...]]:
        """Return what can be judged of a submission; nothing has to be remembered."""
        # What was taken over ends with that.
        found = _USUAL.search(value) if value.endswith(b"]}}") else None
        if found is not None:
            time, channel, portal, *codes, submitted_at = (part.decode() for part in found.groups())
            try:
                days = _day(submitted_at), _day(time)
            except ValueError:
                return memory, ()
            return memory, self._judge((channel, portal), tuple(codes), *days)
        try:
            event = decode(value)
        except MalformedEvent:
            return memory, ()
        data = event.data
        assert isinstance(data, Submitted)
        if data.imported is not None:
            return memory, ()
        known = (
            *(data.procedure_code, data.province_code),
            *(data.unit_code, data.residence_unit_code),
        )
        days = local_day(data.submitted_at), local_day(event.time)
        return memory, self._judge((data.channel, data.portal), known, *days)

    def end(self, memory: Any, exact: bool) -> tuple[Judged, ...]:
        """Return nothing: all is judged when it is heard."""
        return ()

    def _judged(
        self, by: tuple[str, str], codes: tuple[str, ...], submitted: date, came: date
    ) -> tuple[Judged, ...]:
        procedure, province, unit, residence = codes
        # Of each check only what it looks at: most dossiers share that, but not all of it.
        if (
            self._holds("channel", by, (None, province, None, None), submitted, came)
            and self._holds("procedure", None, (procedure, None, None, None), submitted, None)
            and self._holds("place", None, (None, province, unit, residence), submitted, None)
        ):
            return _TAKEN
        case = self._case(by, codes, submitted, came)
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


def _day(text: str) -> date:
    """Return the day of a moment: that of its hour, for zones are whole hours here."""
    zone = text[19:].lstrip(".0123456789")
    return _day_of_hour(f"{text[:13]}:00:00{zone}") if zone in _ZONES else _exactly(text)


def _exactly(text: str) -> date:
    return local_day(datetime.fromisoformat(text))


_day_of_hour = lru_cache(maxsize=REMEMBERED)(_exactly)
