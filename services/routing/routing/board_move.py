"""How far the move of a province is on a day, as the board shows it."""

from datetime import date, timedelta

from contracts.board import MovedView, MoveRow, MoveView
from reference import Move, MoveState, Reference

ONE_DAY = timedelta(days=1)


def move_view(known: Reference, province_code: str, on: date) -> MoveView | None:
    """Return the move of a province on that day, None if it has none then."""
    now, rows = known.move(province_code, on), known.moves.history(province_code)
    if now is None:
        return None
    cut = _cut_over(rows, now, on)
    direct_until = None if cut is None else cut.valid_from - ONE_DAY
    left = None if direct_until is None else (direct_until - on).days
    return MoveView(
        state=now.state.value,
        since=_since(rows, now),
        cut_over=cut and cut.valid_from,
        direct_until=direct_until,
        grace_until=cut and _grace_until(known, cut),
        days_left=left if left is not None and left >= 0 else None,
        rows=tuple(_row(one) for one in rows),
    )


def moved_views(known: Reference, province_code: str, on: date) -> tuple[MovedView, ...]:
    """Return the provinces of the move that ended before that day and are part of this one."""
    found = []
    for code in sorted({row.province_code for row in known.moves} - {province_code}):
        named = known.provinces.last(code)
        if named is None or named.valid_to is None or named.valid_to >= on:
            continue
        last = known.move(code, named.valid_to)
        if last is None or province_code not in known.province_heirs(code, on):
            continue
        since = _since(known.moves.history(code), last)
        found.append(
            MovedView(name=named.name, state=last.state.value, since=since, last_on=named.valid_to)
        )
    return tuple(found)


def _since(rows: tuple[Move, ...], now: Move) -> date:
    """Return the first day of the state: rows of one state that follow one another are one."""
    first = now.valid_from
    for row in reversed(rows):
        if row.state is now.state and row.valid_to == first - ONE_DAY:
            first = row.valid_from
    return first


def _cut_over(rows: tuple[Move, ...], now: Move, on: date) -> Move | None:
    if now.state is MoveState.PORTAL_ONLY:
        since = _since(rows, now)
        return next(row for row in rows if row.valid_from == since)
    later = (row for row in rows if row.valid_from > on and row.state is MoveState.PORTAL_ONLY)
    return next(later, None)


def _grace_until(known: Reference, cut: Move) -> date | None:
    if not cut.grace_days:
        return None
    last = cut.valid_from + (cut.grace_days - 1) * ONE_DAY
    ends = [
        row.valid_to
        for row in known.channels
        if row.channel == "moj-direct" and row.province_code == cut.province_code and row.valid_to
    ]
    return min([last, *ends])


def _row(row: Move) -> MoveRow:
    return MoveRow(
        state=row.state.value,
        first_on=row.valid_from,
        last_on=row.valid_to,
        grace_days=row.grace_days,
        reason=row.reason,
        source=row.source,
        confidence=row.confidence.value,
    )
