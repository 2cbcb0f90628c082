"""The tree read from the archive's files is the tree over its leaves, whatever the files are."""

import pytest

from audit import trees
from audit.leaves import headers_digest, leaf_input, value_digest
from audit.merkle import consistency_path, inclusion_path, leaf_hash, root_of
from audit.trees import Tree, consistency_ranges, inclusion_ranges
from contracts.topics import ACCESS
from tests.unit.archive_kit import START, Log, archive, write_group

_TOPIC = ACCESS["intake"].name


def _log(count: int) -> Log:
    log = Log()
    for number in range(count):
        record = log.put(_TOPIC, b"intake", f"value {number}".encode(), START, 0)
        if number % 7 == 3:
            record.key = None
        if number % 11 == 5:
            record.value = None
        if number % 5 == 2:
            record.headers = [("a", b""), ("a", b"x")] if number % 2 else []
    return log


def _leaves(log: Log) -> list[bytes]:
    return [
        leaf_hash(
            leaf_input(
                one.offset,
                int(one.at.timestamp() * 1000),
                one.key,
                headers_digest(one.headers),
                value_digest(one.value),
            )
        )
        for one in log.records
    ]


@pytest.mark.parametrize("rows", [1, 3, 8, 50])
@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 31, 50])
def test_roots_and_proofs_are_those_over_the_leaves(tmp_path, monkeypatch, count, rows):
    monkeypatch.setattr(trees, "BLOCK", 8)
    log = _log(count)
    leaves = _leaves(log)
    tree = Tree(archive(tmp_path, log, rows=rows), _TOPIC, 0)

    assert tree.size == count
    assert [tree.root(size) for size in range(1, count + 1)] == [
        root_of(leaves[:size]) for size in range(1, count + 1)
    ]
    for index in range(count):
        assert tree.inclusion(index, count) == inclusion_path(index, leaves)
        assert tree.index_of(index) == index
    for first in range(1, count + 1):
        assert tree.consistency(first, count) == consistency_path(first, leaves)


def test_ranges_need_a_leaf_and_an_earlier_tree_that_are_there():
    for wrong in ((-1, 3), (3, 3), (0, 0)):
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_ranges(*wrong)
    for wrong in ((-1, 3), (4, 3)):
        with pytest.raises(ValueError, match="no earlier"):
            consistency_ranges(*wrong)
    assert consistency_ranges(0, 5) == consistency_ranges(5, 5) == []


def test_a_tree_that_is_asked_again_sees_what_came_and_what_was_merged(tmp_path, monkeypatch):
    monkeypatch.setattr(trees, "BLOCK", 8)
    log = _log(40)
    leaves = _leaves(log)
    for start in range(0, 20, 4):
        write_group(tmp_path, log.records[start : start + 4])
    tree = Tree(tmp_path, _TOPIC, 0)
    assert tree.root(20) == root_of(leaves[:20])

    for path in (tmp_path / "log").rglob("*.parquet"):
        path.unlink()
    write_group(tmp_path, log.records)
    tree.refresh()

    assert (tree.size, tree.root(37)) == (40, root_of(leaves[:37]))
    assert tree.offset_after(37) == 37
    assert tree.index_of(40) is None


def test_offsets_with_holes_are_found_where_they_are(tmp_path):
    log = _log(6)
    for number, record in enumerate(log.records):
        record.offset = number * 10 + 5
    tree = Tree(archive(tmp_path, log, rows=4), _TOPIC, 0)

    assert [tree.index_of(offset) for offset in (4, 5, 6, 15, 45, 55, 56)] == [
        *(None, 0, None, 1),
        *(4, 5, None),
    ]
