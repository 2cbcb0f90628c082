"""What the one-stop decides: authority, reception, return, every deadline and its moves."""

from routing.domain.acts import ACTS, allowed_acts, why_not
from routing.domain.appointments import near_due, overdue
from routing.domain.case import (
    AUTOMATIC,
    IMPORT,
    OPEN,
    REGISTER,
    Accept,
    Apologise,
    BookEntry,
    Case,
    Expire,
    Forward,
    GiveBack,
    HandOver,
    Issued,
    Merge,
    Pause,
    Resume,
    RoutingContext,
    SlipKey,
    Status,
    Stop,
    Verify,
    Withdraw,
)
from routing.domain.clock import calendar_for
from routing.domain.forwarding import may_merge
from routing.domain.law import act_reason, act_reasons, missing_papers, return_reasons
from routing.domain.rescheduling import prepared_apology
from routing.domain.rules import RULES, slip_key
from routing.domain.stopping import may_expire
from routing.domain.trail import TrailEntry

__all__ = [
    "ACTS",
    "AUTOMATIC",
    "IMPORT",
    "OPEN",
    "REGISTER",
    "RULES",
    "Accept",
    "Apologise",
    "BookEntry",
    "Case",
    "Expire",
    "Forward",
    "GiveBack",
    "HandOver",
    "Issued",
    "Merge",
    "Pause",
    "Resume",
    "RoutingContext",
    "SlipKey",
    "Status",
    "Stop",
    "TrailEntry",
    "Verify",
    "Withdraw",
    "act_reason",
    "act_reasons",
    "allowed_acts",
    "calendar_for",
    "may_expire",
    "may_merge",
    "missing_papers",
    "near_due",
    "overdue",
    "prepared_apology",
    "return_reasons",
    "slip_key",
    "why_not",
]
