"""A replay: nothing differs under the same rules, and under others what they say and no more."""

import csv
import io
import json
import random
import re
import shutil
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import reference
from audit.questions.saying import Saying
from audit.replay_commands import add_to
from audit.replaying.replay import replay
from audit.replaying.results import Asked, Replay
from audit.replaying.rules import rules_of
from audit.replaying.shelf import Shelf
from audit.replaying.showing import changes_of, csv_of, document_of
from audit.report.decided import in_words
from audit.report.replay_text import text_of
from audit.report.replayed import example
from contracts.events import Accepted, RegisterReturned
from pages.words import LANGUAGES
from reference import Reference
from reference.law_of_day import law_of
from reference.loading import DATA, load_from
from reference.tables import Table
from routing.domain import (
    Accept,
    Apologise,
    Expire,
    Forward,
    GiveBack,
    Resume,
    Stop,
    Verify,
    Withdraw,
)
from routing.what_if.retelling import enveloped
from tests.conftest import ROOT
from tests.unit.archive_kit import Log
from tests.unit.replay_kit import BIRTH, CERTIFICATE, KNOWN, UNITS, Life, at, entered, kept, many
from tests.unit.routing_kit import more_papers, wants_back

OFFICER = "officer-1"
LAW_OF_2027 = law_of(KNOWN, date(2027, 3, 1))
THURSDAY = at("2026-10-15 09:00:11")


def app() -> typer.Typer:
    made = typer.Typer()
    made.callback()(lambda: None)
    add_to(made)
    return made


def command(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app(), ["replay", *words])
    return result.exit_code, result.output


def every_kind_of_life(log: Log) -> None:
    lives = iter(range(1000))

    def life(**how: bool) -> Life:
        return Life(log, next(lives), THURSDAY, **how)

    def certificate(**how: bool) -> Life:
        made = life(machine=False).submit(procedure_code=CERTIFICATE, attachments=())
        return made.later(hours=1).does(Accept(OFFICER))

    entered(life().submit())
    life(machine=False).submit()
    entered(life(machine=False).submit().later(hours=3).does(Accept(OFFICER)))
    asked = life().submit(attachments=()).later(days=1)
    asked.hear(more_papers("2026-10-16 10:00", "birth_notification", came_at=asked.now))
    life().submit(attachments=()).later(days=30).does(Expire())
    stopped = life(machine=False).submit().later(hours=1).does(Stop(OFFICER, "legal_obstacle"))
    stopped.later(days=3).does(Resume(OFFICER)).later(hours=1).does(Accept(OFFICER))
    certificate().later(hours=2).does(Stop(OFFICER, "legal_obstacle")).later(days=2).does(
        Resume(OFFICER)
    )
    certificate().does(Apologise(OFFICER, "system_outage", date(2026, 10, 26)))
    certificate().does(Verify(OFFICER, "verify_information")).later(hours=1)
    certificate().later(hours=2).hear(wants_back("2026-10-15 12:00"))
    life(machine=False).submit().later(hours=1).does(Withdraw(OFFICER))
    life(machine=False).submit().does(Forward(OFFICER, UNITS[1], "applicant_moved"))
    life(machine=False).submit().does(GiveBack(OFFICER, "refused", ("conditions_not_met",)))
    life().submit(unit_code=UNITS[0], residence_unit_code=UNITS[3])
    back = certificate().later(hours=4)
    said = RegisterReturned(kind="supplement", reasons=("register_needs_supplement",), round=1)
    back.told(enveloped(back.dossier_id, back.code, said, back.now))
    back.later(days=1).hear(more_papers("2026-10-16 16:00", came_at=back.now)).later(hours=1)
    back.does(Accept(OFFICER))


def with_other_sources(table: str = "time_limits") -> Reference:
    """Return the data with limits, or rows of another table, that another law sets."""
    kept = getattr(KNOWN, table)
    rows = defaultdict(list)
    for key, row in kept.keyed():
        rows[key].append((0, row.model_copy(update={"source": "another law"})))
    others = Table(kept.file, {key: tuple(its) for key, its in rows.items()})
    return replace(KNOWN, **{table: others})


def again(root: Path, **changes: object) -> Replay:
    return replay(root, KNOWN, **({"asked": KNOWN, "which": Asked()} | changes))  # type: ignore[arg-type]


def test_under_the_same_rules_nothing_differs_in_any_kind_of_life(tmp_path):
    log = Log()
    every_kind_of_life(log)

    found = again(kept(tmp_path, log))

    assert found.differences == []
    assert (found.dossiers, found.dossiers_differing) == (15, 0)
    assert set(found.judged) == {
        *("channel", "procedure", "place", "authority", "reception_due", "reception"),
        *("appointment", "supplement_due", "act"),
    }


def test_a_dossier_received_on_another_days_law_has_that_laws_appointment(tmp_path):
    log = Log()
    entered(Life(log, 0, THURSDAY).submit())

    found = again(kept(tmp_path, log), asked=LAW_OF_2027)

    (due,) = [one.judged for one in found.differences if one.judged.kind == "appointment"]
    assert due.said.startswith("2026-10-15 17:00:00 (0 same_day)")
    assert due.found.startswith("2026-10-16 09:00:12 (24 hour)")
    assert "Luật Hộ tịch (sửa đổi) 2026" in due.found_source
    assert set(due.differs) >= {"due", "limit", "source", "reasons"}


def test_a_law_without_the_channel_or_the_procedure_says_so(tmp_path):
    log = Log()
    entered(Life(log, 0, THURSDAY).submit())

    found = again(kept(tmp_path, log), asked=law_of(KNOWN, date(2020, 1, 1)))

    (channel,) = [one.judged for one in found.differences if one.judged.kind == "channel"]
    assert (channel.said, channel.found) == ("taken", "channel.not_yet_open")
    assert channel.found_source == "NĐ 87/2020/NĐ-CP, Điều 12"


def test_what_is_judged_by_another_like_it_is_judged_as_by_itself(tmp_path):
    log = Log()
    choose = random.Random(7).randrange
    assert len(list(many(log, 260, choose))) == 260
    root = kept(tmp_path, log)

    for day in (None, date(2021, 12, 1), date(2019, 5, 1), date(2027, 3, 1)):
        asked = KNOWN if day is None else law_of(KNOWN, day)
        by_others = again(root, asked=asked, which=Asked(limit=0))
        by_itself = again(root, asked=asked, which=Asked(limit=10**6))
        assert by_others.judged == by_itself.judged
        assert by_others.differing == by_itself.differing
        assert (day is None) is (not by_itself.differing)


@pytest.mark.parametrize("procedure_code", [BIRTH, "1.000894", "3.000722"])
def test_what_is_due_by_the_clock_may_lie_on_either_side_of_an_hour(tmp_path, procedure_code):
    log = Log()
    # Offices are closed all day, so nothing but the hour itself tells the two apart.
    for number, hour in enumerate((16, 18, 17)):
        life = Life(log, number, at(f"2026-11-29 {hour}:00:11"))
        life.submit(procedure_code=procedure_code)
    root = kept(tmp_path, log)

    by_others = again(root, asked=LAW_OF_2027, which=Asked(limit=0))
    by_itself = again(root, asked=LAW_OF_2027, which=Asked(limit=10))

    assert by_others.differing == by_itself.differing


def test_what_differs_only_in_the_end_has_its_dossiers_code_too(tmp_path):
    log = Log()
    waiting = Life(log, 0, THURSDAY, machine=False).submit()
    received = entered(Life(log, 1, THURSDAY).submit())
    root = kept(tmp_path, log)

    found = again(root, asked=with_other_sources())

    assert {one.code for one in found.differences} == {waiting.code, received.code}
    kinds = {one.judged.kind for one in found.differences if one.code == waiting.code}
    assert kinds == {"reception_due"}


def test_the_same_on_other_grounds_is_counted_apart_and_shown_with_its_source_and_steps(tmp_path):
    log = Log()
    entered(Life(log, 0, THURSDAY).submit())
    root = kept(tmp_path, log)

    found = again(root, asked=with_other_sources())

    assert (found.dossiers_differing, found.dossiers_changed) == (1, 0)
    assert found.dossiers_on_other_grounds == 1
    text = text_of(found, rules_of(None), Saying("vi"))
    assert "Trong 1 hồ sơ: 0 hồ sơ khác kết quả, 1 hồ sơ chỉ khác căn cứ" in text
    assert "17:00:00 15/10/2026 (ngay trong ngày làm việc) [another law]" in text
    assert "(căn cứ: another law)" in text
    document = document_of(found, rules_of(None))
    assert (document["dossiers_changed"], document["dossiers_on_other_grounds"]) == (0, 1)
    due = next(one for one in document["differences"] if one["kind"] == "appointment")
    assert due["changes"] == "grounds"
    assert any("another law" in step["source"] for step in due["found_steps"])
    rows = list(csv.DictReader(io.StringIO(csv_of(found))))
    assert all("another law)" in one["found_steps"] for one in rows)
    assert not any("another law" in one["said_steps"] for one in rows)
    assert changes_of(found, "appointment") == (0, 1)


def test_no_two_cells_of_a_difference_are_the_same(tmp_path):
    log = Log()
    every_kind_of_life(log)
    root = kept(tmp_path, log)
    days = [date(2019, 5, 1), date(2021, 12, 1), date(2025, 8, 1), date(2027, 3, 1)]
    asked = [
        *(law_of(KNOWN, day) for day in days),
        *map(with_other_sources, ("time_limits", "working_hours")),
    ]

    rows = [
        example(Saying(language), one)
        for data in asked
        for one in again(root, asked=data).differences
        for language in LANGUAGES
        if one.judged.differs != ("not_judged",)
    ]

    assert len(rows) > 100
    assert [row for row in rows if row[3] == row[4]] == []


@pytest.mark.parametrize(
    ("said", "vi"),
    [
        ("taken", "được nhận"),
        ("channel.not_yet_open; procedure.unknown", "không nhận: kênh chưa mở; không nhận: thủ"),
        ("given back: not competent", "trả lại: không đúng thẩm quyền"),
        ("sent on to 26737", "chuyển đến Phường Tân Định (26737)"),
        ("accepted", "tiếp nhận"),
        ("supplement missing_paper birth_notification", "Yêu cầu bổ sung: Hồ sơ còn thiếu giấy tờ"),
        ("forwarded stopped", "Chuyển cơ quan khác giải quyết, Dừng giải quyết"),
        ("none", "không có hạn"),
        ("Đơn vị đang giữ hồ sơ vẫn còn.", "Đơn vị đang giữ hồ sơ vẫn còn."),
        ("", "–"),
    ],
)
def test_what_was_decided_is_told_in_words(said, vi):
    assert in_words(Saying("vi"), said).startswith(vi)


def test_every_rule_a_submission_may_break_has_words():
    sources = [ROOT / "services/intake/intake/checks.py", ROOT / "shared/reference/channels.py"]
    text = "".join(file.read_text("utf-8") for file in sources)
    rules = set(re.findall(r'"((?:channel|procedure|unit)\.[a-z_]+|province\.unknown)"', text))

    assert len(rules) == 9
    for rule in rules:
        assert in_words(Saying("vi"), rule).startswith("không nhận: ")


def test_a_replay_is_told_in_either_language(tmp_path):
    log = Log()
    life = entered(Life(log, 0, THURSDAY).submit())
    root = str(kept(tmp_path, log))

    code, text = command(root, "--rules", "2027-03-01")
    assert code == 0
    assert f"{life.code} Ngày hẹn trả kết quả (" in text
    assert "Quy định được hỏi: pháp luật của ngày 01/03/2027" in text
    assert "Trong 1 hồ sơ: 1 hồ sơ khác kết quả, 0 hồ sơ chỉ khác căn cứ" in text
    code, text = command(root, "--rules", "2027-03-01", "--language", "en")
    assert code == 0
    assert f"{life.code} Appointment (" in text
    assert "Of 1 dossiers 1 would have another result, 0 other grounds or steps alone." in text
    assert "the law of each dossier's own day" in command(root, "--language", "en")[1]


def test_a_due_moment_no_rule_gives_is_told_with_both(tmp_path):
    log = Log()
    life = Life(log, 0, THURSDAY, machine=False).submit().later(hours=1)
    decided = Life(Log(), 0, life.now, machine=False).submit(submitted_at=THURSDAY)
    due = decided.does(Accept(OFFICER)).case.appointment
    assert due is not None
    later = due.model_copy(update={"due_at": due.due_at + timedelta(days=1)})
    accepted = Accepted(
        unit_code=life.case.unit_code,
        procedure_code=BIRTH,
        actor=OFFICER,
        reference_version=KNOWN.version,
        due=later,
        received_at=life.now,
        province_code="79",
    )
    from contracts.envelope import Cause

    log.say(life.dossier_id, life.code, accepted, Cause("command:1", "0" * 64), life.now)

    root = kept(tmp_path, log)
    (difference,) = again(root).differences

    assert (difference.code, difference.judged.kind) == (life.code, "appointment")
    assert difference.judged.said.startswith("2026-10-16 17:00:00")
    assert difference.judged.found.startswith("2026-10-15 17:00:00")
    assert command(str(root), "--check")[0] == 8
    assert command(str(root))[0] == 0


def test_other_data_are_a_folder_and_only_what_they_change_differs(tmp_path):
    log = Log()
    before = Life(log, 0, at("2026-10-15 14:59:00")).submit()
    after = Life(log, 1, at("2026-10-15 15:30:00")).submit()
    root = kept(tmp_path / "archive", log)
    data = tmp_path / "data"
    shutil.copytree(DATA, data)
    limits = (data / "time_limits.csv").read_text(encoding="utf-8")
    (data / "time_limits.csv").write_text(limits.replace("15:00", "16:00"), encoding="utf-8")

    found = again(root, asked=load_from(data))

    assert found.differing == Counter({("appointment", "due promises reasons"): 1})
    assert {one.code for one in found.differences} == {after.code} != {before.code}
    code, text = command(str(root), "--rules", str(data), "--format", "json")
    document = json.loads(text)
    assert (code, document["dossiers_differing"]) == (0, 1)
    assert command(str(root), "--rules", str(data), "--format", "json") == (code, text)


def test_a_record_twice_counts_once_and_a_dossier_never_submitted_is_told(tmp_path):
    log = Log()
    life = Life(log, 0, THURSDAY).submit()
    for record in list(log.records):
        log.put(record.topic, record.key, record.value, record.at + timedelta(minutes=1))
    orphan = Life(Log(), 1, THURSDAY).submit()
    record = next(one for one in orphan.log.records if "routing" in one.topic)
    log.put(record.topic, record.key, record.value, record.at)

    found = again(kept(tmp_path, log))

    assert (found.dossiers, found.copies, found.never_submitted) == (1, 3, 1)
    assert not found.differences, life.code


def test_with_little_memory_the_same_comes_out(tmp_path):
    log = Log()
    every_kind_of_life(log)
    choose = random.Random(3).randrange
    assert list(many(log, 0, choose)) == []
    root = kept(tmp_path, log)

    assert again(root, asked=LAW_OF_2027, most=2) == again(root, asked=LAW_OF_2027)


def test_a_shelf_gives_back_what_was_put_away(monkeypatch):
    shelf = Shelf(most=4)
    for number in range(50):
        shelf.put(str(number), [number])

    assert len(shelf.near) <= 5
    assert [shelf.get(str(number)) for number in range(50)] == [[n] for n in range(50)]
    assert shelf.get("never") is None
    assert sorted(int(key) for key, _ in shelf.values()) == list(range(50))
    shelf.close()


@pytest.mark.parametrize(
    ("which", "count"),
    [
        (Asked(first=date(2026, 10, 16)), 1),
        (Asked(last=date(2026, 10, 15)), 1),
        (Asked(unit_code=UNITS[5]), 1),
        (Asked(first=date(2026, 10, 15), last=date(2026, 10, 16)), 2),
        (Asked(unit_code="00000"), 0),
    ],
)
def test_only_the_dossiers_asked_for_are_judged(tmp_path, which, count):
    log = Log()
    Life(log, 0, THURSDAY).submit()
    later = Life(log, 1, THURSDAY + timedelta(days=1))
    later.submit(unit_code=UNITS[5], residence_unit_code=UNITS[5])

    found = again(kept(tmp_path, log), which=which)

    assert found.dossiers == found.judged["channel"] == count


def test_records_that_are_no_events_of_ours_change_nothing(tmp_path):
    log = Log()
    life = Life(log, 0, THURSDAY).submit()
    strange = (log.records[-1].value or b"").replace(b'"unit_code":"', b'"unit_kode":"')
    forged = strange.replace(b'"sequence":2', b'"sequence":3')
    log.put("dossier.routing.v1", str(life.dossier_id).encode(), forged, THURSDAY)
    log.put("dossier.routing.v1", b"x", b"no event", THURSDAY, partition=0)

    assert again(kept(tmp_path, log)).differences == []


def test_what_cannot_be_replayed_is_said_in_words(tmp_path):
    assert command(str(tmp_path))[0] == 1
    root = kept(tmp_path / "a", Log())
    assert command(str(root), "--rules", "nowhere")[0] == 2
    assert command(str(root), "--rules", str(tmp_path))[0] == 2
    assert command(str(root), "--from", "yesterday")[0] == 2
    assert command(str(root), "--unit", "00000")[0] == 2
    assert command(str(root), "--check")[0] == 0


def test_the_law_of_a_day_leaves_places_and_calendars():
    law = law_of(KNOWN, date(2020, 1, 1))
    day = date(2026, 11, 24)

    assert law.procedure(BIRTH, day) == KNOWN.procedure(BIRTH, date(2020, 1, 1))
    assert law.unit(UNITS[0], day) == KNOWN.unit(UNITS[0], day)
    assert law.calendar("79") is KNOWN.calendar("79")
    assert reference.reception_limit(law, BIRTH, day) == reference.reception_limit(
        KNOWN, BIRTH, date(2020, 1, 1)
    )
