"""The reference data as one value, and the pure questions it answers about a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from reference.calendar import EVERY_PROVINCE, Calendar
from reference.calendar_rows import CalendarDay, Stage, TimeLimit, WorkingHours
from reference.rows import (
    ChannelPermission,
    LawfulWay,
    Level,
    Procedure,
    Province,
    ReturnReason,
    Status,
    Unit,
)
from reference.tables import Table

EVERY_PROCEDURE = "*"
ONLINE = "online"


@dataclass(frozen=True, slots=True)
class ChannelRefusal:
    """Why a channel may not submit, and the lawful way instead, for machines and for people.

    `rule` is `channel.unknown` (no such channel), `channel.province` (never for this province),
    `channel.not_yet_open` or `channel.closed`.

    Source: NĐ 87/2020/NĐ-CP, Điều 12; letter of 12 October 2021; CV 623/TTg-KSTT of 30 May 2025.
    """

    rule: str
    lawful_way_vi: str
    lawful_way_en: str
    source: str


@dataclass(frozen=True, slots=True)
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

    def procedure(self, code: str, on: date) -> Procedure | None:
        """Return the procedure as it stands on that day, or None if there is none.

        Source: Luật Hộ tịch 2014; NĐ 123/2015/NĐ-CP; NĐ 120/2025/NĐ-CP.
        """
        return self.procedures.on(code, on)

    def province(self, code: str, on: date) -> Province | None:
        """Return the province that has this GSO code on that day, or None.

        Source: QĐ 124/2004/QĐ-TTg until 2025-06-30; NQ 202/2025/QH15 from 2025-07-01.
        """
        return self.provinces.on(code, on)

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

    def may_submit(self, channel: str, province_code: str, on: date) -> ChannelRefusal | None:
        """Return None if the channel may submit for that province on that day, else the refusal.

        Whether the province exists on that day is for `province` to say.

        Source: NĐ 87/2020/NĐ-CP, Điều 12; letter of 12 October 2021; CV 623/TTg-KSTT.
        """
        for place in (province_code, EVERY_PROVINCE):
            if self.channels.on(permission_key(channel, place), on) is not None:
                return None
        rule, source = self._why_not(channel, province_code, on)
        ways = self.lawful_ways.history(ONLINE)
        way = self.lawful_ways.on(ONLINE, on) or ways[0]
        return ChannelRefusal(rule, way.text_vi, way.text_en, source or way.source)

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

    def _why_not(self, channel: str, province_code: str, on: date) -> tuple[str, str]:
        """Return the rule broken and the source of the row that sets it, "" if none does."""
        rows = [row for row in self.channels if row.channel == channel]
        if not rows:
            return "channel.unknown", ""
        here = [row for row in rows if row.province_code in (province_code, EVERY_PROVINCE)]
        if all(row.valid_to is not None and row.valid_to < on for row in here or rows):
            return "channel.closed", (here or rows)[-1].source
        if all(on < row.valid_from for row in here or rows):
            return "channel.not_yet_open", (here or rows)[0].source
        return ("channel.closed", here[0].source) if here else ("channel.province", "")


def permission_key(channel: str, province_code: str) -> str:
    """Return the key of a channel's permission for a province (`*` for every one)."""
    return f"{channel}/{province_code}"


def limit_key(stage: Stage, procedure_code: str) -> str:
    """Return the key of a stage's limit for a procedure (`*` for every one)."""
    return f"{stage}/{procedure_code}"
