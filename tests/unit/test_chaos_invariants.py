"""The judge finds what is wrong on the log and in the databases."""

import io
from dataclasses import replace
from datetime import datetime

import pytest
from rich.console import Console

from contracts.envelope import GENESIS, sha256
from contracts.events import (
    NotificationAbandoned,
    PersonalIdAssigned,
    Returned,
    Routed,
    Withdrawn,
)
from contracts.topics import LIFECYCLE, PARTICULARS, replies_to
from tests.chaos.campaign.course import Fault, Happened, Place
from tests.chaos.campaign.dump import Record
from tests.chaos.campaign.invariants import Facts
from tests.chaos.campaign.invariants.promise import promise_kept
from tests.chaos.campaign.replaying import Replay
from tests.chaos.campaign.verdict import judge
from tests.unit.builders import A_UNIT
from tests.unit.chaos_kit import (
    CODE,
    DOSSIER,
    PORTAL,
    SOME_HASH,
    Made,
    a_registered_dossier,
    an_acceptance,
    an_event,
    broken,
)

ROUTING, REGISTRY = LIFECYCLE["routing"].name, LIFECYCLE["registry-sync"].name


def another_routed(sequence: int, prevhash: str, cause: str = "command:1") -> bytes:
    return an_event(
        Routed(unit_code=A_UNIT, reference_version="2"), sequence, prevhash, cause=cause
    )


def test_a_gap_in_the_sequences_is_found():
    made = a_registered_dossier()
    made.append(ROUTING, another_routed(4, SOME_HASH))

    assert {"I4", "I10", "I7"} <= broken(made)


def test_bytes_that_are_no_event_and_were_not_forged_are_found():
    made = a_registered_dossier()
    made.append(ROUTING, b'{"specversion": ')

    assert broken(made) == {"I4"}


def test_a_copy_of_an_event_is_right():
    made = a_registered_dossier()
    made.append(ROUTING, made.records[ROUTING][0].value)

    assert broken(made) == set()
    assert judge(made.evidence(), made.course()).figures["duplicates"]["copies_on_the_log"] == 1


def test_a_second_version_of_an_event_is_found():
    made = a_registered_dossier()
    made.append(ROUTING, another_routed(1, GENESIS))

    assert broken(made) == {"I5"}


@pytest.mark.parametrize(
    ("topic", "first", "second"),
    [
        (PARTICULARS.name, b'{"version":1,"ciphertext":"AAAA"}', None),
        (replies_to(PORTAL).name, b'{"id":"1","a":1}', b'{"id":"1","a":2}'),
    ],
)
def test_a_second_version_of_personal_data_or_of_a_reply_is_found(
    topic: str, first: bytes, second: bytes | None
):
    made = a_registered_dossier()
    made.append(topic, first)
    if second is not None:
        made.append(topic, second)

    assert broken(made) == {"I5"}


def test_an_event_that_was_never_sent_is_found():
    made = a_registered_dossier()
    made.rows("routing", "outbox").append({"topic": ROUTING, "event_id": DOSSIER})

    assert broken(made) == {"I6"}


def test_an_event_that_is_parked_for_no_forgery_is_found():
    made = a_registered_dossier()
    made.rows("notifier", "inbound_parked").append(a_parked(made.records[ROUTING][0], 3))

    assert broken(made) == {"I6"}


def a_parked(record: Record, seq: int, digest: str = SOME_HASH) -> dict[str, object]:
    place = {"topic": record.place.topic, "part": 0, "off": record.place.offset}
    return {"dossier_id": DOSSIER, "source": "routing", "seq": seq, "hash": digest, **place}


@pytest.mark.parametrize("state", ["PENDING", "IN_FLIGHT", "IN_DOUBT", "MANUAL"])
def test_a_call_without_its_answer_is_found(state: str):
    made = a_registered_dossier()
    made.rows("notifier", "effect")[0]["state"] = state

    assert broken(made) == {"I6"}


def test_a_mail_in_doubt_is_allowed_and_said_to_be_one():
    made = a_mail_in_doubt()

    judgement = judge(made.evidence(), made.course())

    assert judgement.broken == ()
    assert judgement.figures["calls"]["were_in_doubt"] == {"email MANUAL": 1}


def a_mail_in_doubt() -> Made:
    """Return the dossier whose first step was told by a mail nobody knows of."""
    made = a_registered_dossier()
    topic = LIFECYCLE["notifier"].name
    made.journal.remove(next(one for one in made.journal if one["kind"] == "sms.sent"))
    call = made.rows("notifier", "effect")[0]
    call.update(kind="email:submitted", state="MANUAL", in_doubt=True)
    about = made.event("intake", 1).id
    given_up = NotificationAbandoned(step="submitted", reason="in_doubt", about=about)
    made.rewrite("notifier", {1: given_up}, cause=f"effect:{call['effect_id']}")
    assert made.records[topic]
    return made


def test_an_event_a_reader_has_not_applied_is_found():
    made = a_registered_dossier()
    made.rows("notifier", "inbound_cursor")[0]["last_seq"] = 0

    assert broken(made) == {"I7"}


def test_an_event_a_reader_applied_with_other_bytes_is_found():
    made = a_registered_dossier()
    made.rows("routing", "inbound_cursor")[0]["last_hash"] = SOME_HASH

    assert broken(made) == {"I7"}


def test_a_cursor_of_what_is_not_on_the_log_is_found():
    made = a_registered_dossier()
    cursors = made.rows("routing", "inbound_cursor")
    cursors.append(cursors[0] | {"dossier_id": "another"})

    assert broken(made) == {"I7"}


def test_a_reader_before_the_end_of_a_topic_is_found():
    made = a_registered_dossier()
    made.place("routing", LIFECYCLE["intake"].name, 0)

    assert broken(made) == {"I8"}


def test_kafka_that_was_told_more_than_the_database_has_is_found():
    made = a_registered_dossier()
    made.committed["routing"][LIFECYCLE["intake"].name, 0] = 9

    assert broken(made) == {"I8"}


def test_kafka_that_knows_less_is_found_only_in_a_run_without_faults():
    made = a_registered_dossier()
    made.committed["routing"].clear()
    course = made.course()

    assert broken(made) == {"I8"}
    assert broken(made, faults=(a_fault(course.began_at),)) == set()


def a_fault(at: datetime) -> Happened:
    return Happened(Fault(1, "kill_service", "routing", 0.0, 0.0), at, at, at)


def test_a_dead_letter_that_was_not_forged_is_found():
    made = a_registered_dossier()
    made.rows("routing", "dead_letter").append(a_dead_letter(LIFECYCLE["intake"].name, 0))

    assert broken(made) == {"I9"}


def a_dead_letter(topic: str, offset: int) -> dict[str, object]:
    return {"topic": topic, "part": 0, "off": offset, "reason": "json_invalid"}


def test_a_head_the_log_does_not_reach_is_found():
    made = a_registered_dossier()
    made.rows("routing", "stream")[0]["sequence"] = 3

    assert broken(made) == {"I10"}


def test_a_chain_that_does_not_hold_is_found():
    made = a_registered_dossier()
    body = made.append(ROUTING, another_routed(3, SOME_HASH)).value

    assert body
    assert "I10" in broken(made)


def test_a_clash_of_two_true_events_is_found():
    made = a_registered_dossier()
    place = {"topic": ROUTING, "part": 0, "off": 0, "have_hash": SOME_HASH, "got_hash": SOME_HASH}
    row = {"dossier_id": DOSSIER, "source": "routing", "seq": 1, **place}
    made.rows("notifier", "conflict").append(row)

    assert broken(made) == {"I11"}


@pytest.mark.parametrize(
    ("service", "table"), [("routing", "dossier_case"), ("registry-sync", "registration")]
)
def test_a_state_the_log_does_not_give_is_found(service: str, table: str):
    made = a_registered_dossier()
    made.rows(service, table)[0]["status"] = "accepted"

    assert broken(made) == {"I12"}


def test_an_event_that_was_applied_twice_is_found():
    made = a_registered_dossier()
    made.rows("routing", "dossier_case")[0]["trail"] = 5

    assert broken(made) == {"I12"}


@pytest.mark.parametrize(
    "data", [an_acceptance(round=2), Withdrawn(actor="someone", on_request=True)]
)
def test_an_event_that_may_not_follow_is_found(data):
    made = a_registered_dossier()
    head = made.rows("routing", "stream")[0]
    withdrawn = an_event(Withdrawn(actor="x", on_request=True), 3, head["head_hash"])
    made.say_true("routing", withdrawn)
    head = made.rows("routing", "stream")[0]
    made.say_true("routing", an_event(data, 4, head["head_hash"]))

    assert "I12" in broken(made)


@pytest.mark.parametrize(
    "cause",
    ["00000000-0000-4000-8000-000000000000", "effect:1", "particulars:2", "nonsense", "poll:H-9"],
)
def test_a_cause_that_never_was_is_found(cause: str):
    made = a_registered_dossier()
    head = made.rows("routing", "stream")[0]
    made.say_true("routing", another_routed(3, head["head_hash"], cause))

    assert "I13" in broken(made)


def test_a_cause_that_came_later_is_found():
    made = a_registered_dossier()
    topic = LIFECYCLE["intake"].name
    made.records[topic][0] = replace(made.records[topic][0], at_ms=2**41)

    assert broken(made) == {"I13"}


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "handled", "name": "Nguyễn Văn Giả"}',
        '{"event": "handled", "name": "Nguy\\u1ec5n V\\u0103n Gi\\u1ea3"}',
        '{"event": "handled", "to": "+84900000001"}',
        '{"event": "handled", "to": "ai-do@example.org"}',
        '{"event": "handled", "number": "000190000001"}',
        '{"event": "handled", "paper": "giay-to.pdf"}',
        '{"event": "handled", "name": "NGUYỄN VĂN GIẢ"}',
        '{"event": "handled", "key": "person-000199123456"}',
        '{"event": "handled", "key": "n000199123456n"}',
        '{"event": "handled", "to": "0900000123"}',
    ],
)
def test_personal_data_in_a_log_are_found_and_not_repeated(line: str):
    made = a_registered_dossier()
    made.logs["routing.log"] = ['{"event": "started"}', line]

    judgement = judge(made.evidence(), made.course())

    assert judgement.broken == ("I14",)
    shown = judgement.as_json()
    assert "Giả" not in shown
    assert "+849" not in shown


def test_a_number_that_no_campaign_sent_may_look_as_it_likes():
    made = a_registered_dossier()
    made.logs["routing.log"] = ['{"event": "handled", "key": "person-000199123457"}']

    assert broken(made) == set()


def test_the_promise_takes_an_event_once_however_late_it_comes_again():
    made = a_registered_dossier()
    accepted, topic = made.records[ROUTING][1], made.records[ROUTING]
    refused = Returned(kind="refused", reasons=("other",), actor="officer")
    topic.append(replace(accepted, value=an_event(refused, 3, sha256(accepted.value or b""))))
    # One copy by a relay, one of the campaign.
    topic.append(replace(accepted, place=Place(ROUTING, 0, 3)))
    topic.append(replace(accepted, place=Place(ROUTING, 0, 4)))
    made.records[REGISTRY].clear()
    made.journal = [one for one in made.journal if one["kind"] != "register.registered"]
    made.journal.append({"kind": "sms.sent", "reference": f"{CODE}:returned:sms"})
    returned = {"portal": PORTAL, "key": "r", "event_id": "r", "status": 3}
    made.journal.append(
        {"kind": "portal.callback", "dossier_code": CODE, "step": "returned", **returned}
    )
    made.sent = [replace(made.sent[0], expect="returned:refused")]
    course = made.course(again=(Place(ROUTING, 0, 4),))

    found = promise_kept(Facts(made.evidence(), course))

    assert found.holds, found.breaches


def test_a_late_step_told_to_nobody_is_found():
    made = a_registered_dossier()
    topic = LIFECYCLE["registry-sync"].name
    before = sha256(made.records[topic][0].value or b"")
    said = an_event(PersonalIdAssigned(), 2, before, cause=f"poll:{CODE}")
    made.say_true("registry-sync", said)
    made.rows("routing", "dossier_case")[0]["trail"] += 1

    assert broken(made) == {"I3"}


def test_a_replay_that_gives_something_else_is_found():
    made = a_registered_dossier()
    made.replays["routing"] = Replay(1, 0, (f"{DOSSIER}: other status",))

    assert broken(made) == {"I15"}


@pytest.mark.parametrize("wrong", ["missing", "twice", "changed", "moved", "never there"])
def test_an_archive_that_is_not_the_log_is_found(wrong: str):
    made = a_registered_dossier()
    first, *others = made.records[ROUTING]
    later = replace(first, at_ms=first.at_ms + 1)
    elsewhere = replace(first, place=replace(first.place, offset=999))
    kept = {
        "missing": others,
        "twice": [first, first, *others],
        "changed": [later, *others],
        "moved": [elsewhere, *others],
        "never there": [first, elsewhere, *others],
    }
    made.archive = made.records | {ROUTING: kept[wrong]}

    assert broken(made) == {"I16"}


@pytest.mark.parametrize(("later", "ids"), [(1, set()), (0, {"I16"})])
def test_what_came_once_the_log_was_read_may_be_archived_already(later: int, ids: set[str]):
    made = a_registered_dossier()
    newest, end = made.records[ROUTING][-1], made.ends[ROUTING, 0]
    coming = replace(newest, place=replace(newest.place, offset=end))
    made.archive = made.records | {ROUTING: [*made.records[ROUTING], coming]}
    made.later_ends = made.ends | {(ROUTING, 0): end + later}

    assert broken(made) == ids


def test_what_cannot_be_checked_is_broken():
    made = a_registered_dossier()
    del made.rows("notifier", "inbound_cursor")[0]["source"]

    assert "I7" in broken(made)


def test_the_table_names_every_breach():
    made = a_registered_dossier()
    made.rows("routing", "stream")[0]["sequence"] = 3
    console = Console(width=200, record=True, file=io.StringIO())

    console.print(judge(made.evidence(), made.course()).tables())

    shown = console.export_text()
    assert "1 BREACHES" in shown
    assert f"routing of {DOSSIER}: the database ends at 3" in shown
    assert CODE not in shown
