"""The Merkle trees give the answers the reference implementations publish (RFC 6962)."""

from itertools import pairwise

import pytest

from audit.merkle import (
    EMPTY,
    Frontier,
    consistency_path,
    inclusion_path,
    is_consistent,
    leaf_hash,
    node_hash,
    root_from_inclusion,
    root_of,
)

# certificate-transparency and transparency-dev/merkle, both Apache-2.0: testonly/constants.go.
_INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_LEAF_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
_LEAF_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
_NODE_23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
_NODE_45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
_NODE_67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
_NODE_47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"

_LEAVES = [leaf_hash(data) for data in _INPUTS]
_ROOT = [bytes.fromhex(text) for text in _ROOTS]
_INCLUSION = [
    (0, 1, []),
    (0, 2, [_LEAF_1]),
    (1, 2, [_ROOTS[0]]),
    (2, 3, [_ROOTS[1]]),
    (1, 5, [_ROOTS[0], _NODE_23, _LEAF_4]),
    (0, 8, [_LEAF_1, _NODE_23, _NODE_47]),
    (5, 8, [_LEAF_4, _NODE_67, _ROOTS[3]]),
]
_CONSISTENCY = [
    (1, 1, []),
    (1, 8, [_LEAF_1, _NODE_23, _NODE_47]),
    (6, 8, [_NODE_45, _NODE_67, _ROOTS[3]]),
    (2, 5, [_NODE_23, _LEAF_4]),
]


def _hex(digests: list[bytes]) -> list[str]:
    return [digest.hex() for digest in digests]


def test_hashes_of_leaves_and_nodes_are_the_published_ones():
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (
        leaf_hash(b"L123456").hex()
        == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    )
    assert (
        node_hash(b"N123", b"N456").hex()
        == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    )


def test_roots_are_the_published_ones_by_every_way_of_growing():
    one_by_one = Frontier()
    for size, (leaf, root) in enumerate(zip(_LEAVES, _ROOTS, strict=True), 1):
        one_by_one.append(leaf)
        assert (one_by_one.root().hex(), root_of(_LEAVES[:size]).hex()) == (root, root)


@pytest.mark.parametrize(("index", "size", "path"), _INCLUSION)
def test_inclusion_paths_are_the_published_ones_and_lead_to_the_root(index, size, path):
    found = inclusion_path(index, _LEAVES[:size])

    assert _hex(found) == path
    assert root_from_inclusion(index, size, _LEAVES[index], found) == _ROOT[size - 1]


@pytest.mark.parametrize(("first", "second", "path"), _CONSISTENCY)
def test_consistency_paths_are_the_published_ones_and_hold(first, second, path):
    found = consistency_path(first, _LEAVES[:second])

    assert _hex(found) == path
    assert is_consistent(first, second, _ROOT[first - 1], _ROOT[second - 1], found)


@pytest.mark.parametrize(("index", "size", "path"), _INCLUSION[1:])
def test_a_spoiled_inclusion_path_leads_to_no_such_root(index, size, path):
    good = [bytes.fromhex(text) for text in path]
    root, leaf = _ROOT[size - 1], _LEAVES[index]
    spoiled = [
        (index - 1, size, leaf, good),
        (index + 1, size, leaf, good),
        (index ^ 2, size, leaf, good),
        (index, size * 2, leaf, good),
        (index, size // 2, leaf, good),
        (index, size, b"WrongLeaf", good),
        (index, size, leaf, [*good, root]),
        (index, size, leaf, [root, *good]),
        (index, size, leaf, good[:-1]),
        *(
            (index, size, leaf, [*good[:n], bytes([step[0] ^ 8]) + step[1:], *good[n + 1 :]])
            for n, step in enumerate(good)
        ),
    ]
    assert [one for one in spoiled if root_from_inclusion(*one) == root] == []


@pytest.mark.parametrize(("first", "second", "path"), _CONSISTENCY[1:])
def test_a_spoiled_consistency_path_does_not_hold(first, second, path):
    good = [bytes.fromhex(text) for text in path]
    old, new = _ROOT[first - 1], _ROOT[second - 1]
    spoiled = [
        (first - 1, second, old, new, good),
        (first + 1, second, old, new, good),
        (first, second * 2, old, new, good),
        (first, second // 2, old, new, good),
        (first, second, new, old, good),
        (first, second, old, new, [*good, old]),
        (first, second, old, new, [old, *good]),
        (first, second, old, new, good[:-1]),
        (first, second, old, new, []),
    ]
    assert [one for one in spoiled if is_consistent(*one)] == []


@pytest.mark.parametrize("size", [*range(1, 20), 33, 64, 100])
def test_every_path_of_every_small_tree_holds_and_every_cut_of_it_grows_alike(size):
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    root = root_of(leaves)
    for index, leaf in enumerate(leaves):
        assert root_from_inclusion(index, size, leaf, inclusion_path(index, leaves)) == root
    for first in range(1, size + 1):
        path = consistency_path(first, leaves)
        assert is_consistent(first, size, root_of(leaves[:first]), root, path)
    for cuts in ((0, size), (0, size // 3, size // 2, size), tuple(range(size + 1))):
        grown = Frontier()
        for start, end in pairwise(cuts):
            grown.extend(leaves[start:end])
        assert (grown.root(), grown.size) == (root, size)
