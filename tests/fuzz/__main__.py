"""`python -m tests.fuzz --minutes 5 [--seed 1] [--only "a token"]`: every decoder, for so long.

Ends with 1 at the first input that raises or takes too long; the input is kept under
`build/fuzz`.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.decoders import Decoder, decoders
from tests.fuzz.mutating import mutated

LONGEST_SECONDS = 5.0
KEPT = Path(__file__).resolve().parents[2] / "build" / "fuzz"


def main() -> int:
    """Feed mutated inputs to the decoders in turn until the time is over."""
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("--minutes", type=float, default=1.0)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", default="")
    told = asked.parse_args()
    chance, until, count = random.Random(told.seed), time.monotonic() + 60 * told.minutes, 0
    with tempfile.TemporaryDirectory() as folder:
        every = [one for one in decoders(Path(folder)) if told.only in ("", one.name)]
        if not every:
            print(f"no decoder {told.only!r}", file=sys.stderr)
            return 2
        while time.monotonic() < until:
            for one in every:
                data = mutated(chance.choice(one.seeds), chance)
                if not _holds(one, data):
                    return 1
                count += 1
    print(f"{count} inputs, {len(every)} decoders: each said what it read or why not")
    return 0


def _holds(decoder: Decoder, data: bytes) -> bool:
    began = time.monotonic()
    try:
        decoder(data)
        fault = ""
    except Exception as error:
        fault = type(error).__name__
    seconds = time.monotonic() - began
    if not fault and seconds < LONGEST_SECONDS:
        return True
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{decoder.name.replace(' ', '-')}.bin"
    path.write_bytes(data)
    print(f"{decoder.name}: {fault or 'too slow'} after {seconds:.1f} s; see {path}")
    return False


if __name__ == "__main__":
    sys.exit(main())
