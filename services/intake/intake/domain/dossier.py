"""A dossier as the intake knows it: whose it is, its rounds, its id and its code."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid5

from contracts.model import Channel, PortalId

_DOSSIERS = UUID("0c8b1b0e-6f0d-5a44-9c1b-3f6f2f5d7a10")
FIRST_ROUND: Final = 1
#: Our own bound, what an event can count; the law knows one supplement.
LAST_ROUND: Final = 99


@dataclass(frozen=True)
class Party:
    """Who hands in a submission: the portal, its channel and the provinces it speaks for.

    `provinces` holds two-digit codes, or `*` for all of them.
    """

    portal: PortalId
    channel: Channel
    provinces: frozenset[str]

    def speaks_for(self, province_code: str) -> bool:
        """Return whether the portal may hand in dossiers of that province at all."""
        return not self.provinces.isdisjoint({"*", province_code})


@dataclass(frozen=True)
class Taken:
    """A submission that was taken; `fingerprint` is None once the particulars are erased."""

    portal: str
    portal_reference: str
    fingerprint: str | None
    received_at: datetime


@dataclass(frozen=True)
class Erased:
    """When the particulars were erased, and which client asked for it."""

    at: datetime
    by: str


@dataclass(frozen=True)
class Added:
    """A supplement that was taken; `fingerprint` is None once the particulars are erased."""

    fingerprint: str | None
    received_at: datetime


@dataclass(frozen=True)
class Dossier:
    """A dossier as the intake knows it; before the submission only its id and code.

    `added` are its supplements in the order they came, the first of them made round 2.
    """

    dossier_id: UUID
    code: str
    taken: Taken | None = None
    erased: Erased | None = None
    added: tuple[Added, ...] = ()
    withdrawal_received_at: datetime | None = None

    @property
    def round(self) -> int:
        """Return how often it was submitted so far."""
        return FIRST_ROUND + len(self.added)

    def round_of(self, fingerprint: str) -> int | None:
        """Return the round a supplement with that fingerprint made, None if it made none."""
        for number, one in enumerate(self.added, FIRST_ROUND + 1):
            if one.fingerprint == fingerprint:
                return number
        return None

    def added_in(self, round_: int) -> Added:
        """Return the supplement that made a round (2 and on)."""
        return self.added[round_ - FIRST_ROUND - 1]


def dossier_id_of(portal: str, portal_reference: str) -> UUID:
    """Return the id of the dossier a portal knows by that reference, always the same."""
    return uuid5(_DOSSIERS, f"{portal}/{portal_reference}")


def dossier_code(h_code: str, unit_code: str, on: date, number: int) -> str:
    """Return the code of the dossier with that number of that unit and day, counted from 1.

    Four digits, more after 9999: `H29.26734-261124-0007`.

    Source: TT 01/2018/TT-VPCP, Điều 19; QĐ 20/2020/QĐ-TTg.
    """
    return f"{h_code}.{unit_code}-{on:%y%m%d}-{number:04d}"
