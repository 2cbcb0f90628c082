"""A dossier's way, read from the log: each lifecycle event as one entry."""

from contracts.envelope import Envelope
from routing.domain.trail import ON_THE_TRAIL, TrailEntry
from routing.domain.trail import entry_of as entry_of_data


class NotOnTheTrail(Exception):
    """The event says what a citizen was told, not what was done with the dossier."""


def entry_of(envelope: Envelope) -> TrailEntry:
    """Return the entry of one event of intake, routing or registry-sync.

    It is the entry the one-stop's own rules leave, so a sheet from the log is the sheet on the
    desk. Raises NotOnTheTrail for an event of another service.
    """
    if type(envelope.data) not in ON_THE_TRAIL:
        raise NotOnTheTrail(envelope.data.name)
    return entry_of_data(envelope.data, envelope.time)
