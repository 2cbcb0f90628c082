"""An archiving process to be killed: before a step on the disk, when it is told one.

`python -m tests.integration.audit_child SETTINGS TOPIC PARTITIONS STEP`; prints its log.
"""

import json
import os
import signal
import sys

import pytest

from audit.archiving import Archiving
from audit.settings import AuditSettings
from contracts.topics import Topic
from plumbing.logs import configure
from tests.unit.crashing import Steps


def _killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(settings: str, topic: str, partitions: str, step: str) -> None:
    """Archive the topic until SIGTERM."""
    configure("audit")
    steps = Steps(pytest.MonkeyPatch(), _killed)
    steps.at = int(step)
    running = Archiving(
        AuditSettings(**json.loads(settings)),
        lambda: lambda *_: steps.step(),
        [Topic(topic, "nobody", "none", "", {}, int(partitions))],
    )
    signal.signal(signal.SIGTERM, lambda *_: running.stop.set())
    running.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
