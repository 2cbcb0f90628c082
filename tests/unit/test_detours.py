"""A detour on real sockets: what each kind of trouble does to connections, old and new."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from local_stack.detour import Detour, Trouble
from tests.integration.sandbox_process import free_port

HOST = "127.0.0.1"


@dataclass
class Echo:
    """A server that says what it hears, and remembers it."""

    port: int
    heard: bytearray = field(default_factory=bytearray)
    hung_up: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                self.heard += data
                writer.write(data)
                await writer.drain()
        self.hung_up += 1
        writer.close()


@dataclass
class Client:
    """One connection through the detour."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, word: bytes) -> None:
        self.writer.write(word)
        await self.writer.drain()

    async def hear(self, size: int, seconds: float = 5) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(size), seconds)

    async def asks(self, word: bytes) -> bytes:
        await self.say(word)
        return await self.hear(len(word))

    async def hears_nothing(self) -> bool:
        """Return whether the connection stays and brings nothing for a moment."""
        try:
            await asyncio.wait_for(self.reader.read(1), 0.2)
        except TimeoutError:
            return True
        return False


@dataclass
class Bench:
    echo: Echo
    detour: Detour
    clients: list[Client] = field(default_factory=list)

    async def connect(self) -> Client:
        self.clients.append(Client(*await asyncio.open_connection(HOST, self.detour.port)))
        return self.clients[-1]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    echo = Echo(free_port())
    server = await asyncio.start_server(echo.serve, HOST, echo.port)
    made = Bench(echo, await _opened(echo.port))
    yield made
    await made.detour.close()
    for client in made.clients:
        client.writer.close()
    server.close()
    await until(lambda: made.detour.connections == 0)


async def _opened(target: int) -> Detour:
    """Return a detour on a port that nobody took between it was found free and now."""
    for _ in range(5):
        with contextlib.suppress(OSError):
            await (detour := Detour(free_port(), target)).open()
            return detour
    raise AssertionError("no port stays free")


async def until(holds, seconds: float = 5) -> None:
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up
        await asyncio.sleep(0.01)


async def test_given_no_trouble_then_bytes_pass_both_ways_and_an_end_is_told(bench: Bench):
    client = await bench.connect()
    large = b"x" * 3_000_000

    saying = asyncio.create_task(client.say(large))
    assert await client.hear(len(large)) == large
    await saying
    client.writer.write_eof()

    assert await asyncio.wait_for(client.reader.read(), 5) == b""
    await until(lambda: bench.echo.hung_up == 1 and bench.detour.connections == 0)


async def test_when_cut_then_present_ones_end_new_ones_are_refused_until_it_is_mended(bench: Bench):
    client = await bench.connect()
    await client.asks(b"before")

    assert await bench.detour.obey(Trouble("cut")) == 1

    with contextlib.suppress(ConnectionResetError):
        assert await client.reader.read() == b""
    with pytest.raises(ConnectionRefusedError):
        await bench.connect()
    await bench.detour.obey(None)
    assert await (await bench.connect()).asks(b"after") == b"after"


async def test_when_a_black_hole_then_nothing_arrives_and_old_and_new_connections_stay(
    bench: Bench,
):
    present = await bench.connect()
    await present.asks(b"before")

    await bench.detour.obey(Trouble("blackhole"))
    late = await bench.connect()
    await present.say(b"lost")
    await late.say(b"lost")

    assert await present.hears_nothing()
    assert await late.hears_nothing()
    assert bench.echo.heard == b"before"


async def test_given_a_black_hole_when_a_client_hangs_up_then_the_target_is_not_told_before_its_end(
    bench: Bench,
):
    client = await bench.connect()
    await client.asks(b"before")
    await bench.detour.obey(Trouble("blackhole"))

    client.writer.close()
    await client.writer.wait_closed()
    await asyncio.sleep(0.2)

    assert bench.echo.hung_up == 0
    await bench.detour.obey(None)
    await until(lambda: bench.echo.hung_up == 1)


async def test_given_bytes_were_swallowed_when_mended_then_that_connection_is_reset_others_go_on(
    bench: Bench,
):
    lossy, whole = await bench.connect(), await bench.connect()
    await lossy.asks(b"1")
    await whole.asks(b"2")
    await bench.detour.obey(Trouble("blackhole"))
    await lossy.say(b"lost")
    assert await lossy.hears_nothing()

    assert await bench.detour.obey(None) == 1

    with pytest.raises(ConnectionResetError):
        await lossy.reader.read(1)
    assert await whole.asks(b"3") == b"3"


async def test_when_replies_are_dropped_then_requests_arrive_all_the_same(bench: Bench):
    client = await bench.connect()
    await client.asks(b"before")

    await bench.detour.obey(Trouble("drop_replies"))
    await client.say(b", done")

    assert await client.hears_nothing()
    assert bench.echo.heard == b"before, done"


async def test_when_reset_then_present_ones_get_a_reset_once_and_new_ones_pass(bench: Bench):
    client = await bench.connect()
    await client.asks(b"before")

    assert await bench.detour.obey(Trouble("reset")) == 1

    with pytest.raises(ConnectionResetError):
        await client.reader.read(1)
    assert bench.detour.trouble is None
    assert await (await bench.connect()).asks(b"after") == b"after"


async def test_when_delayed_then_each_way_waits_and_the_end_of_the_trouble_ends_the_wait(
    bench: Bench,
):
    client = await bench.connect()
    await client.asks(b"before")
    await bench.detour.obey(Trouble("delay", seconds=0.2))
    started = time.monotonic()
    await client.asks(b"slow")
    took = time.monotonic() - started

    await bench.detour.obey(Trouble("delay", seconds=300))
    await client.say(b"at last")
    assert await client.hears_nothing()
    await bench.detour.obey(None)

    assert took >= 0.4
    assert await client.hear(7) == b"at last"


async def test_when_throttled_then_no_more_than_so_many_bytes_pass_in_a_second(bench: Bench):
    client = await bench.connect()
    await client.asks(b"before")
    await bench.detour.obey(Trouble("throttle", bytes_per_second=10_000))

    started = time.monotonic()
    await client.asks(b"x" * 2_000)

    assert time.monotonic() - started >= 0.4


async def test_given_nobody_at_the_target_then_a_client_is_reset_and_not_left_waiting(
    bench: Bench,
):
    bench.detour.target_port = free_port()

    client = await bench.connect()

    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(client.reader.read(1), 5)
    await until(lambda: bench.detour.connections == 0)
