"""The runbook says what the drills do."""

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
