"""What the audit folds from the events is what the one-stop itself remembers and counts."""

import random
from collections import Counter
from pathlib import Path

import pytest

from audit.questions.facts import ON_THE_BOARD, facts_of
from audit.questions.reading import Source
from audit.questions.standing import standing
from routing.domain import Case
from routing.domain.board import facts_of as board_facts_of
from tests.unit.archive_kit import Log, archive
from tests.unit.audit_lives import Life, live

LIVES = 30


def _asked(root: Path, log: Log) -> dict[str, list]:
    with Source(archive(root, log)) as source:
        return {one.code: list(one.events) for one in source.dossiers()}


@pytest.mark.parametrize("seed", range(4))
def test_given_lives_of_chance_then_state_and_facts_are_those_of_the_one_stop(
    tmp_path: Path, seed: int
):
    log, chance = Log(), random.Random(seed)
    lives = [live(log, number, chance) for number in range(LIVES)]

    found = _asked(tmp_path, log)

    assert len(found) == LIVES
    for life in lives:
        events = found[life.case.code]
        _is_the_case(events, life.case)
        assert _counted(events) == _on_the_board(life.case), life.number


def test_given_lives_of_chance_then_the_state_at_each_moment_is_the_case_of_that_moment(
    tmp_path: Path,
):
    log, chance, seen = Log(), random.Random(7), []

    class Watched(Life):
        def hear(self, message: object) -> None:
            super().hear(message)
            seen.append((self.now, self.case))

    for number in range(15):
        live(log, number, chance, kind=Watched)
    found = _asked(tmp_path, log)

    later = {(case.code, now): case for now, case in seen}
    for (code, now), case in later.items():
        if case.submitted_at is not None:
            _is_the_case(found[code], case, now)


def _is_the_case(events: list, case: Case, until=None) -> None:
    now = standing(events, until)
    assert now is not None
    assert (now.status, now.unit_code) == (case.status, case.unit_code)
    assert now.submitted_at == case.submitted_at
    if case.status == "received":
        assert now.reception_due == case.reception_due
    if case.status == "supplement":
        assert now.supplement_due == case.supplement_due
    if case.status == "accepted":
        assert now.appointment == case.appointment
    entry = now.entry and (now.entry.number, now.entry.book)
    assert entry == (case.entry and (case.entry.number, case.entry.book))
    assert now.apologies == case.apologies


def _counted(events: list) -> Counter:
    return Counter(
        (f.unit_code, f.unit_on, f.day, f.road, f.what, f.reason, f.late_minutes)
        for f in facts_of(events)
        if f.what in ON_THE_BOARD
    )


def _on_the_board(case: Case) -> Counter:
    return Counter(
        (f.unit_code, f.unit_on, f.day, f.road, f.what, f.reason, f.late_minutes)
        for f in board_facts_of(case)
    )
