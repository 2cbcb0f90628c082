"""The comparison while the register answers badly, or all at once otherwise: it comes to an end."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from contracts.decision import Decision
from contracts.events import RegistrationCorrected
from plumbing import reconciling
from registry_sync.reconciling import MOST_TRIES
from registry_sync.registration import RegisterSaid
from tests.integration.reconciling_kit import BOOK, FORM, LINE, Compared, comparing
from tests.integration.register_double import RegisterDouble
from tests.unit.builders import A_UNIT

BUSY = {"status": "0", "statusDescription": "Hệ thống bận"}
NUMBERS = [f"H29.{A_UNIT}-261123-{n:04d}" for n in range(40)]


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Compared]:
    async with comparing(database, RegisterDouble()) as one:
        yield one


async def short(bench: Compared, run: Any) -> list[tuple[str, str, str, str, str]]:
    """Return what matters of what the run found."""
    found = await bench.found(run)
    return [(one.reference, one.kind, one.ours, one.theirs, one.repair) for one in found]


async def test_given_a_dossier_two_people_discarded_when_compared_then_no_night_tells_it_again(
    bench: Any,
):
    case = await bench.has("pushed", form=FORM, discarded=True)

    first, second = await bench.compares(), await bench.compares()
    await bench.calls()

    lost = (case.code, "missing_there", "pushed", "unknown", "")
    assert (await short(bench, first), await short(bench, second)) == ([lost], [lost])
    assert bench.register.pushes == []


async def test_given_a_row_that_says_not_found_then_it_is_unreadable_and_was_never_seen(
    bench: Any,
):
    case = await bench.has("pushed", form=FORM)
    bench.says(case, 0, errors="Không tìm thấy hồ sơ")

    run = await bench.compares()

    assert await short(bench, run) == [(case.code, "different_status", "pushed", "unreadable", "")]
    assert not await bench.pool.fetchval("SELECT seen FROM registration")


async def test_given_a_line_nobody_can_read_then_the_register_was_seen_to_have_it(bench: Any):
    case = await bench.has("pushed", form=FORM)
    bench.says(case, 4, ketQuaXuLy={"soDangKy": "7"})

    await bench.compares()

    assert await bench.pool.fetchval("SELECT seen FROM registration")


async def test_given_a_supplement_the_register_let_fall_when_compared_then_a_person_looks(
    bench: Any,
):
    case = await bench.has("pushed", form=FORM, round=2)
    bench.says(case, 2, thoiGianThucHien="01/11/2026 08:00:00")

    run = await bench.compares()

    assert await short(bench, run) == [(case.code, "different_status", "pushed", "supplement", "")]
    assert await bench.said(case) == []


async def test_given_a_word_that_leads_to_nothing_when_compared_then_it_stays_with_a_person(
    bench: Any,
):
    case = await bench.has("pushed")
    bench.says(case, 4)
    bench.assembly.part.rules[RegisterSaid] = lambda _, case, __: Decision(case)

    run = await bench.compares()

    assert await short(bench, run) == [(case.code, "different_status", "pushed", "registered", "")]


async def test_given_an_entry_kept_while_the_register_is_asked_then_the_older_word_corrects_nothing(
    bench: Any, monkeypatch: Any
):
    case = await bench.has("registered", entry=None)
    bench.says(case, 4, ketQuaXuLy=LINE | {"soDangKy": "6"})
    questions = bench.reconciler.comparison.questions
    ask = type(questions).ask

    async def slow(self: Any, *what: Any, **how: Any) -> Any:
        heard = await ask(self, *what, **how)
        async with bench.pool.acquire() as conn:
            await bench.assembly.part.store.save(conn, [replace(case, entry=BOOK)])
        return heard

    monkeypatch.setattr(type(questions), "ask", slow)

    run = await bench.compares()

    assert (await bench.said(case), run.differences) == ([], {})
    assert await bench.pool.fetchval("SELECT entry_number FROM registration") == BOOK.number


async def test_given_a_repair_that_waits_for_a_person_when_compared_then_it_is_a_persons(
    bench: Any,
):
    case = await bench.has("pushed", form=FORM)
    await bench.compares()
    await bench.pool.execute("UPDATE effect SET state = 'MANUAL'")
    await bench.days_pass(1)

    run = await bench.compares()

    assert await short(bench, run) == [(case.code, "missing_there", "pushed", "unknown", "")]
    assert await bench.pool.fetchval("SELECT count(*) FROM effect") == 1


@pytest.mark.parametrize("spoilt", [BUSY, {"status": "1", "value": "x"}])
async def test_given_a_dossier_that_spoils_the_whole_answer_then_it_alone_is_unreadable(
    bench: Any, spoilt: Any
):
    cases = await bench.have(NUMBERS, "registered")
    for case in cases:
        bench.says(case, 4)
    bench.register.spoilt = {NUMBERS[7]: spoilt}

    run = await bench.compares("all")

    assert (run.compared, run.passed_over) == (40, 0)
    assert await short(bench, run) == [
        (NUMBERS[7], "different_status", "registered", "unreadable", "")
    ]


async def _tries(bench: Compared, times: int) -> str | None:
    ended = None
    for _ in range(times):
        ended = await bench.reconciler._make()
    return ended


async def _begun(bench: Compared) -> Any:
    async with bench.pool.acquire() as conn:
        return await reconciling.start(conn, "register", "all", "operator")


async def test_given_a_dossier_on_which_the_register_fails_then_it_is_found_after_some_tries(
    bench: Any,
):
    for case in await bench.have(NUMBERS, "registered"):
        bench.says(case, 4)
    bench.register.spoilt = {NUMBERS[7]: 500}
    run_id = await _begun(bench)

    waits = await _tries(bench, MOST_TRIES - 1)
    ended = await _tries(bench, 1)

    run = await bench.run_of(run_id)
    assert (waits, ended, run.compared) == ("waits", None, 40)
    assert run.differences == {"different_status": 1}


async def test_given_a_province_without_an_answer_then_it_is_passed_over_and_others_go_on(
    bench: Any,
):
    silent = await bench.has("pushed", told_province="01", province_code="01")
    other = await bench.has("pushed")
    bench.says(other, 4)
    bench.register.silent = {"01"}
    run_id = await _begun(bench)

    await _tries(bench, MOST_TRIES - 1)
    before = await bench.run_of(run_id)
    await _tries(bench, 1)

    run = await bench.run_of(run_id)
    assert (before.compared, before.passed_over) == (0, 0)
    assert (run.finished_at is not None, run.compared, run.passed_over) == (True, 1, 1)
    assert [data.name for data in await bench.said(other)] == ["registered"]
    assert await bench.said(silent) == []


async def test_given_a_register_that_answers_nothing_then_the_run_waits_and_passes_nothing_over(
    bench: Any,
):
    await bench.has("pushed", told_province="01", province_code="01")
    await bench.has("pushed")
    bench.register.silent = {"01", "79"}
    run_id = await _begun(bench)

    waits = await _tries(bench, MOST_TRIES + 2)

    run = await bench.run_of(run_id)
    assert (waits, run.finished_at, run.passed_over) == ("waits", None, 0)


async def test_given_data_that_cannot_be_opened_then_that_one_is_a_persons_and_others_go_on(
    bench: Any,
):
    shut, *others = await bench.have(NUMBERS[:3], "pushed", form=FORM)
    for case in (shut, *others):
        bench.says(case, 4)
    await bench.pool.execute(
        "UPDATE registration SET personal = '\\x00' WHERE dossier_id = $1", shut.dossier_id
    )

    run = await bench.compares()

    found = await short(bench, run)
    assert (shut.code, "different_status", "not_opened", "registered", "") in found
    assert [len(await bench.said(case)) for case in others] == [1, 1]


@pytest.mark.parametrize(("changed", "published"), [(20, 20), (21, 0)])
async def test_given_many_entries_changed_at_once_then_more_than_a_few_are_left_to_people(
    bench: Any, changed: int, published: int
):
    cases = await bench.have(NUMBERS, "registered")
    for number, case in enumerate(cases):
        line = LINE | {"soDangKy": "8"} if number < changed else LINE
        bench.says(case, 4, ketQuaXuLy=line)

    run = await bench.compares("all")

    said = [data for case in cases for data in await bench.said(case)]
    assert len([one for one in said if isinstance(one, RegistrationCorrected)]) == published
    assert (run.differences, run.repaired) == ({"different_number": changed}, published)


async def test_given_a_unit_told_for_the_first_time_then_it_is_kept_and_nothing_differs(
    bench: Any,
):
    case = await bench.has("registered")
    bench.says(case, 4, ketQuaXuLy=LINE | {"noiDangKy": "20194"})

    run = await bench.compares("all")

    assert (await bench.said(case), run.differences) == ([], {})
    assert await bench.pool.fetchval("SELECT entry_unit FROM registration") == "20194"


async def test_given_not_found_where_it_was_told_then_the_province_that_goes_on_is_asked(
    bench: Any,
):
    moved = await bench.has("pushed")
    await bench.pool.execute("UPDATE registration SET province_code = '48'")
    bench.says(moved, 0)
    bench.says(moved, 4, province="48")

    await bench.compares()

    assert [data.name for data in await bench.said(moved)] == ["registered"]
