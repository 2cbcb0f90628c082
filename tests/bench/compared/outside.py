"""The calls both compared versions make to the outside: the client and the bodies ours has."""

import json
import os
from typing import Any

import aiohttp

from registry_sync.eform import MODULE_OF_PROCEDURE

_NUMBER = "+84912000333"


def session() -> aiohttp.ClientSession:
    """Return the HTTP client all versions have, ours too."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))


def environment(status: Any, secrets: dict[str, Any]) -> dict[str, str]:
    """Return what a compared process is told about the outside."""
    return {
        "OUTSIDE_URL": status.sandbox["url"],
        "REGISTER_USERNAME": secrets["register"]["username"],
        "REGISTER_PASSWORD": secrets["register"]["password"],
        "SMS_TOKEN": secrets["sms"]["token"],
    }


async def tell_register(
    http: aiohttp.ClientSession, code: str, dossier_id: str, submission: dict[str, Any]
) -> None:
    """Push a dossier; raises aiohttp.ClientError, or RuntimeError when it is not taken."""
    body = {
        "maDonVi": submission["unit_code"],
        "module": MODULE_OF_PROCEDURE[submission["procedure_code"]],
        "maHoSoLT": "",
        "maHoSoMCDT": code,
        "ngayTiepNhan": "28/11/2026 09:00:00",
        "data": json.dumps(submission["form"], ensure_ascii=False),
        "fileDinhKem": [],
    }
    username, password = os.environ["REGISTER_USERNAME"], os.environ["REGISTER_PASSWORD"]
    async with http.post(
        f"{os.environ['OUTSIDE_URL']}/register/NhanDKHT",
        json=body,
        headers={"Idempotency-Key": dossier_id},
        auth=aiohttp.BasicAuth(username, password),
    ) as answer:
        answer.raise_for_status()
        told = await answer.json()
        if told["status"] != "1" and told["errorCode"] != "TRUNG_HO_SO":
            raise RuntimeError(f"the register said {told['errorCode']}")


async def send_sms(http: aiohttp.ClientSession, code: str, dossier_id: str) -> None:
    """Tell the citizen that the dossier is registered; raises aiohttp.ClientError."""
    body = {
        "to": _NUMBER,
        "text": f"Ho so {code} da duoc dang ky.",
        "reference": f"{code}:registered:sms",
    }
    async with http.post(
        f"{os.environ['OUTSIDE_URL']}/sms-1/messages",
        json=body,
        headers={
            "Idempotency-Key": f"{dossier_id}:registered",
            "Authorization": f"Bearer {os.environ['SMS_TOKEN']}",
        },
    ) as answer:
        answer.raise_for_status()
