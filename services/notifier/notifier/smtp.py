"""Hands mails over by SMTP, and knows from which moment on it may have been taken."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from aiosmtplib.protocol import SMTPProtocol

#: Together well below the time of one call.
BEFORE_SECONDS, ANSWER_SECONDS, FAREWELL_SECONDS = 7.0, 10.0, 1.0
#: A connection is kept so long for the next mail, and for so many mails.
KEPT_SECONDS, MAILS_EACH = 5.0, 100

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


class _Ended(Exception):
    """Over a connection that was kept no more is taken: the mail goes over another one."""


class PerhapsTaken(Exception):
    """The whole mail was sent and no answer came: nobody can say whether it goes out."""


@dataclass(eq=False)
class _Session:
    """A connection, how many mails were taken over it, and what ends it while it is kept."""

    client: aiosmtplib.SMTP
    mails: int = 0
    end: asyncio.TimerHandle | None = None


class MailServer:
    """A server that takes mails from one sender, one after the other over a few connections.

    A connection is kept for a while after a mail was taken; `close` ends all that are kept.
    """

    def __init__(self, host: str, port: int, sender: str) -> None:
        self.sender = sender
        self._host, self._port = host, port
        self._kept: list[_Session] = []
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def domain(self) -> str:
        """Return the sender's domain."""
        return self.sender.rpartition("@")[2]

    async def close(self) -> None:
        """End the connections that are kept."""
        while self._kept:
            self._let_go(self._kept[-1])
        await asyncio.gather(*self._ending)

    async def deliver(
        self, recipient: str, mail: bytes, *, begin: Callable[[], Awaitable[None]]
    ) -> None:
        """Return once the server has taken the mail (lines end with CRLF).

        `begin` is awaited before the first byte of the mail; nothing is sent when it raises.
        Raises MailRefused, NotTaken or PerhapsTaken, or what `begin` raised.
        """
        session, protocol = await self._ready(recipient)
        try:
            await begin()
            await _transfer(protocol, mail)
        except BaseException:
            await _end(session.client)
            raise
        session.mails += 1
        self._keep(session)

    async def _ready(self, recipient: str) -> tuple[_Session, SMTPProtocol]:
        """Come as far as the server's word to begin; nothing of the mail was sent before it."""
        until = asyncio.get_running_loop().time() + BEFORE_SECONDS
        if kept := self._take():
            # The server may have ended it meanwhile; that says nothing of the mail.
            with contextlib.suppress(_Ended):
                return kept, await self._prepare(kept.client, recipient, until)
        new = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=self.domain,
            timeout=BEFORE_SECONDS,
        )
        return _Session(new), await self._prepare(new, recipient, until)

    async def _prepare(self, client: aiosmtplib.SMTP, recipient: str, until: float) -> SMTPProtocol:
        was_kept = client.is_connected
        try:
            async with asyncio.timeout_at(until):
                if not was_kept:
                    await client.connect()
                await self._address(client, recipient)
                return await _begin(client)
        except BaseException as error:
            await _end(client)
            if was_kept and _is_end(error):
                raise _Ended from None
            if (trouble := _meaning(error)) is not None:
                raise trouble from None
            raise

    def _take(self) -> _Session | None:
        """Return the connection that was used last, None when none is kept."""
        while self._kept:
            session = self._kept.pop()
            if session.end is not None:
                session.end.cancel()
            if session.client.is_connected:
                return session
            session.client.close()
        return None

    def _keep(self, session: _Session) -> None:
        loop = asyncio.get_running_loop()
        session.end = loop.call_later(KEPT_SECONDS, self._let_go, session)
        self._kept.append(session)
        if session.mails >= MAILS_EACH:
            self._let_go(session)

    def _let_go(self, session: _Session) -> None:
        self._kept.remove(session)
        if session.end is not None:
            session.end.cancel()
        ending = asyncio.create_task(_end(session.client))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

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


def _is_end(error: BaseException) -> bool:
    """Return whether the server takes no more in a session, by its word or without one.

    The sender is one it took before: if it refuses that now, it may be for the mails before.
    """
    is_said = isinstance(error, SMTPResponseException) and error.code == CLOSING
    return is_said or isinstance(error, SMTPSenderRefused | ConnectionError)


def _meaning(error: BaseException) -> MailRefused | NotTaken | None:
    """Return what an error before the first byte of the mail says of it, None when nothing."""
    if isinstance(error, SMTPSenderRefused | SMTPRecipientRefused | SMTPDataError):
        if error.code >= 500:
            return MailRefused(error.code)
        at_work = isinstance(error, SMTPRecipientRefused) and error.code != CLOSING
        return NotTaken(f"smtp_{error.code}", at_work=at_work)
    is_trouble = isinstance(error, SMTPException | OSError | TimeoutError)
    return NotTaken(type(error).__name__) if is_trouble else None


async def _end(client: aiosmtplib.SMTP) -> None:
    try:
        with contextlib.suppress(SMTPException, OSError):
            if client.is_connected:
                await client.quit(timeout=FAREWELL_SECONDS)
    finally:
        client.close()


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
