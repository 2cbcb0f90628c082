"""The mail server: real SMTP, every message taken is journaled by its reference."""

import asyncio
import hashlib
import logging
import socket
import uuid
from email.parser import BytesHeaderParser

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.faults import Faults
from sandbox.journal import REFERENCE, Journal

UNREACHABLE = "unreachable"

_LARGEST_BYTES = 1 << 25


class MailServer:
    """Answers SMTP as the mail systems of citizens would."""

    def __init__(self, journal: Journal, faults: Faults) -> None:
        self._journal = journal
        self._faults = faults
        self._late: set[asyncio.Task[str]] = set()

    async def listen(self, listener: socket.socket) -> asyncio.Server:
        """Return the running server on a bound socket."""
        # aiosmtpd logs addresses at info level.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        loop = asyncio.get_running_loop()
        return await loop.create_server(self._open_session, sock=listener)

    def _open_session(self) -> SMTP:
        return SMTP(
            self,
            hostname="sandbox",
            ident="sandbox",
            enable_SMTPUTF8=True,
            data_size_limit=_LARGEST_BYTES,
            loop=asyncio.get_running_loop(),
        )

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds its hooks by these names
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient, or answer 550 for the one that cannot be reached."""
        local_part, at, domain = address.rpartition("@")
        if not (local_part and at and domain):
            return "553 5.1.3 not a mail address"
        if local_part.lower() == UNREACHABLE:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds its hooks by these names
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take the message as the faults in force allow."""
        fault = self._faults.take("mail")
        if fault is None:
            return await self._deliver(envelope)
        match fault.kind:
            case "error" | "busy":
                return "451 4.3.0 fault asked for with PUT /faults/mail"
            case "delay":
                # The mail goes out though the client may have hung up meanwhile.
                late = asyncio.create_task(self._deliver_late(envelope, fault.seconds))
                self._late.add(late)
                late.add_done_callback(self._late.discard)
                return await asyncio.shield(late)
            case "lost_answer":
                await self._deliver(envelope)
        return await _hang_up(server)

    async def _deliver_late(self, envelope: Envelope, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return await self._deliver(envelope)

    async def _deliver(self, envelope: Envelope) -> str:
        headers = BytesHeaderParser().parsebytes(_content(envelope))
        reference = str(headers.get("X-Hotich-Reference", "")).strip()
        if not REFERENCE.fullmatch(reference):
            return "554 5.6.0 X-Hotich-Reference must be <dossier_code>:<key>:<channel>"
        key = str(headers.get("Message-ID", "")).strip().strip("<>") or uuid.uuid4().hex
        for address in envelope.rcpt_tos:
            to_sha256 = hashlib.sha256(address.lower().encode()).hexdigest()
            self._journal.append("mail.sent", key, reference=reference, to_sha256=to_sha256)
        await self._journal.durable()
        return "250 2.0.0 taken"


def _content(envelope: Envelope) -> bytes:
    content = envelope.content or b""
    return content if isinstance(content, bytes) else content.encode()


async def _hang_up(server: SMTP) -> str:
    if server.transport is not None:
        server.transport.close()
    # aiosmtpd cancels this hook as soon as the connection is gone, so no reply is written.
    await asyncio.Event().wait()
    return ""
