"""What the intake remembers of a dossier, and its rules."""

from intake.domain.dossier import (
    FIRST_ROUND,
    LAST_ROUND,
    Added,
    Dossier,
    Erased,
    Party,
    Taken,
    dossier_code,
    dossier_id_of,
)
from intake.domain.rules import (
    RULES,
    Erase,
    Resubmit,
    Submit,
    Withdraw,
    decide_erasure,
    decide_resubmission,
    decide_submission,
    decide_withdrawal,
)

__all__ = [
    "FIRST_ROUND",
    "LAST_ROUND",
    "RULES",
    "Added",
    "Dossier",
    "Erase",
    "Erased",
    "Party",
    "Resubmit",
    "Submit",
    "Taken",
    "Withdraw",
    "decide_erasure",
    "decide_resubmission",
    "decide_submission",
    "decide_withdrawal",
    "dossier_code",
    "dossier_id_of",
]
