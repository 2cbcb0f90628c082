"""The law as dated data: procedures, places, channels, reasons, statuses, days and limits."""

from reference.apologies import NoReappointment, apology_due, why_no_reappointment
from reference.calendar import Calendar
from reference.calendar_rows import CalendarDay, DayKind, InForce, Stage, TimeLimit, WorkingHours
from reference.deadlines import Deadline, NaiveTime, Pause, deadline
from reference.explanations import sentences
from reference.limits import Limit, published_limit, reception_limit, statutory_limit
from reference.loading import load, load_from
from reference.lookups import ChannelRefusal, Reference
from reference.rows import (
    ChannelPermission,
    Clock,
    Confidence,
    FormKind,
    LawfulWay,
    Level,
    LimitUnit,
    Procedure,
    Province,
    ReturnKind,
    ReturnReason,
    Row,
    Status,
    Unit,
)
from reference.steps import Step, StepKind
from reference.tables import BadReferenceData, Table

__all__ = [
    "BadReferenceData",
    "Calendar",
    "CalendarDay",
    "ChannelPermission",
    "ChannelRefusal",
    "Clock",
    "Confidence",
    "DayKind",
    "Deadline",
    "FormKind",
    "InForce",
    "LawfulWay",
    "Level",
    "Limit",
    "LimitUnit",
    "NaiveTime",
    "NoReappointment",
    "Pause",
    "Procedure",
    "Province",
    "Reference",
    "ReturnKind",
    "ReturnReason",
    "Row",
    "Stage",
    "Status",
    "Step",
    "StepKind",
    "Table",
    "TimeLimit",
    "Unit",
    "WorkingHours",
    "apology_due",
    "deadline",
    "load",
    "load_from",
    "published_limit",
    "reception_limit",
    "sentences",
    "statutory_limit",
    "why_no_reappointment",
]
