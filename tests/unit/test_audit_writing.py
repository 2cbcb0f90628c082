"""Files of an archive: all of one or nothing, every offset once, whatever ends a writer where."""

import os
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from audit import archive
from audit.archive import LOG, Segment, day_of, listing, read
from audit.records import Record, records_of, table_of
from audit.resuming import AlreadyWritten, Reached, held, reached, tidy
from audit.writing import Limits, Writer
from contracts.model import VIETNAM
from tests.unit.archive_kit import ORIGIN
from tests.unit.crashing import Steps, every_crash, steps

__all__ = ["steps"]

PLACE = ("dossier.test", 3)
NIGHT = datetime(2026, 11, 23, 23, 59, 59, tzinfo=VIETNAM)
FEW = Limits(records=4, size=10**6, seconds=30)


def a_record(offset: int, at: datetime = NIGHT, value: bytes | None = b"bytes") -> Record:
    return Record(offset, int(at.timestamp() * 1000), b"key", (("name", b"value"),), value)


def kept(root: Path) -> list[Record]:
    """Return the archive's records of the place, file after file."""
    found = listing(root)
    assert found.strange == ()
    return [one for segment in found.segments for one in records_of(read(root, segment))]


def ranges(root: Path) -> list[tuple[int, int]]:
    return [(one.first, one.last) for one in listing(root).segments]


class Bench:
    """An archive, a clock, and what the hook was told."""

    def __init__(self, root: Path) -> None:
        self.root, self.now = root, 0.0
        self.told: list[tuple[str, int, int, int, int]] = []
        archive.create(root, ORIGIN)

    def writer(self, limits: Limits = FEW) -> Writer:
        tidy(self.root)
        return Writer(self.root, reached(self.root), limits, self._hear, lambda: self.now)

    def _hear(self, topic: str, partition: int, first: int, count: int, table: pa.Table) -> None:
        assert (first, count) == (table["offset"][0].as_py(), table.num_rows)
        assert any(first == start for start, _ in ranges(self.root)), "it is lasting already"
        self.told.append((topic, partition, first, count, table.num_rows))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "archive")


@pytest.mark.parametrize(
    "odd",
    [
        Record(0, 1, None, (), None),
        Record(0, 1, b"", (), b""),
        Record(0, 1, b"\xff\x00", (("a", None), ("a", b""), ("", b"\xff")), b"\x00\xff"),
    ],
)
def test_given_any_record_when_written_then_it_comes_back_as_it_was(bench: Bench, odd: Record):
    writer = bench.writer()
    writer.take(PLACE, odd)
    writer.write(everything=True)

    assert kept(bench.root) == [odd]


def test_given_enough_records_then_a_file_is_written_and_no_sooner(bench: Bench):
    writer = bench.writer()
    for offset in range(3):
        writer.take(PLACE, a_record(offset))
    writer.write()
    assert ranges(bench.root) == []

    for offset in range(3, 6):
        writer.take(PLACE, a_record(offset))
    writer.write()

    assert ranges(bench.root) == [(0, 3)]
    assert bench.told == [(*PLACE, 0, 4, 4)]


def test_given_enough_bytes_then_a_file_is_written(bench: Bench):
    size = a_record(0).size
    writer = bench.writer(Limits(records=100, size=2 * size, seconds=30))
    for offset in range(3):
        writer.take(PLACE, a_record(offset))
    writer.write()

    assert ranges(bench.root) == [(0, 1)]


def test_given_a_record_has_waited_then_its_file_is_written_and_no_sooner(bench: Bench):
    writer = bench.writer()
    writer.take(PLACE, a_record(0))
    bench.now = 29.9
    writer.write()
    assert ranges(bench.root) == []

    bench.now = 30
    writer.write()
    assert ranges(bench.root) == [(0, 0)]


def test_given_a_new_day_in_vietnam_then_a_new_file_in_its_folder(bench: Bench):
    morning = NIGHT + timedelta(seconds=1)
    writer = bench.writer()
    writer.take(PLACE, a_record(0))
    writer.take(PLACE, a_record(1, morning))
    writer.take(PLACE, a_record(2, morning))
    writer.write(everything=True)

    assert [(one.first, one.last, one.day.day) for one in listing(bench.root).segments] == [
        (0, 0, 23),
        (1, 2, 24),
    ]


def test_given_a_record_that_was_taken_before_then_it_is_left_out(bench: Bench):
    writer = bench.writer()
    writer.take(PLACE, a_record(0))
    writer.write(everything=True)

    again = bench.writer()
    again.take(PLACE, a_record(0))
    again.take(PLACE, a_record(1))
    again.take(PLACE, a_record(1))
    again.write(everything=True)

    assert kept(bench.root) == [a_record(0), a_record(1)]


def test_given_a_disk_that_refuses_then_nothing_is_lost_and_it_is_written_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    writer = bench.writer()
    for offset in range(5):
        writer.take(PLACE, a_record(offset))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", _full)
        for _ in range(2):
            with pytest.raises(OSError, match="full"):
                writer.write(everything=True)
    assert kept(bench.root) == []
    assert bench.told == []

    writer.write(everything=True)
    assert [one.offset for one in kept(bench.root)] == [0, 1, 2, 3, 4]
    assert [told[2:4] for told in bench.told] == [(0, 4), (4, 1)]


def _full(_: int) -> None:
    raise OSError("full")


def test_given_a_crash_at_any_step_then_a_new_writer_has_every_offset_once(
    bench: Bench, steps: Steps
):
    records = [a_record(offset, NIGHT + timedelta(seconds=offset // 6)) for offset in range(14)]

    def archive_all() -> None:
        writer = bench.writer()
        for record in records:
            writer.take(PLACE, record)
        writer.write(everything=True)

    crashes = 0
    for crash in every_crash(steps, archive_all):
        crashes = crash
        offsets = [one.offset for one in kept(bench.root)]
        assert offsets == list(range(len(offsets)))

    assert crashes > 5
    assert kept(bench.root) == records
    assert not list((bench.root / LOG).rglob(f".*{archive.PARTIAL}"))


def test_given_partial_files_when_opened_then_they_go_and_nothing_else_does(bench: Bench):
    writer = bench.writer()
    writer.take(PLACE, a_record(0))
    writer.write(everything=True)
    folder = (bench.root / listing(bench.root).segments[0].file).parent
    partial = folder / f".p03-000000000001-000000000002.parquet{archive.PARTIAL}"
    partial.write_bytes(b"half of a")
    strange = folder / "notes.txt"
    strange.write_text("kept")

    tidy(bench.root)

    assert not partial.exists()
    assert strange.exists()
    assert reached(bench.root)[PLACE].next_offset == 1


def a_segment(first: int, last: int) -> Segment:
    return Segment(*PLACE, first, last, day_of(a_record(0).timestamp_ms))


def test_given_a_part_of_a_finished_merge_when_opened_then_it_goes(bench: Bench):
    records = [a_record(offset) for offset in range(4)]
    archive.write_segment(bench.root, a_segment(0, 3), table_of(3, records))
    archive.write_segment(bench.root, a_segment(2, 3), table_of(3, records[2:]))

    tidy(bench.root)

    assert listing(bench.root).superseded == ()
    assert kept(bench.root) == records


@pytest.mark.parametrize("break_it", ["other bytes", "not readable"])
def test_given_a_larger_file_that_says_other_things_then_the_part_stays(
    bench: Bench, break_it: str
):
    part = [a_record(2, value=b"the truth"), a_record(3)]
    archive.write_segment(bench.root, a_segment(2, 3), table_of(3, part))
    larger = a_segment(0, 9)
    archive.write_segment(bench.root, larger, table_of(3, [a_record(n) for n in range(10)]))
    if break_it == "not readable":
        (bench.root / larger.file).write_bytes(b"")

    tidy(bench.root)

    assert listing(bench.root).superseded == (a_segment(2, 3),)


def test_given_an_archive_then_it_is_known_where_to_go_on_and_what_it_has(bench: Bench):
    writer = bench.writer()
    for offset in (0, 1, 2, 7):
        writer.take(PLACE, a_record(offset))
    writer.take(PLACE, a_record(9))
    writer.write(everything=True)

    assert reached(bench.root) == {PLACE: Reached(10, 5, a_record(9))}


def test_given_a_newest_file_that_cannot_be_read_then_it_is_said(bench: Bench):
    archive.write_segment(bench.root, a_segment(0, 1), table_of(3, [a_record(0), a_record(1)]))
    (bench.root / a_segment(0, 1).file).write_bytes(b"PAR1")

    assert reached(bench.root)[PLACE].unreadable


def test_given_a_newest_file_of_another_range_than_its_name_then_it_is_said(bench: Bench):
    archive.write_segment(bench.root, a_segment(0, 5), table_of(3, [a_record(0), a_record(1)]))

    assert reached(bench.root)[PLACE].unreadable


def test_given_a_writer_then_no_second_one_until_it_is_gone(bench: Bench):
    refused: list[bool] = []

    def second() -> None:
        try:
            with held(bench.root):
                refused.append(False)
        except AlreadyWritten:
            refused.append(True)

    with held(bench.root):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    second()

    assert refused == [True, False]
