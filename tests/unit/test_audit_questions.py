"""What auditors ask of an archive, and the answers: words, figures, files, exit codes."""

import csv
import hashlib
import io
import json
import random
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner, Result

from audit import question_commands
from audit.archive import listing
from audit.questions.facts import ON_THE_BOARD
from contracts.envelope import Cause
from contracts.events import Accepted, Due, Imported, Registered, Rescheduled, Stopped
from contracts.model import VIETNAM
from routing.domain.board import facts_of as board_facts_of
from tests.unit.archive_kit import START, Log, Written, a_log, archive, dossier_of, live
from tests.unit.audit_lives import live as live_by_chance
from tests.unit.builders import a_submission

OUTSIDE = Cause("request:0", "0" * 64)
UNIT = "26737"


def asked(*arguments: object) -> Result:
    """Return what a command said."""
    app = typer.Typer()
    question_commands.add_to(app)
    return CliRunner().invoke(app, [str(one) for one in arguments])


def document(*arguments: object) -> dict[str, Any]:
    """Return the JSON document a command said."""
    return json.loads(asked(*arguments, "--format", "json").stdout)


def some_due(on: date, hour: int = 17) -> Due:
    """Return a due moment of that day."""
    return Due(
        due_at=datetime(on.year, on.month, on.day, hour, tzinfo=VIETNAM),
        due_on=on,
        value=3,
        unit="working_day",
        source="Luật Hộ tịch 2014, Điều 5 khoản 3",
        calendar_version="abc123",
        steps=(),
    )


def an_acceptance(due: date, round_: int = 1) -> Accepted:
    return Accepted(
        unit_code=UNIT,
        procedure_code="1.001193",
        actor="officer-26737",
        reference_version="test",
        due=some_due(due),
        round=round_,
    )


def waiting(log: Log, number: int, at: datetime, due: date) -> None:
    """Let a dossier be accepted and wait for the register."""
    dossier_id, code = dossier_of(number)
    came = log.say(dossier_id, code, a_submission(submitted_at=at), OUTSIDE, at)
    log.say(dossier_id, code, an_acceptance(due), came, at)


def again(log: Log, records: list[Written]) -> None:
    """Let records stand on their topics once more, byte for byte."""
    for one in records:
        log.put(one.topic, one.key, one.value, one.at, one.partition)


# --- timeline ---------------------------------------------------------------------------------


def test_given_a_clock_that_is_behind_then_the_timeline_goes_by_cause(tmp_path: Path):
    log = Log()
    dossier_id, code = dossier_of(0)
    came = log.say(dossier_id, code, a_submission(submitted_at=START), OUTSIDE, START)
    accepted = an_acceptance(date(2026, 11, 26))
    log.say(dossier_id, code, accepted, came, START - timedelta(minutes=5))

    told = document("timeline", archive(tmp_path, log), code)
    (dossier,) = told["dossiers"]

    assert [one["event"] for one in dossier["events"]] == ["submitted", "accepted"]
    assert dossier["events"][1]["cause"] | {"id": "", "hash": ""} == {
        "id": "",
        "hash": "",
        "number": 1,
        "fits": True,
    }
    assert dossier["events"][1]["actor"] == "officer-26737"
    assert dossier["events"][1]["due"]["due_on"] == "2026-11-26"


def test_the_timeline_says_place_actor_due_and_law_in_both_languages(tmp_path: Path):
    log = Log()
    waiting(log, 0, START, date(2026, 11, 26))
    root, (dossier_id, code) = archive(tmp_path, log), dossier_of(0)

    vi, en = asked("timeline", root, code), asked("timeline", root, dossier_id, "--language", "en")

    assert vi.exit_code == en.exit_code == 0
    assert "Tiếp nhận, chuyển xử lý" in vi.stdout
    assert "Hẹn trả kết quả: 17:00:00 26/11/2026" in vi.stdout
    assert "căn cứ: Luật Hộ tịch 2014, Điều 5 khoản 3" in vi.stdout
    assert "người thực hiện: officer-26737" in vi.stdout
    assert "dossier.routing.v1/" in vi.stdout
    assert "cause: event 1, hash fits" in en.stdout
    assert "In process" in en.stdout


def test_given_a_cause_with_another_hash_then_the_timeline_says_that_it_does_not_fit(
    tmp_path: Path,
):
    log = Log()
    dossier_id, code = dossier_of(0)
    came = log.say(dossier_id, code, a_submission(submitted_at=START), OUTSIDE, START)
    entered = Registered(unit_code=UNIT, number="1", book="01/2026", registered_on=START.date())
    log.say(dossier_id, code, entered, Cause(came.id, "f" * 64), START)

    assert "mã băm KHÔNG khớp" in asked("timeline", archive(tmp_path, log), code).stdout


def test_given_an_unknown_code_then_it_is_said_and_the_command_ends_with_1(tmp_path: Path):
    found = asked("timeline", archive(tmp_path, a_log(1)), "H29.26737-261123-9999")

    assert (found.exit_code, found.stdout) == (1, "")
    assert "Không có hồ sơ nào mang mã H29.26737-261123-9999" in found.stderr


# --- what is none of the log's events ------------------------------------------------------------


def test_given_the_whole_log_twice_then_every_answer_is_the_same_and_the_copies_are_told(
    tmp_path: Path,
):
    once, twice = a_log(6), a_log(6)
    again(twice, list(twice.records))
    first, second = archive(tmp_path / "1", once), archive(tmp_path / "2", twice)

    for command in ("state", "completeness", "statistics"):
        left = document(command, second)
        assert left.pop("left_out") == [{"kind": "copy", "count": 36, "places": []}]
        right = document(command, first)
        assert right.pop("left_out") == []
        assert left == right


@pytest.mark.parametrize("value", [b"{}", b"not json", None, b"x" * 70_000])
def test_given_a_record_that_is_no_event_then_it_is_left_out_and_told(
    tmp_path: Path, value: bytes | None
):
    log = a_log(2)
    log.put("dossier.intake.v1", str(dossier_of(0)[0]).encode(), value, START)

    found = document("statistics", archive(tmp_path, log))

    assert [(one["kind"], one["count"]) for one in found["left_out"]] == [("not_an_event", 1)]
    assert found["parts"]["all"]["totals"]["submitted"] == 2


def test_given_an_event_on_another_services_topic_then_it_is_left_out(tmp_path: Path):
    log = a_log(1)
    submitted = log.records[0]
    log.put("dossier.routing.v1", submitted.key, submitted.value, START)

    found = document("state", archive(tmp_path, log))

    assert [one["kind"] for one in found["left_out"]] == ["not_an_event"]


def test_given_an_event_the_writer_never_wrote_then_the_chain_goes_on_without_it(tmp_path: Path):
    log, forged = a_log(1), Log()
    dossier_id, code = dossier_of(0)
    for _ in range(2):
        entered = Registered(unit_code=UNIT, number="9", book="x", registered_on=START.date())
        forged.say(dossier_id, code, entered, OUTSIDE, START)
    for one in forged.records:
        log.put(one.topic, one.key, one.value, START)
    live(log, 1, START)

    found = document("state", archive(tmp_path, log))

    kinds = {one["kind"]: one["count"] for one in found["left_out"]}
    assert kinds == {"conflict": 1, "chain_broken": 1}
    assert [one["number"] for one in found["dossiers"]] == ["1", "2"]


def test_given_a_hole_in_a_chain_then_what_follows_counts_and_the_hole_is_told(tmp_path: Path):
    log = a_log(1)
    log.records = [one for one in log.records if b"dossier.routed.v1" not in (one.value or b"")]

    found = document("state", archive(tmp_path, log))

    assert [one["kind"] for one in found["left_out"]] == ["event_missing"]
    assert [one["status"] for one in found["dossiers"]] == ["registered"]


# --- state ------------------------------------------------------------------------------------


def test_the_state_at_a_day_is_that_at_its_end_in_vietnam(tmp_path: Path):
    log = Log()
    for number, hour in enumerate((8, 23)):
        at = datetime(2026, 11, 23, hour, 59, tzinfo=VIETNAM)
        waiting(log, number, at, date(2026, 11, 26))
    live(log, 2, datetime(2026, 11, 24, 0, 0, tzinfo=VIETNAM))
    root = archive(tmp_path, log)

    def statuses(as_of: str) -> dict[str, int]:
        found = document("state", root, "--as-of", as_of)
        return dict(Counter(one["status"] for one in found["dossiers"]))

    assert statuses("2026-11-22") == {}
    assert statuses("2026-11-23T08:59:00+07:00") == {"accepted": 1}
    assert statuses("2026-11-23") == {"accepted": 2}
    assert statuses("2026-11-24T00:00:01") == {"accepted": 2, "received": 1}
    assert statuses("2026-11-24") == {"accepted": 2, "registered": 1}


def test_late_is_what_waits_after_its_due_moment_and_not_in_it(tmp_path: Path):
    log = Log()
    waiting(log, 0, START, date(2026, 11, 26))
    root = archive(tmp_path, log)

    in_time = document("state", root, "--as-of", "2026-11-26T17:00:00+07:00")
    late = document("state", root, "--as-of", "2026-11-26T17:00:01+07:00")

    assert [one["late"] for one in in_time["dossiers"]] == [False]
    assert [one["late"] for one in late["dossiers"]] == [True]
    assert late["counts"] == [{"unit_code": UNIT, "status": "accepted", "count": 1, "late": 1}]


def test_the_state_is_of_the_unit_or_province_asked_for_and_csv_says_what_json_says(
    tmp_path: Path,
):
    log = Log()
    live(log, 0, START)
    live(log, 1, START, unit_code="20194", residence_unit_code="20194", province_code="48")
    root = archive(tmp_path, log)

    assert len(document("state", root, "--unit", UNIT)["dossiers"]) == 2
    assert len(document("state", root, "--province", "79")["dossiers"]) == 2
    assert document("state", root, "--unit", "26740")["dossiers"] == []
    assert "no unit '00000'" in asked("state", root, "--unit", "00000").stderr
    assert "no province '00'" in asked("state", root, "--province", "00").stderr
    sheet = list(csv.DictReader(io.StringIO(asked("state", root, "--format", "csv").stdout)))
    found = document("state", root)["dossiers"]
    assert [one["code"] for one in sheet] == [one["code"] for one in found]
    assert [one["book"] for one in sheet] == [one["book"] for one in found]


def test_given_a_stop_before_the_one_stop_heard_of_the_registration_then_it_is_registered(
    tmp_path: Path,
):
    log, (dossier_id, code) = Log(), dossier_of(0)
    waiting(log, 0, START, date(2026, 11, 26))
    entered = Registered(unit_code=UNIT, number="1", book="01/2026", registered_on=START.date())
    log.say(dossier_id, code, entered, OUTSIDE, START + timedelta(seconds=60))
    stopped = Stopped(reason="legal_obstacle", final=False, actor="officer-26737")
    log.say(dossier_id, code, stopped, OUTSIDE, START + timedelta(seconds=90))
    root = archive(tmp_path, log)

    (found,) = document("state", root)["dossiers"]

    assert (found["status"], found["due_at"]) == ("registered", None)


# --- completeness -------------------------------------------------------------------------------


def without(log: Log, *numbers: int) -> Log:
    """Return the log as if it knew nothing of those dossiers."""
    keys = {str(dossier_of(number)[0]).encode() for number in numbers}
    log.records = [one for one in log.records if one.key not in keys]
    return log


def test_given_every_number_then_nothing_is_missing_and_the_command_ends_with_0(tmp_path: Path):
    found = asked("completeness", archive(tmp_path, a_log(5)))

    assert found.exit_code == 0
    assert "Không thiếu số nào." in found.stdout
    assert "số 1–5, có 5, tiếp nhận 5, đăng ký 5" in found.stdout


def test_given_numbers_without_a_dossier_then_they_are_named_and_the_command_ends_with_5(
    tmp_path: Path,
):
    root = archive(tmp_path, without(a_log(9), 0, 3, 4))

    found = asked("completeness", root)
    findings = document("completeness", root)["findings"]

    assert found.exit_code == 5
    assert "3 số (1, 4–5)" in found.stdout
    assert {one["kind"] for one in findings} == {"dossier_missing"}
    assert len(findings) == 2


def test_given_a_code_that_was_taken_over_then_the_numbers_before_it_are_not_missing(
    tmp_path: Path,
):
    log, taken = Log(), Imported(batch="b1", stage="waiting")
    live(log, 0, START)
    live(log, 6, START, imported=taken, channel="moj-direct")
    live(log, 7, START)
    live(log, 9, START)

    findings = document("completeness", archive(tmp_path, log))["findings"]

    assert [one["text"] for one in findings] == ["H29.26737 of 2026-11-23: no dossier has number 9"]


def test_given_two_dossiers_with_one_code_then_the_command_ends_with_6(tmp_path: Path):
    log = a_log(2)
    code, other = dossier_of(0)[1], dossier_of(77)[0]
    log.say(other, code, a_submission(submitted_at=START), OUTSIDE, START)

    found = asked("completeness", archive(tmp_path, log))

    assert found.exit_code == 6
    assert f"TRÙNG mã hồ sơ {code}: 2 hồ sơ" in found.stdout


def test_gaps_in_a_book_are_normal_and_a_number_of_two_dossiers_is_told(tmp_path: Path):
    log = Log()
    for number, entered in ((0, "3"), (1, "7"), (2, "7")):
        dossier_id, code = dossier_of(number)
        came = log.say(dossier_id, code, a_submission(submitted_at=START), OUTSIDE, START)
        entry = Registered(
            unit_code=UNIT, number=entered, book="01/2026", registered_on=START.date()
        )
        log.say(dossier_id, code, entry, came, START)

    found = asked("completeness", archive(tmp_path, log))

    assert found.exit_code == 0
    assert "2 số từ 3 đến 7, cách quãng 3" in found.stdout
    assert f"TRÙNG số đăng ký 7 trong sổ Phường Tân Định ({UNIT})" in found.stdout


def test_completeness_of_a_day_looks_at_the_codes_of_that_day_alone(tmp_path: Path):
    root = archive(tmp_path, without(a_log(902), 1))

    def ends(*days: str) -> int:
        return asked("completeness", root, *days).exit_code

    assert ends("--from", "2026-11-24") == 0
    assert ends("--to", "2026-11-23") == 5
    assert ends("--unit", "26740") == 0
    assert ends("--unit", "00000") == 2


# --- statistics ---------------------------------------------------------------------------------


def test_given_lives_of_chance_then_the_figures_are_those_of_the_board(tmp_path: Path):
    log, chance = Log(), random.Random(3)
    cases = [live_by_chance(log, number, chance).case for number in range(40)]
    facts = [fact for case in cases for fact in board_facts_of(case)]
    root = archive(tmp_path, log)

    found = document("statistics", root)["parts"]["all"]

    plain = Counter(f.what for f in facts if f.what not in ("reception", "appointment"))
    del plain["return_reason"]
    assert {k: v for k, v in found["totals"].items() if k in ON_THE_BOARD} == plain
    reasons = Counter(fact.reason for fact in facts if fact.what == "return_reason")
    assert found["reasons"]["return_reason"] == reasons
    for what in ("reception", "appointment"):
        late = [fact.late_minutes for fact in facts if fact.what == what]
        assert found[what] == {
            "on_time": late.count(0),
            "late": len(late) - late.count(0),
            "late_minutes": sum(late),
        }
        assert late
    for by in ("unit", "province", "procedure", "channel", "month"):
        parts = document("statistics", root, "--by", by)["parts"].values()
        assert sum(one["totals"].get("submitted", 0) for one in parts) == plain["submitted"]
        assert len(parts) > 1 or by == "province"


def test_given_an_apology_then_it_is_on_time_by_the_last_day_and_late_by_the_first(
    tmp_path: Path,
):
    log = Log()
    dossier_id, code = dossier_of(0)
    waiting(log, 0, START, date(2026, 11, 24))
    moved = Rescheduled(
        kind="apology",
        reason="system_outage",
        old_due_on=date(2026, 11, 24),
        due=some_due(date(2026, 11, 27)),
        actor="officer-26737",
    )
    log.say(dossier_id, code, moved, OUTSIDE, START + timedelta(hours=1))
    entered = Registered(unit_code=UNIT, number="1", book="01/2026", registered_on=START.date())
    log.say(dossier_id, code, entered, OUTSIDE, datetime(2026, 11, 26, 9, tzinfo=VIETNAM))

    found = document("statistics", archive(tmp_path, log))["parts"]["all"]

    assert found["appointment"]["on_time"] == 1
    assert found["appointment_first_promised"] == {"on_time": 0, "late": 1, "late_minutes": 2400}
    assert found["apologised"] == 1
    # Tuesday 08:00 to Thursday 09:00 of a week with a day off.
    assert found["duration_minutes"]["median"] == 3 * 24 * 60 + 60


def test_figures_are_named_by_what_they_count_and_say_that_they_count_times(tmp_path: Path):
    log = Log()
    dossier_id, code = dossier_of(0)
    waiting(log, 0, START, date(2026, 11, 27))
    accepted = an_acceptance(date(2026, 11, 27), round_=2)
    log.say(dossier_id, code, accepted, OUTSIDE, START + timedelta(hours=1))
    entered = Registered(unit_code=UNIT, number="1", book="01/2026", registered_on=START.date())
    log.say(dossier_id, code, entered, OUTSIDE, START + timedelta(hours=2))
    root = archive(tmp_path, log)

    vi, en = (asked("statistics", root, "--language", one).stdout for one in ("vi", "en"))

    assert "  Đã tiếp nhận: 2\n" in vi
    assert "lệnh completeness đếm hồ sơ" in vi
    assert "số hồ sơ: đã nộp 1, đã tiếp nhận 1" in asked("completeness", root).stdout
    assert "Trả kết quả" not in vi
    assert "Giải quyết xong (đăng ký hoặc trả lại hẳn) theo ngày hẹn: đúng hạn 1, quá hạn 0" in vi
    assert "Decided (registered or returned for good) by the appointment: 1 on time, 0 late" in en


def test_statistics_of_days_count_what_happened_on_them(tmp_path: Path):
    root = archive(tmp_path, a_log(1000, minutes=1.5))

    def submitted(*days: str) -> int:
        found = document("statistics", root, *days)["parts"]
        return found["all"]["totals"]["submitted"] if found else 0

    assert submitted("--to", "2026-11-23") == 640
    assert submitted("--from", "2026-11-24") == 360
    assert submitted("--from", "2026-11-25") == 0


def test_the_move_is_told_by_province_and_road(tmp_path: Path):
    log = Log()
    live(log, 0, START)
    live(log, 1, START, channel="moj-direct")
    live(log, 2, START, channel="provincial-portal")

    root = archive(tmp_path, log)

    roads = {"moj-direct": 1, "national-portal": 1, "provincial-portal": 1}
    assert document("statistics", root)["roads"] == {"79": roads}
    assert "hệ thống cũ 1, qua cổng 2 (66% qua cổng)" in asked("statistics", root).stdout
    sheet = asked("statistics", root, "--format", "csv").stdout.splitlines()
    assert "79,road,moj-direct,1" in sheet
    assert "all,submitted,,3" in sheet


# --- export -------------------------------------------------------------------------------------


def test_the_manifest_has_the_digest_of_every_file_and_the_same_archive_gives_the_same_files(
    tmp_path: Path,
):
    log = a_log(3)
    waiting(log, 3, START, date(2026, 11, 26))
    root = archive(tmp_path / "a", log)
    outs = [tmp_path / "out1", tmp_path / "out2"]
    for out in outs:
        assert asked("export", root, "--out", out).exit_code == 0

    manifest = json.loads((outs[0] / "manifest.json").read_text())

    assert {one["file"]: one["rows"] for one in manifest["files"]} == {
        "events.parquet": 20,
        "dossiers.parquet": 4,
        "deadlines.parquet": 1,
    }
    for one in manifest["files"]:
        content = (outs[0] / one["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"]
    names = sorted(path.name for path in outs[0].iterdir())
    assert [(outs[0] / name).read_bytes() for name in names] == [
        (outs[1] / name).read_bytes() for name in names
    ]


def test_csv_and_parquet_have_the_same_rows(tmp_path: Path):
    log = a_log(3)
    waiting(log, 3, START, date(2026, 11, 26))
    root = archive(tmp_path / "a", log)
    asked("export", root, "--out", tmp_path / "p")
    asked("export", root, "--out", tmp_path / "c", "--format", "csv")

    for name in ("events", "dossiers", "deadlines"):
        table = pq.read_table(tmp_path / "p" / f"{name}.parquet")
        text = (tmp_path / "c" / f"{name}.csv").read_text(encoding="utf-8")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert list(rows[0]) == table.column_names
        assert [row["dossier_id"] for row in rows] == table["dossier_id"].to_pylist()
        assert [row["code"] for row in rows] == table["code"].to_pylist()


def test_export_since_a_day_has_the_events_of_that_day_and_later(tmp_path: Path):
    log = a_log(1000, minutes=1.5)
    live(log, 1000, datetime(2026, 11, 23, 23, 59, 57, tzinfo=VIETNAM))
    root = archive(tmp_path / "a", log)

    asked("export", root, "--out", tmp_path / "out", "--since", "2026-11-24")

    table = pq.read_table(tmp_path / "out" / "events.parquet")
    assert min(table["time"].to_pylist()) >= datetime(2026, 11, 24, tzinfo=VIETNAM)
    assert table.num_rows == 360 * 6 + 3
    assert pq.read_table(tmp_path / "out" / "dossiers.parquet").num_rows == 361


def test_an_export_into_the_archive_itself_is_refused(tmp_path: Path):
    root = archive(tmp_path, a_log(1))

    assert asked("export", root, "--out", root / "log").exit_code == 2


# --- what goes wrong ------------------------------------------------------------------------------

COMMANDS = (("timeline", "x"), ("state",), ("completeness",), ("statistics",))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one[0])
def test_given_a_folder_that_is_no_archive_then_it_is_said_and_the_command_ends_with_1(
    tmp_path: Path, command: tuple[str, ...]
):
    found = asked(command[0], tmp_path, *command[1:])

    assert found.exit_code == 1
    assert "there is no archive.json in it" in found.stderr


@pytest.mark.parametrize("cut", [0, 30, 700])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one[0])
def test_given_a_broken_file_then_it_is_said_and_the_command_ends_with_4(
    tmp_path: Path, command: tuple[str, ...], cut: int
):
    root = archive(tmp_path, a_log(200))
    segment = listing(root).segments[0]
    path = root / segment.file
    assert segment.partition == 0
    content = bytearray(path.read_bytes())
    if cut == 700:
        content[cut:-8000] = b"\x00" * len(content[cut:-8000])
        path.write_bytes(content)
    else:
        path.write_bytes(content[: -cut or 0])

    of_it = next(n for n in range(9) if dossier_of(n)[0].int % 6 == 0)

    found = asked(command[0], root, *[dossier_of(of_it)[1] for _ in command[1:]])

    assert found.exit_code == 4, found.output
    assert found.stdout == ""


@pytest.mark.parametrize(
    "wrong",
    [
        ("state", "--as-of", "yesterday"),
        ("state", "--as-of", "2026-13-01"),
        ("statistics", "--by", "weather"),
        ("statistics", "--from", "2026-11-24", "--to", "2026-11-23"),
        ("completeness", "--from", "24/11/2026"),
    ],
    ids=lambda one: " ".join(one),
)
def test_a_wrong_argument_ends_the_command_with_2(tmp_path: Path, wrong: tuple[str, ...]):
    root = archive(tmp_path, a_log(1))

    assert asked(wrong[0], root, *wrong[1:]).exit_code == 2


def test_an_empty_archive_has_empty_answers(tmp_path: Path):
    root = archive(tmp_path, Log())

    assert document("state", root)["dossiers"] == []
    assert document("state", root)["as_of"] is None
    assert asked("completeness", root).exit_code == 0
    assert document("statistics", root)["parts"] == {}
    assert asked("export", root, "--out", tmp_path.parent / f"{tmp_path.name}-out").exit_code == 0
