"""What the register is told of a dossier: the request a rule decides on, and its body."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts.decision import Context, Decision, Effect
from contracts.model import VIETNAM
from contracts.particulars import Particulars
from registry_sync.eform import MODULE_OF_PROCEDURE, exchange_files, exchange_form
from registry_sync.registration import Registration, push_kind

REGISTER_LANE = "register"
#: How the register writes a moment, in Vietnam's time.
MOMENT = "%d/%m/%Y %H:%M:%S"


def push_if_ready(case: Registration, context: Context) -> Decision[Registration]:
    """Tell the register once the accepted version is here; keep what a later round may need."""
    told = case.to_be_told()
    if case.status != "accepted" or case.closed or told is None:
        return Decision(case)
    version, particulars = told
    request = _request(case, particulars, context)
    push = Effect(push_kind(case.round), REGISTER_LANE, request, turn=case.province_code)
    case = replace(
        case,
        status="pushing",
        pushed_at=context.now,
        told_unit=case.unit_code,
        told_province=case.province_code,
        earlier=tuple(one for one in case.earlier if one[0] >= version),
    )
    return Decision(case, (), (push,))


def _request(case: Registration, particulars: Particulars, context: Context) -> bytes:
    assert case.accepted_at is not None
    request = {
        "dossier_code": case.code,
        "unit_code": case.unit_code,
        "province_code": case.province_code,
        "told_province": case.told_province or case.province_code,
        "procedure_code": case.procedure_code,
        "accepted_at": case.accepted_at.isoformat(),
        "pushed_at": context.now.isoformat(),
        "particulars": particulars.model_dump(mode="json"),
    }
    return json.dumps(request, ensure_ascii=False, sort_keys=True).encode()


def has_no_form(request: dict[str, Any]) -> bool:
    """Return whether there is nothing to tell: the form of a dossier taken over is not here."""
    return bool(request["particulars"]["form"]["kind"] == "legacy")


def push_body(request: dict[str, Any]) -> dict[str, Any]:
    """Return the body of NhanDKHT for a stored request; the same for the same request.

    The procedure must be one the register has a part for.
    """
    particulars = Particulars.model_validate(request["particulars"])
    accepted_at = datetime.fromisoformat(request["accepted_at"]).astimezone(VIETNAM)
    form = exchange_form(particulars, request["unit_code"])
    return {
        "maDonVi": request["unit_code"],
        "module": MODULE_OF_PROCEDURE[request["procedure_code"]],
        "maHoSoLT": "",
        "maHoSoMCDT": request["dossier_code"],
        "ngayTiepNhan": accepted_at.strftime(MOMENT),
        "data": json.dumps(form, ensure_ascii=False, sort_keys=True),
        "fileDinhKem": exchange_files(particulars),
    }
