"""What a comparison with a neighbour finds: typed differences, and what repairs each."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, NonNegativeInt

from contracts.model import Contract

#: `missing_here`: the neighbour has it, we do not. `missing_there`: we have it, it does not.
DifferenceKind = Literal["missing_here", "missing_there", "different_status", "different_number"]
#: What repairs a difference by an event; nothing: a person must look.
Repair = Literal["", "taken_from_the_register", "told_again", "corrected", "portal_told_again"]
#: `changed`: what changed or was not compared for long; `all`: everything there is.
Scope = Literal["changed", "all"]


class Difference(Contract):
    """One thing two systems say differently about a dossier; codes and numbers only.

    `reference` is the dossier code, or the portal's own reference where there is no dossier.
    `ours` and `theirs` are short codes such as `pushed`, `registered`, or an entry's number.
    `found_at` is when the first of the runs that found it in turn did; `repaired_at`, when it
    was repaired, or first seen to differ no more.
    """

    reference: str
    kind: DifferenceKind
    dossier_id: UUID | None = None
    dossier_code: str = ""
    province_code: str = ""
    unit_code: str = ""
    ours: str
    theirs: str
    repair: Repair = ""
    found_at: AwareDatetime
    repaired_at: AwareDatetime | None = None


class Reconciliation(Contract):
    """One comparison with a neighbour: `register`, or the id of a portal.

    `passed_over` counts the dossiers it gave no answer about; the next comparison takes them.
    """

    run_id: UUID
    service: str
    neighbour: str
    scope: Scope
    asked_by: str
    started_at: AwareDatetime
    finished_at: AwareDatetime | None = None
    compared: NonNegativeInt
    passed_over: NonNegativeInt = 0
    differences: dict[DifferenceKind, int]
    repaired: NonNegativeInt
