"""Files of legacy dossiers: every cell looked at, every problem named by row and column."""

import io
import json
import zipfile
from datetime import date, datetime, timedelta

import pytest

from contracts.forms import LegacyForm
from contracts.model import VIETNAM
from intake.domain import dossier_id_of
from intake.importing import rows
from intake.importing.cells import Seed, instant_of, is_dossier_code, seed_of, ways_of
from intake.importing.checking import Entry, check_row, check_sheet
from intake.importing.reading import read_sheet
from intake.importing.row_problems import UnreadableFile
from intake.importing.rows import COLUMNS, REQUIRED, Row
from reference import load
from tests.unit.legacy_kit import A_FORM, IMPORT_DAY, a_csv, a_row, a_workbook, at_register, saved

LAW = load()


def problems(*given, now=IMPORT_DAY):
    """Return row, column and rule of every problem of a file of these rows."""
    checked = check_sheet(read_sheet(a_csv(*given)), now, LAW)
    return [(one.row, one.column, one.rule) for one in checked.problems]


def entry(row, number=2):
    found = check_row(
        Row(number, {name: text for name, text in row.items() if text}), IMPORT_DAY, LAW
    )
    assert isinstance(found, Entry), found
    return found


def unreadable(body):
    with pytest.raises(UnreadableFile) as raised:
        read_sheet(body)
    return [(one.row, one.column, one.rule) for one in raised.value.problems]


# --- files


@pytest.mark.parametrize(
    "body",
    [
        a_csv(a_row(), at_register("X-20211011-00001")),
        a_csv(a_row(), at_register("X-20211011-00001"), delimiter=";"),
        a_csv(a_row(), at_register("X-20211011-00001"), bom="\ufeff"),
        a_csv(a_row(), at_register("X-20211011-00001"), columns=COLUMNS[::-1]),
        saved(a_workbook(a_row(), at_register("X-20211011-00001"))),
    ],
    ids=["comma", "semicolon", "marked", "other order", "workbook"],
)
def test_given_the_same_rows_in_any_file_then_they_are_read_the_same(body):
    wanted = tuple(
        Row(number, {name: text for name, text in row.items() if text})
        for number, row in ((2, a_row()), (3, at_register("X-20211011-00001")))
    )

    assert read_sheet(body) == rows.Sheet(wanted)


def test_given_blank_lines_and_line_breaks_in_quotes_then_rows_keep_the_numbers_people_see():
    body = a_csv(a_row(form='{\n"kind":\n"birth"}'), {}, a_row("A-211011-0001"))

    assert [row.number for row in read_sheet(body + b"\n\n").rows] == [2, 4]


def test_given_days_and_numbers_in_cells_of_a_workbook_then_they_are_read_as_written():
    at = datetime(2021, 10, 11, 8, 30)  # noqa: DTZ001 - a spreadsheet knows no zone
    row = a_row(submitted_at=at, province_code=79, unit_code=26740)

    (read,) = read_sheet(saved(a_workbook(row))).rows

    assert read["submitted_at"] == "2021-10-11T08:30:00"
    assert (read["province_code"], read["unit_code"]) == ("79", "26740")
    assert entry(read.cells) == entry(a_row())


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", [(1, name, "header.missing") for name in REQUIRED]),
        (b"\xff\xfe", [(1, "", "file.not_utf8")]),
        (b"PK\x03\x04 and no more", [(1, "", "file.not_xlsx")]),
        (a_csv(columns=(*COLUMNS, "colour")), [(1, "15", "header.unknown")]),
        (a_csv(columns=(*COLUMNS, "email")), [(1, "email", "header.repeated")]),
        (a_csv(columns=COLUMNS[1:]), [(1, "legacy_code", "header.missing")]),
    ],
)
def test_given_a_file_that_cannot_be_read_then_it_says_why(body, found):
    assert unreadable(body) == found


def test_given_ten_thousand_rows_then_they_are_read_and_one_more_is_too_many():
    line = a_csv(a_row()).split(b"\r\n", 1)[1]
    head = a_csv()

    assert read_sheet(head + line * 10_000).count == 10_000
    assert unreadable(head + line * 10_001) == [(10_002, "", "file.too_many_rows")]


def test_given_broken_rows_then_each_is_named_and_the_others_are_read():
    body = a_csv(a_row(), a_row(full_name="=A1"), a_row("A-211011-0001"))
    body += b'one;cell\r\n"unclosed",x\r\n'

    sheet = read_sheet(body)

    assert [row.number for row in sheet.rows] == [2, 4]
    assert [(one.row, one.column, one.rule) for one in sheet.problems] == [
        (3, "full_name", "cell.formula"),
        (5, "", "row.cells"),
        (6, "", "row.cells"),
    ]
    assert sheet.count == 5


def test_given_an_unclosed_quote_then_the_row_is_broken():
    sheet = read_sheet(a_csv(a_row()) + b'"never closed')

    assert [(one.row, one.rule) for one in sheet.problems] == [(3, "row.broken")]


def test_given_formulas_and_odd_cells_and_merged_rows_in_a_workbook_then_they_are_broken():
    book = a_workbook(*(a_row(f"A-211011-000{n}") for n in range(1, 7)))
    sheet = book.active
    sheet["H2"] = "=1+1"
    sheet["I3"] = 1.5
    sheet["I4"] = True
    sheet.merge_cells("K5:L6")
    sheet["T7"] = "beside"

    read = read_sheet(saved(book))

    assert [(one.row, one.column, one.rule) for one in read.problems] == [
        (2, "full_name", "cell.formula"),
        (3, "personal_number", "cell.type"),
        (4, "personal_number", "cell.type"),
        (5, "", "row.merged"),
        (6, "", "row.merged"),
        (7, "", "row.cells"),
    ]
    assert read.rows == ()


def test_given_several_sheets_then_the_workbook_is_refused():
    book = a_workbook(a_row())
    book.create_sheet("more")

    assert unreadable(saved(book)) == [(1, "", "file.several_sheets")]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/worksheets/sheet1.xml", b"<worksheet"),
        (
            "xl/worksheets/sheet1.xml",
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY %c "%s">' % (n, b"&%c;" % (n - 1) * 10) for n in range(98, 107))
            + b"]><worksheet>&j;</worksheet>",
        ),
    ],
    ids=["no workbook", "cut", "entities"],
)
def test_given_a_broken_part_of_a_workbook_then_it_is_refused(part, text):
    source, body = zipfile.ZipFile(io.BytesIO(saved(a_workbook(a_row())))), io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name in source.namelist():
            archive.writestr(name, text if name == part else source.read(name))

    assert unreadable(body.getvalue())[0][2] in ("file.not_xlsx", "header.missing")


def test_given_a_cell_far_below_then_the_workbook_is_refused_and_not_passed_over():
    book = a_workbook(a_row())
    book.active["A20001"] = "hidden"

    assert unreadable(saved(book)) == [(20_001, "", "file.too_many_rows")]


# --- cells


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2021-10-11 08:30", datetime(2021, 10, 11, 8, 30, tzinfo=VIETNAM)),
        ("2021-10-11T08:30:15", datetime(2021, 10, 11, 8, 30, 15, tzinfo=VIETNAM)),
        ("2021-10-11T01:30:00Z", datetime(2021, 10, 11, 8, 30, tzinfo=VIETNAM)),
        ("11/10/2021 08:30", datetime(2021, 10, 11, 8, 30, tzinfo=VIETNAM)),
        ("11/10/2021 08:30:15", datetime(2021, 10, 11, 8, 30, 15, tzinfo=VIETNAM)),
        ("2021-10-11", None),
        ("11/10/2021", None),
        ("31/02/2021 08:30", None),
        ("2021-13-11 08:30", None),
        ("44480.35", None),
        ("", None),
    ],
)
def test_given_a_cell_then_its_instant_is_read_or_nothing(text, instant):
    assert instant_of(text) == instant


@pytest.mark.parametrize(
    ("code", "seed"),
    [
        ("H29.26740-211011-0007", Seed("26740", date(2021, 10, 11), 7)),
        ("H29.26740-211011-12345", Seed("26740", date(2021, 10, 11), 12345)),
        ("H29.26740-211311-0007", None),
        ("H29.26740-20211011-0007", None),
        ("000.00.34.H29-211012-0001", None),
    ],
)
def test_given_a_code_of_our_shape_then_its_counter_is_known(code, seed):
    assert seed_of(code) == seed


def test_given_ways_of_being_told_then_any_sign_keeps_them_apart():
    assert ways_of("sms, email;x") == ["sms", "email", "x"]
    assert ways_of(None) == []


def test_given_the_forms_of_codes_then_those_in_use_are_known():
    assert is_dossier_code("000.00.34.H29-211012-0001")
    assert is_dossier_code("G09.20-20210609-0092637")
    assert not is_dossier_code("H29.26740-211011-1")


# --- rows


def test_given_a_waiting_row_then_it_is_the_submission_it_says():
    found = entry(a_row())

    assert (found.code, found.stage, found.received_at) == (
        "H29.26740-211011-0001",
        "waiting",
        None,
    )
    assert found.dossier_id == dossier_id_of("moj-direct", "H29.26740-211011-0001")
    assert found.submission.submitted_at == datetime(2021, 10, 11, 8, 30, tzinfo=VIETNAM)
    assert found.submission.form.kind == "birth"
    assert found.submission.notify_by == ("sms",)


def test_given_a_row_at_the_register_then_its_form_is_there():
    found = entry(at_register())

    assert found.stage == "at_register"
    assert found.received_at == datetime(2021, 10, 12, 9, tzinfo=VIETNAM)
    assert found.submission.form == LegacyForm(kind="legacy", register_holds_form=True)


def test_given_the_same_said_in_other_words_then_the_fingerprint_is_the_same():
    other = a_row(submitted_at="2021-10-11T01:30:00Z", form=json.dumps(A_FORM, indent=2))

    assert entry(other, 9).fingerprint == entry(a_row()).fingerprint
    assert entry(at_register()).fingerprint != entry(a_row()).fingerprint


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"legacy_code": ""}, [("legacy_code", "missing")]),
        ({"legacy_code": "H29"}, [("legacy_code", "legacy_code.shape")]),
        ({"legacy_code": "H29.26740-211116-0001"}, [("legacy_code", "legacy_code.no_room")]),
        ({"legacy_code": "H29.26740-211011-1000000"}, [("legacy_code", "legacy_code.no_room")]),
        ({"full_name": ""}, [("full_name", "missing")]),
        ({"personal_number": "196112648"}, [("personal_number", "string_pattern_mismatch")]),
        ({"phone": "0900000123"}, [("phone", "string_pattern_mismatch")]),
        ({"phone": ""}, [("phone", "contact.missing")]),
        ({"notify_by": "pigeon"}, [("notify_by", "literal_error")]),
        ({"submitted_at": ""}, [("submitted_at", "missing")]),
        ({"submitted_at": "yesterday"}, [("submitted_at", "time.unreadable")]),
        ({"submitted_at": "2021-11-15 10:06"}, [("submitted_at", "submitted_at.future")]),
        ({"stage": ""}, [("stage", "missing")]),
        ({"stage": "done"}, [("stage", "stage.unknown")]),
        ({"received_at": "2021-10-12 09:00"}, [("received_at", "received_at.waiting")]),
        ({"form": ""}, [("form", "form.missing")]),
        ({"form": "{"}, [("form", "form.not_json")]),
        (
            {"form": json.dumps(A_FORM | {"child": {}})},
            [(f"form.child.{name}", "missing") for name in ("full_name", "sex", "born_on")],
        ),
        ({"procedure_code": "9.999999"}, [("procedure_code", "procedure.unknown")]),
        ({"procedure_code": "1.000656"}, [("form.kind", "form.other_procedure")]),
        ({"unit_code": "99999"}, [("unit_code", "unit.unknown")]),
        ({"unit_code": "25747"}, [("unit_code", "unit.other_province")]),
        ({"residence_unit_code": "99999"}, [("residence_unit_code", "unit.unknown")]),
        ({"province_code": "1"}, [("province_code", "string_pattern_mismatch")]),
        (
            {"form": '{"kind": "legacy", "register_holds_form": true}'},
            [("form.kind", "form.not_for_portals")],
        ),
    ],
)
def test_given_a_bad_waiting_row_then_the_column_and_the_rule_are_named(changes, found):
    said = [(column, rule) for _, column, rule in problems(a_row(**changes))]

    assert said[: len(found)] == found


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"received_at": ""}, [("received_at", "received_at.missing")]),
        (
            {"received_at": "2021-10-11 08:29"},
            [("received_at", "received_at.before_submission")],
        ),
        ({"received_at": "2021-11-15 10:06"}, [("received_at", "received_at.future")]),
        ({"form": "{}"}, [("form", "form.at_register")]),
        ({"full_name": ""}, [("full_name", "missing")]),
    ],
)
def test_given_a_bad_row_at_the_register_then_the_column_and_the_rule_are_named(changes, found):
    said = [(column, rule) for _, column, rule in problems(at_register(**changes))]

    assert said == found


def test_given_a_procedure_without_a_form_then_the_register_may_have_it_but_nobody_waits_with_it():
    code = next(
        row.code for row in LAW.procedures if row.form is None and row.is_valid(date(2021, 10, 11))
    )

    assert problems(at_register(procedure_code=code)) == []
    assert ("procedure_code", "procedure.no_form") in [
        one[1:] for one in problems(a_row(procedure_code=code))
    ]


@pytest.mark.parametrize(
    ("submitted_at", "rules"),
    [("2022-03-31 23:59", []), ("2022-04-01 00:00", ["channel.closed"])],
)
def test_given_the_last_day_of_the_old_road_then_it_is_in_and_the_next_is_not(submitted_at, rules):
    now = datetime(2022, 5, 1, tzinfo=VIETNAM)

    said = problems(a_row(submitted_at=submitted_at), now=now)

    assert [rule for _, _, rule in said] == rules


def test_given_a_province_of_no_letter_then_nothing_of_it_is_imported():
    unit = next(
        row.code
        for row in LAW.units
        if row.province_code == "02" and len(row.code) == 5 and row.is_valid(date(2021, 10, 11))
    )
    of_letter = at_register(province_code="02", unit_code=unit, residence_unit_code=unit)

    assert problems(of_letter) == []
    assert problems(at_register(province_code="01")) == [
        (2, "province_code", "province.not_moving"),
        (2, "unit_code", "unit.other_province"),
    ]


def test_given_a_code_that_is_another_place_now_then_the_day_of_the_row_decides():
    lai_uyen = {"unit_code": "25822", "residence_unit_code": "25822"}
    now = datetime(2026, 11, 24, tzinfo=VIETNAM)

    assert problems(at_register(province_code="74", **lai_uyen), now=now) == []
    assert problems(at_register(province_code="79", **lai_uyen), now=now) == [
        (2, "unit_code", "unit.other_province")
    ]


def test_given_the_import_on_another_day_then_the_days_of_the_rows_decide():
    for now in (IMPORT_DAY, IMPORT_DAY + timedelta(days=4000)):
        assert problems(a_row(), at_register("A-211011-0001"), now=now) == []


def test_given_codes_twice_in_a_file_then_each_of_their_rows_is_bad():
    said = problems(a_row(), at_register("A-211011-0001"), a_row(), a_row(full_name=""))

    assert said == [
        (2, "legacy_code", "legacy_code.repeated"),
        (4, "legacy_code", "legacy_code.repeated"),
        (5, "full_name", "missing"),
        (5, "legacy_code", "legacy_code.repeated"),
    ]


def test_given_a_row_wrong_in_many_ways_then_all_are_told_and_nothing_personal():
    row = a_row(phone="0900000999", unit_code="99999", personal_number="012345678", stage="x")

    checked = check_sheet(read_sheet(a_csv(row)), IMPORT_DAY, LAW)

    assert {one.column for one in checked.problems} >= {
        "phone",
        "unit_code",
        "personal_number",
        "stage",
    }
    text = str(checked.problems)
    assert [cell for cell in ("0900000999", "012345678", "Nghiệm") if cell in text] == []
