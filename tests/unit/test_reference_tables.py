"""Every table of the reference data: what a broken file, a shared day or a lost row is told."""

import shutil
from pathlib import Path

import pytest

import reference
from reference import BadReferenceData
from reference.loading import DATA

TABLES = sorted(path.name for path in DATA.glob("*.csv"))
MOVE_79 = "79,legacy,0,2016-01-01,2021-10-11,"
REPEALED = "2.000986,linked_birth_insurance,"
ALL_SLIPS_04 = "apology,04,Văn bản"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def text_of(folder: Path, file: str) -> str:
    return (folder / file).read_text(encoding="utf-8")


def refusal(folder: Path) -> BadReferenceData:
    with pytest.raises(BadReferenceData) as caught:
        reference.load_from(folder)
    return caught.value


def test_there_are_fifteen_tables() -> None:
    assert len(TABLES) == 15


@pytest.mark.parametrize("file", TABLES)
def test_given_two_rows_of_a_key_that_share_a_day_then_both_are_named(
    folder: Path, file: str
) -> None:
    lines = text_of(folder, file).splitlines()
    (folder / file).write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")

    refused = refusal(folder)

    assert (refused.file, refused.lines) == (file, (2, len(lines) + 1))
    assert str(refused).startswith(f"{file}, rows 2 and {len(lines) + 1}: overlapping validity of ")


@pytest.mark.parametrize("file", TABLES)
@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"\xff\xfe\x00", "not UTF-8 at byte 0"),
        (b"one,two\n1,2\n", "the header lacks "),
    ],
)
def test_given_a_file_that_is_no_table_then_it_is_named_and_the_fact_told(
    folder: Path, file: str, content: bytes, fact: str
) -> None:
    (folder / file).write_bytes(content)

    assert str(refusal(folder)).startswith(f"{file}, row 1: {fact}")


@pytest.mark.parametrize("file", TABLES)
def test_given_a_header_and_no_row_then_it_is_refused(folder: Path, file: str) -> None:
    header = text_of(folder, file).splitlines()[0]
    (folder / file).write_text(header + "\n", encoding="utf-8")

    assert str(refusal(folder)) == f"{file}, row 1: there is no row below the header"


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        (",source,", ",sauce,", "the header lacks source; does not know sauce"),
        (",source,", ",", "the header lacks source"),
        (",source,", ",source,source,", "the header repeats source"),
    ],
)
def test_given_a_header_with_a_wrong_column_then_the_column_is_named(
    folder: Path, old: str, new: str, fact: str
) -> None:
    header, rest = text_of(folder, "moves.csv").split("\n", 1)
    (folder / "moves.csv").write_text(f"{header.replace(old, new)}\n{rest}", encoding="utf-8")

    assert str(refusal(folder)) == f"moves.csv, row 1: {fact}"


def test_given_the_mark_spreadsheets_write_then_the_file_is_read(folder: Path) -> None:
    path = folder / "moves.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert list(reference.load_from(folder).moves) == list(reference.load().moves)


def test_given_a_quote_that_does_not_end_then_the_row_is_named(folder: Path) -> None:
    text = text_of(folder, "redirections.csv")
    (folder / "redirections.csv").write_text(text.rstrip() + '\n"wrong', encoding="utf-8")

    assert str(refusal(folder)).startswith("redirections.csv, row 5: not CSV: ")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("procedures.csv", ",no,2.000528,", ",no,2.000529,", "unknown counterpart 2.000529 of"),
        ("procedures.csv", ",death_notice,", ",death_note,", "unknown paper death_note"),
        ("return_reasons.csv", "supplement_exhausted", "gone", "no open row supplement_exhausted"),
        ("act_reasons.csv", "forward,merger,", "forward,gone,", "no open row forward/merger"),
        ("time_limits.csv", "supplement,*", "supplement,1.001193", "no open row supplement/*"),
        ("working_hours.csv", "*,", "99,", "there is no open row *"),
        ("moves.csv", ",2022-03-31,the letter", ",2022-04-01,the letter", "row"),
        ("procedures.csv", ",no,2.000528,", ",no,1.000656,", "has the same foreign element"),
        ("procedures.csv", ",no,,3.000722,", ",no,,3.000723,", "unknown replacement 3.000723 of"),
        ("procedures.csv", ",none,free_on_time,found,", ",none,free_on_time,,", "a fee each need"),
        ("procedures.csv", ",none,free_on_time,", ",nobody,free_on_time,", "presence: Input"),
        ("procedures.csv", ",0,same_day,", ",1,same_day,", "and 0 when it is the same day"),
        ("time_limits.csv", "reception,3.000722,", "reception,3.000799,", "unknown procedure"),
        ("act_reasons.csv", "stop,legal", "halt,legal", "act: Input should be"),
        ("redirections.csv", "return,,", "return,province,", "a reach belongs to a dossier"),
        ("redirections.csv", "forward,province,2025-07-01", "forward,,2025-07-01", "a reach"),
        ("redirections.csv", "2025-07-01,2027", "2025-07-02,2027", "a gap before 2025-07-02"),
        ("redirections.csv", "return,,2016-01-01", "return,,2016-01-02", "nothing holds on 2016"),
        ("redirections.csv", "2027-03-01,,", "2027-03-01,2030-01-01,", "the last row has an end"),
        ("redirections.csv", "wrong_authority,return", "lost,return", "key: String should match"),
        ("moves.csv", MOVE_79, MOVE_79.replace("79", "78"), "unknown province 78 on 2016-01-01"),
        ("moves.csv", MOVE_79, MOVE_79.replace("-11", "-10"), "a gap before 2021-10-12 in the"),
        ("moves.csv", MOVE_79, MOVE_79.replace("legacy,0", "legacy,1"), "has days of grace"),
        ("moves.csv", "2022-04-01,2025-06-30", "2022-04-01,", "province 74 ends and its move"),
        ("channels.csv", "moj-direct,79,2016", "moj-direct,79,2015", "moves.csv has no move of 79"),
        ("channels.csv", "moj-direct,79", "moj-direct,*", "the direct form is of one province"),
        ("slip_forms.csv", ALL_SLIPS_04, "apology,05,Văn bản", "and stop both have number 05"),
        ("slip_forms.csv", "stop,05", "halt,05", "key: Input should be"),
        ("lawful_ways.csv", "direct,", "straight,", "there is no row direct"),
        ("units.csv", ",00691 00694 00700,", ",,", "024 ends without a successor"),
    ],
)
def test_given_rows_that_do_not_fit_one_another_then_file_and_row_are_named(
    folder: Path, file: str, old: str, new: str, message: str
) -> None:
    text = text_of(folder, file)
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    refused = refusal(folder)
    assert str(refused).startswith(f"{file}, row")
    assert message in str(refused)


def test_given_a_gap_in_a_move_then_both_rows_are_named(folder: Path) -> None:
    text = text_of(folder, "moves.csv").replace(MOVE_79, MOVE_79.replace("-11", "-10"))
    (folder / "moves.csv").write_text(text, encoding="utf-8")

    assert refusal(folder).lines == (2, 3)


def test_given_a_replacement_without_an_end_then_it_is_refused(folder: Path) -> None:
    text = text_of(folder, "procedures.csv")
    lines = [line for line in text.splitlines() if line.startswith(REPEALED)]
    open_ended = lines[0].replace("2024-06-30,danh", ",danh").replace(',2024-06-30,"', ',,"')
    assert open_ended != lines[0]
    (folder / "procedures.csv").write_text(text.replace(lines[0], open_ended), encoding="utf-8")

    assert "2.000986 is replaced and has no end" in str(refusal(folder))
