"""Calls as the executor makes them, and servers that answer them."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from aiohttp import ClientSession, web

from contracts.model import Contract
from contracts.portal import StatusCallback, StatusUpdate
from notifier.channels import Mail, SmsGateway
from notifier.portals import PortalCallbacks
from notifier.requests import CallbackRequest, MailRequest, SmsRequest
from notifier.settings import PortalAddress
from notifier.smtp import MailServer
from plumbing.calls import Call
from tests.integration.sandbox_process import EMAIL, PHONE, WEBHOOK_SECRET, Sandbox, free_port

CODE = "H29.26734-261124-0001"
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def a_call(kind: str, request: Contract) -> Call:
    """Return the first attempt of a call."""
    body = request.model_dump_json().encode()
    return Call(uuid4(), uuid4(), kind, body, 1, False, timedelta(0), False, nothing_to_note)


async def nothing_to_note() -> None:
    """Stand for the note before the point of no return, where a test has no database."""


def an_sms(to: str = PHONE) -> Call:
    """Return the call that sends an SMS."""
    reference = f"{CODE}:accepted:sms"
    return a_call("sms:accepted", SmsRequest(to=to, text="Đã tiếp nhận", reference=reference))


def a_mail(to: str = EMAIL) -> Call:
    """Return the call that sends a mail."""
    request = MailRequest(
        to=to,
        subject="Hồ sơ",
        text="Kính gửi ông bà",
        reference=f"{CODE}:accepted:email",
        date=NOW,
    )
    return a_call("email:accepted", request)


def a_callback(portal: str = "national-portal") -> Call:
    """Return the call that tells a portal."""
    update = StatusUpdate(
        portal_reference="DVCQG-1",
        dossier_code=CODE,
        status=2,
        step="accepted",
        event_id=uuid4(),
        occurred_at=NOW,
    )
    body = StatusCallback(timestamp=NOW, data=update).model_dump_json()
    return a_call("portal:accepted", CallbackRequest(portal=portal, body=body))


def sms_of(sandbox: Sandbox, http: ClientSession, token: str = "sms-token") -> SmsGateway:
    """Return the caller of the sandbox's SMS gateway."""
    return SmsGateway(http, f"{sandbox.url}/sms", token)


@contextlib.asynccontextmanager
async def mail_of(sandbox: Sandbox) -> AsyncIterator[Mail]:
    """Give the caller of the sandbox's mail server; its connections are ended with it."""
    server = MailServer("127.0.0.1", sandbox.smtp_port, "hotich@example.vn")
    try:
        yield Mail(server)
    finally:
        await server.close()


def portals_of(url: str, http: ClientSession, portal: str = "national-portal") -> PortalCallbacks:
    """Return the caller that knows one portal at that address."""
    address = PortalAddress(url=url, secret=WEBHOOK_SECRET)
    return PortalCallbacks(http, {portal: address}, lambda: datetime.now(UTC))


def callbacks_of(sandbox: Sandbox, http: ClientSession) -> PortalCallbacks:
    """Return the caller of the sandbox's national portal."""
    return portals_of(f"{sandbox.url}/portals/national-portal/callbacks", http)


def begun(call: Call) -> Call:
    """Return the next attempt of a call whose sender was killed past the point of no return."""
    return replace(in_doubt(call), begun=True)


def in_doubt(call: Call) -> Call:
    """Return the same call as it is made after an answer got lost."""
    return replace(call, attempt=call.attempt + 1, in_doubt=True)


@contextlib.asynccontextmanager
async def answering(*statuses: int) -> AsyncIterator[tuple[str, list[str]]]:
    """Give the address of a server that answers those statuses in turn, and what it was asked."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.method)
        return web.Response(
            status=statuses[len(asked) - 1], headers={"location": f"http://{request.host}/else"}
        )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port := free_port()).start()
    try:
        yield f"http://127.0.0.1:{port}", asked
    finally:
        await runner.cleanup()
