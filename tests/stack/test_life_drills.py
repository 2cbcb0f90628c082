"""A drill is played as an operator plays it; and the runbook says what the drills do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drills import book
from tests.drills.catalogue import DRILLS

ROOT = Path(__file__).parents[2]


def test_the_runbook_is_what_the_drills_say():
    page = (ROOT / book.PAGE).read_text(encoding="utf-8")

    assert book.written(page) == page, "python -m tests.drills book"


@pytest.mark.parametrize("drill", DRILLS, ids=lambda one: one.name)
def test_a_drill_has_a_disaster_and_says_what_it_shows(drill):
    assert any(step.part == "disaster" for step in drill.steps)
    assert drill.shows
    assert all(line.endswith((".", ")")) for line in (*drill.shows, *drill.honest))


def test_every_drill_has_a_name_of_its_own():
    assert len({drill.name for drill in DRILLS}) == len(DRILLS)


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
