"""What must hold once everything is quiet, whatever was done to the system before."""

from collections.abc import Callable

from tests.chaos.campaign.invariants.archive import archived_exactly
from tests.chaos.campaign.invariants.chains import caused, chained, equal_bytes, without_a_gap
from tests.chaos.campaign.invariants.finding import Facts, Verdict
from tests.chaos.campaign.invariants.intake import every_intake_is_one_dossier
from tests.chaos.campaign.invariants.messages import told_once
from tests.chaos.campaign.invariants.places import at_the_ends, everything_applied
from tests.chaos.campaign.invariants.privacy import nothing_personal
from tests.chaos.campaign.invariants.promise import promise_kept
from tests.chaos.campaign.invariants.register import registered_once
from tests.chaos.campaign.invariants.replays import replays_equal
from tests.chaos.campaign.invariants.states import legal_and_replayable
from tests.chaos.campaign.invariants.waiting import (
    forged_is_put_aside,
    nothing_waits,
    only_forged_clash,
)

INVARIANTS: tuple[Callable[[Facts], Verdict], ...] = (
    every_intake_is_one_dossier,
    registered_once,
    told_once,
    without_a_gap,
    equal_bytes,
    nothing_waits,
    everything_applied,
    at_the_ends,
    forged_is_put_aside,
    chained,
    only_forged_clash,
    legal_and_replayable,
    caused,
    nothing_personal,
    replays_equal,
    archived_exactly,
    promise_kept,
)

__all__ = ["INVARIANTS", "Facts", "Verdict"]
