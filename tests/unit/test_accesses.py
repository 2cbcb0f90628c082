"""The bytes a block of accesses is the digest of, and what a check says of blocks alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.audit import AccessBlock
from contracts.envelope import GENESIS, sha256
from plumbing.accesses.checking import ArchiveCheck, Archived, Block, check_chain, check_rows
from plumbing.accesses.opening import Opening
from plumbing.accesses.rows import ACTS, Access, by_service, canonical, digest
from plumbing.accesses.unsealed import Unsealed
from plumbing.sealing import KeyRing, Unsealable

AT = datetime(2026, 11, 28, 7, 0, 0, 123456, tzinfo=UTC)
ROW = Access(7, AT, "officer-1", "26734", UUID(int=5), "looked", "page")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
ROWS = st.builds(
    Access,
    id=st.integers(1, 2**40),
    at=st.datetimes(timezones=st.just(UTC)).filter(lambda at: 1970 < at.year < 9000),
    actor=TEXTS,
    unit_code=TEXTS,
    dossier_id=st.none() | st.uuids(),
    act=st.sampled_from(ACTS),
    purpose=TEXTS,
)


def test_the_bytes_of_a_row_are_as_documented() -> None:
    assert canonical(ROW) == (
        b"\0\0\0\x017"
        b"\0\0\0\x101795849200123456"
        b"\0\0\0\x09officer-1"
        b"\0\0\0\x0526734"
        b"\0\0\0\x2400000000-0000-0000-0000-000000000005"
        b"\0\0\0\x06looked"
        b"\0\0\0\x04page"
    )


@given(st.lists(ROWS, max_size=4), st.lists(ROWS, max_size=4))
def test_other_rows_have_another_digest(some: list[Access], others: list[Access]) -> None:
    assert (digest(some) == digest(others)) == (some == others)


@given(ROWS, TEXTS, TEXTS)
def test_no_text_moves_from_one_field_into_the_next(row: Access, one: str, other: str) -> None:
    joined = replace(row, act=one + other, purpose="")
    parted = replace(row, act=one, purpose=other)

    assert (canonical(joined) == canonical(parted)) == (other == "")


def _blocks(count: int) -> list[Block]:
    found: list[Block] = []
    before = GENESIS
    for number in range(1, count + 1):
        said = AccessBlock(
            service="routing",
            block=number,
            first=number * 10,
            last=number * 10 + 4,
            count=2,
            sha256=digest([replace(ROW, id=number * 10), replace(ROW, id=number * 10 + 4)]),
            prevhash=before,
            sealed_at=AT,
        )
        body = said.model_dump_json().encode()
        columns = (number, said.first, said.last, said.count, said.sha256, said.prevhash)
        found.append(Block(*columns, body))
        before = sha256(body)
    return found


def test_given_a_true_chain_then_nothing_is_found() -> None:
    assert list(check_chain(_blocks(3), "routing")) == []
    assert list(check_chain([], "routing")) == []


def test_given_a_block_that_follows_from_another_one_then_the_chain_is_broken() -> None:
    first, second, third = _blocks(3)
    said = AccessBlock.model_validate_json(second.body)
    other = said.model_copy(update={"prevhash": "a" * 64}).model_dump_json().encode()
    forged = replace(second, prevhash="a" * 64, body=other)

    found = [(one.kind, one.block) for one in check_chain([first, forged, third], "routing")]

    assert found == [("chain_broken", 2), ("chain_broken", 3)]
    assert [one.kind for one in check_chain([first, third], "routing")] == ["block_missing"]
    assert [one.kind for one in check_chain([first, first], "routing")][-1] == "blocks_overlap"


def test_given_blocks_of_another_service_then_they_are_foreign() -> None:
    assert {one.kind for one in check_chain(_blocks(2), "intake")} == {"block_foreign"}


def test_given_rows_beside_their_block_then_what_is_wrong_is_named() -> None:
    (block,) = _blocks(1)
    rows = [replace(ROW, id=10), replace(ROW, id=14)]

    assert check_rows(block, rows) is None
    wrong = {
        "row_removed": rows[:1],
        "row_inserted": [rows[0], replace(ROW, id=12), rows[1]],
        "row_changed": [rows[0], replace(rows[1], at=AT + timedelta(microseconds=1))],
    }
    for kind, found in wrong.items():
        finding = check_rows(block, found)
        assert finding is not None
        assert finding.kind == kind


def test_given_the_archive_behind_the_database_then_only_what_it_should_have_is_missed() -> None:
    blocks = _blocks(4)
    archived = {one.block: [one.body] for one in blocks[:3]}

    assert _compared(blocks, archived) == []
    del archived[2]
    assert _compared(blocks, archived) == [("block_not_archived", 2)]


def test_given_blocks_that_differ_from_the_archive_then_each_is_named_in_order() -> None:
    blocks = _blocks(6)
    archived = {one.block: [one.body, one.body] for one in blocks}
    archived[2] = [b"other"]
    archived[4] = [blocks[3].body, b"other"]

    found = _compared([one for one in blocks if one.block in (2, 3, 4)], archived)

    wanted = [("block_missing", 1), ("chain_rewritten", 2), ("conflict", 4)]
    assert found == [*wanted, ("block_missing", 5), ("block_missing", 6)]


def _compared(blocks: list[Block], archived: dict[int, list[bytes]]) -> list[tuple[str, int]]:
    check = ArchiveCheck(Archived.of(archived))
    found = [one for block in blocks for one in check.look(block)]
    return [(one.kind, one.block or 0) for one in (*found, *check.rest())]


def test_what_does_not_open_is_not_noted() -> None:
    ring = KeyRing("k1", {"k1": bytes(32)})
    access = Opening(ring, by_service("routing", "opened_to_decide"))
    sealed = ring.seal(b"secret", "a").pack()

    with pytest.raises(Unsealable):
        access.open(UUID(int=1), sealed, "b")
    assert access.open(UUID(int=2), sealed, "a") == b"secret"
    assert list(access.noted) == [UUID(int=2)]


def test_how_long_rows_wait_to_be_sealed_is_counted_from_when_they_were_seen() -> None:
    now = 0.0
    unsealed = Unsealed(lambda: now)

    def waited(newest: int, sealed: int, at: float) -> float:
        nonlocal now
        now = at
        return unsealed.waited(newest, sealed)

    assert waited(0, 0, 5) == 0
    assert waited(3, 0, 10) == 0
    assert waited(9, 2, 20) == 10
    # What was seen first is sealed; of the others the newest was seen now.
    assert waited(12, 3, 30) == 0
    assert waited(12, 11, 70) == 40
    assert waited(12, 12, 80) == 0
    assert waited(13, 12, 90) == 0
