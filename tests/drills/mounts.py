"""Small file systems of a drill's own, which nobody else sees and which end with its processes."""

import ctypes
import os
import shutil
from pathlib import Path

from tests.chaos.campaign.field import NotDone

_NEW_MOUNTS, _NEW_USERS = 0x00020000, 0x10000000
_ALL_BELOW, _PRIVATE = 1 << 14, 1 << 18
_MEGABYTE = 2**20
_LIBRARY = ctypes.CDLL(None, use_errno=True)
_TEXT = ctypes.c_char_p
_LIBRARY.mount.argtypes = (_TEXT, _TEXT, _TEXT, ctypes.c_ulong, _TEXT)


def apart() -> None:
    """Let what this process mounts from now on be seen by it and its children alone.

    It must not have started a thread. Raises NotDone where the system forbids it, as some do to
    all but root.
    """
    uid, gid = os.getuid(), os.getgid()
    _ask("unshare", _NEW_MOUNTS if uid == 0 else _NEW_MOUNTS | _NEW_USERS)
    if uid:
        own = Path("/proc/self")
        (own / "setgroups").write_text("deny")
        (own / "uid_map").write_text(f"{uid} {uid} 1")
        (own / "gid_map").write_text(f"{gid} {gid} 1")
    _ask("mount", b"none", b"/", None, _ALL_BELOW | _PRIVATE, None)


def make_small(folder: Path, spare_megabytes: int) -> None:
    """Put the folder, with all in it, on a file system in memory with so much room beside it.

    Nothing may write there meanwhile. Raises NotDone where that is forbidden.
    """
    aside = folder.with_name(f"{folder.name}.before")
    folder.rename(aside)
    folder.mkdir()
    held = sum(one.stat().st_blocks * 512 for one in aside.rglob("*") if one.is_file())
    room = f"size={held + spare_megabytes * _MEGABYTE},mode=0755".encode()
    _ask("mount", b"none", os.fsencode(folder), b"tmpfs", 0, room)
    shutil.copytree(aside, folder, dirs_exist_ok=True)
    for kept in (aside, *aside.rglob("*")):
        there = kept.stat()
        os.chown(folder / kept.relative_to(aside), there.st_uid, there.st_gid)
    shutil.rmtree(aside)


def fill(folder: Path) -> Path:
    """Fill the file system of the folder to its last byte; return the file that takes the room."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (_MEGABYTE, 4096, 1):
            _write_until_full(file.fileno(), bytes(size))
    return filler


def _write_until_full(file: int, piece: bytes) -> None:
    while True:
        try:
            os.write(file, piece)
        except OSError:
            return


def _ask(call: str, *arguments: object) -> None:
    if getattr(_LIBRARY, call)(*arguments) != 0:
        why = os.strerror(ctypes.get_errno())
        raise NotDone(f"a file system of its own is needed: {call}: {why}")
