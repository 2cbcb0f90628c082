"""A continuous backup of the stack's PostgreSQL, and a second server that is made from it."""

import asyncio
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from local_stack import owner, postgres
from local_stack.ports import HOST
from local_stack.postgres import Server
from tests.drills.drill import Drilling

#: The mark in the log of the database up to which the backup is brought back.
MARK = "drill"


def _folder(drilling: Drilling) -> Path:
    """Return where the account of the server may write, beside its data."""
    data = owner.data_folder(drilling.field.stack.place, owner.needed())
    return data.parent / "backup"


async def begin(drilling: Drilling) -> None:
    """Archive the database's log from now on and copy its data, as a backup's first half."""
    account, folder = owner.needed(), _folder(drilling)
    wal = folder / "wal"
    wal.mkdir(parents=True)
    if account:
        account.take(folder)
    server = drilling.field.status.database_server
    await drilling.execute(server, "ALTER SYSTEM SET archive_mode = 'on'")
    await drilling.execute(server, "ALTER SYSTEM SET max_wal_senders = 4")
    command = f"ALTER SYSTEM SET archive_command = 'cp %p {wal}/%f'"
    await drilling.execute(server, command)
    data = owner.data_folder(drilling.field.stack.place, account)
    with (data / "pg_hba.conf").open("a", encoding="utf-8") as access:
        access.write("host replication all 127.0.0.1/32 scram-sha-256\n")
    await drilling.stop("postgres")
    await drilling.start("postgres")
    backup = postgres.bundled() / "pg_basebackup"
    await drilling.run(backup, "-d", server, "-D", folder / "data", "-X", "none", "-c", "fast")


async def mark(drilling: Drilling) -> None:
    """Name this moment in the database's log: what commits later is lost with the disaster."""
    server = drilling.field.status.database_server
    await drilling.execute(server, f"SELECT pg_create_restore_point('{MARK}')")


async def dumped(drilling: Drilling, database: str) -> Path:
    """Return a dump of one database as it was at the mark, taken from a server made for it."""
    wal = _folder(drilling) / "wal"
    server = drilling.field.status.database_server
    async with drilling.field.database(server) as connection:
        last = await connection.fetchval("SELECT pg_walfile_name(pg_switch_wal())")

    async def archived() -> bool:
        return (wal / str(last)).exists()

    await drilling.until(archived, "the log is archived")
    made = _recovering(drilling)
    with tempfile.TemporaryDirectory(prefix="drill-") as sockets:
        process = await asyncio.to_thread(_started, made, Path(sockets))
        try:
            url = made.url(_superuser(server))
            await drilling.until(lambda: _is_up(drilling, url), "the backup's server is up")
            path = drilling.field.folder / f"{database}.sql"
            dump = postgres.bundled() / "pg_dump"
            own = made.url(_superuser(server), database=database)
            await drilling.run(dump, "-d", own, "-f", path)
            return path
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait)


async def put_back(drilling: Drilling, database: str, dump: Path) -> None:
    """Make the database anew from the dump, with its owner."""
    server = drilling.field.status.database_server
    await drilling.execute(server, f'CREATE DATABASE "{database}" OWNER "{database}"')
    own = f"{server.rpartition('/')[0]}/{database}"
    psql = postgres.bundled() / "psql"
    await drilling.run(psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", own, "-f", dump)


def _recovering(drilling: Drilling) -> Server:
    """Return a server of its own on a copy of the backup, told to come up to the mark."""
    account, folder = owner.needed(), _folder(drilling)
    data = folder / "again"
    shutil.copytree(folder / "data", data)
    (data / "recovery.signal").touch()
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = int(free.getsockname()[1])
    own = (
        f"port = {port}\narchive_mode = off\n"
        f"restore_command = 'cp {folder / 'wal'}/%f %p'\n"
        f"recovery_target_name = '{MARK}'\nrecovery_target_action = 'promote'\n"
    )
    with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write(own)
    if account:
        account.take(data)
    data.chmod(0o700)
    version = postgres.version()
    binaries = owner.programs(postgres.bundled(), version, account)
    return Server(data, binaries, port, folder, account)


def _started(server: Server, sockets: Path) -> "subprocess.Popen[bytes]":
    identity = server.owner.identity() if server.owner else {}
    if server.owner:
        server.owner.take(sockets)
    log = (server.sockets / "again.log").open("wb")
    command = [*server.command, "-c", f"unix_socket_directories={sockets}"]
    return subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **identity)


def _superuser(server_url: str) -> str:
    """Return the password of the role `postgres`, which the backup has too."""
    return server_url.rpartition("@")[0].rpartition(":")[2]


async def _is_up(drilling: Drilling, url: str) -> bool:
    try:
        async with asyncio.timeout(3), drilling.field.database(url) as connection:
            return not await connection.fetchval("SELECT pg_is_in_recovery()")
    except (OSError, TimeoutError):
        return False
