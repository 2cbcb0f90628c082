"""Hands one mail over by SMTP, and knows from which moment on it may have been taken."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable

import aiosmtplib
from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from aiosmtplib.protocol import SMTPProtocol

#: Together well below the time of one call.
BEFORE_SECONDS, ANSWER_SECONDS, FAREWELL_SECONDS = 7.0, 10.0, 1.0

#: The server ends every session now (RFC 5321, 4.2.3), whoever the mail is for.
CLOSING = 421

_FIRST_DOT = re.compile(rb"(?m)^\.")


class MailRefused(Exception):
    """The server said a lasting no to the sender, the recipient or the mail; `code` is 5xx."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class NotTaken(Exception):
    """The mail was certainly not taken: it was not wholly sent, or not now (4xx); `reason` why.

    `at_work`: the server said so of this recipient, and takes mails for others.
    """

    def __init__(self, reason: str, *, at_work: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.at_work = reason, at_work


class PerhapsTaken(Exception):
    """The whole mail was sent and no answer came: nobody can say whether it goes out."""


class MailServer:
    """A server that takes mails from one sender; each goes over a connection of its own."""

    def __init__(self, host: str, port: int, sender: str) -> None:
        self.sender = sender
        self._host, self._port = host, port

    @property
    def domain(self) -> str:
        """Return the sender's domain."""
        return self.sender.rpartition("@")[2]

    async def deliver(
        self, recipient: str, mail: bytes, *, begin: Callable[[], Awaitable[None]]
    ) -> None:
        """Return once the server has taken the mail (lines end with CRLF).

        `begin` is awaited before the first byte of the mail; nothing is sent when it raises.
        Raises MailRefused, NotTaken or PerhapsTaken, or what `begin` raised.
        """
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=self.domain,
            timeout=BEFORE_SECONDS,
        )
        try:
            protocol = await self._prepare(client, recipient)
            await begin()
            await _transfer(protocol, mail)
        finally:
            with contextlib.suppress(SMTPException, OSError):
                if client.is_connected:
                    await client.quit(timeout=FAREWELL_SECONDS)
            client.close()

    async def _prepare(self, client: aiosmtplib.SMTP, recipient: str) -> SMTPProtocol:
        """Come as far as the server's word to begin; nothing of the mail was sent before it."""
        try:
            async with asyncio.timeout(BEFORE_SECONDS):
                await client.connect()
                await self._address(client, recipient)
                return await _begin(client)
        except (SMTPSenderRefused, SMTPRecipientRefused, SMTPDataError) as refusal:
            if refusal.code >= 500:
                raise MailRefused(refusal.code) from None
            at_work = isinstance(refusal, SMTPRecipientRefused) and refusal.code != CLOSING
            raise NotTaken(f"smtp_{refusal.code}", at_work=at_work) from None
        except (SMTPException, OSError, TimeoutError) as trouble:
            raise NotTaken(type(trouble).__name__) from None

    async def _address(self, client: aiosmtplib.SMTP, recipient: str) -> None:
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        options, encoding = [], "ascii"
        if not recipient.isascii():
            if not client.supports_extension("smtputf8"):
                raise MailRefused(553)
            options, encoding = ["SMTPUTF8"], "utf-8"
        await client.mail(self.sender, options=options, encoding=encoding)
        await client.rcpt(recipient, encoding=encoding)


async def _begin(client: aiosmtplib.SMTP) -> SMTPProtocol:
    answer = await client.execute_command(b"DATA")
    if answer.code != 354:
        raise SMTPDataError(answer.code, answer.message)
    if client.protocol is None:
        raise SMTPServerDisconnected("closed")
    return client.protocol


async def _transfer(protocol: SMTPProtocol, mail: bytes) -> None:
    # aiosmtplib's own data() fails alike before and after the mail was sent.
    try:
        protocol.write(_FIRST_DOT.sub(b"..", mail) + b".\r\n")
    except SMTPException:
        raise NotTaken("closed") from None
    try:
        answer = await protocol.read_response(timeout=ANSWER_SECONDS)
    except (SMTPException, OSError):
        raise PerhapsTaken from None
    if 200 <= answer.code < 300:
        return
    if 400 <= answer.code < 500:
        raise NotTaken(f"smtp_{answer.code}")
    if 500 <= answer.code < 600:
        raise MailRefused(answer.code)
    raise PerhapsTaken
