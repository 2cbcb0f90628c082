"""Merging: a day's many files become one, no record changes, whatever ends it where."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from audit.archive import listing, read, write_segment
from audit.merging import is_over, merge
from audit.records import Record, records_of
from audit.resuming import tidy
from contracts.model import VIETNAM
from tests.unit.archive_kit import START, a_log, archive
from tests.unit.crashing import Steps, every_crash, steps

__all__ = ["steps"]

LATER = START + timedelta(days=9)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An archive of three days in files of seven records."""
    return archive(tmp_path / "archive", a_log(180, minutes=20), rows=7)


def records(root: Path) -> dict[tuple[str, int], list[Record]]:
    return {
        place: [one for segment in segments for one in records_of(read(root, segment))]
        for place, segments in listing(root).by_place().items()
    }


def test_when_merged_then_every_place_has_one_file_a_day_and_the_same_records(root: Path):
    before, files = records(root), listing(root).segments
    days = {(one.topic, one.partition, one.day) for one in files}

    merged = merge(root, LATER)

    after = listing(root)
    assert records(root) == before
    assert {(one.topic, one.partition, one.day) for one in after.segments} == days
    assert len(after.segments) == len(days) < len(files)
    assert (after.superseded, after.strange) == ((), ())
    alone = sum(1 for one in files if one in after.segments)
    assert merged == len(files) - alone
    assert merge(root, LATER) == 0
    groups = [pq.read_metadata(root / one.file).num_row_groups for one in after.segments]
    assert set(groups) == {1}


def test_given_a_day_that_is_not_over_by_an_hour_then_its_files_stay(root: Path):
    first_day = listing(root).segments[0].day
    midnight = datetime.combine(first_day + timedelta(days=1), datetime.min.time(), VIETNAM)
    before = [one for one in listing(root).segments if one.day > first_day]

    assert merge(root, midnight + timedelta(minutes=59)) == 0
    assert merge(root, midnight + timedelta(minutes=60)) > 0
    assert [one for one in listing(root).segments if one.day > first_day] == before


def test_is_over_counts_by_vietnams_clock():
    day = START.date()
    at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=18)

    assert is_over(day, at)
    assert not is_over(day, at - timedelta(seconds=1))


def test_given_too_many_rows_for_one_file_then_there_are_several(root: Path):
    before = records(root)

    merge(root, LATER, most_rows=20)

    assert records(root) == before
    counts = [read(root, one).num_rows for one in listing(root).segments]
    assert max(counts) <= 20
    assert sorted(counts)[len(counts) // 2] > 7


def test_given_a_crash_at_any_step_then_the_next_start_has_every_record_once(
    root: Path, steps: Steps
):
    place, before = next(iter(listing(root).by_place())), records(root)
    for segment in listing(root).segments:
        if (segment.topic, segment.partition) != place:
            (root / segment.file).unlink()

    def start() -> None:
        tidy(root)
        merge(root, LATER)

    crashes = 0
    for crash in every_crash(steps, start):
        crashes = crash
        assert records(root) == {place: before[place]}

    assert crashes > 5
    assert records(root) == {place: before[place]}
    assert not list(root.rglob(".*partial"))


def test_given_the_process_ends_then_the_file_being_made_is_given_up(root: Path):
    before, stop = listing(root), threading.Event()
    stop.set()

    assert merge(root, LATER, stop) == 0
    assert listing(root) == before
    assert not list(root.rglob(".*partial"))


@pytest.mark.parametrize("broken", ["cut", "of another range", "without its last record"])
def test_given_a_file_that_cannot_be_trusted_then_its_day_stays_and_others_go_on(
    root: Path, broken: str
):
    place, segments = next(iter(listing(root).by_place().items()))
    bad, other = (root / segments[0].file), (root / segments[1].file)
    if broken == "without its last record":
        rows = read(root, segments[0])
        write_segment(root, segments[0], rows.slice(0, rows.num_rows - 1))
    else:
        bad.write_bytes(b"PAR1" if broken == "cut" else other.read_bytes())

    merge(root, LATER)

    left = listing(root)
    assert segments[0] in left.segments
    others = [one for one in left.segments if (one.topic, one.partition) != place]
    assert len({(one.topic, one.partition, one.day) for one in others}) == len(others)
