"""The law of the replay: the shipped data, with invented days on which the provinces move."""

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import reference
from reference import MoveState, Reference

#: Every row of it says that it is invented.
MOVES = Path(__file__).parent / "replay_moves.csv"


@dataclass(frozen=True)
class MoveLaw:
    """A folder of reference data, and what they say."""

    folder: Path
    known: Reference

    def state(self, province_code: str, on: date) -> MoveState:
        """Return how far a province is on that day; KeyError for one that does not move."""
        move = self.known.move(province_code, on)
        if move is None:
            raise KeyError(province_code)
        return move.state


def write_law(folder: Path) -> MoveLaw:
    """Return the law, written anew into the folder; raises BadReferenceData."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(Path(reference.__file__).parent / "data", folder)
    shutil.copyfile(MOVES, folder / "moves.csv")
    return MoveLaw(folder, reference.load_from(folder))
