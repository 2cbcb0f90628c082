"""Merkle trees as RFC 6962, section 2.1, has them: roots, paths and consistency, over digests.

A leaf is the digest `leaf_hash` gives; a path is the list of digests the RFC names, in its order.
"""

import hashlib
from collections.abc import Iterable, Sequence

#: The root of a tree without leaves.
EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the digest of a leaf's input."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the digest of a node over its two children's."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the complete subtrees a growing tree consists of, largest first.

    It is all that is needed to go on: one digest per bit that is set in `size`.
    """

    def __init__(self, size: int = 0, digests: Iterable[bytes] = ()) -> None:
        self.size = size
        self.digests = list(digests)
        if size < 0 or len(self.digests) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees")

    def append(self, leaf: bytes) -> None:
        """Add a leaf."""
        digest, full = leaf, self.size
        while full & 1:
            digest = node_hash(self.digests.pop(), digest)
            full >>= 1
        self.digests.append(digest)
        self.size += 1

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaves, many at a time: whole aligned subtrees are folded level by level."""
        at, total = 0, len(leaves)
        while at < total:
            # The largest aligned subtree that starts here and lies within what is left.
            width = self.size & -self.size or 1 << 62
            while width > total - at:
                width = 1 << ((total - at).bit_length() - 1)
            self._add(_fold(leaves[at : at + width]), width)
            at += width

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        if not self.digests:
            return EMPTY
        digest = self.digests[-1]
        for left in reversed(self.digests[:-1]):
            digest = node_hash(left, digest)
        return digest

    def _add(self, digest: bytes, width: int) -> None:
        full = self.size // width
        while full & 1:
            digest = node_hash(self.digests.pop(), digest)
            full >>= 1
        self.digests.append(digest)
        self.size += width


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root of the tree with these leaves."""
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()


def inclusion_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return the audit path of the leaf with that index, from 0 (RFC 6962, 2.1.1)."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"no leaf {index} in a tree of {len(leaves)}")
    path: list[bytes] = []
    while len(leaves) > 1:
        split = _split(len(leaves))
        if index < split:
            path.append(root_of(leaves[split:]))
            leaves = leaves[:split]
        else:
            path.append(root_of(leaves[:split]))
            leaves, index = leaves[split:], index - split
    path.reverse()
    return path


def root_from_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes | None:
    """Return the root the path leads to, or None when it fits no tree of that size."""
    if not 0 <= index < size:
        return None
    digest, node, last = leaf, index, size - 1
    for step in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            digest = node_hash(step, digest)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            digest = node_hash(digest, step)
        node, last = node >> 1, last >> 1
    return digest if last == 0 else None


def consistency_path(first: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return the proof that the tree of the first so many leaves was this one (RFC 6962, 2.1.2)."""
    if not 0 < first <= len(leaves):
        raise ValueError(f"no earlier tree of {first} in one of {len(leaves)}")
    return _subproof(first, leaves, whole=True)


def is_consistent(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Return whether the path shows that the second tree grew out of the first."""
    if not 0 <= first <= second or (first == 0 and path):
        return False
    if first in (0, second):
        return not path and (first == 0 or first_root == second_root)
    steps = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not steps:
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, step)
        node, last = node >> 1, last >> 1
    return (old, new, last) == (first_root, second_root, 0)


def _subproof(first: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [root_of(leaves)]
    split = _split(len(leaves))
    if first <= split:
        return [*_subproof(first, leaves[:split], whole=whole), root_of(leaves[split:])]
    return [*_subproof(first - split, leaves[split:], whole=False), root_of(leaves[:split])]


def _split(size: int) -> int:
    """Return the largest power of two below the size."""
    return 1 << ((size - 1).bit_length() - 1)


def _fold(leaves: Sequence[bytes]) -> bytes:
    """Return the root over a number of leaves that is a power of two."""
    sha256, level = hashlib.sha256, leaves
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return level[0]
