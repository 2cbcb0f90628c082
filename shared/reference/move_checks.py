"""What must hold of the moves of the provinces to the portals."""

from datetime import date, timedelta
from itertools import pairwise

from reference.act_rows import Move, MoveState
from reference.channels import DIRECT_CHANNEL, EVERY_PROVINCE, permission_key
from reference.rows import ChannelPermission, Province
from reference.tables import BadReferenceData, Table

ONE_DAY = timedelta(days=1)


def check_moves(
    moves: Table[Move], provinces: Table[Province], channels: Table[ChannelPermission]
) -> None:
    """Raise BadReferenceData if a move is of no province, has a gap, or is missing.

    A province is there on the first day of every row, the rows follow one another, and they
    cover every day the direct form is permitted there.
    """
    for line, row in moves.numbered():
        if provinces.on(row.province_code, row.valid_from) is None:
            fact = f"unknown province {row.province_code} on {row.valid_from}"
            raise BadReferenceData(moves.file, [line], fact)
        if row.valid_to is None and provinces.on(row.province_code, date.max) is None:
            fact = f"province {row.province_code} ends and its move does not"
            raise BadReferenceData(moves.file, [line], fact)
    for (line, row), (next_line, later) in pairwise(moves.numbered()):
        follows = row.valid_to is not None and row.valid_to + ONE_DAY == later.valid_from
        if row.province_code == later.province_code and not follows:
            fact = f"a gap before {later.valid_from} in the move of {row.province_code}"
            raise BadReferenceData(moves.file, [line, next_line], fact)
    _check_direct_channels(moves, channels)
    _check_direct_states(moves, channels)


def _check_direct_channels(moves: Table[Move], channels: Table[ChannelPermission]) -> None:
    """Raise BadReferenceData if the direct form is permitted on a day that has no move."""
    for line, row in channels.numbered():
        if row.channel != DIRECT_CHANNEL:
            continue
        if row.province_code == EVERY_PROVINCE:
            raise BadReferenceData(channels.file, [line], "the direct form is of one province")
        for day in (row.valid_from, row.valid_to or date.max):
            if moves.on(row.province_code, day) is None:
                fact = f"{moves.file} has no move of {row.province_code} on {day}"
                raise BadReferenceData(channels.file, [line], fact)


def _check_direct_states(moves: Table[Move], channels: Table[ChannelPermission]) -> None:
    """Raise BadReferenceData if a state lets the direct form in after its last day."""
    for line, row in moves.numbered():
        key = permission_key(DIRECT_CHANNEL, row.province_code)
        if row.state is MoveState.PORTAL_ONLY:
            continue
        if channels.on(key, row.valid_to or date.max) is None:
            fact = f"{row.state} until {row.valid_to}, when the direct form is closed"
            raise BadReferenceData(moves.file, [line], fact)
