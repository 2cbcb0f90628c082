"""Thousands of runs of the real core under virtual time; each clause left out is found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.leaving_out import CLAUSES, first_found, play

ROOT = Path(__file__).resolve().parents[2]
SEEDS, AT_A_TIME = 2000, 200
#: In so many seeds each left-out clause is found; most are in the first ten.
ENOUGH = 400


@pytest.mark.parametrize("first", range(0, SEEDS, AT_A_TIME))
def test_given_any_faults_of_2000_seeds_when_all_is_quiet_then_everything_happened_once(
    first: int,
) -> None:
    for seed in range(first, first + AT_A_TIME):
        world, found = play(seed)
        assert found == [], f"python -m tests.simulation --seed {seed} --trace"
        assert world.truth.events, "a seed without anything to do proves nothing"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("clause", CLAUSES)
def test_given_the_core_without_a_clause_when_seeds_are_played_then_one_finds_it(
    clause: str,
) -> None:
    seed = first_found(clause, range(ENOUGH))

    assert seed is not None
    assert play(seed)[1] == []


def trace(seed: int, hash_seed: str) -> str:
    """Return what a process of its own tells of a seed."""
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed), "--trace"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_given_a_seed_when_played_in_another_process_then_it_is_the_same_run() -> None:
    seed = next(n for n in range(100) if play(n)[0].trouble.counts["crash"] > 2)

    assert trace(seed, "1") == trace(seed, "2") != ""
