"""Which channel may submit for which province on which day, and what is said if it may not."""

from datetime import date

import pytest

import reference
from reference import ChannelRefusal

LETTER = date(2021, 10, 12)
LAST_DIRECT_DAY, FIRST_DAY_AFTER_DIRECT = date(2022, 3, 31), date(2022, 4, 1)
LAST_DISTRICT_DAY, FIRST_TWO_TIER_DAY = date(2025, 6, 30), date(2025, 7, 1)
TODAY = date(2026, 11, 24)
SEVEN = ("79", "74", "10", "02", "06", "83", "49")
REF = reference.load()


@pytest.mark.parametrize("province", SEVEN)
def test_the_direct_form_is_open_to_the_seven_until_the_end_of_the_first_quarter(
    province: str,
) -> None:
    after = REF.may_submit("moj-direct", province, FIRST_DAY_AFTER_DIRECT)

    assert REF.may_submit("moj-direct", province, LAST_DIRECT_DAY) is None
    assert after == ChannelRefusal(
        rule="channel.closed",
        lawful_way_vi="Nộp hồ sơ qua Cổng dịch vụ công quốc gia hoặc Cổng dịch vụ công cấp tỉnh.",
        lawful_way_en="Submit through the National Public Service Portal"
        " or the provincial public service portal.",
        source="Công văn Cục CNTT, Bộ Tư pháp, 12/10/2021",
    )


def test_a_provincial_portal_is_open_until_the_last_district_day() -> None:
    after = REF.may_submit("provincial-portal", "79", FIRST_TWO_TIER_DAY)

    assert REF.may_submit("provincial-portal", "79", LAST_DISTRICT_DAY) is None
    assert after is not None
    assert after.rule == "channel.closed"
    assert after.lawful_way_vi == "Nộp hồ sơ qua Cổng dịch vụ công quốc gia (dichvucong.gov.vn)."
    assert "623/TTg-KSTT" in after.source


@pytest.mark.parametrize(
    ("channel", "province", "on", "rule"),
    [
        ("national-portal", "79", TODAY, None),
        ("national-portal", "01", date(2020, 9, 15), None),
        ("national-portal", "01", date(2020, 9, 14), "channel.not_yet_open"),
        ("moj-direct", "79", date(2015, 12, 31), "channel.not_yet_open"),
        ("moj-direct", "01", LETTER, "channel.province"),
        ("moj-direct", "15", TODAY, "channel.closed"),
        ("fax", "79", TODAY, "channel.unknown"),
    ],
)
def test_a_channel_is_refused_by_the_rule_it_breaks(
    channel: str, province: str, on: date, rule: str | None
) -> None:
    refusal = REF.may_submit(channel, province, on)

    assert (refusal and refusal.rule) == rule
    assert refusal is None or (refusal.lawful_way_vi and refusal.lawful_way_en and refusal.source)
