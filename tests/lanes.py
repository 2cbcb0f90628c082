"""Runs the tests in lanes side by side: most of them wait, for Kafka, PostgreSQL or a process.

`python -m tests.lanes [lane …]` ends with 0 when every lane is green. Each lane that needs a
stack starts one of its own. What a lane says is kept in `build/test-<lane>.log`.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
#: What each lane runs, balanced so that they end at about the same time; a test in `stacks` starts
#: whole stacks of its own, one in `flows` uses the one of its lane.
LANES: Mapping[str, tuple[str, ...]] = {
    "flows": ("stack/test_[!dst]*.py", "flow/test_a[!s]*.py", "flow/test_[!aj]*.py", "browser"),
    "stacks": ("stack/test_[dst]*.py", "flow/test_as_of.py", "flow/test_judge.py"),
    "core": ("integration/test_[a-l]*.py", "mutation"),
    "services": ("integration/test_[m-z]*.py", "security"),
    "rules": ("architecture", "contract", "unit/test_[!a]*.py", "manifests", "model"),
    "audit": ("unit/test_a*.py", "simulation"),
}
#: These compute and wait for nobody: the machine is to answer the others first, where clocks run.
PATIENT, PATIENCE = ("rules", "audit"), 5
#: `broken` is a lane of its own: it measures with clocks, and wants the machine for itself.
ALONE: Mapping[str, tuple[str, ...]] = {"broken": ("chaos",)}
SHOWN_EVERY_SECONDS = 60
#: A client that is not closed goes on looking for the broker its test stopped.
NOISE = re.compile(r"%\d\|\d+\.\d+\|FAIL\|rdkafka#")


def main() -> int:
    """Run the lanes named, else all that go together; return 0 when all are green."""
    known = {**LANES, **ALONE}
    names = sys.argv[1:] or list(LANES)
    if unknown := [name for name in names if name not in known]:
        print(f"no lane {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    BUILD.mkdir(exist_ok=True)
    began = time.monotonic()
    running = {name: _start(name, known[name]) for name in names}
    try:
        codes = _wait(running, began)
    except KeyboardInterrupt:
        codes = _end(running)
    for name, code in codes.items():
        if code:
            print(f"\n=== {name}", *_said(name), sep="\n")
    for name, code in codes.items():
        print(f"{name}: {'green' if code == 0 else f'RED ({code})'}: {_last_line(name)}")
    return 1 if any(codes.values()) else 0


def paths_of(patterns: Iterable[str]) -> list[Path]:
    """Return the folders and files below the root that a lane runs, in order."""
    found = (sorted((ROOT / "tests").glob(pattern)) for pattern in patterns)
    return [path.relative_to(ROOT) for paths in found for path in paths]


def _start(name: str, folders: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "pytest", "--durations=15", "--durations-min=5"]
    command += [str(path) for path in paths_of(folders)]
    # Each lane's servers have a folder of their own, so that none has to be removed at the end.
    told = os.environ | {"TEST_LANE": f"-{name}", "TEST_PATIENCE": "3", "NICE": "0"}
    with _log(name).open("wb") as log:
        started = subprocess.Popen(
            command, cwd=ROOT, env=told, stdout=log, stderr=subprocess.STDOUT
        )
    if name in PATIENT:
        os.setpriority(os.PRIO_PROCESS, started.pid, PATIENCE)
    return started


def _wait(running: Mapping[str, "subprocess.Popen[bytes]"], began: float) -> dict[str, int]:
    codes: dict[str, int] = {}
    shown = began
    while len(codes) < len(running):
        time.sleep(0.5)
        for name, process in running.items():
            if name in codes or (ended := _ended(process)) is None:
                continue
            codes[name], spent = ended
            after = f"{time.monotonic() - began:6.0f} s"
            print(f"{after}  {name}: {_last_line(name)}, {spent:.0f} CPU s", flush=True)
        if time.monotonic() - shown >= SHOWN_EVERY_SECONDS and len(codes) < len(running):
            shown = time.monotonic()
            going = "; ".join(f"{one}: {_last_line(one)}" for one in running if one not in codes)
            print(f"{shown - began:6.0f} s  {going}", flush=True)
    return codes


def _ended(process: "subprocess.Popen[bytes]") -> tuple[int, float] | None:
    """Return the exit code and the seconds of CPU it and its children used, or None."""
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if not pid:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


def _end(running: Mapping[str, "subprocess.Popen[bytes]"]) -> dict[str, int]:
    """Let every lane stop its stack: they were interrupted together with this process."""
    for process in running.values():
        process.send_signal(signal.SIGINT)
    return {name: process.wait() or 130 for name, process in running.items()}


def _log(name: str) -> Path:
    return BUILD / f"test-{name}.log"


def _said(name: str) -> list[str]:
    """Return the lines of the lane's log that are not of librdkafka missing a broker that ended."""
    lines = _log(name).read_text(encoding="utf-8", errors="replace").split("\n")
    return [line for line in lines if not NOISE.search(line)]


def _last_line(name: str) -> str:
    return next((line for line in reversed(_said(name)) if line.strip()), "").strip(" =")


if __name__ == "__main__":
    sys.exit(main())
