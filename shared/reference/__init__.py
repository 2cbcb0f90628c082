"""The law as dated data: procedures, provinces, units, channels, reasons, statuses."""

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
from reference.tables import BadReferenceData, Table

__all__ = [
    "BadReferenceData",
    "ChannelPermission",
    "ChannelRefusal",
    "Clock",
    "Confidence",
    "FormKind",
    "LawfulWay",
    "Level",
    "LimitUnit",
    "Procedure",
    "Province",
    "Reference",
    "ReturnKind",
    "ReturnReason",
    "Row",
    "Status",
    "Table",
    "Unit",
    "load",
    "load_from",
]
