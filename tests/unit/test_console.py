"""The operators' command line: what it prints, what it refuses, what it leaves alone."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import reference
from console.failing import Failed
from console.main import build
from console.move_commands import FILE
from reference.loading import DATA

RUN = CliRunner(env={"COLUMNS": "200"})
LETTER = "Công văn thử nghiệm"


def hotich(*arguments: str) -> Result:
    return RUN.invoke(build(), [*arguments], catch_exceptions=True)


def told(result: Result) -> str:
    """Return why a command failed, as `main` prints it."""
    assert isinstance(result.exception, Failed), result.exception
    return str(result.exception)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a copy of the reference data that a test may change."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_given_no_table_then_every_table_is_counted_by_confidence() -> None:
    result = hotich("reference", "show")

    assert result.exit_code == 0
    for name in ("procedures", "units", "moves", "calendar_days", "slip_forms"):
        assert name in result.output
    assert "found" in result.output


def test_given_a_day_then_the_rows_of_that_day_and_no_others() -> None:
    result = hotich("reference", "show", "provinces", "--on", "2021-11-15", "--json")

    rows = [json.loads(line) for line in result.output.splitlines()]
    assert len(rows) == 63
    assert all(r["valid_from"] <= "2021-11-15" <= (r["valid_to"] or "9999") for r in rows)
    assert {"Hà Giang", "Bình Dương"} <= {row["name"] for row in rows}


def test_given_a_key_then_the_rows_that_begin_so() -> None:
    result = hotich("reference", "show", "procedures", "--key", "1.000894", "--on", "2026-11-24")

    assert result.exit_code == 0
    assert "Đăng ký kết hôn" in result.output
    assert "1 rows of procedures on 2026-11-24" in result.output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("reference", "show", "nothing"), "no table 'nothing'; there are: act_reasons"),
        (("reference", "show", "units", "--on", "24/11/2026"), "cannot read the day"),
        (("reference", "show", "units", "--key", "x"), "nothing in units is valid"),
        (("reference", "check", "/nowhere"), "nowhere"),
        (("move", "show", "--on", "soon"), "cannot read the day"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(arguments: tuple[str, ...], reason: str) -> None:
    assert reason in told(hotich(*arguments))


def test_given_overlapping_rows_when_checked_then_both_are_named(data: Path) -> None:
    change(data / FILE, "79,dual,0,2021-10-12", "79,dual,0,2021-10-10")

    reason = told(hotich("reference", "check", str(data)))

    assert "moves.csv, rows 2 and 3" in reason
    assert "overlapping validity" in reason


def test_given_the_same_data_then_no_difference(data: Path) -> None:
    result = hotich("reference", "diff", str(data))

    assert (result.exit_code, result.output.strip()) == (0, "They say the same.")


def test_given_another_limit_then_the_row_and_what_it_alters_are_shown(data: Path) -> None:
    before = reference.load().procedure("1.004873", date(2026, 11, 24))
    assert before is not None
    assert (before.limit_value, before.published_value) == (3, None)
    row = next(
        line
        for line in (data / "procedures.csv").read_text(encoding="utf-8").splitlines()
        if line.startswith("1.004873") and ",2025-07-01," in line
    )
    change(data / "procedures.csv", row, row.replace(",3,working_day,", ",5,working_day,", 1))

    result = hotich("reference", "diff", str(DATA), str(data))

    assert result.exit_code == 3
    assert "limit_value: 3 -> 5" in result.output
    assert "1 rows differ" in result.output
    altered = [line for line in result.output.splitlines() if "due at 09:00" in line]
    assert len(altered) == 2
    assert any("2025-07-04" in line and "2025-07-08" in line for line in altered)


def test_given_the_2027_law_then_what_it_changes_for_each_submission(tmp_path: Path) -> None:
    file = tmp_path / "submissions.json"
    file.write_text(json.dumps([submission("A-1", "1.000894"), submission("A-2", "1.004873")]))

    result = hotich("reference", "whatif", str(file), "--on", "2027-03-01", "--today", "2026-11-23")

    assert result.exit_code == 0
    marriage = [line for line in result.output.splitlines() if "A-1" in line and "limit" in line]
    assert len(marriage) == 1
    assert "0 same_day" in marriage[0]
    assert "24 hour" in marriage[0]
    assert not [line for line in result.output.splitlines() if "A-2" in line and "limit" in line]
    assert "submissions would fare otherwise." in result.output


def test_given_a_document_that_is_no_submission_then_what_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text(json.dumps([{"procedure_code": "1.000894"}]))

    reason = told(hotich("reference", "whatif", str(file), "--on", "2027-03-01"))

    assert reason == (
        "broken.json, submission 1: province_code, unit_code, residence_unit_code missing"
    )


def test_given_the_letters_days_then_the_seven_are_under_way_with_the_days_left() -> None:
    result = hotich("move", "show", "--on", "2022-03-30")

    lines = [line for line in result.output.splitlines() if "dual" in line and "│" in line]
    assert len(lines) == 7
    assert all("2022-03-31" in line and " 1 " in line for line in lines)


def test_given_a_cut_over_then_a_rollback_then_both_are_rows_and_later_ones_stay(
    data: Path,
) -> None:
    cut = move(data, "74", "portal-only", "--from", "2021-12-01", "--grace-days", "5")
    back = move(data, "74", "dual", "--from", "2021-12-15")

    assert (cut.exit_code, back.exit_code) == (0, 0), (cut.exception, back.exception)
    known = reference.load_from(data)
    states = {
        day: getattr(known.move("74", date.fromisoformat(day)), "state", None)
        for day in ("2021-11-30", "2021-12-01", "2021-12-15", "2022-03-31", "2022-04-01")
    }
    assert [str(state) for state in states.values()] == [
        "dual",
        "portal-only",
        "dual",
        "dual",
        "portal-only",
    ]
    assert known.may_submit("moj-direct", "74", date(2021, 12, 3)) is not None
    assert known.may_submit("moj-direct", "74", date(2021, 12, 3), date(2021, 11, 30)) is None
    assert known.may_submit("moj-direct", "74", date(2021, 12, 15)) is None
    others = [line for line in lines_of(DATA) if not line.startswith("74,")]
    assert [line for line in lines_of(data) if not line.startswith("74,")] == others


def test_given_a_dry_run_then_the_rows_are_printed_and_nothing_is_written(data: Path) -> None:
    result = move(data, "74", "portal-only", "--from", "2021-12-01", "--dry-run")

    assert "2021-12-01 .. 2022-03-31  portal-only" in result.output
    assert "Nothing was written." in result.output
    assert lines_of(data) == lines_of(DATA)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("01", "dual", "--from", "2021-12-01"), "province 01 does not move"),
        (("74", "dual", "--from", "2010-01-01"), "2010-01-01 is before the first row of 74"),
        (("74", "legacy", "--from", "2021-12-01", "--grace-days", "5"), "days of grace"),
        (("74", "dual", "--from", "2021-12-01"), "74 is dual on 2021-12-01 already"),
        (("74", "legacy", "--from", "2022-05-01"), "when the direct form is closed"),
    ],
)
def test_given_a_state_that_cannot_be_then_nothing_is_written(
    data: Path, arguments: tuple[str, ...], reason: str
) -> None:
    assert reason in told(move(data, *arguments))
    assert lines_of(data) == lines_of(DATA)


def move(data: Path, *arguments: str) -> Result:
    more = ("--reason", "thử", "--source", LETTER, "--data", str(data))
    return hotich("move", "set", *arguments, *more)


def lines_of(folder: Path) -> list[str]:
    return (folder / FILE).read_text(encoding="utf-8").splitlines()


def submission(reference_: str, procedure: str) -> dict[str, Any]:
    unit = {"unit_code": "26737", "residence_unit_code": "26737", "province_code": "79"}
    return {"portal_reference": reference_, "procedure_code": procedure, **unit}
