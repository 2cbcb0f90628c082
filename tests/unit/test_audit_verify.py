"""Every way to tamper with the records of an archive is found, and the record is named."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from audit.archive import Segment, read
from audit.checkpoints import NONE_BEFORE, Checkpoint, Ledger, place_origin
from audit.findings import Finding, Verdict
from audit.merkle import EMPTY, root_of
from audit.notes import sign
from audit.verifying.results import Asked
from audit.verifying.verify import verify
from contracts.envelope import decode, encode
from tests.unit.archive_kit import ORIGIN, Log, Written, a_log, archive, live, table_of
from tests.unit.audit_verify_kit import (
    INTAKE,
    NOTIFICATION,
    ROUTING,
    SIGNER,
    a_sealed,
    attacked,
    by_place,
    edit,
    files_of,
    kinds,
    leaf_of,
    named,
    rechain,
    renumber,
    some_days,
)

VICTIM = 17


def victim(log: Log, topic: str = ROUTING, number: int = 0) -> Written:
    """Return an event of one dossier on a topic, by its number from 0."""
    key = log.records[VICTIM * 6].key
    return [one for one in log.records if one.topic == topic and one.key == key][number]


def at(finding: Finding) -> tuple[str | None, int | None, int | None, str | None]:
    """Return where a finding points."""
    dossier = finding.dossier_id and str(finding.dossier_id)
    return finding.topic, finding.partition, finding.offset, dossier


def place_of(record: Written) -> tuple[str, int, int, str]:
    """Return where a record stands."""
    return record.topic, record.partition, record.offset, (record.key or b"").decode()


def in_data(value: bytes) -> bytes:
    """Return the bytes with one changed in the event's own part."""
    return value.replace(b'"reference_version":"test"', b'"reference_version":"tesT"')


def test_a_sealed_archive_is_sound_and_counted(tmp_path: Path) -> None:
    root, log = a_sealed(tmp_path)

    report = verify(root, Asked(causes=True))

    assert (report.verdict, report.findings, report.left_off) == (Verdict.SOUND, [], [])
    assert report.dossiers == 60
    assert report.causes == 60 * 4
    for place in report.places:
        records = by_place(log)[place.place]
        assert place.records == place.sealed == place.events == len(records)
        assert place.root == root_of([leaf_of(record) for record in records])


def test_given_a_checkpoint_of_a_place_without_records_then_it_is_sound(tmp_path: Path) -> None:
    root, _ = a_sealed(tmp_path)
    place = "access.intake.v1", 0
    name, at = place_origin(ORIGIN, *place), datetime(2026, 11, 23, tzinfo=UTC)
    one = Checkpoint(name, 0, EMPTY, 0, at, NONE_BEFORE)
    Ledger(root).append(*place, sign(one.text(), [SIGNER]))

    assert verify(root, Asked()).findings == []


def test_given_a_byte_of_a_value_flipped_then_chain_and_tree_name_the_record(
    tmp_path: Path,
) -> None:
    sound, flipped = _three_told(), _three_told()
    changed = victim(flipped, NOTIFICATION, 1)
    changed.value = (changed.value or b"").replace(b'"channel":"sms"', b'"channel":"SMS"')
    root, _ = a_sealed(tmp_path / "sound", sound)
    shutil.rmtree(root / "log")
    archive(root, flipped)

    report = verify(root, Asked())

    record = victim(sound, NOTIFICATION, 1)
    assert report.verdict is Verdict.ALTERED
    assert at(named(report, "bytes_changed")[0]) == place_of(record)
    assert named(report, "root_differs")[0].offset == record.offset


def _three_told() -> Log:
    """Return a log in which the citizens of one dossier are told a third time, soon after."""
    log = some_days()
    live(log, VICTIM, log.records[VICTIM * 6].at + timedelta(seconds=10))
    log.records.sort(key=lambda record: record.at)
    renumber(log)
    return log


def test_given_the_first_of_two_events_flipped_then_both_are_named(tmp_path: Path) -> None:
    def flip(log: Log) -> None:
        victim(log).value = in_data(victim(log).value or b"")

    report = attacked(tmp_path, flip)

    first, second = victim(some_days()), victim(some_days(), number=1)
    assert report.verdict is Verdict.ALTERED
    (finding,) = named(report, "chain_broken")
    assert at(finding) == place_of(second)
    assert f"offset {first.offset} " in finding.text
    assert "root_differs" in kinds(report)


def test_given_a_changed_value_with_hashes_made_anew_then_who_names_it_as_cause_tells_it(
    tmp_path: Path,
) -> None:
    def forge(log: Log) -> None:
        record = victim(log, ROUTING, 1)
        record.value = in_data(record.value or b"")
        rechain(log, record)

    report = attacked(tmp_path, forge)

    (finding,) = named(report, "bytes_changed")
    assert at(finding) == place_of(victim(some_days(), ROUTING, 1))


def test_given_a_changed_value_with_all_later_hashes_made_anew_then_the_range_is_named(
    tmp_path: Path,
) -> None:
    def forge(log: Log) -> None:
        record = victim(log)
        record.value = in_data(record.value or b"")
        rechain(log, record)

    report = attacked(tmp_path, forge)

    offset = victim(some_days()).offset
    (finding,) = named(report, "root_differs")
    assert report.verdict is Verdict.ALTERED
    assert finding.offset is not None
    assert finding.offset == offset // 7 * 7
    assert f"offsets {finding.offset} to" in finding.text


def test_given_a_changed_value_with_hashes_made_anew_then_its_consequences_name_the_record(
    tmp_path: Path,
) -> None:
    log = some_days()
    record = victim(log, INTAKE)
    record.value = (record.value or b"").replace(b"DVCQG-1", b"DVCQG-2")
    root = archive(tmp_path, log)

    report = verify(root, Asked(causes=True))

    texts = [finding.text for finding in named(report, "bytes_changed")]
    assert texts
    assert all(f"{INTAKE}/{record.partition} offset {record.offset}," in one for one in texts)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("event_id", "00000000-0000-0000-0000-000000000000"),
        ("type", "vn.hotich.dossier.Accepted.v1"),
        ("dossier_id", "00000000-0000-0000-0000-000000000001"),
        ("code", "H29.26737-261123-9999"),
        ("sequence", 2),
        ("time", None),
    ],
)
def test_given_a_derived_column_that_differs_then_the_record_is_named(
    tmp_path: Path, column: str, value: object
) -> None:
    root, log = a_sealed(tmp_path)
    record = victim(log)
    segment = _file_with(root, record)

    def change(rows: list[dict[str, object]]) -> None:
        rows[record.offset - segment.first][column] = value

    edit(root, segment, change)
    report = verify(root, Asked())

    assert report.verdict is Verdict.ALTERED
    (finding,) = report.findings
    assert (finding.kind, at(finding)) == ("derived_column_differs", place_of(record))


@pytest.mark.parametrize("part", [b'"id":"', b'"subject":"H', b'"time":"202', b'"sequence":'])
def test_given_a_byte_of_the_envelope_flipped_and_columns_left_then_the_record_is_named(
    tmp_path: Path, part: bytes
) -> None:
    root, log = a_sealed(tmp_path)
    record = victim(log)
    segment = _file_with(root, record)
    value = record.value or b""
    begin = value.index(part) + len(part)
    digit = b"7" if value[begin : begin + 1] != b"7" else b"8"

    def change(rows: list[dict[str, object]]) -> None:
        rows[record.offset - segment.first]["value"] = value[:begin] + digit + value[begin + 1 :]

    edit(root, segment, change)
    report = verify(root, Asked())

    assert report.verdict is Verdict.ALTERED
    assert at(named(report, "derived_column_differs")[0]) == place_of(record)


def _key(record: Written) -> None:
    record.key = b"1" + (record.key or b"")[1:]


def _header(record: Written) -> None:
    record.headers = [("content-type", b"application/cloudevents+jsoN")]


def _clock(record: Written) -> None:
    record.at += timedelta(milliseconds=1)


@pytest.mark.parametrize("change", [_key, _header, _clock])
def test_given_a_byte_flipped_beside_the_value_then_it_is_altered_and_its_range_named(
    tmp_path: Path, change: Callable[[Written], None]
) -> None:
    report = attacked(tmp_path, lambda log: change(victim(log)))

    record = victim(some_days())
    assert report.verdict is Verdict.ALTERED
    (finding,) = named(report, "root_differs")
    assert finding.topic, finding.partition == (record.topic, record.partition)
    assert record.offset - 7 < (finding.offset or 0) <= record.offset
    if change is _key:
        assert at(named(report, "bytes_changed")[0]) == place_of(record)


def test_given_a_record_dropped_then_its_offset_and_its_dossier_are_named(tmp_path: Path) -> None:
    report = attacked(tmp_path, lambda log: log.records.remove(victim(log)))

    record = victim(some_days())
    assert report.verdict is Verdict.INCOMPLETE
    assert kinds(report) == {"record_missing", "event_missing"}
    assert named(report, "record_missing")[0].offset == record.offset
    (finding,) = named(report, "event_missing")
    assert str(finding.dossier_id) == (record.key or b"").decode()


def test_given_a_record_dropped_and_the_others_renumbered_then_tree_and_chain_tell(
    tmp_path: Path,
) -> None:
    def drop(log: Log) -> None:
        log.records.remove(victim(log))
        renumber(log)

    report = attacked(tmp_path, drop)

    record = victim(some_days())
    assert report.verdict is Verdict.ALTERED
    assert kinds(report) == {"root_differs", "event_missing", "tail_missing"}
    (finding,) = named(report, "event_missing")
    assert str(finding.dossier_id) == (record.key or b"").decode()


def test_given_two_events_of_a_dossier_swapped_then_both_are_named(tmp_path: Path) -> None:
    def swap(log: Log) -> None:
        first, second = victim(log), victim(log, number=1)
        first.value, second.value = second.value, first.value

    report = attacked(tmp_path, swap)

    second = victim(some_days(), number=1)
    assert report.verdict is Verdict.ALTERED
    assert at(named(report, "swapped")[0])[::3] == place_of(second)[::3]
    assert "root_differs" in kinds(report)


def test_given_two_records_out_of_place_in_their_file_then_it_is_named(tmp_path: Path) -> None:
    root, log = a_sealed(tmp_path)
    record = victim(log)
    segment = _file_with(root, record)

    def change(rows: list[dict[str, object]]) -> None:
        place = max(record.offset - segment.first, 1)
        rows[place], rows[place - 1] = rows[place - 1], rows[place]

    edit(root, segment, change)
    report = verify(root, Asked())

    assert report.verdict is Verdict.ALTERED
    assert {"swapped", "root_differs"} <= kinds(report)
    assert "record_missing" not in kinds(report)


def test_given_a_tail_cut_off_then_the_checkpoint_knows_more(tmp_path: Path) -> None:
    def cut(log: Log) -> None:
        log.records.remove(by_place(log)[INTAKE, 3][-1])

    report = attacked(tmp_path, cut)

    last = by_place(some_days())[INTAKE, 3][-1]
    assert report.verdict is Verdict.INCOMPLETE
    (finding,) = named(report, "tail_missing")
    assert (finding.topic, finding.partition, finding.offset) == (INTAKE, 3, last.offset)


def test_given_the_last_files_removed_then_the_tail_is_missing(tmp_path: Path) -> None:
    root, _ = a_sealed(tmp_path)
    last = files_of(root, NOTIFICATION, 2)[-1]
    (root / last.file).unlink()

    report = verify(root, Asked())

    assert report.verdict is Verdict.INCOMPLETE
    (finding,) = report.findings
    assert (finding.kind, finding.offset) == ("tail_missing", last.first)


def test_given_every_file_of_a_place_removed_then_all_of_it_is_missing(tmp_path: Path) -> None:
    root, _ = a_sealed(tmp_path)
    for segment in files_of(root, NOTIFICATION, 2):
        (root / segment.file).unlink()

    report = verify(root, Asked())

    assert (report.verdict, kinds(report)) == (Verdict.INCOMPLETE, {"tail_missing"})
    assert report.findings[0].offset == 0


def test_given_a_file_between_others_removed_then_it_is_missing(tmp_path: Path) -> None:
    root, _ = a_sealed(tmp_path)
    first = files_of(root, NOTIFICATION, 2)[0]
    (root / first.file).unlink()

    report = verify(root, Asked())

    assert report.verdict is Verdict.INCOMPLETE
    (missing,) = named(report, "file_missing")
    assert (missing.offset, missing.partition) == (0, 2)
    assert "root_differs" not in kinds(report)


def test_given_a_day_removed_then_the_day_is_missing(tmp_path: Path) -> None:
    root, _ = a_sealed(tmp_path)
    days = sorted({one.day for one in files_of(root, NOTIFICATION, 2)})
    gone = [one for one in files_of(root, NOTIFICATION, 2) if one.day == days[1]]
    for segment in gone:
        (root / segment.file).unlink()

    report = verify(root, Asked())

    assert report.verdict is Verdict.INCOMPLETE
    (missing,) = named(report, "day_missing")
    assert (missing.offset, missing.partition) == (gone[0].first, 2)
    assert f"{gone[-1].last}" in missing.text


@pytest.mark.parametrize("renumbered", [False, True])
def test_given_a_dossier_removed_from_a_topic_then_the_other_topics_name_it(
    tmp_path: Path, renumbered: bool
) -> None:
    record = victim(some_days(), INTAKE)

    def remove(log: Log) -> None:
        log.records[:] = [
            one for one in log.records if (one.topic, one.key) != (INTAKE, record.key)
        ]
        if renumbered:
            renumber(log)

    report = attacked(tmp_path, remove)

    findings = named(report, "dossier_missing")
    assert {one.dossier_id for one in findings} == {UUID((record.key or b"").decode())}
    assert {(one.topic, one.partition) for one in findings} == {(INTAKE, record.partition)}
    assert report.verdict is (Verdict.ALTERED if renumbered else Verdict.INCOMPLETE)
    assert ("root_differs" if renumbered else "record_missing") in kinds(report)


@pytest.mark.parametrize("renumbered", [False, True])
@pytest.mark.parametrize("back", [1, 2])
def test_given_a_dossier_of_the_last_minute_removed_from_a_topic_then_it_alone_is_named(
    tmp_path: Path, renumbered: bool, back: int
) -> None:
    log = a_log(90, minutes=0.1)
    sound, _ = a_sealed(tmp_path / "sound", log)
    record = by_place(log)[INTAKE, 2][-back]
    # Of the last dossier only the one-stop tells; its submission is not archived yet.
    coming = a_log(120, minutes=0.1).records[-6:]
    later = next(one for one in coming if one.topic == ROUTING)
    later.partition, later.offset = 2, len(by_place(log)[ROUTING, 2])
    log.records.remove(record)
    log.records.append(later)
    if renumbered:
        renumber(log)
    shutil.rmtree(sound / "log")
    archive(sound, log, rows=12)

    report = verify(sound, Asked())

    findings = named(report, "dossier_missing")
    assert {one.dossier_id for one in findings} == {UUID((record.key or b"").decode())}
    assert {(one.topic, one.partition) for one in findings} == {(INTAKE, 2)}


@pytest.mark.parametrize("renumbered", [False, True])
def test_given_a_dossier_removed_from_every_topic_then_each_of_its_places_is_named(
    tmp_path: Path, renumbered: bool
) -> None:
    record = victim(some_days(), INTAKE)

    def remove(log: Log) -> None:
        log.records[:] = [one for one in log.records if one.key != record.key]
        if renumbered:
            renumber(log)

    report = attacked(tmp_path, remove)

    kind = "root_differs" if renumbered else "record_missing"
    places = {(one.topic, one.partition) for one in named(report, kind)}
    assert {topic for topic, _ in places} == {one.topic for one in some_days().records}
    assert {partition for _, partition in places} == {record.partition}


def test_given_a_file_of_another_archive_in_place_then_it_is_altered(tmp_path: Path) -> None:
    root, _ = a_sealed(tmp_path / "one")
    other, _ = a_sealed(tmp_path / "other", a_log(80, minutes=30))
    first = files_of(root, ROUTING, 0)[0]
    found = read(other, files_of(other, ROUTING, 0)[0])
    edit(root, first, lambda rows: rows.__setitem__(slice(None), found.to_pylist()))

    report = verify(root, Asked())

    assert report.verdict >= Verdict.ALTERED
    assert any(one.partition == 0 and one.topic == ROUTING for one in report.findings)


def test_given_a_file_of_another_place_then_it_is_foreign(tmp_path: Path) -> None:
    root, _ = a_sealed(tmp_path)
    here, there = files_of(root, ROUTING, 0)[0], files_of(root, ROUTING, 1)[0]
    (root / here.file).write_bytes((root / there.file).read_bytes())

    report = verify(root, Asked())

    assert "file_foreign" in kinds(report)
    assert named(report, "file_foreign")[0].file == here.file


def test_given_a_clock_that_went_back_then_only_that_is_found(tmp_path: Path) -> None:
    log = some_days()
    victim(log).at -= timedelta(minutes=30)
    record = by_place(log)[ROUTING, victim(log).partition]
    place = record.index(victim(log))
    record[place].at = record[place - 1].at - timedelta(seconds=1)
    root, _ = a_sealed(tmp_path, log)

    report = verify(root, Asked())

    assert report.verdict is Verdict.CLOCK_WENT_BACK
    assert {at(finding) for finding in report.findings} == {(*place_of(victim(log))[:3], None)}


def test_given_copies_then_they_do_no_harm_and_are_counted(tmp_path: Path) -> None:
    log = some_days()
    for record in [one for one in log.records if one.key == log.records[30].key]:
        log.put(record.topic, record.key, record.value, log.records[-1].at)
    root, _ = a_sealed(tmp_path, log)

    report = verify(root, Asked())

    assert (report.verdict, report.findings) == (Verdict.SOUND, [])
    assert sum(place.copies for place in report.places) == 6


def test_given_other_bytes_under_the_same_number_then_it_is_a_conflict(tmp_path: Path) -> None:
    log = some_days()
    record = victim(log)
    other = log.put(ROUTING, record.key, in_data(record.value or b""), log.records[-1].at)
    root, _ = a_sealed(tmp_path, log)

    report = verify(root, Asked())

    (finding,) = report.findings
    assert (finding.verdict, finding.kind) == (Verdict.ALTERED, "conflict")
    assert at(finding) == place_of(other)


@pytest.mark.parametrize("value", [None, b"", b"null", b"{}", b"\xff" * 50, b'{"id":1}'])
def test_given_a_record_that_is_no_event_then_it_is_told_and_counts_when_strict(
    tmp_path: Path, value: bytes | None
) -> None:
    log = some_days()
    record = log.put(ROUTING, b"x", value, log.records[-1].at, partition=0)
    root, _ = a_sealed(tmp_path, log)

    report, strict = verify(root, Asked()), verify(root, Asked(strict=True))

    assert (report.verdict, strict.verdict) == (Verdict.SOUND, Verdict.UNREADABLE)
    (finding,) = report.findings
    assert (finding.kind, finding.offset) == ("not_an_event", record.offset)


def test_given_an_event_of_another_writer_then_it_is_none_of_this_topic(tmp_path: Path) -> None:
    log = some_days()
    record = victim(log, INTAKE)
    log.put(ROUTING, record.key, record.value, log.records[-1].at)
    root, _ = a_sealed(tmp_path, log)

    report = verify(root, Asked(strict=True))

    assert [finding.kind for finding in report.findings] == ["not_an_event"]


def test_given_a_hole_that_was_there_when_it_was_signed_then_it_is_sound(tmp_path: Path) -> None:
    log = some_days()
    for record in by_place(log)[ROUTING, 1][5:]:
        record.offset += 1
    root, _ = a_sealed(tmp_path, log)

    assert verify(root, Asked()).verdict is Verdict.SOUND


def test_given_a_day_to_begin_with_then_only_later_records_are_told_of(tmp_path: Path) -> None:
    log = some_days()
    log.put(ROUTING, b"x", b"early", log.records[-1].at, partition=0)
    root, _ = a_sealed(tmp_path, log)
    last = files_of(root, ROUTING, 0)[-1].day

    both = [verify(root, Asked(since=day)) for day in (last, last + timedelta(days=1))]

    assert [len(report.findings) for report in both] == [1, 0]
    assert [report.verdict for report in both] == [Verdict.SOUND] * 2


def test_the_same_event_written_in_another_way_is_read_as_what_it_says(tmp_path: Path) -> None:
    log = a_log(1)
    event = decode(log.records[0].value or b"")
    assert encode(event) == log.records[0].value
    log.records[0].value = b" " + encode(event)
    root = archive(tmp_path, log)

    report = verify(root, Asked())

    assert (report.verdict, report.findings) == (Verdict.SOUND, [])
    assert table_of(log.records[:1])["event_id"][0].as_py() == str(event.id)


def _file_with(root: Path, record: Written) -> Segment:
    segments = files_of(root, record.topic, record.partition)
    return next(one for one in segments if one.first <= record.offset <= one.last)
