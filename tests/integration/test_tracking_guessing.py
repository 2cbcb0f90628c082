"""Who guesses learns nothing: not whether there is such a code, not how near the guess was."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from plumbing.sealing import KeyRing
from routing.tracking import asking
from routing.tracking.asking import WAITING_OF_ONE, Answer, Tracker
from routing.tracking.limits import PER_CODE, PER_PAIR
from tests.integration.routing_kit import OneStop, a_one_stop
from tests.integration.tracking_kit import (
    RIGHT,
    UNKNOWN_CODE,
    WRONG,
    Citizen,
    Page,
    a_citizen,
    a_tracked,
    running_of,
)

HERE, THERE = "192.0.2.1", "198.51.100.7"
HOUR = timedelta(hours=1)


@pytest.fixture
async def one_stop(database: str) -> AsyncIterator[OneStop]:
    async with a_one_stop(database) as one:
        yield one


@pytest.fixture
async def citizen(one_stop: OneStop) -> AsyncIterator[Citizen]:
    async with a_citizen(one_stop) as one:
        yield one


def said(page: Page) -> tuple[int, dict[str, str], str]:
    """Return everything that was answered but the hour."""
    headers = {name.lower(): value for name, value in page.headers.items()}
    headers.pop("date")
    return page.status, headers, page.text


async def test_given_an_unknown_code_and_a_wrong_number_then_both_answers_are_the_same_bytes(
    citizen: Citizen,
):
    code = a_tracked().code
    without = [await citizen.ask(code, WRONG)]
    await citizen.one_stop.put(a_tracked())
    citizen.one_stop.now += 2 * HOUR
    with_it = [await citizen.ask(code, WRONG)]
    for _ in range(PER_PAIR):
        citizen.one_stop.now += timedelta(minutes=2)
        with_it.append(await citizen.ask(code, WRONG))
    await citizen.one_stop.pool.execute("DELETE FROM dossier_case")
    citizen.one_stop.now += 2 * HOUR
    await citizen.ask(code, WRONG)
    for _ in range(PER_PAIR):
        citizen.one_stop.now += timedelta(minutes=2)
        without.append(await citizen.ask(code, WRONG))

    assert [said(page) for page in with_it] == [said(page) for page in without]
    assert [page.status for page in with_it] == [422] * PER_PAIR + [429]


async def test_given_an_unknown_code_and_a_wrong_number_then_the_database_does_the_same_work(
    one_stop: OneStop, monkeypatch: pytest.MonkeyPatch
):
    kept, lazily = a_tracked(1), a_tracked(2)
    await one_stop.put(kept, lazily)
    await one_stop.pool.execute(
        "DELETE FROM tracking_factor WHERE dossier_id = $1", lazily.dossier_id
    )
    opened: list[str] = []
    open_one = KeyRing.open
    monkeypatch.setattr(KeyRing, "open", lambda *told: (opened.append("open"), open_one(*told))[1])
    tracker, work = Tracker(running_of(one_stop)), []
    # A connection's first questions are also about the types of the database.
    await statements_of(one_stop, tracker.ask(UNKNOWN_CODE, WRONG, THERE))

    for code in (UNKNOWN_CODE, kept.code, lazily.code):
        opened.clear()
        statements = await statements_of(one_stop, tracker.ask(code, WRONG, HERE))
        work.append((statements, list(opened)))

    assert work[0] == work[1] == work[2]
    assert len(work[0][0]) == 5
    assert work[0][1] == ["open"]


async def statements_of(one_stop: OneStop, asking: Any) -> list[str]:
    """Return the statements sent while a wrong question is answered, in their order."""
    sent: list[str] = []
    connections = [await one_stop.pool.acquire() for _ in range(one_stop.pool.get_size())]
    bare = [one._con for one in connections]

    def note(query: Any) -> None:
        sent.append(query.query)

    for one in connections:
        await one_stop.pool.release(one)
    for one in bare:
        one.add_query_logger(note)
    assert (await asking) == Answer()
    for one in bare:
        one.remove_query_logger(note)
    return [text for text in sent if "pg_advisory" not in text and "RESET" not in text]


async def test_given_as_many_wrong_numbers_as_are_heard_then_the_right_one_waits_too(
    one_stop: OneStop,
):
    case = a_tracked()
    await one_stop.put(case)
    tracker = Tracker(running_of(one_stop))

    for _ in range(PER_PAIR):
        one_stop.now += timedelta(minutes=1)
        assert (await tracker.ask(case.code, WRONG, HERE)).outcome == "wrong"
    limited = await tracker.ask(case.code, RIGHT, HERE)
    elsewhere = await tracker.ask(case.code, RIGHT, THERE)
    one_stop.now += HOUR
    later = await tracker.ask(case.code, RIGHT, HERE)

    assert limited.outcome == "limited"
    assert limited.dossier_id is None
    assert elsewhere == later == Answer(case.dossier_id)


async def test_given_wrong_numbers_one_after_the_other_then_each_next_one_waits_longer(
    one_stop: OneStop,
):
    tracker, waits = Tracker(running_of(one_stop)), []

    for _ in range(PER_PAIR):
        answer = await tracker.ask(UNKNOWN_CODE, WRONG, HERE)
        if answer.wait is not None:
            waits.append(int(answer.wait.total_seconds()))
            one_stop.now += answer.wait
            assert (await tracker.ask(UNKNOWN_CODE, WRONG, HERE)).outcome == "wrong"

    assert waits == [5, 15, 60]


async def test_given_a_short_wait_then_page_and_header_say_its_seconds(citizen: Citizen):
    for _ in range(2):
        await citizen.ask(UNKNOWN_CODE, WRONG)

    page = await citizen.ask(UNKNOWN_CODE, WRONG)

    assert page.status == 429
    assert {name.lower(): text for name, text in page.headers.items()}["retry-after"] == "5"
    assert "thử lại sau 5 giây" in page.text


async def test_given_many_guesses_at_the_same_moment_then_no_more_are_heard_than_one_by_one(
    one_stop: OneStop,
):
    tracker = Tracker(running_of(one_stop))
    ways = [Tracker(running_of(one_stop)) for _ in range(3)]

    answers = await asyncio.gather(
        *(way.ask(UNKNOWN_CODE, WRONG, HERE) for way in [tracker, *ways] for _ in range(10))
    )

    assert sum(one.outcome == "wrong" for one in answers) <= PER_PAIR
    assert sum(one.outcome == "limited" for one in answers) >= 40 - PER_PAIR


async def test_given_guessers_everywhere_then_the_citizen_is_not_shut_out(one_stop: OneStop):
    case = a_tracked()
    await one_stop.put(case)
    tracker = Tracker(running_of(one_stop))
    for n in range(PER_CODE + 10):
        assert (await tracker.ask(case.code, WRONG, f"203.0.113.{n}")).outcome == "wrong"

    again = await tracker.ask(case.code, WRONG, "203.0.113.1")
    citizen = await tracker.ask(case.code, RIGHT, HERE)

    assert again.outcome == "limited"
    assert citizen == Answer(case.dossier_id)


async def test_given_a_question_that_was_not_heard_then_it_does_not_count(one_stop: OneStop):
    tracker = Tracker(running_of(one_stop))
    for _ in range(PER_PAIR):
        one_stop.now += timedelta(minutes=1)
        await tracker.ask(UNKNOWN_CODE, WRONG, HERE)

    waits = [(await tracker.ask(UNKNOWN_CODE, WRONG, HERE)).wait for _ in range(5)]

    assert len(set(waits)) == 1
    assert waits[0] is not None


async def test_given_a_right_answer_then_nothing_wrong_before_it_counts(one_stop: OneStop):
    case = a_tracked()
    await one_stop.put(case)
    tracker = Tracker(running_of(one_stop))

    for _ in range(3):
        for _ in range(PER_PAIR - 1):
            one_stop.now += timedelta(minutes=1)
            assert (await tracker.ask(case.code, WRONG, HERE)).outcome == "wrong"
        one_stop.now += timedelta(minutes=2)
        assert await tracker.ask(case.code, RIGHT, HERE) == Answer(case.dossier_id)


async def test_neither_code_nor_address_nor_number_stands_in_the_tables(one_stop: OneStop):
    case = a_tracked()
    await one_stop.put(case)
    tracker = Tracker(running_of(one_stop))
    await tracker.ask(case.code, WRONG, HERE)

    for table in ("tracking_attempt", "tracking_factor"):
        text = await one_stop.everything(table)
        assert text
        for secret in (case.code, HERE, RIGHT, WRONG):
            assert secret not in text


async def test_given_attempts_of_long_ago_then_new_ones_make_them_forgotten(one_stop: OneStop):
    tracker = Tracker(running_of(one_stop))
    for n in range(6):
        await tracker.ask(UNKNOWN_CODE, WRONG, f"203.0.113.{n}")
    one_stop.now += 2 * HOUR

    for n in range(3):
        await tracker.ask(UNKNOWN_CODE, WRONG, f"198.51.100.{n}")

    rows = await one_stop.pool.fetchval(
        "SELECT count(*) FROM tracking_attempt WHERE since < $1", one_stop.now - HOUR
    )
    assert rows == 0


async def test_given_no_factor_yet_then_it_is_made_of_the_data_there_are(one_stop: OneStop):
    case = a_tracked()
    await one_stop.put(case)
    await one_stop.pool.execute("DELETE FROM tracking_factor")
    tracker = Tracker(running_of(one_stop))

    wrong = await tracker.ask(case.code, WRONG, HERE)
    not_kept = await one_stop.pool.fetchval("SELECT count(*) FROM tracking_factor")
    right = await tracker.ask(case.code, RIGHT, HERE)

    assert (wrong, not_kept) == (Answer(), 0)
    assert right == Answer(case.dossier_id)
    assert await one_stop.pool.fetchval("SELECT count(*) FROM tracking_factor") == 1


async def test_given_personal_data_dropped_after_use_then_the_citizen_is_still_known(
    one_stop: OneStop,
):
    case = a_tracked()
    await one_stop.put(case)
    await one_stop.put(case.but(status="handed_over", particulars=None))
    tracker = Tracker(running_of(one_stop))

    assert "particulars" not in await one_stop.everything("case_particulars")
    assert await tracker.ask(case.code, RIGHT, HERE) == Answer(case.dossier_id)


async def test_given_an_erasure_then_nothing_is_left_to_know_the_citizen_by(one_stop: OneStop):
    case = a_tracked()
    await one_stop.put(case)
    await one_stop.put(case.but(particulars=None, erased=True))
    tracker = Tracker(running_of(one_stop))

    assert await one_stop.everything("tracking_factor") == ""
    assert await tracker.ask(case.code, RIGHT, HERE) == Answer()


async def test_given_another_key_since_then_the_old_one_is_still_known_and_made_new(
    one_stop: OneStop,
):
    case = a_tracked()
    await one_stop.put(case)
    before = await one_stop.pool.fetchval("SELECT factor FROM tracking_factor")
    keys = {"k1": bytes(range(32)), "k2": bytes(32)}
    running = running_of(one_stop)
    running.keys = KeyRing("k2", keys)

    answer = await Tracker(running).ask(case.code, RIGHT, HERE)

    assert answer == Answer(case.dossier_id)
    assert await one_stop.pool.fetchval("SELECT factor FROM tracking_factor") != before
    running.keys = KeyRing("k2", {"k2": bytes(32)})
    assert await Tracker(running).ask(case.code, RIGHT, THERE) == Answer(case.dossier_id)


async def test_a_factor_is_bound_to_its_dossier(one_stop: OneStop):
    one, other = a_tracked(1), a_tracked(2)
    await one_stop.put(one, other)

    factors = {row["factor"] for row in await one_stop.pool.fetch("SELECT * FROM tracking_factor")}

    assert len(factors) == 2


async def test_given_a_proxy_that_is_not_ours_then_its_word_about_the_client_is_not_heard(
    one_stop: OneStop,
):
    async with a_citizen(one_stop) as citizen:
        for n in range(PER_PAIR):
            one_stop.now += timedelta(minutes=1)
            forged = {"x-forwarded-for": f"203.0.113.{n}"}
            assert (await citizen.ask(UNKNOWN_CODE, WRONG, headers=forged)).status == 422
        one_stop.now += timedelta(minutes=2)
        last = await citizen.ask(UNKNOWN_CODE, WRONG, headers={"x-forwarded-for": "203.0.113.99"})

    assert last.status == 429


async def test_given_a_proxy_of_ours_then_each_of_its_clients_counts_alone(one_stop: OneStop):
    async with a_citizen(one_stop, trusted_proxies="127.0.0.0/8") as citizen:
        answers = [
            await citizen.ask(
                UNKNOWN_CODE, WRONG, headers={"x-forwarded-for": f"10.9.9.9, 203.0.113.{n}"}
            )
            for n in range(PER_PAIR + 3)
        ]

    assert {one.status for one in answers} == {422}


async def test_given_a_flood_from_one_address_then_another_is_heard_among_the_first(
    one_stop: OneStop, monkeypatch: pytest.MonkeyPatch
):
    await one_stop.put(a_tracked())
    asked: list[str] = []
    take = asking.take_attempt

    async def taking(*told: Any) -> Any:
        asked.append("asked")
        return await take(*told)

    monkeypatch.setattr(asking, "take_attempt", taking)
    tracker = Tracker(running_of(one_stop))
    codes = [f"H29.26737-261123-{number:04d}" for number in range(5000, 5200)]
    flood = [asyncio.create_task(tracker.ask(code, WRONG, HERE)) for code in codes]
    await asyncio.sleep(0)
    answer = await tracker.ask(a_tracked().code, RIGHT, THERE)
    answers = await asyncio.gather(*flood)

    assert answer.outcome == "shown"
    assert len(asked) <= WAITING_OF_ONE + 1
    assert [one.outcome for one in answers].count("limited") == len(codes) - WAITING_OF_ONE


async def test_given_guesses_from_homes_of_one_site_then_they_share_those_about_a_code(
    one_stop: OneStop,
):
    await one_stop.put(a_tracked())
    tracker, answers = Tracker(running_of(one_stop)), []
    for home in range(3 * PER_PAIR):
        one_stop.now += timedelta(minutes=2)
        answers.append(await tracker.ask(a_tracked().code, WRONG, f"2001:db8:1:{home:x}00::/56"))

    assert [one.outcome for one in answers].count("wrong") == PER_PAIR
