"""Kafka's start-up cache: recorded once from a trial run, it halves every later start."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from local_stack import jars, kafka, topics
from local_stack.jars import Report
from local_stack.places import exclusive
from local_stack.ports import HOST, OTHERS, is_free
from local_stack.supervision import own_environment

TRIAL_SECONDS = 30


def ensure(libs: Sequence[Path], report: Report) -> None:
    """Record the cache when this user has none; without one the broker only starts slower."""
    cache = kafka.cache_path()
    if cache.exists():
        return
    with exclusive(jars.folder() / "start.lock"):
        if not cache.exists():
            report(f"Apache Kafka {jars.VERSION}: recording a start-up cache once (about 8 s)")
            if not _record(cache, libs, report):
                report("The trial run failed; Kafka will start without the cache, a little slower.")


def _record(cache: Path, libs: Sequence[Path], report: Report) -> bool:
    """Run a broker on storage of its own until it is ready, and keep what Java recorded."""
    for leftover in cache.parent.glob("trial-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    environment = own_environment() | kafka.LOCALE
    with tempfile.TemporaryDirectory(dir=cache.parent, prefix="trial-") as scratch:
        port, controller_port = _two_ports()
        node = kafka.Node(1, port, controller_port, Path(scratch))
        kafka.lay_out([node], libs, report)
        output = Path(scratch) / cache.name
        command = kafka.recording_command(libs, node, output)
        with (
            (Path(scratch) / "trial.log").open("w") as log,
            subprocess.Popen(command, stdout=log, stderr=log, env=environment) as broker,
        ):
            try:
                topics.ensure(f"{HOST}:{port}", (), copies=1, seconds=TRIAL_SECONDS)
            except topics.NotReady:
                broker.kill()
                return False
            finally:
                broker.terminate()
        if output.exists():
            output.rename(cache)
        return cache.exists()


def _two_ports() -> tuple[int, int]:
    # From the far end, where a stack that starts at the same time rarely looks.
    free = (port for port in reversed(OTHERS) if is_free(port))
    return next(free), next(free)
