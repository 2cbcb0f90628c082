"""Every rule of the one-stop by what it answers, and what each leaves on the dossier's trail."""

from collections.abc import Callable, Mapping
from typing import Any

from contracts.decision import Decision, ParticularsArrived, ParticularsErased, Refused
from contracts.envelope import Envelope
from contracts.events import (
    Accepted,
    EventData,
    PersonalIdAssigned,
    Registered,
    RegisterReturned,
    RegistrationCorrected,
    RegistrationInDoubt,
    Rescheduled,
    Resubmitted,
    Returned,
    Stopped,
    Submitted,
    WithdrawalRequested,
)
from routing.domain.case import (
    Accept,
    Apologise,
    Case,
    Expire,
    Forward,
    GiveBack,
    HandOver,
    Issued,
    Merge,
    Resume,
    RoutingContext,
    SlipKey,
    Stop,
    Verify,
    Withdraw,
)
from routing.domain.forwarding import forward, merge
from routing.domain.handing import hand_over
from routing.domain.reception import accept, on_resubmitted, on_submitted
from routing.domain.register import (
    NOT_NEEDED,
    noted,
    on_corrected,
    on_erased,
    on_particulars,
    on_register_returned,
    on_registered,
)
from routing.domain.rescheduling import apologise, verify
from routing.domain.returning import give_back
from routing.domain.stopping import expire, on_withdrawal_requested, resume, stop, withdraw
from routing.domain.trail import entry_of

Rule = Callable[[Any, Case, RoutingContext], Decision[Case] | Refused]


def slip_key(data: EventData) -> SlipKey | None:
    """Return which slip an event is put on paper as, or None.

    Source: TT 01/2018/TT-VPCP; TT 03/2025/TT-VPCP.
    """
    match data:
        case Accepted():
            return "acceptance"
        case Returned():
            return "supplement" if data.kind == "supplement" else "refusal"
        case Rescheduled():
            return "apology"
        case Stopped():
            return "stop"
    return None


def _on_the_trail(rule: Rule) -> Rule:
    """Return the rule, its decision with the trail, the slips and no data past their use."""

    def decide(message: Any, case: Case, context: RoutingContext) -> Decision[Case] | Refused:
        decision = rule(message, case, context)
        if isinstance(decision, Refused):
            return decision
        state, now = decision.state, context.now
        heard = (entry_of(message.data, message.time),) if isinstance(message, Envelope) else ()
        said = tuple([entry_of(data, now) for data in decision.events])
        slips = tuple(
            [
                Issued(key, now, data, state.papers)
                for data in decision.events
                if (key := slip_key(data))
            ]
        )
        if heard or said:
            trail, issued = (*state.trail, *heard, *said), (*state.issued, *slips)
            state = state.but(trail=trail, issued=issued)
        if state.particulars is not None and state.status in NOT_NEEDED:
            state = state.but(particulars=None)
        return Decision(state, decision.events)

    return decide


_BARE: Mapping[type, Rule] = {
    Submitted: on_submitted,
    Resubmitted: on_resubmitted,
    WithdrawalRequested: on_withdrawal_requested,
    Registered: on_registered,
    RegisterReturned: on_register_returned,
    RegistrationInDoubt: noted,
    PersonalIdAssigned: noted,
    RegistrationCorrected: on_corrected,
    ParticularsArrived: on_particulars,
    ParticularsErased: on_erased,
    Accept: accept,
    GiveBack: give_back,
    Forward: forward,
    Withdraw: withdraw,
    Stop: stop,
    Resume: resume,
    Apologise: apologise,
    Verify: verify,
    HandOver: hand_over,
    Expire: expire,
    Merge: merge,
}
RULES: dict[type, Rule] = {message: _on_the_trail(rule) for message, rule in _BARE.items()}
