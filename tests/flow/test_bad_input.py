"""Bad input on every road: a clear answer, nothing stops, nothing is lost."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from contracts.envelope import Cause, Head, extend
from contracts.topics import LIFECYCLE, PARTICULARS, SUBMISSIONS
from local_stack.stack import Stack
from tests.flow.kit import (
    all_consumed,
    count,
    following,
    good_samples,
    producing,
    token,
    until,
)
from tests.unit.builders import A_CODE, SOME_HASH, a_submission

ROOT = Path.cwd()
INTAKE = LIFECYCLE["intake"].name


class Portal:
    """The national portal, calling intake by hand."""

    def __init__(self, session: aiohttp.ClientSession, url: str, bearer: str) -> None:
        self._session, self._url, self._bearer = session, f"{url}/v1/submissions", bearer

    async def post(self, body: Any, *, key: str | None = None, **headers: str) -> tuple[int, Any]:
        """Return status and document of a submission."""
        sent = {"authorization": f"Bearer {self._bearer}", "content-type": "application/json"}
        if key != "":
            sent["idempotency-key"] = key or uuid4().hex
        data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        async with self._session.post(self._url, data=data, headers=sent | headers) as response:
            return response.status, await response.json(content_type=None)


@pytest.fixture
async def portal(stack: Stack):
    status = stack.status()
    bearer = await token(status, ROOT, "national-portal")
    async with aiohttp.ClientSession() as session:
        yield Portal(session, status.urls["intake"], bearer)


def a_body(**changes: Any) -> dict[str, Any]:
    return good_samples(1)[0].submission | changes


async def test_broken_json_is_answered_400(portal: Portal):
    status, problem = await portal.post(b'{"portal_reference": ')

    assert (status, problem["status"]) == (400, 400)


async def test_a_body_of_two_megabytes_is_answered_413(portal: Portal):
    status, problem = await portal.post(b'"' + b"x" * 2_000_000 + b'"')

    assert (status, problem["status"]) == (413, 413)


@pytest.mark.parametrize("bearer", ["", "Bearer nonsense", "Bearer a.b.c", "Basic Og=="])
async def test_a_token_that_says_nothing_is_answered_401(portal: Portal, bearer: str):
    status, problem = await portal.post(a_body(), authorization=bearer)

    assert (status, problem["status"]) == (401, 401)


async def test_an_officers_token_may_not_submit(stack: Stack):
    status = stack.status()
    bearer = await token(status, ROOT, "officer-20194")
    async with aiohttp.ClientSession() as session:
        answer = await Portal(session, status.urls["intake"], bearer).post(a_body())

    assert answer[0] == 403


async def test_every_wrong_field_is_named_at_once(portal: Portal):
    body = a_body(
        procedure_code="9.999999", unit_code="00000", surprise=1, submitted_at="yesterday"
    )
    body["applicant"] = body["applicant"] | {"personal_number": "12"}

    status, problem = await portal.post(body)

    assert status == 422
    named = {error["field"] for error in problem["errors"]}
    assert {"procedure_code", "unit_code", "surprise", "submitted_at"} <= named
    assert "applicant.personal_number" in named
    assert all(error["rule"] and error["detail"] and error["source"] for error in problem["errors"])


async def test_a_future_birth_date_is_named(portal: Portal):
    births = [s.submission for s in good_samples(100) if s.submission["form"]["kind"] == "birth"]
    body = json.loads(json.dumps(births[0]))
    body["form"]["child"]["born_on"] = "2999-01-01"

    status, problem = await portal.post(body)

    assert status == 422
    assert [e["field"] for e in problem["errors"]] == ["form.child.born_on"], problem


async def test_a_unit_of_another_province_is_named(portal: Portal):
    status, problem = await portal.post(a_body(province_code="01"))

    assert status == 422
    assert "unit_code" in {error["field"] for error in problem["errors"]}


async def test_the_same_key_gives_the_same_answer_and_another_body_422(portal: Portal):
    body, key = a_body(), uuid4().hex

    first = await portal.post(body, key=key)
    again = await portal.post(body, key=key)
    other = await portal.post(a_body(), key=key)

    assert first[0] == 201
    assert again == (200, first[1])
    assert other[0] == 422


async def test_without_an_idempotency_key_nothing_is_taken(portal: Portal):
    status, problem = await portal.post(a_body(), key="")

    assert status in (400, 422)
    assert "dempotency" in json.dumps(problem)


def an_event_of(sequence: int = 1, prevhash: str | None = None) -> tuple[bytes, bytes]:
    """Return key and value of an event nobody published, of a dossier nobody knows."""
    dossier_id = uuid4()
    head = Head(dossier_id, A_CODE, sequence - 1, prevhash or "0" * 64)
    body, _, _ = extend(head, a_submission(), Cause("test", SOME_HASH), datetime.now(UTC))
    return str(dossier_id).encode(), body


def lifecycle_poison() -> list[tuple[str, bytes | None, bytes | None, list[Any]]]:
    """Return reason, key, value and headers of records that are no events."""
    key, body = an_event_of()
    wrong_type = json.loads(body) | {"type": "vn.hotich.dossier.imagined.v1"}
    unknown_field = json.loads(body) | {"surprise": 1}
    forged_key, forged = an_event_of(prevhash="f" * 64)
    return [
        ("json_invalid", key, b'{"specversion": ', []),
        ("tombstone", key, None, []),
        ("key_is_not_the_dossier", b"someone-else", body, []),
        ("key_is_not_the_dossier", None, body, []),
        ("unknown_event_type", key, json.dumps(wrong_type).encode(), []),
        ("schema_violation", key, json.dumps(unknown_field).encode(), []),
        ("json_invalid", key, b"\xff\xfe\x00", [("x", b"\xff\xfe")]),
        ("chain_broken", forged_key, forged, []),
    ]


async def test_poison_on_a_lifecycle_topic_is_kept_with_its_place_and_others_go_on(stack: Stack):
    status = stack.status()
    dead = "SELECT count(*) FROM dead_letter WHERE reason = $1"
    poison = lifecycle_poison()
    reasons = sorted({reason for reason, _, _, _ in poison})
    before = {reason: await count(status, "routing", dead, reason) for reason in reasons}
    async with following(status, good_samples(4)) as journey:
        async with producing(status) as producer:
            for _, key, value, headers in poison:
                await producer.send_and_wait(INTAKE, value, key=key, headers=headers)
        await journey.send()
        await journey.arrive()
        await until(lambda: all_consumed(status), "the poison is settled")

        assert journey.breaches() == []
    after = {reason: await count(status, "routing", dead, reason) for reason in reasons}
    grown = {reason: after[reason] - before[reason] for reason in reasons}
    assert grown == {reason: sum(one[0] == reason for one in poison) for reason in reasons}


async def test_null_and_binary_headers_hurt_nobody(stack: Stack):
    status = stack.status()
    key, body = an_event_of()
    async with producing(status) as producer:
        headers = [("nothing", None), ("binary", b"\xff\xfe")]
        await producer.send_and_wait(INTAKE, body, key=key, headers=headers)
    seen = "SELECT count(*) FROM dossier_case WHERE dossier_id = $1::text::uuid"

    async def taken() -> bool:
        return await count(status, "routing", seen, key.decode()) == 1

    await until(taken, "the event under strange headers is applied")


async def test_an_event_from_the_future_waits_for_those_before_it(stack: Stack):
    status = stack.status()
    key, body = an_event_of(sequence=3, prevhash="e" * 64)
    async with producing(status) as producer:
        await producer.send_and_wait(INTAKE, body, key=key)
    parked = "SELECT count(*) FROM inbound_parked WHERE dossier_id = $1::text::uuid"

    async def waits() -> bool:
        return await count(status, "routing", parked, key.decode()) == 1

    await until(waits, "the event is parked")


async def test_unsigned_and_forged_submissions_on_the_bus_are_kept_and_not_answered(
    stack: Stack,
):
    status = stack.status()
    dead = "SELECT count(*) FROM dead_letter WHERE topic = $1"
    before = await count(status, "intake", dead, SUBMISSIONS.name)
    forged = [
        ("portal", b"national-portal"),
        ("webhook-id", b"msg_1"),
        ("webhook-timestamp", b"1700000000"),
        ("webhook-signature", b"v1,AAAA"),
    ]
    async with producing(status) as producer:
        for headers in ([], forged, [("portal", None)], [("portal", b"\xff")]):
            await producer.send_and_wait(SUBMISSIONS.name, b"{}", key=b"R-1", headers=headers)
        await producer.send_and_wait(SUBMISSIONS.name, None, key=b"R-1")

    async def kept() -> bool:
        return await count(status, "intake", dead, SUBMISSIONS.name) == before + 5

    await until(kept, "all five are dead letters")
    async with following(status, good_samples(2, road="bus")) as journey:
        await journey.send()
        await journey.arrive()
        assert journey.breaches() == []


async def test_particulars_that_do_not_open_are_kept_and_others_go_on(stack: Stack):
    status = stack.status()
    dead = "SELECT count(*) FROM dead_letter WHERE topic = $1"
    services = ("registry-sync", "notifier")
    before = {one: await count(status, one, dead, PARTICULARS.name) for one in services}
    dossier_id = uuid4()
    forged = {
        "dossierid": str(dossier_id),
        "version": 1,
        "kid": "k1",
        "nonce": "AAAAAAAAAAAAAAAA",
        "ciphertext": "A" * 64,
    }
    async with producing(status) as producer:
        await producer.send_and_wait(
            PARTICULARS.name, json.dumps(forged).encode(), key=str(dossier_id).encode()
        )

    async def kept() -> bool:
        return all(
            [
                await count(status, one, dead, PARTICULARS.name) == before[one] + 1
                for one in services
            ]
        )

    await until(kept, "both readers kept it")
