"""Which moment an SMTP server failed at decides what may be said of the mail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from notifier import smtp
from notifier.channels import Mail
from notifier.smtp import MailRefused, MailServer, NotTaken, PerhapsTaken
from plumbing.calls import LeaseLost
from tests.integration.core_kit import until
from tests.integration.notifier_kit import a_mail, nothing_to_note

MAIL = b"Subject: hello\r\n\r\n.first\r\nsecond\r\n"
RECIPIENT = "thu@example.com"
HANG_UP, SILENCE = "", "..."


@dataclass
class PlayedServer:
    """Speaks SMTP; `plays` says at which moment it answers otherwise, hangs up or falls silent.

    At the moments in `once` it does so the next time alone.
    """

    plays: dict[str, str] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)
    once: set[str] = field(default_factory=set)
    connections: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._answer(writer, "greeting", "220 here")
            while line := await reader.readline():
                self.said.append(line)
                verb = line[:4].strip().decode().lower()
                usual = {"data": "354 go on", "quit": "221 bye"}.get(verb, "250 ok")
                await self._answer(writer, verb, usual)
                if verb == "data":
                    self.taken.append(await reader.readuntil(b"\r\n.\r\n"))
                    await self._answer(writer, "dot", "250 taken")
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, moment: str, usual: str) -> None:
        answer = self.plays.get(moment, usual)
        if moment in self.once:
            self.once.remove(moment)
            del self.plays[moment]
        if answer == SILENCE:
            await asyncio.sleep(30)
        if answer == HANG_UP:
            writer.close()
            raise ConnectionResetError
        writer.write(answer.encode() + b"\r\n")
        await writer.drain()


@contextlib.asynccontextmanager
async def a_server(**plays: str) -> AsyncIterator[PlayedServer]:
    """Give a server that plays; whoever is still connected is dropped at the end."""
    played = PlayedServer(plays)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await played.serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    played.port = server.sockets[0].getsockname()[1]
    try:
        yield played
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


async def deliver(played: PlayedServer, recipient: str = RECIPIENT) -> str:
    """Return what became of one mail, by the name of the exception or `taken`."""
    server = MailServer("127.0.0.1", played.port, "tu@example.vn")
    outcome = await deliver_by(server, recipient)
    await server.close()
    return outcome


async def deliver_by(server: MailServer, recipient: str = RECIPIENT) -> str:
    try:
        await server.deliver(recipient, MAIL, begin=nothing_to_note)
    except (MailRefused, NotTaken, PerhapsTaken) as outcome:
        return " ".join([type(outcome).__name__, *map(str, outcome.args)])
    return "taken"


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "BEFORE_SECONDS", 0.3)
    monkeypatch.setattr(smtp, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(smtp, "FAREWELL_SECONDS", 0.3)


@pytest.mark.parametrize(
    ("moment", "answer", "outcome"),
    [
        ("greeting", "554 not today", "NotTaken SMTPConnectResponseError"),
        ("ehlo", "421 busy", "NotTaken SMTPHeloError"),
        ("mail", "451 later", "NotTaken smtp_451"),
        ("mail", "550 not you", "MailRefused 550"),
        ("rcpt", "450 full", "NotTaken smtp_450"),
        ("rcpt", "550 nobody", "MailRefused 550"),
        ("data", "451 later", "NotTaken smtp_451"),
        ("data", "554 no", "MailRefused 554"),
        ("dot", "451 later", "NotTaken smtp_451"),
        ("dot", "421 closing", "NotTaken smtp_421"),
        ("dot", "554 spam", "MailRefused 554"),
        ("dot", "nonsense", "PerhapsTaken"),
        ("dot", "354 again", "PerhapsTaken"),
        ("quit", "500 what", "taken"),
    ],
)
async def test_given_an_answer_at_a_moment_then_it_says_what_became_of_the_mail(
    moment, answer, outcome
):
    async with a_server(**{moment: answer}) as played:
        assert await deliver(played) == outcome


@pytest.mark.parametrize(
    ("moment", "answer", "at_work"),
    [
        ("rcpt", "450 full", True),
        ("rcpt", "451 greylisted", True),
        ("rcpt", "421 closing", False),
        ("mail", "451 later", False),
        ("data", "451 later", False),
        ("dot", "451 later", False),
        ("greeting", "554 not today", False),
        ("rcpt", HANG_UP, False),
    ],
)
async def test_given_one_recipient_is_refused_for_now_then_the_server_is_at_work_for_the_others(
    moment, answer, at_work
):
    async with a_server(**{moment: answer}) as played:
        mail = Mail(MailServer("127.0.0.1", played.port, "tu@example.vn"))
        told = await mail(a_mail(RECIPIENT))

    assert (told.outcome, told.at_work) == ("again", at_work)


@pytest.mark.parametrize("how", [HANG_UP, SILENCE])
@pytest.mark.parametrize("moment", ["greeting", "ehlo", "mail", "rcpt", "data"])
async def test_given_no_answer_before_the_mail_was_sent_then_it_was_certainly_not_taken(
    moment, how
):
    async with a_server(**{moment: how}) as played:
        outcome = await deliver(played)

    assert outcome.startswith("NotTaken ")
    assert played.taken == []


@pytest.mark.parametrize("how", [HANG_UP, SILENCE])
async def test_given_no_answer_after_the_final_dot_then_nobody_can_tell(how):
    async with a_server(dot=how) as played:
        outcome = await deliver(played)

    assert outcome == "PerhapsTaken"
    assert len(played.taken) == 1


@pytest.mark.parametrize("how", [HANG_UP, SILENCE])
async def test_given_no_farewell_then_the_mail_is_taken_all_the_same(how):
    async with a_server(quit=how) as played:
        assert await deliver(played) == "taken"


async def test_given_nobody_listens_then_the_mail_was_not_taken():
    async with a_server() as played:
        pass

    assert (await deliver(played)).startswith("NotTaken ")


async def test_given_a_line_with_a_dot_first_then_the_server_gets_it_doubled():
    async with a_server() as played:
        assert await deliver(played) == "taken"

    assert played.taken == [b"Subject: hello\r\n\r\n..first\r\nsecond\r\n.\r\n"]
    assert played.said == [
        b"EHLO example.vn\r\n",
        b"MAIL FROM:<tu@example.vn>\r\n",
        b"RCPT TO:<thu@example.com>\r\n",
        b"DATA\r\n",
        b"QUIT\r\n",
    ]


async def test_given_an_address_beyond_ascii_then_only_a_server_that_can_is_told_it():
    async with a_server() as cannot, a_server(ehlo="250-here\r\n250 SMTPUTF8") as can:
        assert await deliver(cannot, "thử@example.com") == "MailRefused 553"
        assert await deliver(can, "thử@example.com") == "taken"

    assert can.said[1:3] == [
        b"MAIL FROM:<tu@example.vn> SMTPUTF8\r\n",
        "RCPT TO:<thử@example.com>\r\n".encode(),
    ]


@pytest.fixture
async def played() -> AsyncIterator[PlayedServer]:
    async with a_server() as one:
        yield one


@pytest.fixture
async def server(played: PlayedServer) -> AsyncIterator[MailServer]:
    one = MailServer("127.0.0.1", played.port, "tu@example.vn")
    yield one
    await one.close()


async def test_given_several_mails_then_they_go_over_one_connection_which_is_ended_at_last(
    played, server
):
    assert [await deliver_by(server) for _ in range(3)] == ["taken"] * 3
    await server.close()

    assert (len(played.taken), played.connections) == (3, 1)
    assert [line[:4] for line in played.said] == [
        b"EHLO",
        *[b"MAIL", b"RCPT", b"DATA"] * 3,
        b"QUIT",
    ]


async def test_given_mails_at_the_same_time_then_each_has_a_connection_of_its_own(played, server):
    assert await asyncio.gather(*(deliver_by(server) for _ in range(3))) == ["taken"] * 3

    assert (len(played.taken), played.connections) == (3, 3)


async def test_given_a_connection_that_nobody_needs_then_it_is_ended(played, server, monkeypatch):
    monkeypatch.setattr(smtp, "KEPT_SECONDS", 0.01)
    await deliver_by(server)

    await until(lambda: b"QUIT\r\n" in played.said)
    await deliver_by(server)

    assert played.connections == 2


async def test_given_a_connection_of_many_mails_then_it_is_ended(played, server, monkeypatch):
    monkeypatch.setattr(smtp, "MAILS_EACH", 2)

    assert [await deliver_by(server) for _ in range(3)] == ["taken"] * 3

    assert played.connections == 2


@pytest.mark.parametrize(
    ("moment", "answer"),
    [
        *[("mail", "421 closing"), ("rcpt", "421 closing"), ("mail", HANG_UP), ("data", HANG_UP)],
        *[("mail", "451 too many mails in a session"), ("mail", "554 too many mails")],
    ],
)
async def test_given_a_kept_connection_the_server_ends_then_the_mail_goes_over_another_one(
    played, server, moment, answer
):
    await deliver_by(server)
    played.plays[moment] = answer
    played.once.add(moment)

    assert await deliver_by(server) == "taken"
    assert (len(played.taken), played.connections) == (2, 2)


@pytest.mark.parametrize(
    ("moment", "answer", "outcome"),
    [
        ("rcpt", "550 nobody", "MailRefused 550"),
        ("rcpt", SILENCE, "NotTaken "),
        ("dot", HANG_UP, "PerhapsTaken"),
        ("dot", "421 closing", "NotTaken smtp_421"),
    ],
)
async def test_given_another_answer_over_a_kept_connection_then_it_is_the_answer_and_ends_it(
    played, server, moment, answer, outcome
):
    await deliver_by(server)
    played.plays[moment] = answer

    assert (await deliver_by(server)).startswith(outcome)
    assert played.connections == 1
    played.plays.clear()
    assert await deliver_by(server) == "taken"
    assert played.connections == 2


async def test_given_a_sender_refused_over_a_kept_and_a_new_connection_then_that_is_the_answer(
    played, server
):
    await deliver_by(server)
    played.plays["mail"] = "550 not you"

    assert await deliver_by(server) == "MailRefused 550"
    assert (len(played.taken), played.connections) == (1, 2)


async def test_given_a_mail_that_must_not_begin_then_its_connection_is_used_no_more(played, server):
    async def lost() -> None:
        raise LeaseLost

    await deliver_by(server)
    with pytest.raises(LeaseLost):
        await server.deliver(RECIPIENT, MAIL, begin=lost)

    assert await deliver_by(server) == "taken"
    assert (len(played.taken), played.connections) == (2, 2)
