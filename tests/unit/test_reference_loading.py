"""Loading the reference data: once, quickly, and not at all if they contradict themselves."""

import shutil
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

import reference
from reference import BadReferenceData, Confidence
from reference.loading import DATA


def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def lines_of(folder: Path, file: str) -> list[str]:
    return (folder / file).read_text(encoding="utf-8").splitlines()


def with_line(folder: Path, file: str, number: int, line: str) -> None:
    lines = lines_of(folder, file)
    lines[number - 1 : number] = [line]
    (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_same_value_is_loaded_once_and_is_frozen() -> None:
    assert reference.load() is reference.load()
    with pytest.raises(FrozenInstanceError):
        reference.load().version = "other"  # type: ignore[misc]


def test_a_fresh_process_loads_everything_in_well_under_five_seconds() -> None:
    code = (
        "import time; started = time.process_time()\n"
        "import reference; reference.load(); print(time.process_time() - started)"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert float(ran.stdout) < 5


def test_given_a_folder_in_the_environment_then_that_data_is_loaded_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied(tmp_path)
    with_line(folder, "moves.csv", 2, lines_of(folder, "moves.csv")[1].replace("the l", "The l"))
    shipped = reference.load()

    monkeypatch.setenv("REFERENCE_DATA", str(folder))
    other = reference.load()

    assert other.version != shipped.version
    assert reference.load() is other
    monkeypatch.setenv("REFERENCE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(BadReferenceData, match="nowhere: there is no such folder"):
        reference.load()
    monkeypatch.delenv("REFERENCE_DATA")
    assert reference.load().version == shipped.version


def test_the_version_changes_with_a_byte_of_the_data(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    same = reference.load_from(folder).version
    file = folder / "return_reasons.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(";", ",", 1), encoding="utf-8")

    assert same == reference.load().version
    assert reference.load_from(folder).version != reference.load().version
    assert len(reference.load().version) == 12


def test_two_rows_that_share_a_day_are_refused_and_both_named(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    lines = lines_of(folder, "procedures.csv")
    with_line(folder, "procedures.csv", 3, lines[2].replace("2025-07-01", "2025-06-30"))

    with pytest.raises(BadReferenceData) as caught:
        reference.load_from(folder)

    assert str(caught.value) == (
        "procedures.csv, rows 2 and 3: overlapping validity of 1.001193 on 2025-06-30"
    )
    assert (caught.value.file, caught.value.lines) == ("procedures.csv", (2, 3))


def test_an_open_row_followed_by_another_of_its_key_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    lines = lines_of(folder, "channels.csv")
    (folder / "channels.csv").write_text("\n".join([*lines, lines[1]]), encoding="utf-8")

    with pytest.raises(BadReferenceData, match=r"channels.csv, rows 2 and 11: overlapping"):
        reference.load_from(folder)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("provinces.csv", ",H22,found,08,", ",H22,found,99,", "unknown successor 99 of 02"),
        ("provinces.csv", ",H22,found,08,", ",H22,found,10,", "successor 10 of 02 on 2025-07-01"),
        ("units.csv", "commune,79,760,26740,", "commune,79,760,26741,", "unknown successor 26741"),
        ("units.csv", "commune,79,760,26740,", "commune,79,999,26740,", "unknown district 999"),
        ("channels.csv", "2020-09-15,,", "2020-09-31,,", "row 2: valid_from: Input should be a"),
        ("channels.csv", "2020-09-15,,", "2020-09-15,2020-09-14,", "ends before it begins"),
        ("statuses.csv", "2 3 5 7", "2 3 5 11", "unknown next status 11"),
        ("procedures.csv", "0,same_day", ",same_day", "a limit needs both a value and a unit"),
        ("return_reasons.csv", "missing_paper,supplement", "missing_paper,perhaps", "kind: Input"),
        ("lawful_ways.csv", "online,", "on_line,", "there is no row online"),
        ("channels.csv", ",found", ",found,more", "7 cells where the header has 6"),
        ("channels.csv", ",found", "", "5 cells where the header has 6"),
    ],
)
def test_data_that_contradict_themselves_are_refused_with_file_and_row(
    tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    folder = copied(tmp_path)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(BadReferenceData) as caught:
        reference.load_from(folder)

    assert str(caught.value).startswith(f"{file}, row")
    assert message in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "channels.csv").unlink()

    with pytest.raises(BadReferenceData, match=r"channels.csv.*missing"):
        reference.load_from(folder)


def test_the_rows_of_every_table_are_counted_by_confidence() -> None:
    counted = reference.counts()

    assert set(counted) == {path.stem for path in DATA.glob("*.csv")}
    assert all(set(by) <= set(Confidence) for by in counted.values())
    for name, by_confidence in counted.items():
        lines = (DATA / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        assert sum(by_confidence.values()) == len(lines) - 1
    assert counted["redirections"] == {"found": 2, "low": 1}
    assert reference.counts(reference.load()) == counted


def test_all_rows_of_a_table_have_one_note_of_what_they_hold() -> None:
    notes = {id(unit.model_fields_set): unit.model_fields_set for unit in reference.load().units}

    assert list(notes.values()) == [reference.Unit.columns()]
