"""Shows the provinces in gauges: what is under way and late, what came by which road, the move."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from contracts.model import local_day
from plumbing import metrics
from plumbing.assembly import Running
from plumbing.database import passing
from plumbing.logs import describe, where
from plumbing.waiting import rest
from reference import Reference
from routing.board_counting import provinces_of
from routing.board_move import move_view
from routing.board_store import Figures, Key, OpenCases, load_counters, load_open
from routing.store import SERVICE

log = structlog.get_logger()

#: Of so many days the submitted are counted, today among them.
DAYS = 30


@dataclass
class ProvinceGauges:
    """Refreshes the gauges every so many seconds; several replicas show the same.

    A look reads every case under way once.
    """

    running: Running
    known: Reference
    seconds: float
    _shown: set[tuple[str, ...]] = field(default_factory=set)

    async def run(self) -> None:
        """Refresh every so often, until cancelled."""
        while True:
            try:
                await self.refresh()
            except Exception as error:  # figures alone: what is not shown now is shown later
                if passing(error):
                    log.warning("gauges_wait_for_database", error=describe(error))
                else:
                    log.error("provinces_not_shown", error=describe(error), traceback=where(error))
            await rest(self.seconds)

    async def refresh(self) -> None:
        """Show everything as it is now."""
        now = self.running.clock()
        today = local_day(now)
        async with self.running.pool.acquire() as conn:
            under_way = await load_open(conn, now)
            first = today - timedelta(days=DAYS - 1)
            counters = await load_counters(conn, None, first, today)
        figures = figures_of(self.known, under_way, counters)
        for code in {row.province_code for row in self.known.moves}:
            move = move_view(self.known, code, today)
            if move is not None and move.days_left is not None:
                figures["move", code] = move.days_left
        self._show(figures)

    def _show(self, figures: Mapping[tuple[str, ...], int]) -> None:
        """Show the figures; what is there no more is zero, but the days of a move end."""
        for what, *labels in self._shown - figures.keys():
            if what == "move":
                metrics.MOVE_DAYS_LEFT.remove(SERVICE, *labels)
            else:
                _GAUGES[what].labels(SERVICE, *labels).set(0)
        for (what, *labels), count in figures.items():
            _GAUGES[what].labels(SERVICE, *labels).set(count)
        kept = {one for one in self._shown if one[0] != "move"}
        self._shown = kept | set(figures)


_GAUGES = {
    "cases": metrics.PROVINCE_CASES,
    "overdue": metrics.PROVINCE_OVERDUE,
    "submitted": metrics.PROVINCE_SUBMITTED,
    "move": metrics.MOVE_DAYS_LEFT,
}


def figures_of(
    known: Reference, under_way: Iterable[OpenCases], counters: Mapping[Key, Figures]
) -> Counter[tuple[str, ...]]:
    """Return the figures by gauge and labels; a unit of no map is in the province ``none``."""
    province_of = provinces_of(known)
    figures: Counter[tuple[str, ...]] = Counter()
    for one in under_way:
        province = province_of(one.unit_code, one.unit_on) or "none"
        figures["cases", province, one.road or "none", one.status] += one.count
        figures["overdue", province, "reception"] += one.late_reception
        figures["overdue", province, "appointment"] += one.late_appointment
    for (province, _, road, what, _), sums in counters.items():
        if what == "submitted":
            figures["submitted", province or "none", road or "none"] += sums.count
    return figures
