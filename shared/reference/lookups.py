"""The reference data as one value, and the pure questions it answers about a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from reference import succession
from reference.act_rows import WRONG_AUTHORITY, ActReason, Move, Redirection, SlipForm
from reference.calendar import EVERY_PROVINCE, Calendar
from reference.calendar_rows import CalendarDay, Stage, TimeLimit, WorkingHours
from reference.channels import ChannelRefusal, Channels
from reference.procedure_rows import Paper, Procedure
from reference.rows import (
    ChannelPermission,
    LawfulWay,
    Level,
    Province,
    ReturnReason,
    Status,
    Unit,
)
from reference.succession import Succession
from reference.tables import Table

EVERY_PROCEDURE = "*"


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """All reference data; every answer depends on its arguments alone.

    `version` names the data: 12 hexadecimal digits of the SHA-256 over its files.
    """

    version: str
    procedures: Table[Procedure]
    provinces: Table[Province]
    units: Table[Unit]
    channels: Table[ChannelPermission]
    lawful_ways: Table[LawfulWay]
    return_reasons: Table[ReturnReason]
    statuses: Table[Status]
    units_by_province: Mapping[str, tuple[Unit, ...]]
    time_limits: Table[TimeLimit]
    calendar_days: Table[CalendarDay]
    working_hours: Table[WorkingHours]
    calendars: Mapping[str, Calendar]
    act_reasons: Table[ActReason]
    redirections: Table[Redirection]
    moves: Table[Move]
    slip_forms: Table[SlipForm]
    papers: Table[Paper]

    def procedure(self, code: str, on: date) -> Procedure | None:
        """Return the procedure as it stands on that day, or None if there is none.

        Source: Luật Hộ tịch 2014; NĐ 123/2015/NĐ-CP; NĐ 120/2025/NĐ-CP.
        """
        return self.procedures.on(code, on)

    def paper(self, code: str) -> Paper | None:
        """Return the paper of that kind as it was named last, or None if no rule knows it.

        Source: Luật Hộ tịch 2014; the attachments of the procedures.
        """
        return self.papers.last(code)

    def province(self, code: str, on: date) -> Province | None:
        """Return the province that has this GSO code on that day, or None.

        Source: QĐ 124/2004/QĐ-TTg until 2025-06-30; NQ 202/2025/QH15 from 2025-07-01.
        """
        return self.provinces.on(code, on)

    def province_heirs(self, code: str, on: date) -> frozenset[str]:
        """Return the provinces of that day that are the province or go on for it; may be none.

        Source: NQ 202/2025/QH15.
        """
        return succession.province_heirs(self.provinces, code, on)

    def unit(self, code: str, on: date) -> Unit | None:
        """Return the commune or district that has this GSO code on that day, or None.

        A code may be another place on another day.

        Source: QĐ 124/2004/QĐ-TTg until 2025-06-30; QĐ 19/2025/QĐ-TTg from 2025-07-01.
        """
        return self.units.on(code, on)

    def communes(self, province_code: str, on: date) -> frozenset[str]:
        """Return the codes of the communes of a province on that day; empty if none is known.

        Source: QĐ 124/2004/QĐ-TTg until 2025-06-30; QĐ 19/2025/QĐ-TTg from 2025-07-01.
        """
        units = self.units_by_province.get(province_code, ())
        return frozenset(u.code for u in units if u.level is Level.COMMUNE and u.is_valid(on))

    def successor(
        self, unit_code: str, residence_unit_code: str, on: date, written_on: date | None = None
    ) -> Succession | None:
        """Return the unit that goes on with a dossier of a unit that is no more on that day.

        None if the unit is valid on that day, or never was before it. A unit's only successor is
        certain, and of several the one that holds the residence; else the first is named and is
        not certain. Codes are used again: with `written_on`, the day the two codes were written,
        the unit of that day is meant; without it whatever has the code on that day or had it last.

        Source: QĐ 19/2025/QĐ-TTg; NQ 202/2025/QH15; NĐ 120/2025/NĐ-CP, Điều 4.
        """
        return succession.successor(self.units, unit_code, residence_unit_code, on, written_on)

    def move(self, province_code: str, on: date) -> Move | None:
        """Return how far a province's move to the portals is on that day; None if it has none.

        Source: letter of 12 October 2021.
        """
        return self.moves.on(province_code, on)

    def may_submit(
        self, channel: str, province_code: str, on: date, submitted_on: date | None = None
    ) -> ChannelRefusal | None:
        """Return None if the channel may submit for that province on that day, else the refusal.

        The direct form is open in `LEGACY` and `DUAL`, the portals in all but `LEGACY`. What was
        submitted by the direct form on a day it was open (`submitted_on`) is taken in the days of
        grace after the cut-over, while the form exists. Whether the province exists on that day is
        for `province` to say.

        Source: NĐ 87/2020/NĐ-CP, Điều 12; letter of 12 October 2021; CV 623/TTg-KSTT.
        """
        channels = Channels(self.channels, self.moves, self.lawful_ways)
        return channels.refusal(channel, province_code, on, submitted_on)

    def redirection(self, on: date) -> Redirection:
        """Return what a one-stop that is not competent does on that day; before 2016 as in 2016.

        Source: Luật Hộ tịch 2014, Điều 9(3); NĐ 118/2025/NĐ-CP; NĐ 120/2025/NĐ-CP, Điều 4.
        """
        found = self.redirections.on(WRONG_AUTHORITY, on)
        return found or self.redirections.history(WRONG_AUTHORITY)[0]

    def act_reason(self, act: str, code: str) -> ActReason | None:
        """Return the reason of that code for that act in its latest wording, or None.

        Source: NĐ 61/2018/NĐ-CP, Điều 19; TT 03/2025/TT-VPCP.
        """
        return self.act_reasons.last(act_key(act, code))

    def act_reasons_of(self, act: str, on: date) -> tuple[ActReason, ...]:
        """Return the reasons an officer may give for that act on that day, as the file has them.

        Source: NĐ 61/2018/NĐ-CP, Điều 19; TT 03/2025/TT-VPCP.
        """
        return tuple(row for row in self.act_reasons if row.act == act and row.is_valid(on))

    def slip_form(self, key: str, on: date) -> SlipForm | None:
        """Return the form of a slip on that day, or None if there was none.

        Source: TT 01/2018/TT-VPCP until 2025-09-14; TT 03/2025/TT-VPCP.
        """
        return self.slip_forms.on(key, on)

    def return_reason(self, code: str) -> ReturnReason | None:
        """Return the reason of that code in its latest wording, or None if it is not in the list.

        Source: NĐ 61/2018/NĐ-CP and NĐ 118/2025/NĐ-CP; Luật Hộ tịch 2014, Điều 5, 9.
        """
        return self.return_reasons.last(code)

    def status(self, code: int) -> Status | None:
        """Return the National Portal status of that number (1 to 10), or None.

        Source: TrangThaiHoSo of the National Portal's exchange format.
        """
        return self.statuses.last(str(code))

    def calendar(self, province_code: str) -> Calendar:
        """Return the working calendar of a province, that of all provinces if it has no own.

        Source: BLLĐ 2019, Điều 111, 112; the announcements of each year.
        """
        return self.calendars.get(province_code) or self.calendars[EVERY_PROVINCE]

    def time_limit(self, stage: Stage, procedure_code: str, on: date) -> TimeLimit | None:
        """Return the limit of that stage on that day: the procedure's own row, else that of all.

        Source: Luật Hộ tịch 2014, Điều 5; NĐ 87/2020/NĐ-CP, Điều 12.
        """
        own = self.time_limits.on(limit_key(stage, procedure_code), on)
        return own or self.time_limits.on(limit_key(stage, EVERY_PROCEDURE), on)

    def competent_units(
        self, procedure: Procedure, residence_unit_code: str, on: date
    ) -> frozenset[str]:
        """Return the units that may decide, for someone who lives in that commune on that day.

        The commune of residence; its district where the district was competent; for what every
        authority with the database may do, all communes of the province. Empty if the residence
        is not a commune on that day.

        Source: Luật Hộ tịch 2014, Điều 7, 35, 63; NĐ 120/2025/NĐ-CP, Điều 4.
        """
        residence = self.units.on(residence_unit_code, on)
        if residence is None or residence.level is not Level.COMMUNE:
            return frozenset()
        match procedure.level:
            case Level.ANY:
                return self.communes(residence.province_code, on)
            case Level.DISTRICT:
                return frozenset({residence.district_code} if residence.district_code else ())
            case Level.COMMUNE:
                return frozenset({residence.code})


def act_key(act: str, code: str) -> str:
    """Return the key of an act's reason."""
    return f"{act}/{code}"


def limit_key(stage: Stage, procedure_code: str) -> str:
    """Return the key of a stage's limit for a procedure (`*` for every one)."""
    return f"{stage}/{procedure_code}"
