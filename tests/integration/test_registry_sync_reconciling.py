"""The comparison with the register: what it finds, what it repairs, what it leaves to people."""

import tracemalloc
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from contracts.events import Registered, RegisterReturned, RegistrationCorrected
from contracts.reconciliation import Difference
from plumbing import lanes, reconciling
from plumbing.assembly import utc_now
from registry_sync import reconciling as by_register
from registry_sync.registration import RegisterSaid
from tests.integration.reconciling_kit import BOOK, FORM, LINE, Compared, comparing
from tests.integration.register_double import RegisterDouble
from tests.unit.builders import A_UNIT

ENTERED = Registered(unit_code=A_UNIT, number="7", book="01/2026", registered_on=date(2026, 11, 23))
TAKEN = "taken_from_the_register"


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Compared]:
    async with comparing(database, RegisterDouble()) as one:
        yield one


def short(found: list[Difference]) -> list[tuple[str, str, str, str, str, bool]]:
    """Return what matters of differences."""
    return [
        (d.reference, d.kind, d.ours, d.theirs, d.repair, d.repaired_at is not None) for d in found
    ]


async def test_given_all_agree_when_compared_then_nothing_differs_and_nothing_is_said(bench: Any):
    pushed, registered = await bench.has("pushed"), await bench.has("registered")
    await bench.has("accepted", accepted_at=utc_now())
    bench.says(pushed, 3)
    bench.says(registered, 4)

    run = await bench.compares()

    assert (run.compared, run.differences, run.repaired) == (3, {}, 0)
    assert await bench.said(pushed) == []
    assert await bench.said(registered) == []


async def test_given_a_result_no_poll_brought_when_compared_then_it_is_taken_and_told_once(
    bench: Any,
):
    registered, refused = await bench.has("pushed", form=FORM), await bench.has("pushed")
    bench.says(registered, 4)
    bench.says(refused, 6)

    first, second = await bench.compares(), await bench.compares()

    assert await bench.said(registered) == [ENTERED]
    assert await bench.said(refused) == [
        RegisterReturned(kind="refused", reasons=("register_refused",))
    ]
    assert sorted(short(await bench.found(first))) == sorted(
        [
            (registered.code, "different_status", "pushed", "registered", TAKEN, True),
            (refused.code, "different_status", "pushed", "refused", TAKEN, True),
        ]
    )
    assert (first.repaired, second.differences) == (2, {})


async def test_given_the_register_lost_a_dossier_when_compared_then_it_is_told_again_once(
    bench: Any,
):
    lost = await bench.has("pushed", form=FORM)
    bench.register.answer = {"status": "1"}

    first, second = await bench.compares(), await bench.compares()
    (still,) = await bench.found(first)
    await bench.calls()
    (push,) = bench.register.pushes
    bench.says(lost, 1)
    third = await bench.compares()
    assert await bench.pool.fetchval("SELECT seen FROM registration")

    there = (lost.code, "missing_there", "pushed", "unknown", "told_again")
    # The second run is within a quarter of an hour of telling it again: too early to say.
    assert (still.repaired_at, second.compared) == (None, 0)
    assert push["maHoSoMCDT"] == lost.code
    assert second.differences == {}
    assert third.differences == {}
    assert short(await bench.found(first)) == [(*there, True)]
    assert await bench.said(lost) == []


async def test_given_it_was_seen_there_and_is_lost_when_compared_then_it_is_not_told_again(
    bench: Any,
):
    case = await bench.has("pushed", form=FORM)
    bench.says(case, 1)
    await bench.compares()
    bench.register.states.clear()

    run = await bench.compares()
    await bench.calls()

    assert short(await bench.found(run)) == [
        (case.code, "missing_there", "pushed", "unknown", "", False)
    ]
    assert bench.register.pushes == []


async def test_given_it_is_lost_again_and_again_then_after_three_times_a_person_must_look(
    bench: Any,
):
    lost = await bench.has("pushed", form=FORM)
    bench.register.answer = {"status": "1"}

    repairs = []
    for _ in range(4):
        (one,) = await bench.found(await bench.compares())
        repairs.append(one.repair)
        await bench.calls()
        await bench.days_pass(1)

    assert repairs == ["told_again"] * 3 + [""]
    assert [push["maHoSoMCDT"] for push in bench.register.pushes] == [lost.code] * 3


async def test_given_the_register_has_it_after_all_when_told_again_then_it_is_asked_and_not_told(
    bench: Any,
):
    lost = await bench.has("pushed", form=FORM)

    await bench.compares()
    bench.says(lost, 1)
    await bench.calls()

    assert bench.register.pushes == []


@pytest.mark.parametrize(
    ("status", "said", "kind", "theirs"),
    [
        ("registered", None, "missing_there", "unknown"),
        ("registered", 6, "different_status", "refused"),
        ("returned", None, "missing_there", "unknown"),
        ("accepted", 1, "missing_here", "processing"),
    ],
)
async def test_given_what_no_event_repairs_when_compared_then_it_is_noted_and_nothing_is_said(
    bench: Any, status: Any, said: int | None, kind: str, theirs: str
):
    case = await bench.has(status, form=FORM)
    if said is not None:
        bench.says(case, said)

    run = await bench.compares()
    await bench.calls()

    assert short(await bench.found(run)) == [(case.code, kind, status, theirs, "", False)]
    assert await bench.said(case) == []
    assert bench.register.pushes == []


async def test_given_a_corrected_entry_when_compared_then_it_is_published_with_its_revision(
    bench: Any,
):
    case = await bench.has("registered")
    bench.says(case, 4, ketQuaXuLy=LINE | {"soDangKy": "8"})

    first, second = await bench.compares("all"), await bench.compares("all")

    assert await bench.said(case) == [
        RegistrationCorrected(
            unit_code=BOOK.unit_code,
            number="8",
            book=BOOK.book,
            registered_on=BOOK.registered_on,
            revision=1,
        )
    ]
    (one,) = await bench.found(first)
    assert (one.ours[:2], one.theirs[:2], one.repair) == ("7,", "8,", "corrected")
    assert second.differences == {}


async def test_given_a_difference_stands_when_compared_again_then_it_is_as_old_as_it_is(bench: Any):
    case = await bench.has("registered")

    first, second = await bench.compares(), await bench.compares()
    bench.says(case, 4)
    third = await bench.compares()

    (old,), (again,) = await bench.found(first), await bench.found(second)
    assert (second.compared, second.differences) == (1, {"missing_there": 1})
    assert again.found_at == old.found_at
    # Somebody put it right: the one that stood open is over, and no run after finds it.
    assert again.repaired_at is not None
    assert third.differences == {}


async def test_given_nothing_changed_when_compared_daily_then_a_seventh_of_the_settled_is_asked(
    bench: Any,
):
    cases = await bench.have([f"H29.{A_UNIT}-261123-{n:04d}" for n in range(400)], "registered")
    for case in cases:
        bench.says(case, 4)

    first, second, everything = (
        await bench.compares(),
        await bench.compares(),
        await bench.compares("all"),
    )

    assert (first.compared, everything.compared) == (400, 400)
    assert 20 < second.compared < 110


async def test_given_another_province_goes_on_when_compared_then_it_is_asked_there_too(bench: Any):
    moved = await bench.has("pushed", province_code="48")
    bench.says(moved, 4, province="48")

    run = await bench.compares()

    assert bench.register.asked == ["79", "48"]
    assert run.differences == {"different_status": 1}
    assert [one.province_code for one in await bench.found(run)] == ["48"]


async def test_given_the_lane_is_paused_then_the_run_waits_and_a_paused_province_is_left_out(
    bench: Any,
):
    case, other = await bench.has("registered"), await bench.has("registered", told_province="48")
    bench.says(case, 4)
    bench.says(other, 4, province="48")
    async with bench.pool.acquire() as conn:
        await lanes.pause(conn, "register", "", by="operator", reason="upkeep")
        await reconciling.start(conn, "register", "all", "operator")

    assert await bench.reconciler._make()
    async with bench.pool.acquire() as conn:
        run = await reconciling.open_run(conn, "register")
        await lanes.resume(conn, "register")
        await lanes.pause(conn, "register", "48", by="operator", reason="upkeep")
    assert not await bench.reconciler._make()

    assert (await bench.run_of(run.run_id)).compared == 1
    assert bench.register.asked == ["79"]


async def test_given_a_kill_in_the_middle_then_the_run_goes_on_where_it_was(
    bench: Any, monkeypatch: Any
):
    monkeypatch.setattr(by_register, "BATCH", 10)
    cases = await bench.have([f"H29.{A_UNIT}-261123-{n:04d}" for n in range(35)], "registered")
    for case in cases[:30]:
        bench.says(case, 4)
    comparison = bench.reconciler.comparison
    async with bench.pool.acquire() as conn:
        run_id = await reconciling.start(conn, "register", "all", "operator")
        run = await reconciling.open_run(conn, "register")
    run = await comparison.step(await comparison.step(run))

    assert not await bench.reconciler._make()

    ended = await bench.run_of(run_id)
    assert (ended.compared, ended.differences) == (35, {"missing_there": 5})
    assert len(bench.register.asked) == 4


async def test_given_another_replica_took_the_run_on_then_a_step_behind_it_writes_nothing(
    bench: Any, monkeypatch: Any
):
    monkeypatch.setattr(by_register, "BATCH", 10)
    cases = await bench.have([f"H29.{A_UNIT}-261123-{n:04d}" for n in range(20)], "pushed")
    for case in cases:
        bench.says(case, 4)
    comparison = bench.reconciler.comparison
    async with bench.pool.acquire() as conn:
        run_id = await reconciling.start(conn, "register", "all", "operator")
        behind = await reconciling.open_run(conn, "register")
    await comparison.step(behind)

    with pytest.raises(reconciling.RunMoved):
        await comparison.step(behind)

    assert (await bench.run_of(run_id)).compared == 10
    assert await bench.pool.fetchval("SELECT count(*) FROM outbox") == 10


async def test_given_one_odd_answer_when_compared_then_it_is_a_persons_and_the_others_go_on(
    bench: Any,
):
    odd, fine = await bench.has("pushed"), await bench.has("pushed")
    bench.says(odd, 4, ketQuaXuLy={"soDangKy": "7"})
    bench.says(fine, 4)

    run = await bench.compares()

    found = short(await bench.found(run))
    assert (odd.code, "different_status", "pushed", "unreadable", "", False) in found
    assert await bench.said(fine) == [ENTERED]


async def test_given_one_word_no_rule_can_take_when_compared_then_it_is_a_persons_and_no_others(
    bench: Any,
):
    bad, fine = await bench.has("pushed"), await bench.has("pushed")
    bench.says(bad, 4)
    bench.says(fine, 4)
    rules = bench.assembly.part.rules
    rule = rules[RegisterSaid]

    def failing(message: Any, case: Any, context: Any) -> Any:
        if case.code == bad.code:
            raise ZeroDivisionError
        return rule(message, case, context)

    rules[RegisterSaid] = failing

    run = await bench.compares()

    assert sorted(short(await bench.found(run))) == sorted(
        [
            (bad.code, "different_status", "pushed", "registered", "", False),
            (fine.code, "different_status", "pushed", "registered", TAKEN, True),
        ]
    )
    assert await bench.said(fine) == [ENTERED]


async def test_given_the_register_is_away_then_the_run_waits_at_its_place(bench: Any):
    await bench.has("pushed")
    bench.register.results_status = 503
    async with bench.pool.acquire() as conn:
        await reconciling.start(conn, "register", "all", "operator")
        run = await reconciling.open_run(conn, "register")

    assert await bench.reconciler._make()

    async with bench.pool.acquire() as conn:
        assert await reconciling.open_run(conn, "register") == run


async def test_given_a_dossier_moves_while_the_register_is_asked_then_it_is_left_to_the_next_run(
    bench: Any, monkeypatch: Any
):
    case = await bench.has("pushed", form=FORM)
    questions = bench.reconciler.comparison.questions
    ask = type(questions).ask

    async def slow(self: Any, *what: Any, **how: Any) -> Any:
        there = await ask(self, *what, **how)
        await bench.pool.execute("UPDATE registration SET status = 'registered'")
        return there

    monkeypatch.setattr(type(questions), "ask", slow)

    run = await bench.compares()
    await bench.calls()

    assert run.differences == {}
    assert bench.register.pushes == []
    assert await bench.said(case) == []


async def _peak_bytes(bench: Compared) -> int:
    tracemalloc.start()
    try:
        await bench.compares("all")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_given_four_times_as_many_dossiers_when_compared_then_it_takes_no_more_memory(
    bench: Any, monkeypatch: Any
):
    monkeypatch.setattr(by_register, "BATCH", 100)
    for case in await bench.have(
        [f"H29.{A_UNIT}-261123-{n:04d}" for n in range(500)], "registered"
    ):
        bench.says(case, 4)
    await bench.compares("all")
    few = await _peak_bytes(bench)
    for case in await bench.have(
        [f"H29.{A_UNIT}-261124-{n:04d}" for n in range(1500)], "registered"
    ):
        bench.says(case, 4)

    assert await _peak_bytes(bench) < 2 * few
