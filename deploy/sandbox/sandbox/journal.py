"""The journal: what the outside world saw, on disk before anyone is answered."""

import asyncio
import contextlib
import fcntl
import json
import os
import re
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Entry = dict[str, Any]

# <dossier_code>:<key>:<channel>; free text would bring personal data into the journal.
REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,64}(?::[A-Za-z0-9._-]{1,64}){2,3}")

_CHUNK_BYTES = 1 << 18
#: What comes within this time reaches the disk together.
_GATHER_SECONDS = 0.002


class JournalInUse(Exception):
    """Another sandbox writes this journal."""


class JournalDamaged(Exception):
    """A line before the last one cannot be read, so the journal is no oracle any more."""


class JournalBroken(Exception):
    """The disk refused a write; what is in memory is ahead of what is kept."""


class _Group:
    """Entries that reach the disk by one write and one fsync."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.on_disk: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Journal:
    """One JSON line for each thing done, numbered from 1 without a gap."""

    def __init__(self, path: Path) -> None:
        """Open and lock the file, made if missing; raises JournalInUse."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise JournalInUse(f"another sandbox writes {path.name}") from None
        _keep_name(path.parent)
        self.counts: Counter[str] = Counter()
        self._starts = array("Q")
        self._end = 0
        self._durable_end = 0
        self._broken = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")

    def replay(self, recall: Callable[[Entry], None]) -> int:
        """Hand every kept entry to `recall` in order and return how many there are.

        A torn last line was never answered for, so it is cut off; raises JournalDamaged
        when an earlier line is unreadable.
        """
        with os.fdopen(os.dup(self._file), "rb") as lines:
            lines.seek(0)
            for line in lines:
                entry = _read(line, len(self._starts) + 1)
                if entry is None:
                    if lines.read(1):
                        raise JournalDamaged(f"line {len(self._starts) + 1} cannot be read")
                    break
                self._note(entry["kind"], line)
                recall(entry)
        os.ftruncate(self._file, self._end)
        os.fsync(self._file)
        self._durable_end = self._end
        return len(self._starts)

    def start(self) -> asyncio.Task[None]:
        """Start writing; the task ends only by cancellation or with JournalBroken."""
        self._group = _Group()
        self._writing: _Group | None = None
        self._wanted = asyncio.Event()
        self._writer = asyncio.create_task(self._write_groups(), name="journal")
        return self._writer

    def append(self, kind: str, key: str, /, **facts: object) -> Entry:
        """Return the new entry, numbered and queued; it is kept once `durable` returns."""
        if self._broken:
            raise JournalBroken("the journal could not be written")
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = {"n": len(self._starts) + 1, "at": at, "kind": kind, "key": key, **facts}
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        self._note(kind, line)
        self._group.lines.append(line)
        self._wanted.set()
        return entry

    async def durable(self) -> None:
        """Return when everything appended so far is on disk; raises JournalBroken."""
        group = self._group if self._group.lines else self._writing
        if group is not None:
            # Many callers wait for one group, and one that is cancelled must not cancel it.
            await asyncio.shield(group.on_disk)

    async def lines_after(self, number: int) -> AsyncIterator[bytes]:
        """Yield the durable lines numbered above `number`, in pieces that may cut a line."""
        end = self._durable_end
        place = self._starts[number] if number < len(self._starts) else end
        while place < end:
            piece = await asyncio.to_thread(
                os.pread, self._file, min(_CHUNK_BYTES, end - place), place
            )
            place += len(piece)
            yield piece

    async def close(self) -> None:
        """Write what is queued, if the disk still takes it, and give the file back."""
        with contextlib.suppress(JournalBroken):
            await self.durable()
        self._writer.cancel()
        await asyncio.wait([self._writer])
        self._thread.shutdown()
        os.close(self._file)

    def _note(self, kind: str, line: bytes) -> None:
        self._starts.append(self._end)
        self._end += len(line)
        self.counts[kind] += 1

    async def _write_groups(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wanted.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._wanted.clear()
            group = self._writing = self._group
            self._group = _Group()
            block = b"".join(group.lines)
            try:
                await loop.run_in_executor(self._thread, self._write, block)
            except OSError as trouble:
                self._broken = True
                broken = JournalBroken(f"the journal could not be written: {trouble.strerror}")
                group.on_disk.set_exception(broken)
                self._group.on_disk.set_exception(broken)
                raise broken from trouble
            self._durable_end += len(block)
            group.on_disk.set_result(None)

    def _write(self, block: bytes) -> None:
        left = memoryview(block)
        while left:
            left = left[os.write(self._file, left) :]
        os.fsync(self._file)


def _read(line: bytes, number: int) -> Entry | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    right = isinstance(entry, dict) and entry.get("n") == number and {"kind", "key"} <= entry.keys()
    return entry if right else None


def _keep_name(folder: Path) -> None:
    # A new file survives a power cut only when its folder is synced too.
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
