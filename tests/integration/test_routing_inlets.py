"""What the one-stop hears: events and personal data, in any order, by its real inlets."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.envelope import Cause, Head, extend
from contracts.events import Accepted, ParticularsRef, Routed
from contracts.particulars import Particulars, ParticularsRecord
from contracts.topics import LIFECYCLE, PARTICULARS
from plumbing.sealing import particulars_purpose
from tests.integration.core_kit import a_record
from tests.integration.routing_kit import NOW, RING, UNIT, OneStop, a_one_stop
from tests.unit.builders import a_submission, some_particulars


@pytest.fixture
async def one_stop(database: str) -> AsyncIterator[OneStop]:
    async with a_one_stop(database) as one:
        yield one


def submitted(dossier_id: UUID, number: int) -> Any:
    """Return the record that says a portal submitted that dossier."""
    data = a_submission(
        unit_code=UNIT,
        residence_unit_code=UNIT,
        submitted_at=NOW,
        particulars=ParticularsRef(version=1, sha256="a" * 64),
    )
    head = Head(dossier_id, f"H29.26737-261124-{number:04d}")
    body, _, _ = extend(head, data, Cause("test", "0" * 64), NOW)
    return a_record(LIFECYCLE["intake"].name, body, str(dossier_id).encode(), offset=number)


def personal(dossier_id: UUID, version: int, particulars: Particulars) -> Any:
    """Return the record with that version of a dossier's personal data."""
    purpose = particulars_purpose(dossier_id, version)
    sealed = RING.seal(particulars.model_dump_json().encode(), purpose)
    record = ParticularsRecord.model_construct(
        dossierid=dossier_id,
        version=version,
        kid=sealed.kid,
        nonce=sealed.nonce,
        ciphertext=sealed.ciphertext,
    )
    return a_record(PARTICULARS.name, record.model_dump_json().encode(), str(dossier_id).encode())


async def settle(one_stop: OneStop, *records: Any) -> None:
    """Settle the records of one topic in one transaction; none may be dead."""
    inlet: Any = one_stop.lifecycle
    if records[0].topic == PARTICULARS.name:
        inlet = one_stop.particulars
    async with one_stop.pool.acquire() as conn, conn.transaction():
        settled = await inlet(conn, records, NOW)
    assert (settled.dead, settled.parked) == (0, 0)


@pytest.mark.parametrize("first", ["events", "personal data"])
async def test_given_events_and_personal_data_in_any_order_then_the_cases_are_the_same(
    one_stop: OneStop, first: str
):
    one_stop.by_officer = False
    ids = [uuid4() for _ in range(3)]
    events = [submitted(dossier_id, n) for n, dossier_id in enumerate(ids)]
    data = [personal(dossier_id, 1, some_particulars(str(dossier_id))) for dossier_id in ids]

    for batch in (events, data) if first == "events" else (data, events):
        await settle(one_stop, *batch)

    for number, dossier_id in enumerate(ids):
        case = await one_stop.case(dossier_id)
        assert (case.code, case.status) == (f"H29.26737-261124-{number:04d}", "accepted")
        assert case.particulars == some_particulars(str(dossier_id))
        said = [type(one) for one in await one_stop.said(dossier_id)]
        assert said == [Routed, Accepted]


async def test_given_a_tombstone_when_it_comes_then_nothing_personal_is_left_nor_comes_back(
    one_stop: OneStop,
):
    dossier_id = uuid4()
    await settle(one_stop, personal(dossier_id, 1, some_particulars()))
    await settle(one_stop, submitted(dossier_id, 1))

    await settle(one_stop, a_record(PARTICULARS.name, None, str(dossier_id).encode()))
    await settle(one_stop, personal(dossier_id, 2, some_particulars()))

    case = await one_stop.case(dossier_id)
    assert (case.particulars, case.erased) == (None, True)
    rows = await one_stop.pool.fetch("SELECT particulars FROM case_particulars")
    assert [row["particulars"] for row in rows] == [None]


async def test_given_the_same_event_twice_then_it_is_received_once(
    one_stop: OneStop,
):
    record = submitted(uuid4(), 1)

    await settle(one_stop, record)
    await settle(one_stop, record)

    rows = await one_stop.pool.fetch("SELECT dossier_id FROM dossier_case")
    (case,) = [await one_stop.case(row["dossier_id"]) for row in rows]
    assert [type(one) for one in await one_stop.said(case.dossier_id)] == [Routed]
