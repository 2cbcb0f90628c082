"""A release is rolled out under load, as an operator does it: the drill, played and judged."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(400)
def test_a_release_with_another_version_of_an_event_is_rolled_out_under_load():
    """Every process ends with 0 in time and without a lease; nothing is lost, doubled or dead."""
    name = "rolling-upgrade"
    done = subprocess.run(
        [sys.executable, "-m", "tests.drills"],
        env={**os.environ, "NAME": name},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    result = json.loads((ROOT / "build" / f"drill-{name}.json").read_text(encoding="utf-8"))
    assert result["figures"]["said_in_the_first_version"] > 0
    assert result["figures"]["said_in_the_second_version"] > 0
    assert result["broken"] == []
