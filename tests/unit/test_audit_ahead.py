"""A broker whose clock is far ahead: its records are kept, named, and make nothing look fresh."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from audit.ahead import Clocks
from audit.archive import create
from audit.archiving import Archiving
from audit.findings import Verdict
from audit.records import Record
from audit.resuming import Reached
from audit.settings import AuditSettings
from audit.verifying.results import Asked
from audit.verifying.verify import verify
from contracts.topics import LIFECYCLE
from plumbing.metrics import ARCHIVE_AGE
from tests.unit.archive_kit import Log, a_log, archive
from tests.unit.proof_kit import DAY, INTAKE, Clock, Signing, a_key

PLACE = (INTAKE, 0)


def a_record(offset: int, ahead: timedelta) -> Record:
    at = datetime.now(UTC) + ahead
    return Record(offset, int(at.timestamp() * 1000), b"key", (), b"value")


def test_a_record_a_day_and_more_after_now_is_told_once_in_a_row():
    clocks = Clocks()
    day = timedelta(days=1)

    with structlog.testing.capture_logs() as lines:
        for offset, ahead in enumerate([0 * day, 2 * day, 3 * day, 0.9 * day, 2 * day]):
            clocks.look(PLACE, a_record(offset, ahead))

    assert [(one["event"], one["offset"]) for one in lines] == [
        ("clock_ahead", 1),
        ("clock_ahead", 4),
    ]


def test_a_time_nobody_can_believe_makes_nothing_look_fresh(tmp_path: Path):
    now = datetime.now(UTC)

    def age(ahead: timedelta) -> float | None:
        return Reached(1, 1, a_record(0, ahead)).age_seconds(now)

    assert age(timedelta(days=2)) is None
    assert age(timedelta(hours=23)) == 0
    assert 59 < (age(timedelta(minutes=-1)) or 0) <= 61

    archiving = Archiving(a_setting(tmp_path), lambda: lambda *_: None, [LIFECYCLE["intake"]])
    follower: Any = type("Follower", (), {"lag": lambda *_: 0, "refusals": Counter()})()
    archiving.reached[PLACE] = Reached(1, 1, a_record(0, timedelta(days=400)))
    assert shown_age(archiving, follower) == math.inf
    archiving.reached[INTAKE, 1] = Reached(1, 1, a_record(0, timedelta(minutes=-1)))
    assert 59 < shown_age(archiving, follower) < 90


def shown_age(archiving: Archiving, follower: Any) -> float:
    archiving._tell(follower)
    return float(ARCHIVE_AGE.labels("audit", INTAKE)._value.get())


def a_setting(root: Path) -> AuditSettings:
    create(root, "test.hotich.example")
    return AuditSettings(
        kafka_bootstrap_servers="127.0.0.1:1",
        archive_folder=root,
        archive_origin="test.hotich.example",
        http_port=1,
        oidc_issuer="",
        oidc_jwks_url="",
    )


def test_such_a_record_is_named_by_verify_and_makes_nothing_else_look_unsigned(tmp_path: Path):
    log = a_log(6)
    last = log.records[-1].at
    ahead = log.put(INTAKE, b"key", b"no event", last + 400 * DAY, 0)
    root, clock = archive(tmp_path, log), Clock(last + timedelta(minutes=1))
    key = a_key(1, since=last - 30 * DAY)
    signing = Signing(root, [key], clock)
    signing.round()
    later = more_of_another_place(log)
    archive(root, later)

    found = verify(root, Asked(keys=(key.signer.verifier,)))

    named = [
        (one.kind, one.topic, one.partition, one.offset)
        for one in found.findings
        if one.verdict is not Verdict.SOUND
    ]
    assert named == [("clock_ahead", INTAKE, 0, ahead.offset)]
    assert (found.verdict, found.as_of) == (Verdict.CLOCK_WENT_BACK, clock.now)


def more_of_another_place(log: Log) -> Log:
    """Return a log with one record more of a place that has a checkpoint already."""
    topic, partition = next(place for place in sorted(log.ends) if place[0] != INTAKE)
    later = Log()
    later.ends[topic, partition] = log.ends[topic, partition]
    later.put(topic, b"key", b"no event", log.records[-2].at + timedelta(minutes=2), partition)
    return later
