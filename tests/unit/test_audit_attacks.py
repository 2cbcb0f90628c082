"""What a forger who may write into an archive's folder tries: none of it is sound or a crash."""

import os
import re
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from audit import verify_commands
from audit.archive import SCHEMA, Segment, day_of, listing, read, write_file, write_segment
from audit.checkpoints import COSIGNATURES, TIMESTAMPS, Ledger
from audit.findings import Verdict
from audit.keys import FILE
from audit.leaves import leaf_input, leaves_of
from audit.merging import merge
from audit.notes import COSIGNS, Signer, cosign, split
from audit.proof_checks import check_document
from audit.records import Record
from audit.resuming import Reached, reached
from audit.verifying.results import Asked
from audit.verifying.verify import verify
from audit.writing import Limits, Writer
from tests.unit.archive_kit import START, a_log, archive
from tests.unit.audit_verify_kit import (
    INTAKE,
    ROUTING,
    SIGNER,
    STRANGER,
    a_sealed,
    edit,
    files_of,
    kinds,
    named,
    seal,
)

WITNESS = Signer("witness", STRANGER.key, COSIGNS)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_sealed(tmp_path_factory.mktemp("sound") / "archive")[0]


@pytest.fixture
def root(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "archive"))


def _segment(root: Path) -> Segment:
    return files_of(root, INTAKE, 0)[0]


def _forge_a_part(root: Path) -> None:
    whole = _segment(root)
    rows = read(root, whole).to_pylist()[1:3]
    rows[0]["value"] = b'{"forged":1}'
    part = Segment(INTAKE, 0, rows[0]["offset"], rows[1]["offset"], whole.day)
    write_segment(root, part, pa.Table.from_pylist(rows, schema=SCHEMA))


def _copy_as(name: Callable[[str], str]) -> Callable[[Path], object]:
    def copy(root: Path) -> object:
        file = root / _segment(root).file
        return shutil.copy(file, file.with_name(name(file.name)))

    return copy


def _link_a_day(root: Path) -> None:
    day = (root / _segment(root).file).parent
    day.with_name("day=2026-12-30").symlink_to(day)


def _pipe(root: Path) -> None:
    file = root / _segment(root).file
    os.mkfifo(file.with_name("p09-000000000000-000000000001.parquet"))


@pytest.mark.parametrize(
    "plant",
    [
        _forge_a_part,
        _copy_as(lambda name: name.replace("p00-", "p000-")),
        _copy_as(lambda name: name.replace("p00-", "p٠٠-")),
        _copy_as(lambda name: f".{name}"),
        _copy_as(lambda name: f"{name}\n"),
        _copy_as(lambda _: f"p00-{10**30}-{10**30}.parquet"),
        _link_a_day,
        _pipe,
    ],
    ids=["part", "alias", "digits", "hidden", "newline", "giant", "symlink", "pipe"],
)
def test_a_file_that_others_would_read_and_we_would_not_is_named(
    root: Path, plant: Callable[[Path], object]
) -> None:
    plant(root)
    report = verify(root, Asked())
    assert (report.verdict, kinds(report)) == (Verdict.UNREADABLE, {"file_foreign"})
    assert reached(root).keys() == reached(root).keys()


def test_a_part_that_a_merge_left_is_sound(root: Path) -> None:
    whole = _segment(root)
    rows = read(root, whole).slice(1, 2)
    part = Segment(INTAKE, 0, whole.first + 1, whole.first + 2, whole.day)
    write_segment(root, part, rows)
    assert verify(root, Asked()).verdict is Verdict.SOUND


@pytest.mark.parametrize("keys", [(), (SIGNER.verifier,)])
def test_without_its_checkpoints_a_signed_archive_is_not_sound(root: Path, keys: tuple) -> None:
    shutil.rmtree(root / "checkpoints")
    report = verify(root, Asked(keys=keys))
    assert (report.verdict, kinds(report)) == (Verdict.INCOMPLETE, {"checkpoint_missing"})
    (root / FILE).unlink()
    # Without a key nobody knows that it ever was signed, which the last lines tell.
    wanted = Verdict.INCOMPLETE if keys else Verdict.SOUND
    assert verify(root, Asked(keys=keys)).verdict is wanted


def test_a_young_place_without_checkpoints_is_named_when_others_have_theirs(tmp_path: Path) -> None:
    log = a_log(100, minutes=1)
    root = archive(tmp_path / "archive", log)
    seal(root, log)
    assert verify(root, Asked()).verdict is Verdict.SOUND
    (root / Ledger(root).file(ROUTING, 3)).unlink()
    (finding,) = named(verify(root, Asked()), "checkpoint_missing")
    assert (finding.topic, finding.partition) == (ROUTING, 3)


def test_with_a_key_also_the_newest_records_tell_that_checkpoints_were_cut(root: Path) -> None:
    for place in Ledger(root).places():
        file = root / Ledger(root).file(*place)
        file.write_bytes(file.read_bytes().split(b"\n")[0] + b"\n")
    assert verify(root, Asked(keys=(SIGNER.verifier,))).verdict is Verdict.INCOMPLETE


def _texts(name: str) -> Callable[[pa.Table], pa.Table]:
    def spoil(table: pa.Table) -> pa.Table:
        texts = [(one or "").encode() for one in table.column(name).to_pylist()]
        raw = pa.array([b"\xff\xfe", *texts[1:]], pa.binary())
        column = pa.Array.from_buffers(pa.string(), len(raw), raw.buffers())
        return table.set_column(SCHEMA.get_field_index(name), SCHEMA.field(name), column)

    return spoil


def _header_names(table: pa.Table) -> pa.Table:
    count = table.num_rows
    raw = pa.array([b"\xff"] * count, pa.binary())
    names = pa.Array.from_buffers(pa.string(), count, raw.buffers())
    pairs = pa.StructArray.from_arrays([names, raw], names=["name", "value"])
    column = pa.ListArray.from_arrays(pa.array(range(count + 1), pa.int32()), pairs)
    return table.set_column(4, SCHEMA.field(4), column)


def _numbers(name: str, number: int, *, keys: bytes | None) -> Callable[[pa.Table], pa.Table]:
    def spoil(table: pa.Table) -> pa.Table:
        at = SCHEMA.get_field_index(name)
        numbers = [number, *table.column(name).cast(pa.int64()).to_pylist()[1:]]
        column = pa.array(numbers, pa.int64()).cast(SCHEMA.field(at).type)
        table = table.set_column(at, SCHEMA.field(at), column)
        key = pa.array([keys, *table.column("key").to_pylist()[1:]], pa.binary())
        return table.set_column(3, SCHEMA.field(3), key)

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        *(_texts(name) for name in ("event_id", "type", "dossier_id", "code")),
        _header_names,
        *(_numbers("timestamp", one, keys=b"x") for one in (-1, -(2**63), 2**63 - 1)),
        *(_numbers("offset", one, keys=None) for one in (-1, -(2**63), 2**63 - 1)),
        lambda table: table.slice(0, 0),
    ],
)
def test_what_no_archive_has_in_its_columns_ends_in_a_verdict(
    root: Path, spoil: Callable[[pa.Table], pa.Table]
) -> None:
    segment = _segment(root)
    pq.write_table(spoil(read(root, segment)), root / segment.file)
    assert verify(root, Asked()).verdict > Verdict.CLOCK_WENT_BACK
    merge(root, START + timedelta(days=999))
    for known in reached(root).values():
        assert known.newest is None or known.newest.tzinfo is UTC


def test_a_file_without_any_rows_stops_no_service(tmp_path: Path) -> None:
    root = archive(tmp_path / "archive", a_log(3), rows=1)
    for segment in listing(root).segments:
        with pq.ParquetWriter(root / segment.file, SCHEMA):
            pass
    assert merge(root, START + timedelta(days=999)) == 0
    assert all(one.unreadable for one in reached(root).values())


def test_a_day_no_calendar_goes_beyond_is_none_of_ours(root: Path) -> None:
    file = root / _segment(root).file
    far = file.parent.with_name("day=9999-12-31")
    far.mkdir()
    file.rename(far / file.name)
    assert "file_foreign" in kinds(verify(root, Asked()))
    merge(root, datetime.now(UTC), threading.Event())


def test_a_forged_event_of_the_first_moment_is_archived_and_told(root: Path) -> None:
    """Anybody who may write to the topic can write this; the archive must not stop at it."""
    row = read(root, _segment(root)).to_pylist()[0]
    first_moment = b'"time":"0001-01-01T00:00:00+14:00"'
    forged = re.sub(rb'"time":"[^"]+"', first_moment, row["value"], count=1)
    place, known = (INTAKE, 5), reached(root)
    at, newest = known[place].next_offset, known[place].last
    assert newest is not None
    writer = Writer(root, known, Limits(1, 1, 1), lambda *_: None)
    writer.take(place, Record(at, newest.timestamp_ms, row["key"], (), forged))
    writer.write(everything=True)
    (finding,) = verify(root, Asked()).findings
    assert (finding.kind, finding.partition) == ("not_an_event", 5)


def test_a_dossier_in_two_partitions_is_a_conflict(root: Path) -> None:
    row, known = read(root, _segment(root)).to_pylist()[0], reached(root)
    at, newest = known[INTAKE, 5].next_offset, known[INTAKE, 5].last
    assert newest is not None
    writer = Writer(root, known, Limits(1, 1, 1), lambda *_: None)
    writer.take((INTAKE, 5), Record(at, newest.timestamp_ms, row["key"], (), row["value"]))
    writer.write(everything=True)
    (finding,) = verify(root, Asked()).findings
    assert (finding.verdict, finding.kind, finding.partition) == (Verdict.ALTERED, "conflict", 5)
    assert str(finding.dossier_id) == row["key"].decode()


def test_a_leaf_is_the_same_however_many_are_made_at_once() -> None:
    digest = bytes(32)
    for number in (-1, -(2**63), 0, 2**63 - 1):
        (leaf,) = leaves_of([number], [number], [b"x"], [digest], [digest])
        assert len(leaf) == 32
        assert leaf_input(number, number, b"x", digest, digest)


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 300_000,
        b'{"note":"' + b"x" * 2_000_000 + b'"}',
        b'{"note":' + b"9" * 10_000 + b"}",
        b"\xff\xfe",
        b'{"note":"a\\r\\n\\r\\n"}',
    ],
)
def test_a_line_of_checkpoints_that_is_none_is_named_by_its_number(root: Path, line: bytes) -> None:
    file = root / Ledger(root).file(INTAKE, 0)
    count = len(file.read_bytes().splitlines())
    with file.open("ab") as added:
        added.write(line + b"\n" + file.read_bytes().splitlines()[-1] + b"\n")
    found = named(verify(root, Asked()), "note_malformed")
    assert [one.text.split(":")[0] for one in found] == [f"line {count + 1}"]
    assert max(len(note) for _, note in Ledger(root).notes(INTAKE, 0)) <= 600_000


def test_a_cosignature_of_another_place_or_of_what_was_cut_is_told(root: Path) -> None:
    ledger = Ledger(root)
    (size, text), (_, other) = ((_size(note), split(note)[0]) for note in _last(root))
    ledger.append_cosignature(INTAKE, 0, size, cosign(text, WITNESS, START))
    asked = Asked(witnesses=(WITNESS.verifier,))
    assert verify(root, asked).verdict is Verdict.SOUND
    ledger.append_cosignature(INTAKE, 0, size, cosign(other, WITNESS, START))
    assert verify(root, Asked()).verdict is Verdict.SOUND
    report = verify(root, asked)
    assert (report.verdict, kinds(report)) == (Verdict.FORGED, {"bad_signature"})
    ledger.append_cosignature(INTAKE, 0, size + 999, cosign(other, WITNESS, START))
    assert kinds(verify(root, Asked())) == {"tail_missing"}
    (root / ledger.file(INTAKE, 0, COSIGNATURES)).unlink()
    (root / ledger.file(INTAKE, 0, COSIGNATURES)).mkdir()
    assert kinds(verify(root, Asked())) == {"file_unreadable"}


def _last(root: Path) -> list[str]:
    return [Ledger(root).last(INTAKE, number) or "" for number in (0, 1)]


def _size(note: str) -> int:
    return int(note.split("\n")[1])


def test_a_time_stamp_of_a_checkpoint_that_was_cut_is_told(root: Path) -> None:
    (root / TIMESTAMPS).mkdir()
    write_file(root / TIMESTAMPS / f"{'0' * 64}.tsr", b"")
    (finding,) = verify(root, Asked()).findings
    assert (finding.verdict, finding.kind) == (Verdict.INCOMPLETE, "checkpoint_missing")


@pytest.mark.parametrize("number", [float("inf"), 10**400, -(10**400), float("nan"), "9" * 5_000])
def test_a_proof_with_odd_numbers_cannot_be_read(number: object) -> None:
    for name in ("size", "partition", "index"):
        proof = {"kind": "growth", "topic": INTAKE, "partition": 0, "checkpoint": "", name: number}
        document = {"format": 1, "origin": "x", "keys": [], "proofs": [proof]}
        findings, shown = check_document(document, None)
        assert [one.verdict for one in findings] == [Verdict.UNREADABLE]
        assert shown == []


def _run(*words: str) -> tuple[int, str]:
    app = typer.Typer()
    verify_commands.add_to(app)
    result = CliRunner().invoke(app, ["verify", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_name_of_a_file_is_one_line_whatever_it_is(root: Path, form: str) -> None:
    name = os.fsencode(root / "log") + b"/x\xff\x1b[31m\nSOUND"
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
    code, text = _run(str(root), "--format", form)
    assert code == Verdict.UNREADABLE
    assert "\x1b" not in text
    assert "\nSOUND" not in text


def test_what_was_not_looked_at_is_said_and_a_topic_nobody_has_is_refused(root: Path) -> None:
    assert _run(str(root), "--topic", "dossier.intake.v2")[0] == 2
    code, text = _run(str(root), "--topic", INTAKE, "--since", "2026-11-24", "--language", "en")
    assert code == Verdict.SOUND
    assert f"only {INTAKE} was looked at" in text
    assert "no single record before 2026-11-24 was looked at" in text


def test_a_full_disk_ends_in_a_sentence(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("audit.verifying.verify.TemporaryDirectory", full)
    code, text = _run(str(root))
    assert (code, "No space left on device" in text) == (1, True)


def test_a_changed_record_of_the_last_hours_is_told_though_nothing_is_signed_over_it(
    root: Path,
) -> None:
    """The chain of the dossier tells, also where a forger took the newest checkpoints away."""
    segment = files_of(root, ROUTING, 0)[-1]

    def change(rows: list[dict[str, object]]) -> None:
        value = rows[-1]["value"]
        assert isinstance(value, bytes)
        rows[-1]["value"] = value[:-2] + b" }"

    edit(root, segment, change)
    assert verify(root, Asked()).verdict > Verdict.SOUND


def test_days_before_the_epoch_are_days(root: Path) -> None:
    assert day_of(-1).year == 1970
    assert Reached(last=Record(0, 2**62, None, (), None)).newest is None
