"""Cases as the database keeps them: every field comes back, and personal data stay sealed."""

from collections.abc import AsyncIterator
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.decision import ParticularsArrived, ParticularsErased
from contracts.events import Accepted, Due, EventData, Rescheduled, Returned, Stopped
from contracts.model import VIETNAM
from plumbing.migrating import migrate
from plumbing.sealing import KeyRing
from routing.domain import Accept, Case, Expire, may_expire
from routing.store import AS_KEPT, CaseStore, load_view
from tests.integration.routing_kit import MIGRATIONS, NOW, UNIT, OneStop, a_case, a_due, a_one_stop
from tests.unit.builders import some_particulars

instants = st.integers(0, 20 * 365 * 24 * 60 * 60 * 10**6).map(
    lambda microseconds: datetime(2015, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)
days = st.dates(date(2015, 1, 1), date(2035, 1, 1))
codes = st.from_regex(r"\A[a-z0-9_]{1,20}\Z")
units = st.from_regex(r"\A[0-9]{5}\Z")
dues = instants.map(a_due)
particulars = st.text(alphabet="aăộ Q'", min_size=1, max_size=30).map(
    lambda note: some_particulars(f"x{note}x")
)


def some_events() -> st.SearchStrategy[EventData]:
    """Return events that are put on paper."""
    actor, reasons = st.just("officer-1"), st.lists(codes, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(
            Accepted,
            unit_code=units,
            procedure_code=st.just("1.001193"),
            actor=actor,
            reference_version=codes,
            due=st.none() | dues,
            received_at=st.none() | instants,
        ),
        st.builds(
            Returned,
            kind=st.sampled_from(["supplement", "refused"]),
            reasons=reasons,
            actor=actor,
            supplement_due=st.none() | dues,
        ),
        st.builds(
            Rescheduled,
            kind=st.just("apology"),
            reason=codes,
            old_due_on=days,
            due=dues,
            actor=actor,
        ),
        st.builds(Stopped, reason=codes, final=st.booleans(), actor=actor),
    )


def few(one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return up to three of them."""
    return st.lists(one, max_size=3).map(tuple)


OWN: dict[str, st.SearchStrategy[Any]] = {
    "dossier_id": st.uuids(),
    "code": st.just(""),  # a code is unique; it is given below
    "procedure_code": st.sampled_from(["1.001193", "1.000894"]),
    "particulars": st.none() | particulars,
}
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: codes,
    int: st.integers(0, 99),
    bool: st.booleans(),
    type(None): st.none(),
    datetime: instants,
    date: days,
    Due: dues,
}


def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Return values of a type a case may hold: a field added tomorrow needs nothing here."""
    inner = get_args(kind)
    if get_origin(kind) is tuple:
        return few(anything(inner[0]))
    if get_origin(kind) is Literal:
        return st.sampled_from(inner)
    if inner:
        return st.one_of(*map(anything, inner))
    if kind is EventData:
        return some_events()
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{one.name: anything(hints[one.name]) for one in fields(kind)})
    return BY_TYPE[kind]


def any_case() -> st.SearchStrategy[Case]:
    """Return any case: every field of its own kind."""
    hints = get_type_hints(Case)
    kinds = {
        one.name: OWN[one.name] if one.name in OWN else anything(hints[one.name])
        for one in fields(Case)
    }
    return st.builds(Case, **kinds).map(
        lambda case: case.but(
            code=f"H29.26734-261123-{case.dossier_id.int % 10**7:07d}",
            particulars=None if case.erased else case.particulars,
        )
    )


@pytest.fixture
async def one_stop(database: str) -> AsyncIterator[OneStop]:
    async with a_one_stop(database) as one:
        yield one


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(any_case(), min_size=1, max_size=4, unique_by=lambda case: case.code), st.data())
async def test_given_any_cases_when_saved_and_saved_again_then_every_field_comes_back(
    one_stop: OneStop, cases: list[Case], data: st.DataObject
):
    await one_stop.put(*cases)
    first = [await one_stop.case(case.dossier_id) for case in cases]
    later = [
        case.but(dossier_id=old.dossier_id, code=old.code)
        for old, case in ((old, data.draw(any_case())) for old in cases)
    ]
    await one_stop.put(*later)
    second = [await one_stop.case(case.dossier_id) for case in later]
    await one_stop.pool.execute("TRUNCATE dossier_case, case_particulars, stream")

    assert first == cases
    assert second == later


async def test_given_two_dossiers_whose_personal_data_come_first_when_saved_then_both_are_kept(
    one_stop: OneStop,
):
    first, second = (Case(uuid4(), "", particulars=some_particulars()) for _ in range(2))

    await one_stop.put(first, second)

    assert await one_stop.case(first.dossier_id) == first
    assert await one_stop.case(second.dossier_id) == second


async def test_given_personal_data_that_did_not_change_when_saved_then_they_are_not_written(
    one_stop: OneStop,
):
    case = a_case(particulars=some_particulars())
    await one_stop.put(case)
    before = await _sealed(one_stop, case.dossier_id)

    await one_stop.act(case, Accept("officer-1"))

    after = await _sealed(one_stop, case.dossier_id)
    assert (await one_stop.case(case.dossier_id)).status == "accepted"
    assert after == before


async def test_given_personal_data_when_loaded_for_the_rules_then_nobody_opens_them(
    one_stop: OneStop,
):
    case = a_case(particulars=some_particulars())
    await one_stop.put(case)
    without_the_key = CaseStore(KeyRing("k2", {"k2": bytes(32)}))

    async with one_stop.pool.acquire() as conn:
        (loaded,) = (await without_the_key.load(conn, [case.dossier_id])).values()

    assert loaded == case.but(particulars=AS_KEPT)


async def test_given_newer_personal_data_when_saved_then_only_they_are_there(one_stop: OneStop):
    case = a_case(particulars=some_particulars("first"))
    await one_stop.put(case)
    newer = ParticularsArrived(case.dossier_id, 2, "a" * 64, some_particulars("second"))

    await one_stop.act(case, newer)

    kept = await one_stop.case(case.dossier_id)
    assert kept.particulars == some_particulars("second")


async def test_given_erased_personal_data_when_saved_then_none_are_left(one_stop: OneStop):
    case = a_case(particulars=some_particulars())
    await one_stop.put(case)

    await one_stop.act(case, ParticularsErased(case.dossier_id))

    rows = await one_stop.pool.fetch("SELECT particulars, erased FROM case_particulars")
    assert [tuple(row) for row in rows] == [(None, True)]
    with pytest.raises(asyncpg.CheckViolationError):
        await one_stop.pool.execute("UPDATE case_particulars SET particulars = 'x'")


async def test_given_personal_data_when_looked_at_in_the_database_then_they_cannot_be_read(
    one_stop: OneStop,
):
    await one_stop.put(a_case(particulars=some_particulars("một ghi chú")))

    text = await one_stop.everything("case_particulars") + await one_stop.everything("dossier_case")

    assert not [word for word in ("Thử", "000190000001", "ghi chú", "900000001") if word in text]


async def test_given_a_case_when_viewed_then_without_personal_data(one_stop: OneStop):
    case = a_case(particulars=some_particulars())
    await one_stop.put(case)

    async with one_stop.pool.acquire() as conn:
        viewed = await load_view(conn, case.dossier_id)
        unknown = await load_view(conn, uuid4())

    assert viewed == case.but(particulars=None)
    assert unknown is None


@pytest.mark.empty_database
async def test_given_a_database_of_an_earlier_clone_when_migrated_then_its_cases_go_on(
    database: str, tmp_path: Any
):
    first = MIGRATIONS / "0001_routing.sql"
    folder = tmp_path / MIGRATIONS.parent.name / "migrations"
    folder.mkdir(parents=True)
    (folder / first.name).write_bytes(first.read_bytes())
    await migrate(database, folder)
    old = await asyncpg.connect(database)
    waiting, done, asked = uuid4(), uuid4(), uuid4()
    await old.executemany(
        "INSERT INTO dossier_case VALUES ($1, $2, $3, $4, '1.001193', '{birth_notification}', $5)",
        [
            (waiting, "H29.26734-261123-0001", "received", UNIT, NOW - timedelta(hours=10)),
            (done, "H29.26734-261123-0002", "registered", UNIT, NOW - timedelta(days=9)),
            (asked, "H29.26734-261123-0003", "supplement", UNIT, NOW - timedelta(days=99)),
        ],
    )
    await old.close()

    async with a_one_stop(database) as one_stop:
        first_case, second_case = await one_stop.case(waiting), await one_stop.case(done)
        await one_stop.act(first_case, Accept("officer-1"))

        assert (first_case.residence_unit_code, first_case.rounds) == (UNIT, 0)
        assert first_case.unit_on == NOW.date() - timedelta(days=1)
        assert (second_case.status, second_case.rounds) == ("registered", 1)
        assert (await one_stop.case(waiting)).appointment is not None
        await _ends_in_60_days(one_stop, await one_stop.case(asked))


async def _ends_in_60_days(one_stop: OneStop, asked: Case) -> None:
    """Check that a supplement without a time has one, the same in its column and its document."""
    due, today = asked.supplement_due, datetime.now(VIETNAM).date()
    assert due is not None
    assert today + timedelta(days=59) <= due.due_on <= today + timedelta(days=60)
    assert (due.due_at.astimezone(VIETNAM).hour, due.steps[0].assumed) == (17, True)
    column = "SELECT supplement_due_at FROM dossier_case WHERE dossier_id = $1"
    assert await one_stop.pool.fetchval(column, asked.dossier_id) == due.due_at
    assert not may_expire(asked, due.due_at)
    one_stop.now = due.due_at + timedelta(days=2)
    await one_stop.act(asked, Expire())
    assert (await one_stop.case(asked.dossier_id)).status == "closed"


async def _sealed(one_stop: OneStop, dossier_id: UUID) -> tuple[Any, ...]:
    row = await one_stop.pool.fetchrow(
        "SELECT particulars, xmin::text, ctid::text FROM case_particulars WHERE dossier_id = $1",
        dossier_id,
    )
    return tuple(row)
