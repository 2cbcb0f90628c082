"""One detour: a TCP port that hands on to another one, or not, as it is told."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass

from local_stack.ports import HOST

KINDS = ("cut", "blackhole", "reset", "delay", "drop_replies", "throttle")
CHUNK_BYTES = 1 << 16
# A close that lingers for no time is a reset.
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Trouble:
    """What a detour does to what passes it.

    `cut`: connections end, new ones are refused. `blackhole`: bytes are swallowed both ways and
    connections stay. `drop_replies`: requests pass, answers are swallowed. `delay`: each piece
    waits `seconds`, either way. `throttle`: `bytes_per_second` for each connection and direction.
    `reset`: the connections there are get a reset, once; nothing lasts of it.
    """

    kind: str
    seconds: float = 0.0
    bytes_per_second: int = 0


class _Connection:
    """A client's connection and ours to the target; `lossy` once bytes of it were swallowed."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.writers = [client]
        self.lossy = False
        self.ended = asyncio.Event()

    def end(self, *, reset: bool) -> None:
        for writer in self.writers:
            if reset:
                with contextlib.suppress(OSError):
                    held = writer.get_extra_info("socket")
                    held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
        self.ended.set()


class Detour:
    """Listens on `port` and hands on to `target_port`, both of this machine."""

    def __init__(self, port: int, target_port: int) -> None:
        self.port, self.target_port = port, target_port
        self.trouble: Trouble | None = None
        self.taken = 0
        self._connections: set[_Connection] = set()
        self._changed = asyncio.Event()
        self._holder: socket.socket | None = None
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """Return how many connections there are."""
        return len(self._connections)

    async def open(self) -> None:
        """Return once connections are taken; raises OSError when the port is another's."""
        # It never listens: a cut detour keeps its port and refuses.
        self._holder = _bound(self.port, again=False)
        await self._listen()

    async def close(self) -> None:
        """End every connection and give the port back."""
        await self.obey(Trouble("cut"))
        if self._holder is not None:
            self._holder.close()

    async def obey(self, trouble: Trouble | None) -> int:
        """Put the trouble in force instead of the one before, or none; return how many it ended.

        A connection that lost bytes is reset by every change: its two ends no longer agree.
        """
        kind = trouble.kind if trouble else ""
        self.trouble = None if kind == "reset" else trouble
        self._changed.set()
        self._changed = asyncio.Event()
        if kind == "cut":
            self._refuse()
        ended = [one for one in self._connections if one.lossy or kind in ("cut", "reset")]
        for connection in ended:
            connection.end(reset=connection.lossy or kind == "reset")
        if kind != "cut":
            await self._listen()
        return len(ended)

    async def _listen(self) -> None:
        if self._server is None:
            listener = _bound(self.port, again=True)
            self._server = await asyncio.start_server(
                self._serve, sock=listener, limit=CHUNK_BYTES, backlog=1024
            )

    def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(writer)
        self._connections.add(connection)
        self.taken += 1
        with contextlib.suppress(OSError):
            if self._kind == "blackhole":
                connection.lossy = True
                await connection.ended.wait()
            elif self._kind != "cut":
                await self._join(connection, reader, writer)
        connection.end(reset=False)
        self._connections.discard(connection)

    async def _join(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            answers, asking = await asyncio.open_connection(
                HOST, self.target_port, limit=CHUNK_BYTES
            )
        except OSError:
            # As near as it gets to the target's own refusal.
            connection.end(reset=True)
            return
        connection.writers.append(asking)
        if connection.ended.is_set():
            return
        await asyncio.gather(
            self._pass(connection, reader, asking, swallowed_by=("blackhole",)),
            self._pass(connection, answers, writer, swallowed_by=("blackhole", "drop_replies")),
        )

    @property
    def _kind(self) -> str:
        return self.trouble.kind if self.trouble else ""

    async def _pass(
        self,
        connection: _Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        swallowed_by: tuple[str, ...],
    ) -> None:
        try:
            while data := await reader.read(CHUNK_BYTES):
                await self._hold_up(len(data))
                if self._kind in swallowed_by:
                    connection.lossy = True
                else:
                    writer.write(data)
                    await writer.drain()
            if self._kind in swallowed_by:
                # Nor is the other end told that this one hung up.
                connection.lossy = True
                await connection.ended.wait()
            writer.write_eof()
        except OSError:
            connection.end(reset=True)

    async def _hold_up(self, size: int) -> None:
        """Wait as the trouble wants it; its end ends the wait."""
        trouble = self.trouble
        if trouble is None or trouble.kind not in ("delay", "throttle"):
            return
        slow = trouble.kind == "throttle"
        seconds = size / trouble.bytes_per_second if slow else trouble.seconds
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)


def _bound(port: int, *, again: bool) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if again:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made
