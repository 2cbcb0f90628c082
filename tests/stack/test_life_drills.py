"""The runbook says what the drills do."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.drills import book
from tests.drills.catalogue import DRILLS

ROOT = Path(__file__).parents[2]
FILLED = """
import os, sys
from pathlib import Path
from tests.chaos.campaign.field import NotDone
from tests.drills import mounts
folder = Path(sys.argv[1])
try:
    mounts.apart()
except NotDone as forbidden:
    sys.exit(f"forbidden: {forbidden}")
mounts.make_small(folder, 1)
mounts.fill(folder)
assert (folder / "kept").read_text() == "as it was"
try:
    (folder / "kept").open("a").write("!" * 8192)
except OSError as full:
    print(os.strerror(full.errno))
"""


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


def test_given_a_small_disk_that_is_full_when_written_then_it_says_so_and_nobody_else_sees_it(
    tmp_path: Path,
):
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "kept").write_text("as it was")

    command = [sys.executable, "-c", FILLED, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if "forbidden" in done.stderr:
        pytest.skip(done.stderr)

    assert (done.stdout, done.stderr) == ("No space left on device\n", "")
    assert list(folder.iterdir()) == []
