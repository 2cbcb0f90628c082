"""No log line of the process carries a person's data, whoever writes it and however."""

import asyncio
import contextlib
import gc
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog

from plumbing.logs import KNOWN_KEYS, configure, describe, where

NAME = "Nguyễn Thị Bí Mật"
NUMBER = "000199000001"
PHONE = "+84901234567"
EMAIL = "nguoi.nop@example.org"
SECRETS = (NAME, "Nguyễn", NUMBER, PHONE, "0901234567", EMAIL)

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """Configure the process's logs as a service does; give the lines written so far."""
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    handlers, level = logging.root.handlers[:], logging.root.level
    logging.root.handlers[:] = []
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        configure("routing")

    def written() -> list[dict[str, Any]]:
        assert capsys.readouterr() == ("", "")
        for secret in SECRETS:
            assert secret not in output.getvalue()
        return [json.loads(line) for line in output.getvalue().splitlines()]

    yield written
    sys.excepthook, threading.excepthook, sys.unraisablehook = before
    logging.captureWarnings(capture=False)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def facts(line: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key != "timestamp"}


def test_a_line_is_one_json_object_with_event_level_service_and_known_facts(lines: Lines) -> None:
    structlog.get_logger().info("event_handled", outcome="applied", count=3, duration_ms=1.5)

    (line,) = lines()
    assert facts(line) == {
        "event": "event_handled",
        "level": "info",
        "service": "routing",
        "outcome": "applied",
        "count": 3,
        "duration_ms": 1.5,
    }
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("key", ["full_name", "body", "headers", "phone", "exc_info", "born_on"])
def test_an_unknown_key_is_kept_without_its_value(lines: Lines, key: str) -> None:
    assert key not in KNOWN_KEYS

    structlog.get_logger().warning("event_refused", **{key: NAME}, reason="schema_violation")

    (line,) = lines()
    assert (line[key], line["reason"]) == ("<redacted>", "schema_violation")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (f"number {NUMBER}", "number <redacted>"),
        (f"x{NUMBER}y", "x<redacted>y"),
        (PHONE, "<redacted>"),
        ("call +84 901 234 567 now", "call <redacted> now"),
        ("0901234567", "<redacted>"),
        ("0901.234.567,", "<redacted>,"),
        (f"<{EMAIL}>", "<<redacted>>"),
        (int("9" * 12), "<redacted>"),
        (NUMBER.encode(), "<redacted>"),
        (ValueError(NAME), "ValueError"),
        ([PHONE, {"field": EMAIL}], ["<redacted>", {"field": "<redacted>"}]),
        ({"field": "form.child", "rule": "missing"}, {"field": "form.child", "rule": "missing"}),
        ({"input": NAME, "rule": "missing"}, {"input": "<redacted>", "rule": "missing"}),
        ((({"full_name": NAME},),), [[{"full_name": "<redacted>"}]]),
    ],
)
def test_personal_data_in_the_value_of_a_known_key_is_redacted(
    lines: Lines, value: object, shown: object
) -> None:
    structlog.get_logger().info("event_handled", problems=value)

    (line,) = lines()
    assert line["problems"] == shown


@pytest.mark.parametrize(
    "value",
    [
        "00000000-0000-4000-8000-000000000001",
        "b0a7c2de-3f0c-5a0e-8f5b-123456789012",
        "a1" + "0" * 62,
        "dossier.routing.v1",
        "2026-11-24T06:41:00.123456Z",
        "H29.26740-261124-0001",
        "12345678901",
        "1234567890123",
        None,
        True,
        1_000_000_000,
    ],
)
def test_what_is_no_personal_data_stays_whole(lines: Lines, value: object) -> None:
    structlog.get_logger().info("event_handled", dossier_id=value)

    (line,) = lines()
    assert line["dossier_id"] == value


def test_a_value_that_is_no_json_is_its_text(lines: Lines) -> None:
    dossier_id = UUID(int=1, version=4)

    structlog.get_logger().info("event_handled", dossier_id=dossier_id)

    assert lines()[0]["dossier_id"] == str(dossier_id)


def test_a_bound_fact_passes_the_same_list(lines: Lines) -> None:
    structlog.contextvars.bind_contextvars(citizen=NAME, topic="dossier.intake.v1")

    structlog.get_logger().info("event_handled")

    (line,) = lines()
    assert (line["citizen"], line["topic"]) == ("<redacted>", "dossier.intake.v1")


def test_an_event_that_is_put_together_from_values_is_redacted(lines: Lines) -> None:
    log = structlog.get_logger()

    log.info(f"dossier of {NAME}")
    log.info("dossier of %s", NAME)
    log.info(NAME)
    log.info("event_handled")

    assert [line["event"] for line in lines()] == ["<redacted>"] * 3 + ["event_handled"]


def test_a_line_below_the_level_is_not_written(lines: Lines) -> None:
    structlog.get_logger().debug("offset_commit_failed")
    logging.getLogger("aiokafka.conn").info("connected")

    assert lines() == []


def test_the_text_of_an_exception_never_appears(lines: Lines) -> None:
    try:
        int(NAME)
    except ValueError as error:
        structlog.get_logger().error("call_failed", error=describe(error), traceback=where(error))
        structlog.get_logger().exception("call_failed")
        logging.getLogger("library").exception("It failed")

    ours, with_exc_info, theirs = lines()
    assert ours["error"] == theirs["error"] == "ValueError"
    assert "exc_info" not in theirs
    assert ours["traceback"].startswith("test_logs.py:")
    assert with_exc_info["exc_info"] == "<redacted>"


def test_an_error_is_described_by_its_types_and_its_places_alone() -> None:
    def fail() -> None:
        try:
            {}[NAME]
        except KeyError as error:
            raise ValueError(NUMBER) from error

    with pytest.raises(ValueError, match=NUMBER) as caught:
        fail()

    assert describe(caught.value) == "ValueError <- KeyError"
    first, last = where(caught.value).split(" > ")
    assert first.startswith("test_logs.py:")
    assert last.startswith("test_logs.py:")


# --- lines of libraries


def test_a_librarys_constant_text_is_kept_and_its_arguments_are_not(lines: Lines) -> None:
    logging.getLogger("aiokafka.conn").error("Unable to reach %s: %r", NAME, ValueError(NAME))

    (line,) = lines()
    assert facts(line) == {
        "event": "Unable to reach %s: %r",
        "level": "error",
        "logger": "aiokafka.conn",
        "service": "routing",
        "place": line["place"],
    }
    assert line["place"].startswith("test_logs.py:")


def test_a_librarys_text_that_is_put_together_from_values_is_not_kept(lines: Lines) -> None:
    log = logging.getLogger("library")

    log.error(f"dossier of {NAME}")
    log.error("dossier of " + NAME)
    log.error(ValueError(NAME))
    log.error("dossier of {}".format(NAME))  # noqa: UP032
    log.error("constant", extra={"citizen": NAME}, stack_info=True)

    written = lines()
    assert [line["event"] for line in written] == ["library_log"] * 4 + ["constant"]
    known = {"event", "level", "logger", "place", "service", "timestamp"}
    assert [set(line) for line in written] == [known] * 5


def test_a_library_that_repeats_itself_is_heard_once_in_a_hundred_times(lines: Lines) -> None:
    log = logging.getLogger("aiokafka")

    for _ in range(201):
        log.warning("The broker is away")
    log.warning("Something else")

    texts = [line["event"] for line in lines()]
    assert texts == ["The broker is away"] * 3 + ["Something else"]


def test_a_task_whose_error_nobody_saw_does_not_print_it(lines: Lines) -> None:
    async def lose_a_task() -> None:
        async def fail() -> None:
            raise ValueError(NAME)

        task = asyncio.get_running_loop().create_task(fail())
        await asyncio.wait([task])

    with asyncio.Runner() as runner:
        runner.run(lose_a_task())
        gc.collect()

    (line,) = lines()
    assert (line["logger"], line["event"], line["error"]) == (
        "asyncio",
        "library_log",
        "ValueError",
    )


# --- what Python itself would print


def test_a_warning_does_not_print_its_text(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(NAME, stacklevel=1)

    (line,) = lines()
    assert (line["logger"], line["event"]) == ("py.warnings", "library_log")


def test_an_error_nobody_catches_does_not_print_its_text(lines: Lines) -> None:
    error = ValueError(NAME)

    sys.excepthook(ValueError, error, None)
    threading.excepthook(threading.ExceptHookArgs((ValueError, error, None, None)))

    assert [(line["event"], line["error"]) for line in lines()] == [
        ("uncaught", "ValueError"),
        ("thread_died", "ValueError"),
    ]


def test_an_error_in_a_finalizer_does_not_print_its_text(lines: Lines) -> None:
    class Closing:
        def __del__(self) -> None:
            raise ValueError(NAME)

    closing = Closing()
    del closing

    assert [(line["event"], line["error"]) for line in lines()] == [("unraisable", "ValueError")]
