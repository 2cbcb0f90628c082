"""The relay in trouble: a topic or a key that cannot be sent never stops another."""

from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from uuid import uuid4

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer
from structlog.testing import capture_logs

from contracts.topics import LIFECYCLE
from plumbing import relay as relay_module
from plumbing import sending
from plumbing.outbox import OutboxRow, add
from plumbing.relay import Relay
from plumbing.sending import Refused, SetAside, TopicAway, Unsent
from tests.integration.core_broker import Broker, RelayToBroker
from tests.integration.core_kit import INTAKE, Bench, open_bench, until
from tests.integration.test_core_relay import drained, make_topic, running

BAD = "portal.replies.national-portal.v1"


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(relay_module, "SHARE_SECONDS", 0.05)
    async with open_bench(database) as one:
        yield one


async def put(bench: Bench, topic: str, *rows: tuple[bytes, bytes]) -> None:
    async with bench.pool.acquire() as conn, conn.transaction():
        await add(conn, [OutboxRow(topic, key, body, uuid4()) for key, body in rows])


def rows(name: str, count: int) -> list[tuple[bytes, bytes]]:
    return [(f"{name}{n}".encode(), b"%d" % n) for n in range(count)]


async def gone(bench: Bench, topic: str, count: int, seconds: float = 10.0) -> None:
    """Wait until so many rows of the topic were moved, and none of it is left."""

    async def moved() -> bool:
        left = await bench.count(f"outbox WHERE topic = '{topic}'")
        return not left and await bench.count(f"outbox_sent WHERE topic = '{topic}'") == count

    await until(moved, seconds)


@pytest.mark.parametrize("verdict", ["unknown", "denied"])
async def test_given_a_topic_that_cannot_be_begun_at_the_head_then_the_other_topics_pass(
    bench, monkeypatch, verdict
):
    monkeypatch.setattr(sending, "BEGIN_SECONDS", 0.5)
    broker = Broker(says=lambda sent: verdict if sent[0] == BAD else "taken")
    await put(bench, BAD, *rows("p", 1000))
    await put(bench, INTAKE, *rows("k", 10))
    relay = RelayToBroker(bench.url, broker)

    async with running(relay):
        await gone(bench, INTAKE, 10)
        broker.says = lambda _: "taken"
        await gone(bench, BAD, 1000)

    assert not relay.waiting
    assert [body for topic, _, body in broker.records if topic == BAD] == [
        body for _, body in rows("p", 1000)
    ]


@pytest.mark.parametrize("bad", [900, 1000, 2500])
@pytest.mark.parametrize("verdict", ["refused", "lost"])
async def test_given_so_many_keys_that_fail_at_the_head_then_the_rows_behind_them_pass(
    bench, verdict, bad
):
    broker = Broker(says=lambda sent: verdict if sent[1].startswith(b"p") else "taken")
    await put(bench, BAD, *rows("p", bad))
    await put(bench, INTAKE, *rows("p", 3), *rows("k", 1000))
    relay = RelayToBroker(bench.url, broker)

    async with running(relay):
        await until(lambda: len(broker.records) == 1000)

    assert broker.records == [(INTAKE, key, body) for key, body in rows("k", 1000)]
    assert await bench.count("outbox") >= bad


async def test_given_a_row_the_client_refuses_beside_good_ones_then_the_producer_is_kept(bench):
    broker = Broker(says=lambda sent: "refused" if sent[2] == b"huge" else "taken")
    await put(bench, INTAKE, (b"k", b"huge"), (b"k", b"2"), (b"o", b"1"), (b"o", b"2"))
    relay = RelayToBroker(bench.url, broker)

    async with running(relay):
        await until(lambda: len(broker.records) == 2)
        await put(bench, INTAKE, (b"k", b"3"), (b"o", b"3"))
        await until(lambda: len(broker.records) == 3)
        made = relay.made
        broker.says = lambda _: "taken"
        await drained(bench)

    assert made == 1
    assert [body for _, key, body in broker.records if key == b"o"] == [b"1", b"2", b"3"]
    assert [body for _, key, body in broker.records if key == b"k"] == [b"huge", b"2", b"3"]


async def test_given_sends_without_an_answer_when_time_is_up_then_what_was_answered_is_moved(
    bench, monkeypatch
):
    monkeypatch.setattr(sending, "SEND_SECONDS", 0.3)
    tries: list[int] = []
    broker = Broker(
        says=lambda sent: "taken" if sent[2] != b"1" else tries.append(relay.made) or "silent"
    )
    await put(bench, INTAKE, (b"k", b"0"), (b"k", b"1"), (b"k", b"2"), (b"o", b"o0"))
    relay = RelayToBroker(bench.url, broker)

    async with running(relay):
        await until(lambda: len(tries) > 1)
        kept = await bench.fetch("SELECT body FROM outbox ORDER BY id")
        broker.says = lambda _: "taken"
        await drained(bench)

    assert kept == [(b"1",), (b"2",)]
    assert tries[:2] == [1, 2], "what may arrive later costs the producer"
    assert [body for _, key, body in broker.records if key == b"k"][-2:] == [b"1", b"2"]


async def test_given_failing_rows_then_the_relay_waits_only_while_nothing_at_all_is_taken(bench):
    broker = Broker(says=lambda sent: "lost" if sent[0] == BAD else "taken")
    await put(bench, BAD, (b"p", b"1"))
    relay = RelayToBroker(bench.url, broker)

    async with running(relay):
        await until(lambda: relay.waiting)
        await put(bench, INTAKE, (b"k", b"1"))
        await until(lambda: not relay.waiting)
        broker.says = lambda _: "taken"
        await drained(bench)

    assert {topic for topic, _, _ in broker.records} == {BAD, INTAKE}


async def test_given_a_failing_topic_then_it_is_told_once_with_the_kind_of_error_alone(bench):
    tries: list[str] = []
    broker = Broker(says=lambda sent: tries.append(sent[0]) or "refused")
    await put(bench, BAD, *rows("p", 20))

    with capture_logs() as logs:
        async with running(RelayToBroker(bench.url, broker)):
            await until(lambda: len(tries) >= 40)

    told = [line for line in logs if line["event"] == "relay_topic_fails"]
    error = "MessageSizeTooLargeError"
    assert told == [
        {"event": "relay_topic_fails", "log_level": "warning", "topic": BAD, "error": error}
    ]


async def test_given_a_topic_that_does_not_exist_on_a_real_broker_then_it_waits_alone(
    bench, servers
):
    bootstrap, missing, good = servers.status().kafka, f"gone-{uuid4()}", f"good-{uuid4()}"
    await make_topic(bootstrap, good, LIFECYCLE["intake"].config)
    await put(bench, missing, *rows("p", 4))
    await put(bench, good, *rows("k", 10))

    async with running(Relay("notifier", bench.url, bootstrap)):
        await gone(bench, good, 10, 20)
        left = await bench.count("outbox")
        await make_topic(bootstrap, missing, LIFECYCLE["intake"].config)
        await gone(bench, missing, 4, 40)

    assert left == 4
    assert await on_the_log(bootstrap, good, 10) == rows("k", 10)
    assert await on_the_log(bootstrap, missing, 4) == rows("p", 4)


async def on_the_log(bootstrap: str, topic: str, count: int) -> list[tuple[bytes, bytes]]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    async with consumer:
        records = [await consumer.getone() for _ in range(count)]
    return [(record.key, record.value) for record in records]


def fail(
    aside: SetAside, topic: str, keys: Sequence[bytes], outcome: BaseException | None
) -> tuple[list[str], list[str], list[bytes]]:
    aside.note([{"topic": topic, "key": key} for key in keys], [outcome] * len(keys))
    return aside.now()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock the test moves."""
    now = [1000.0]
    monkeypatch.setattr(sending, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_given_a_key_that_keeps_failing_then_it_is_left_out_longer_until_it_passes(clock):
    aside, seconds = SetAside(), []
    for _ in range(9):
        assert fail(aside, "t", [b"k"], Refused("x")) == ([], ["t"], [b"k"])
        began = clock[0]
        while aside.now()[2]:
            clock[0] += 0.25
        seconds.append(clock[0] - began)

    assert seconds == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert fail(aside, "t", [b"k"], None) == ([], [], [])
    fail(aside, "t", [b"k"], Refused("x"))
    clock[0] += sending.SHORTEST_SECONDS
    assert aside.now() == ([], [], [])


def test_given_rows_that_only_waited_their_turn_then_nothing_is_left_out(clock):
    assert fail(SetAside(), "t", [b"k"], Unsent()) == ([], [], [])


def test_given_a_topic_that_is_away_then_it_is_left_out_whole_until_a_row_of_it_passes(clock):
    aside = SetAside()

    assert fail(aside, "t", [b"a", b"b"], TopicAway("x")) == (["t"], [], [])
    assert fail(aside, "other", [b"a"], None) == (["t"], [], [])
    assert fail(aside, "t", [b"a"], None) == ([], [], [])


def test_given_too_many_failing_keys_then_their_topic_is_left_out_and_the_list_is_empty(clock):
    keys = [b"%d" % n for n in range(sending.KEYS_BESIDE_GOOD)]
    aside, beside = SetAside(), SetAside()

    assert len(fail(aside, "t", keys[: sending.KEYS_ALONE], OSError())[2]) == sending.KEYS_ALONE
    assert fail(aside, "t", [b"one more"], OSError()) == (["t"], [], [])

    more = [{"topic": "t", "key": key} for key in (b"good", *keys)]
    beside.note(more, [None, *[OSError()] * len(keys)])
    assert len(beside.now()[2]) == sending.KEYS_BESIDE_GOOD
    beside.note([*more[:1], {"topic": "t", "key": b"last"}], [None, OSError()])
    assert beside.now() == (["t"], [], [])


def test_given_a_key_nobody_saw_again_then_it_is_forgotten(clock):
    aside = SetAside()
    fail(aside, "t", [b"k"], Refused("x"))
    clock[0] += sending.FORGET_SECONDS + 1
    aside.now()

    assert aside._keys == {}
