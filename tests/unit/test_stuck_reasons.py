"""What people write about stuck things: nothing personal goes in, and it is shown as it is."""

import io
from typing import Any

import pytest
from pydantic import ValidationError
from rich.console import Console

from console import stuck_shown
from plumbing.stuck.lane_views import LaneAct
from plumbing.stuck.views import ActRequest


@pytest.mark.parametrize(
    ("reason", "rule"),
    [
        ("a\x00b", "control_character"),
        ("a\x1b[31mb", "control_character"),
        ("two\nlines", "control_character"),
        ("001099000001 da nhan", "personal_data"),
        ("asked 0900 000 001", "personal_data"),
        ("wrote to a.person@example.vn", "personal_data"),
        ("", "string_too_short"),
        ("x" * 201, "string_too_long"),
    ],
)
def test_given_a_reason_that_may_not_be_kept_then_it_is_refused_by_a_code(reason, rule):
    for make in (
        lambda: LaneAct(reason=reason),
        lambda: ActRequest(act="redrive", items=("a",), reason=reason),
    ):
        with pytest.raises(ValidationError) as refused:
            make()
        assert [one["type"] for one in refused.value.errors()] == [rule]


@pytest.mark.parametrize(
    "reason",
    ["not_delivered", "cổng đã sửa [ticket 12]", "act 0192f6a4-0000-7000-8000-000000000001"],
)
def test_given_a_code_or_a_sentence_then_it_is_taken(reason):
    assert LaneAct(reason=reason).reason == reason


@pytest.mark.parametrize("turn", ["a\x00", "a b", "a/b"])
def test_given_a_turn_that_can_be_none_then_it_is_refused(turn):
    with pytest.raises(ValidationError):
        LaneAct(turn=turn, reason="x")


def test_given_a_reason_that_looks_like_markup_then_it_is_shown_as_it_is():
    lane: dict[str, Any] = dict.fromkeys(("service", "lane", "turn", "call", "valve"), "x")
    pause = {"paused_by": "thu", "at": "today", "reason": "[bold]mended[/bold] [/closed]"}
    lane |= {"open": 0, "oldest_seconds": 0, "window": None, "pause": pause}
    console = Console(file=io.StringIO(), width=300)

    stuck_shown.lanes(console, [lane], as_json=False)

    assert "[bold]mended[/bold] [/closed]" in console.file.getvalue()
