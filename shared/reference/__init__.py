"""The law as dated data: procedures, places, channels, reasons, statuses, days and limits."""

from reference.act_rows import (
    Act,
    ActReason,
    Move,
    MoveState,
    Reach,
    Redirection,
    RedirectionAct,
    Slip,
    SlipForm,
)
from reference.apologies import NoReappointment, apology_due, why_no_reappointment
from reference.appointments import Appointment, appointment
from reference.calendar import Calendar
from reference.calendar_rows import CalendarDay, DayKind, InForce, Stage, TimeLimit, WorkingHours
from reference.channels import ChannelRefusal
from reference.deadlines import Deadline, NaiveTime, Pause, deadline
from reference.explanations import sentences
from reference.limits import (
    Limit,
    published_limit,
    reception_limit,
    statutory_limit,
    supplement_limit,
    verification_limit,
)
from reference.loading import counts, load, load_from
from reference.lookups import Reference
from reference.procedure_rows import FeeRule, FormKind, OnlineLevel, Presence, Procedure
from reference.rows import (
    ChannelPermission,
    Clock,
    Confidence,
    LawfulWay,
    Level,
    LimitUnit,
    Province,
    ReturnKind,
    ReturnReason,
    Row,
    Status,
    Unit,
)
from reference.steps import Step, StepKind
from reference.succession import Succession
from reference.tables import BadReferenceData, Table

__all__ = [
    "Act",
    "ActReason",
    "Appointment",
    "BadReferenceData",
    "Calendar",
    "CalendarDay",
    "ChannelPermission",
    "ChannelRefusal",
    "Clock",
    "Confidence",
    "DayKind",
    "Deadline",
    "FeeRule",
    "FormKind",
    "InForce",
    "LawfulWay",
    "Level",
    "Limit",
    "LimitUnit",
    "Move",
    "MoveState",
    "NaiveTime",
    "NoReappointment",
    "OnlineLevel",
    "Paper",
    "Pause",
    "Presence",
    "Procedure",
    "Province",
    "Reach",
    "Redirection",
    "RedirectionAct",
    "Reference",
    "ReturnKind",
    "ReturnReason",
    "Row",
    "Slip",
    "SlipForm",
    "Stage",
    "Status",
    "Step",
    "StepKind",
    "Succession",
    "Table",
    "TimeLimit",
    "Unit",
    "WorkingHours",
    "apology_due",
    "appointment",
    "counts",
    "deadline",
    "load",
    "load_from",
    "published_limit",
    "reception_limit",
    "sentences",
    "statutory_limit",
    "supplement_limit",
    "verification_limit",
    "why_no_reappointment",
]
