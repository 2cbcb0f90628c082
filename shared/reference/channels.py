"""Which channel may submit for which province: the permissions, and the move of a province."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from reference.act_rows import Move, MoveState
from reference.rows import ChannelPermission, LawfulWay
from reference.tables import Table

EVERY_PROVINCE = "*"
DIRECT_CHANNEL = "moj-direct"
ONLINE, DIRECT = "online", "direct"
ONE_DAY = timedelta(days=1)


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
class Channels:
    """What decides whether a channel is open."""

    permissions: Table[ChannelPermission]
    moves: Table[Move]
    ways: Table[LawfulWay]

    def refusal(
        self, channel: str, province_code: str, on: date, submitted_on: date | None
    ) -> ChannelRefusal | None:
        """Return None if the channel may submit then, else why not and what to do instead."""
        if not self._is_permitted(channel, province_code, on):
            rule, source = self._why_not(channel, province_code, on)
            return self._refused(rule, source, province_code, on)
        move = self.moves.on(province_code, on)
        if channel != DIRECT_CHANNEL:
            if move is None or move.state is not MoveState.LEGACY:
                return None
            return self._refused("channel.not_yet_open", move.source, province_code, on)
        if move is not None and (
            move.state is not MoveState.PORTAL_ONLY or self._in_grace(move, on, submitted_on)
        ):
            return None
        return self._refused("channel.closed", move.source if move else "", province_code, on)

    def _is_permitted(self, channel: str, province_code: str, on: date) -> bool:
        places = (province_code, EVERY_PROVINCE)
        return any(self.permissions.on(permission_key(channel, at), on) for at in places)

    def _in_grace(self, move: Move, on: date, submitted_on: date | None) -> bool:
        """Return whether it was submitted while the direct form was open and comes in time."""
        if submitted_on is None:
            return False
        first = self._cut_over(move)
        last = first + (move.grace_days - 1) * ONE_DAY
        then = self.moves.on(move.province_code, submitted_on)
        was_open = then is not None and then.state is not MoveState.PORTAL_ONLY
        return was_open and submitted_on < first and on <= last

    def _cut_over(self, move: Move) -> date:
        """Return the first day from which on the province is on the portals alone."""
        first = move.valid_from
        for earlier in reversed(self.moves.history(move.province_code)):
            if earlier.valid_to == first - ONE_DAY and earlier.state is MoveState.PORTAL_ONLY:
                first = earlier.valid_from
        return first

    def _refused(self, rule: str, source: str, province_code: str, on: date) -> ChannelRefusal:
        """Return the refusal with the way that is open: the direct form alone in `LEGACY`."""
        move = self.moves.on(province_code, on)
        legacy = move is not None and move.state is MoveState.LEGACY
        direct = legacy and self._is_permitted(DIRECT_CHANNEL, province_code, on)
        key = DIRECT if direct else ONLINE
        way = self.ways.on(key, on) or self.ways.history(key)[0]
        return ChannelRefusal(rule, way.text_vi, way.text_en, source or way.source)

    def _why_not(self, channel: str, province_code: str, on: date) -> tuple[str, str]:
        """Return the rule broken and the source of the row that sets it, "" if none does."""
        rows = [row for row in self.permissions if row.channel == channel]
        if not rows:
            return "channel.unknown", ""
        here = [row for row in rows if row.province_code in (province_code, EVERY_PROVINCE)]
        return _closed_or_not_yet(here or rows, here, on)


def _closed_or_not_yet(
    rows: Sequence[ChannelPermission], here: Sequence[ChannelPermission], on: date
) -> tuple[str, str]:
    if all(row.valid_to is not None and row.valid_to < on for row in rows):
        return "channel.closed", rows[-1].source
    if all(on < row.valid_from for row in rows):
        return "channel.not_yet_open", rows[0].source
    return ("channel.closed", here[0].source) if here else ("channel.province", "")


def permission_key(channel: str, province_code: str) -> str:
    """Return the key of a channel's permission for a province (`*` for every one)."""
    return f"{channel}/{province_code}"
