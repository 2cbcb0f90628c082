"""The move of the seven provinces to the portals: legacy, dual, portal-only, grace, rollback."""

import shutil
from datetime import date
from pathlib import Path

import pytest

import reference
from reference import Move, MoveState, Reference
from reference.loading import DATA

BEFORE_LETTER, LETTER = date(2021, 10, 11), date(2021, 10, 12)
LAST_DIRECT_DAY, FIRST_DAY_AFTER_DIRECT = date(2022, 3, 31), date(2022, 4, 1)
SEVEN = ("79", "74", "10", "02", "06", "83", "49")
PORTALS = ("national-portal", "provincial-portal")
REF = reference.load()
DIRECT_WAY = (
    "Nộp hồ sơ qua Phân hệ đăng ký hộ tịch trực tuyến của Bộ Tư pháp (hotichtructuyen.moj.gov.vn)."
)
#: Province 79 goes over on 1 December with three days of grace, back on the 20th, and again on
#: 1 February in two rows without grace.
CUT_OVER = """79,legacy,0,2016-01-01,2021-10-11,legacy,test,low
79,dual,0,2021-10-12,2021-11-30,dual,test,low
79,portal-only,3,2021-12-01,2021-12-19,over,test,low
79,dual,0,2021-12-20,2022-01-31,back: the portal lost dossiers,test,low
79,portal-only,2,2022-02-01,2022-02-01,over again,test,low
79,portal-only,2,2022-02-02,,still over,test,low
"""


@pytest.fixture
def moved(tmp_path: Path) -> Reference:
    folder = Path(shutil.copytree(DATA, tmp_path / "data"))
    lines = (folder / "moves.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    others = [line for line in lines if not line.startswith("79,")]
    (folder / "moves.csv").write_text("".join(others) + CUT_OVER, encoding="utf-8")
    return reference.load_from(folder)


def rule(
    law: Reference, channel: str, on: date, submitted_on: date | None = None, province: str = "79"
) -> str | None:
    refused = law.may_submit(channel, province, on, submitted_on)
    return refused.rule if refused else None


def state(found: Move | None) -> MoveState | None:
    return found.state if found else None


@pytest.mark.parametrize("province", SEVEN)
@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2016, 1, 1), MoveState.LEGACY),
        (BEFORE_LETTER, MoveState.LEGACY),
        (LETTER, MoveState.DUAL),
        (LAST_DIRECT_DAY, MoveState.DUAL),
        (FIRST_DAY_AFTER_DIRECT, MoveState.PORTAL_ONLY),
        (date(2025, 6, 30), MoveState.PORTAL_ONLY),
        (date(2015, 12, 31), None),
    ],
)
def test_given_a_province_of_the_letter_then_its_move_follows_the_letter(
    province: str, on: date, expected: MoveState | None
) -> None:
    assert state(REF.move(province, on)) is expected


def test_given_a_province_that_merged_then_its_move_ends_with_it() -> None:
    moves = {code: state(REF.move(code, date(2025, 7, 1))) for code in (*SEVEN, "15", "01")}

    assert moves.pop("79") is MoveState.PORTAL_ONLY
    assert set(moves.values()) == {None}


@pytest.mark.parametrize("channel", PORTALS)
@pytest.mark.parametrize("province", SEVEN)
def test_given_legacy_when_a_portal_submits_then_it_is_not_yet_open_and_the_direct_form_is_the_way(
    channel: str, province: str
) -> None:
    refused = REF.may_submit(channel, province, BEFORE_LETTER)

    assert refused is not None
    assert (refused.rule, refused.lawful_way_vi) == ("channel.not_yet_open", DIRECT_WAY)
    assert refused.source == "Công văn Cục CNTT, Bộ Tư pháp, 12/10/2021"
    assert rule(REF, channel, LETTER, province=province) is None
    assert rule(REF, channel, BEFORE_LETTER, province="01") is None


def test_given_legacy_before_there_were_portals_then_the_direct_form_is_the_way() -> None:
    refused = REF.may_submit("national-portal", "79", date(2018, 1, 2))

    assert refused is not None
    assert (refused.rule, refused.lawful_way_vi) == ("channel.not_yet_open", DIRECT_WAY)


def test_given_dual_then_both_ways_are_open_until_the_last_direct_day() -> None:
    channels = ("moj-direct", *PORTALS)

    assert [rule(REF, channel, LAST_DIRECT_DAY) for channel in channels] == [None] * 3
    assert rule(REF, "moj-direct", FIRST_DAY_AFTER_DIRECT) == "channel.closed"


@pytest.mark.parametrize(
    ("on", "submitted_on", "expected"),
    [
        (date(2021, 11, 30), date(2021, 11, 30), None),
        (date(2021, 12, 1), date(2021, 11, 30), None),
        (date(2021, 12, 3), date(2021, 11, 30), None),
        (date(2021, 12, 4), date(2021, 11, 30), "channel.closed"),
        (date(2021, 12, 1), date(2021, 12, 1), "channel.closed"),
        (date(2021, 12, 1), None, "channel.closed"),
        (date(2021, 12, 1), date(2021, 12, 20), "channel.closed"),
        (date(2021, 12, 20), None, None),
        (date(2022, 1, 31), date(2022, 1, 31), None),
        (date(2022, 2, 1), date(2022, 1, 31), None),
        (date(2022, 2, 2), date(2022, 1, 31), None),
        (date(2022, 2, 3), date(2022, 1, 31), "channel.closed"),
        (date(2022, 2, 2), date(2021, 12, 5), "channel.closed"),
        (date(2022, 2, 2), date(2022, 2, 1), "channel.closed"),
        (date(2022, 2, 2), date(2015, 1, 1), "channel.closed"),
    ],
)
def test_given_a_cut_over_when_a_direct_dossier_comes_late_then_grace_decides(
    moved: Reference, on: date, submitted_on: date | None, expected: str | None
) -> None:
    assert rule(moved, "moj-direct", on, submitted_on) == expected
    assert rule(moved, "national-portal", on, submitted_on) is None


def test_given_grace_beyond_the_end_of_the_direct_form_then_it_is_closed_all_the_same(
    tmp_path: Path,
) -> None:
    folder = Path(shutil.copytree(DATA, tmp_path / "data"))
    text = (folder / "moves.csv").read_text(encoding="utf-8")
    longer = text.replace("79,portal-only,0,", "79,portal-only,30,")
    (folder / "moves.csv").write_text(longer, encoding="utf-8")
    law = reference.load_from(folder)

    assert longer != text
    assert rule(law, "moj-direct", FIRST_DAY_AFTER_DIRECT, LAST_DIRECT_DAY) == "channel.closed"


def test_given_a_move_that_was_closed_then_the_refusal_names_the_row_of_the_move(
    moved: Reference,
) -> None:
    refused = moved.may_submit("moj-direct", "79", date(2021, 12, 10))

    assert refused is not None
    assert refused.source == "test"
    assert refused.lawful_way_vi.startswith("Nộp hồ sơ qua Cổng dịch vụ công quốc gia hoặc")
