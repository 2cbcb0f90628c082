"""Nobody is answered before the disk has what was done, whichever system was asked."""

import asyncio
import json
import os
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from sandbox.app import Sandbox
from sandbox.settings import read_settings
from tests.integration.sandbox_process import (
    REGISTER,
    SECRETS,
    SMS,
    a_callback,
    a_message,
    a_push,
    free_port,
    send_mail,
    signed,
)


class Reached:
    """A sandbox in this process, so that its fsync can be held back."""

    def __init__(self, smtp_port: int, http: aiohttp.ClientSession) -> None:
        self.smtp_port = smtp_port
        self.http = http

    def post(self, path: str, headers: dict[str, str], body: object) -> asyncio.Task[int]:
        """Return the call under way; it ends with the status of the answer."""
        sent = body if isinstance(body, str) else json.dumps(body)

        async def status() -> int:
            async with self.http.post(path, data=sent, headers=headers) as response:
                return response.status

        return asyncio.create_task(status())

    def plant(self, code: str) -> asyncio.Task[int]:
        """Return the planting of a dossier under way; it ends with the status of the answer."""
        body = {"unit": "26734", "module": "LTKS", "outcome": "register"}

        async def status() -> int:
            async with self.http.put(f"/register/played/{code}", json=body) as response:
                return response.status

        return asyncio.create_task(status())


@pytest.fixture
async def reached(tmp_path: Path) -> AsyncIterator[Reached]:
    (tmp_path / "secrets.json").write_text(json.dumps(SECRETS))
    settings = read_settings(
        {
            "SANDBOX_PORT": str(free_port()),
            "SANDBOX_SMTP_PORT": str(free_port()),
            "SANDBOX_STATE": str(tmp_path),
            "SANDBOX_SECRETS": str(tmp_path / "secrets.json"),
            "SANDBOX_REGISTER_SECONDS": "0",
        }
    )
    with (
        socket.create_server((settings.host, settings.http_port)) as http,
        socket.create_server((settings.host, settings.smtp_port)) as smtp,
    ):
        async with (
            Sandbox(settings).running(http, smtp),
            aiohttp.ClientSession(settings.url) as client,
        ):
            yield Reached(settings.smtp_port, client)


async def test_no_caller_is_answered_before_the_fsync(
    reached: Reached, monkeypatch: pytest.MonkeyPatch
):
    may_sync, synced = threading.Event(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: may_sync.wait(10) and synced(file))
    update = json.dumps(a_callback("DVCQG-1"))
    question = {"maDinhDanhHoSo": ["H29.1-261124-0001"], "maTinh": "79", "module": "LTKS"}
    push = ("/register/NhanDKHT", REGISTER, a_push("H29.1-261124-0001"))
    sms = ("/sms/messages", {**SMS, "Idempotency-Key": "sms-1"}, a_message("D-1:accepted:sms"))
    callback = ("/portals/national-portal/callbacks", signed(update, "msg-1"), update)

    mail = asyncio.create_task(asyncio.to_thread(send_mail, reached, "D-1:accepted:email"))
    planting = reached.plant("H29.1-261124-0002")
    calls = [reached.post(*call) for call in (push, sms, callback)]
    await asyncio.sleep(0.3)
    asked = ("/register/LayKetQua", REGISTER, question)
    repeated = [reached.post(*call) for call in (push, asked, sms, callback)]
    early, _ = await asyncio.wait([mail, planting, *calls, *repeated], timeout=0.3)
    may_sync.set()

    assert early == set()
    assert await asyncio.gather(*calls) == [200, 202, 204]
    assert await asyncio.gather(*repeated) == [200, 200, 200, 204]
    assert await planting == 201
    await mail
