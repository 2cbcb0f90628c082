"""Sealed bytes open with their key, for their purpose, unaltered; otherwise they do not."""

import base64
import json
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbing.sealing import KeyRing, Sealed, UnknownKey, Unsealable, particulars_purpose

OLD, NEW = b"o" * 32, b"n" * 32
PLAIN = "Nguyễn Thị Bí Mật".encode()
PURPOSE = "routing:00000000-0000-4000-8000-000000000001"
RING = KeyRing("k1", {"k1": OLD})


@given(st.binary(max_size=300), st.text(max_size=40))
def test_what_is_sealed_opens_again_also_after_packing(plain: bytes, purpose: str) -> None:
    sealed = RING.seal(plain, purpose)

    assert RING.open(sealed, purpose) == plain
    assert Sealed.unpack(sealed.pack()) == sealed


def test_the_same_bytes_are_sealed_differently_each_time_and_are_not_readable() -> None:
    one, other = RING.seal(PLAIN, PURPOSE), RING.seal(PLAIN, PURPOSE)

    assert one.nonce != other.nonce
    assert one.ciphertext != other.ciphertext
    assert PLAIN not in one.pack()
    assert len(one.ciphertext) == len(PLAIN) + 16


def test_given_a_new_current_key_when_rotated_then_old_bytes_open_and_new_ones_use_it() -> None:
    before = RING.seal(PLAIN, PURPOSE)
    rotated = KeyRing("k2", {"k1": OLD, "k2": NEW})

    after = rotated.seal(PLAIN, PURPOSE)

    assert (before.kid, after.kid) == ("k1", "k2")
    assert rotated.open(before, PURPOSE) == rotated.open(after, PURPOSE) == PLAIN
    with pytest.raises(Unsealable):
        RING.open(after, PURPOSE)


def test_given_a_key_taken_from_the_ring_then_what_it_sealed_does_not_open() -> None:
    sealed = RING.seal(PLAIN, PURPOSE)

    with pytest.raises(UnknownKey, match="k1"):
        KeyRing("k2", {"k2": NEW}).open(sealed, PURPOSE)


def test_given_another_key_under_the_same_name_then_it_does_not_open() -> None:
    sealed = RING.seal(PLAIN, PURPOSE)

    with pytest.raises(Unsealable):
        KeyRing("k1", {"k1": NEW}).open(sealed, PURPOSE)


def test_given_another_purpose_then_it_does_not_open() -> None:
    sealed = RING.seal(PLAIN, PURPOSE)

    for other in ("", PURPOSE + "0", PURPOSE.replace("routing", "notifier")):
        with pytest.raises(Unsealable):
            RING.open(sealed, other)


def test_particulars_are_bound_to_their_dossier_and_version() -> None:
    one, other = UUID(int=1), UUID(int=2)
    sealed = RING.seal(PLAIN, particulars_purpose(one, 1))

    assert RING.open(sealed, particulars_purpose(one, 1)) == PLAIN
    for purpose in (particulars_purpose(one, 2), particulars_purpose(other, 1)):
        with pytest.raises(Unsealable):
            RING.open(sealed, purpose)


PACKED = RING.seal(PLAIN, PURPOSE).pack()


@pytest.mark.parametrize("place", range(len(PACKED)))
def test_given_any_one_byte_altered_then_it_does_not_open(place: int) -> None:
    for change in (0x01, 0x80):
        altered = bytearray(PACKED)
        altered[place] ^= change

        with pytest.raises(Unsealable) as caught:
            RING.open(Sealed.unpack(bytes(altered)), PURPOSE)

        assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("length", range(len(PACKED)))
def test_given_bytes_cut_short_then_they_do_not_open(length: int) -> None:
    with pytest.raises(Unsealable):
        RING.open(Sealed.unpack(PACKED[:length]), PURPOSE)


@pytest.mark.parametrize("nonce", [b"", b"short", b"n" * 11, b"n" * 13, b"n" * 200])
def test_given_a_nonce_of_another_length_then_it_does_not_open(nonce: bytes) -> None:
    sealed = replace(RING.seal(PLAIN, PURPOSE), nonce=nonce)

    with pytest.raises(Unsealable):
        RING.open(sealed, PURPOSE)


@given(st.binary(max_size=80))
def test_bytes_that_nobody_sealed_do_not_open(packed: bytes) -> None:
    with pytest.raises(Unsealable):
        RING.open(Sealed.unpack(packed), PURPOSE)


def test_a_ring_is_read_from_json_and_needs_its_current_key() -> None:
    keys = {"k1": base64.b64encode(OLD).decode(), "k2": base64.b64encode(NEW).decode()}

    ring = KeyRing.from_json(json.dumps({"current": "k2", "keys": keys}))

    assert ring.open(RING.seal(PLAIN, PURPOSE), PURPOSE) == PLAIN
    assert ring.seal(PLAIN, PURPOSE).kid == "k2"
    with pytest.raises(ValueError, match="not in the ring"):
        KeyRing.from_json(json.dumps({"current": "k3", "keys": keys}))
