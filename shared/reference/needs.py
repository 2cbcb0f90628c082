"""What the rules ask for by name: without it data would load and leave people without words."""

from reference.act_rows import Slip
from reference.calendar import EVERY_PROVINCE
from reference.calendar_rows import Stage
from reference.checks import check_open
from reference.lookups import EVERY_PROCEDURE, Reference, limit_key
from reference.tables import BadReferenceData

RETURN_REASONS = (
    "missing_paper",
    "not_competent",
    "particulars_erased",
    "register_needs_supplement",
    "register_refused",
    "supplement_exhausted",
)
ACT_REASONS = ("stop/supplement_not_received", "forward/merger", "forward/not_competent")
SLIPS = (Slip.ACCEPTANCE, Slip.SUPPLEMENT, Slip.REFUSAL, Slip.APOLOGY, Slip.CONTROL_SHEET)


def check_needs(reference: Reference) -> None:
    """Raise BadReferenceData if a row that the rules name is not there, or not there any more."""
    for code in RETURN_REASONS:
        check_open(reference.return_reasons, code)
    for code in ACT_REASONS:
        check_open(reference.act_reasons, code)
    for slip in SLIPS:
        check_open(reference.slip_forms, slip)
    for stage in (Stage.RECEPTION, Stage.PROMPT, Stage.SUPPLEMENT):
        check_open(reference.time_limits, limit_key(stage, EVERY_PROCEDURE))
    for hours_line, row in reference.working_hours.numbered():
        province = row.province_code
        if province != EVERY_PROVINCE and reference.provinces.last(province) is None:
            fact = f"unknown province {province}"
            raise BadReferenceData(reference.working_hours.file, [hours_line], fact)
