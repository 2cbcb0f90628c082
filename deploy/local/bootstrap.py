"""Makes .local/venv what the lock says, with nothing but Python's standard library.

With `browser` also what only the tests of pages need, with `bench` what only `make bench` does.

Silent when nothing changed since the last time; else it shows what it fetches.
Each run ends in the state the lock describes: what is not in the lock is removed.
"""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
VENV = LOCAL / "venv"
STAMP = VENV / "made-from.sha256"
LOCK = ROOT / "requirements.lock"
#: What is fetched besides, by the word that asks for it, and about how much that is.
BESIDES = {"browser": 55, "bench": 60}
UV = Path(__file__).with_name("uv.txt")
# Apart from its packages: syncing removes those that the lock does not name.
UV_HOME = VENV / "uv"
OLDEST = (3, 11)


def main() -> None:
    """Make or renew the environment, or leave with a sentence that says what is missing."""
    if sys.version_info < OLDEST:
        version = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"This needs Python 3.11 or later; {sys.executable} is {version}.\n"
            "What to do: install a later one and name it: make PYTHON=python3.12 ..."
        )
    asked = [name for name in BESIDES if name in sys.argv[1:]]
    if _is_made() and all(map(_has, asked)):
        return
    LOCAL.mkdir(exist_ok=True)
    with _alone():
        if not _is_made():
            _make()
        for name in asked:
            if not _has(name):
                _add(name)


def _is_made() -> bool:
    return STAMP.exists() and STAMP.read_text() == _fingerprint()


def _fingerprint() -> str:
    """Return a digest of everything the environment is made from, this clone's place included."""
    digest = hashlib.sha256(f"{ROOT} {sys.version_info[:2]}".encode())
    for file in (Path(__file__), LOCK, UV, ROOT / "pyproject.toml", *_member_files()):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _member_files() -> list[Path]:
    places = ("shared", "services/*", "deploy/local", "deploy/sandbox")
    return sorted(f for place in places for f in ROOT.glob(f"{place}/pyproject.toml"))


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Two makes at once in one clone: the second waits and finds the work done."""
    with (LOCAL / "bootstrap.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make() -> None:
    began = time.monotonic()
    if not _works(VENV / "bin" / "python"):
        _say(1, "making .local/venv")
        _make_venv()
    # Syncing takes away what is there besides.
    for name in BESIDES:
        _stamp(name).unlink(missing_ok=True)
    packages = sum("==" in line for line in LOCK.read_text().splitlines())
    if not _has_pinned_uv():
        _say(2, "fetching uv")
        _run(_python("ensurepip"), quiet=True)
        options = ("--quiet", "--upgrade", "--require-hashes", "--target", str(UV_HOME))
        _run(_python("pip", "install", *options, "-r", str(UV)))
    _say(3, f"fetching {packages} packages, about 250 MB, each compared with its hash")
    _run(_uv("pip", "sync", "--require-hashes", str(LOCK)))
    _say(4, "installing this project's own packages from their folders")
    members = [part for file in _member_files() for part in ("-e", str(file.parent))]
    _run(_uv("pip", "install", "--quiet", "--no-deps", "--no-build-isolation", *members))
    STAMP.write_text(_fingerprint())
    print(f"Ready after {time.monotonic() - began:.0f} s.", file=sys.stderr)


def _stamp(name: str) -> Path:
    return VENV / f"{name}.sha256"


def _lock(name: str) -> Path:
    return ROOT / "tests" / name / "requirements.lock"


def _digest(name: str) -> str:
    return hashlib.sha256(_lock(name).read_bytes()).hexdigest()


def _has(name: str) -> bool:
    return _stamp(name).exists() and _stamp(name).read_text() == _digest(name)


def _add(name: str) -> None:
    what = f"fetching what only tests/{name} needs, about {BESIDES[name]} MB"
    print(what, file=sys.stderr, flush=True)
    options = ("--quiet", "--no-deps", "--require-hashes", "-r", str(_lock(name)))
    _run(_uv("pip", "install", *options))
    _stamp(name).write_text(_digest(name))


def _has_pinned_uv() -> bool:
    wanted = next(word for word in UV.read_text().split() if word.startswith("uv==")).split("==")[1]
    try:
        done = subprocess.run(_uv("--version"), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return done.stdout.split()[1] == wanted


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    same = f"import sys; sys.exit(sys.version_info[:2] != {tuple(sys.version_info[:2])})"
    return subprocess.run([python, "-c", same], check=False, capture_output=True).returncode == 0


def _make_venv() -> None:
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(
            f"{sys.executable} cannot make a virtual environment:\n"
            f"{(done.stdout + done.stderr).strip()}\n"
            "What to do: install its venv and ensurepip modules "
            "(on Debian and Ubuntu the package python3-venv), then run make again."
        )


def _python(module: str, *arguments: str) -> list[str]:
    return [str(VENV / "bin" / "python"), "-m", module, *arguments]


def _uv(*arguments: str) -> list[str]:
    return [str(UV_HOME / "bin" / "uv"), *arguments]


def _run(command: list[str], *, quiet: bool = False) -> None:
    output = subprocess.DEVNULL if quiet else None
    done = subprocess.run(command, check=False, env=_environment(), cwd=ROOT, stdout=output)
    if done.returncode != 0:
        sys.exit(
            "The environment could not be made; the lines above say why.\n"
            "What to do: check the network connection and free disk space, then run make again."
        )


def _environment() -> dict[str, str]:
    """Return the environment for pip and uv, which learns from pip's settings where to look."""
    # Imported here: most runs find everything made, and those are to be quick.
    from local_stack import trust

    environment = {**os.environ, "VIRTUAL_ENV": str(VENV), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if index := environment.get("PIP_INDEX_URL"):
        environment.setdefault("UV_DEFAULT_INDEX", index)
    if known := trust.certificates():
        environment.setdefault("SSL_CERT_FILE", known)
    if trust.system_has_certificates():
        environment.setdefault("UV_SYSTEM_CERTS", "1")
    return environment


def _say(step: int, what: str) -> None:
    print(f"[{step}/4] {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
