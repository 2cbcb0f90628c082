"""Whatever comes from outside, every decoder says what it read or why it does not read it."""

import random
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.decoders import Decoder, decoders
from tests.fuzz.mutating import LONGEST, ODD, mutated

NAMES = [one.name for one in decoders(Path("/"))]
MUTATED, GENERATED = 150, 40
#: Far above what any needs; what grows with the square of its input is far beyond.
MOST_SECONDS, MOST_BYTES = 10.0, 256 * 1024 * 1024


@pytest.fixture
def decoder(request: pytest.FixtureRequest, tmp_path: Path) -> Decoder:
    (found,) = (one for one in decoders(tmp_path) if one.name == request.param)
    return found


@pytest.mark.parametrize("decoder", NAMES, indirect=True)
def test_given_good_inputs_spoilt_then_each_is_read_or_refused_with_a_reason(
    decoder: Decoder,
) -> None:
    chance = random.Random(20261128)
    for one in decoder.seeds:
        decoder(one)
    for _ in range(MUTATED):
        decoder(mutated(chance.choice(decoder.seeds), chance))


@pytest.mark.parametrize("decoder", NAMES, indirect=True)
def test_given_anything_at_all_then_it_is_read_or_refused_with_a_reason(decoder: Decoder) -> None:
    @seed(20261128)
    @settings(
        max_examples=GENERATED,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(_bytes)))
    def read(data: bytes) -> None:
        decoder(data)

    read()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")


@pytest.mark.parametrize("decoder", NAMES, indirect=True)
def test_given_the_longest_inputs_then_neither_time_nor_memory_runs_away(
    decoder: Decoder,
) -> None:
    long = [one * (LONGEST // len(one)) for one in (*ODD, *decoder.seeds) if one]
    # The worst that a quoted text can be made of, in front of each decoder's own beginning.
    long += [one[:40] + b"[" * LONGEST for one in decoder.seeds]
    tracemalloc.start()
    began = time.process_time()
    try:
        for data in random.Random(1).sample(long, min(8, len(long))):
            decoder(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert time.process_time() - began < MOST_SECONDS
    assert peak < MOST_BYTES


def test_every_good_input_is_read_as_one(tmp_path: Path) -> None:
    refused = [one.name for one in decoders(tmp_path) if isinstance(one(one.seeds[0]), Exception)]

    assert refused == []
