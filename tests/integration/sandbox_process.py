"""Runs the sandbox as a process of its own, the way the local stack does."""

import asyncio
import base64
import contextlib
import json
import os
import random
import signal
import smtplib
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
from standardwebhooks import Webhook

from local_stack.ports import OTHERS, is_free
from tests.integration.core_kit import PATIENCE

PERSON = "Nguyễn Thị Thử Nghiệm"
PHONE = "+84900000123"
EMAIL = "thu.nghiem@example.org"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a portal's secret of the tests").decode()
OTHER_SECRET = "whsec_" + base64.b64encode(b"the secret of somebody else").decode()
SECRETS: dict[str, Any] = {
    "clients": {
        "national-portal": {
            "secret": "portal-password",
            "scope": "submissions:write",
            "claims": {"channel": "national-portal", "provinces": ["*"]},
        },
        "operator": {
            "secret": "operator-password",
            "scope": "operate",
            "claims": {"role": "operator"},
        },
    },
    "portals": {
        "national-portal": {"webhook_secret": WEBHOOK_SECRET},
        "provincial-portal-79": {"webhook_secret": OTHER_SECRET},
    },
    "register": {"username": "one-stop", "password": "register-password"},
    "sms": {"token": "sms-token"},
}
REGISTER = {"Authorization": aiohttp.encode_basic_auth("one-stop", "register-password")}
SMS = {"Authorization": "Bearer sms-token"}
#: Not the seeded generator, which gives two lanes the same.
_CHANCE = random.SystemRandom()


def free_port() -> int:
    """Return a port nobody listens on at this moment.

    Not one of those the kernel gives to outgoing connections: other lanes of tests make many.
    """
    while not is_free(port := _CHANCE.choice(OTHERS)):
        pass
    return port


class Sandbox:
    """A running sandbox and a client of it; answers are (status, body)."""

    def __init__(self, state: Path, environment: dict[str, str]) -> None:
        self.state = state
        self.environment = environment
        self.url = f"http://127.0.0.1:{environment['SANDBOX_PORT']}"
        self.smtp_port = int(environment["SANDBOX_SMTP_PORT"])

    async def start(self) -> None:
        """Start the process and return once it says it is live."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sandbox",
            env={**os.environ, **self.environment},
            stderr=asyncio.subprocess.PIPE,
        )
        self.http = aiohttp.ClientSession(self.url)
        for _ in range(int(200 * PATIENCE)):
            with contextlib.suppress(aiohttp.ClientConnectionError):
                status, _ = await self.get("/health/live")
                if status == 200:
                    return
            if self.process.returncode is not None:
                break
            await asyncio.sleep(0.05)
        raise AssertionError(await self.stop(signal.SIGKILL))

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> str:
        """End the process and return what it wrote on its error stream."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        _, errors = await self.process.communicate()
        await self.http.close()
        return errors.decode()

    async def get(self, path: str, **more: Any) -> tuple[int, Any]:
        """Ask and return status and body."""
        async with self.http.get(path, **more) as response:
            return response.status, await _body(response)

    async def post(self, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Send JSON and return status and body."""
        async with self.http.post(path, json=body, **more) as response:
            return response.status, await _body(response)

    async def fault(self, component: str, **fault: Any) -> None:
        """Ask for a fault; it must be taken."""
        async with self.http.put(f"/faults/{component}", json=fault) as response:
            assert response.status == 200, await response.text()

    async def journal(self, key: str | None = None, *, after: int = 0) -> list[dict[str, Any]]:
        """Return the journal's entries, or those of one key."""
        async with self.http.get("/journal", params={"after": after}) as response:
            assert response.status == 200
            entries = [json.loads(line) for line in (await response.text()).splitlines()]
        return [entry for entry in entries if key is None or entry["key"] == key]

    async def kinds(self, key: str) -> list[str]:
        """Return what was journaled about one key, in order."""
        return [entry["kind"] for entry in await self.journal(key)]


@contextlib.asynccontextmanager
async def a_sandbox(state: Path, **environment: str) -> AsyncIterator[Sandbox]:
    """Give a live sandbox on free ports; `environment` overrides the usual one."""
    state.mkdir(parents=True, exist_ok=True)
    secrets = state / "secrets.json"
    secrets.write_text(json.dumps(SECRETS))
    usual = {
        "SANDBOX_PORT": str(free_port()),
        "SANDBOX_SMTP_PORT": str(free_port()),
        "SANDBOX_STATE": str(state),
        "SANDBOX_SECRETS": str(secrets),
        "SANDBOX_REGISTER_SECONDS": "0",
        "INTAKE_URL": "",
        "KAFKA_BOOTSTRAP_SERVERS": "",
    }
    sandbox = Sandbox(state, usual | environment)
    await sandbox.start()
    try:
        yield sandbox
    finally:
        await sandbox.stop()


def a_push(code: str, *, note: str = "", unit: str = "26734", module: str = "LTKS") -> Any:
    """Return the body of NhanDKHT for one dossier."""
    form = {"nksHoTen": PERSON, "nycSoDienThoai": PHONE, "ghiChu": note}
    return {
        "maDonVi": unit,
        "module": module,
        "maHoSoMCDT": code,
        "ngayTiepNhan": "24/11/2026 08:00:00",
        "data": json.dumps(form),
        "fileDinhKem": [],
    }


def a_message(reference: str, *, to: str = PHONE) -> Any:
    """Return the body of one SMS."""
    return {"to": to, "text": f"Kính gửi {PERSON}", "reference": reference}


def key_of(reference: str | None) -> str:
    """Return the message id of the mail `send_mail` makes."""
    return f"{reference}@example.org".replace(":", ".")


def send_mail(sandbox: Sandbox, reference: str | None, *, to: str = EMAIL) -> None:
    """Send one mail with smtplib, blocking; raises what smtplib raises."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "hotich@example.org", to, "Hồ sơ"
    message["Message-ID"] = f"<{key_of(reference)}>"
    if reference is not None:
        message["X-Hotich-Reference"] = reference
    message.set_content(f"Kính gửi {PERSON}")
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=10) as server:
        server.send_message(message)


def a_callback(portal_reference: str, *, status: int = 2) -> Any:
    """Return the body of a status callback."""
    return {
        "type": "dossier.status",
        "timestamp": "2026-11-24T08:00:00+07:00",
        "data": {
            "portal_reference": portal_reference,
            "dossier_code": "H29.1-261124-0001",
            "status": status,
            "step": "accepted",
            "event_id": "7f0c6f0e-3c57-4a0b-8f3c-0a4f4f1f2b10",
            "occurred_at": "2026-11-24T08:00:00+07:00",
        },
    }


def signed(body: str, webhook_id: str, *, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    """Return the Standard Webhooks headers of a body."""
    now = datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, now, body),
    }


async def push(sandbox: Sandbox, body: Any) -> tuple[int, Any]:
    """Push to the register and return status and body."""
    return await sandbox.post("/register/NhanDKHT", body, headers=REGISTER)


async def results(sandbox: Sandbox, *codes: str) -> list[dict[str, Any]]:
    """Return what the register says of those codes it knows."""
    question = {"maDinhDanhHoSo": codes, "maTinh": "79", "module": "LTKS"}
    status, body = await sandbox.post("/register/LayKetQua", question, headers=REGISTER)
    assert (status, body["status"]) == (200, 1)
    return body["value"]


async def results_when(sandbox: Sandbox, status: int, *codes: str) -> list[dict[str, Any]]:
    """Return the same once all of them have that `trangThai`."""
    for _ in range(100):
        value = await results(sandbox, *codes)
        if all(one["trangThai"] == status for one in value):
            return value
        await asyncio.sleep(0.05)
    raise AssertionError(value)


async def _body(response: aiohttp.ClientResponse) -> Any:
    text = await response.text()
    is_json = response.content_type.endswith("json")
    return json.loads(text) if is_json and text else text
