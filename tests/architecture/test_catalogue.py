"""The pages of metrics and of log events are what the code says, and nothing is left unsaid."""

import pytest

from tests.architecture.repository import ROOT
from tests.catalogue import log_page, metric_page
from tests.catalogue.log_page import Event


def test_the_pages_are_what_the_code_says() -> None:
    for name, text in (
        ("docs/metrics.md", metric_page.page()),
        ("docs/log-events.md", log_page.page()),
    ):
        assert (ROOT / name).read_text("utf-8") == text, "run python -m tests.catalogue"


def test_every_metric_says_what_is_normal_and_every_label_has_a_closed_set() -> None:
    assert metric_page.problems() == []


def test_every_grave_event_says_what_to_do() -> None:
    assert log_page.problems() == []


def test_an_error_without_a_word_of_what_to_do_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = {name: text for name, text in log_page.advice().items() if name != "part_died"}
    monkeypatch.setattr(log_page, "advice", lambda: told | {"nobody_says_this": "Nothing."})

    assert log_page.problems() == [
        "log_events.toml: say what to do about part_died",
        "log_events.toml: nobody logs nobody_says_this",
    ]


def test_an_event_is_found_with_its_levels_keys_and_places() -> None:
    events = log_page.events()

    assert events["part_died"] == Event(
        "part_died", {"critical"}, {"task", "error", "traceback"}, {"plumbing.running"}
    )
    assert events["records_missing_in_topic"].levels == {"info", "warning"}
    assert events["uncaught"].level == "critical"
