"""What is wrong with a file: counted all, kept as many as anybody reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

FILE_SOURCE: Final = "Đặc tả tệp chuyển đổi hồ sơ v1"
#: How many problems are kept of a file, the first ones by row.
MOST_PROBLEMS: Final = 1_000


@dataclass(frozen=True)
class RowProblem:
    """One thing wrong with a row as a spreadsheet numbers it; never quotes a cell.

    `column` is empty for the whole row; of the form it goes on into it (`form.child.born_on`).
    """

    row: int
    column: str
    rule: str
    detail: str
    source: str = FILE_SOURCE


class UnreadableFile(Exception):
    """No row of the file can be looked at; `problems` say why."""

    def __init__(self, *problems: RowProblem) -> None:
        super().__init__(problems[0].rule)
        self.problems = problems


def unreadable(rule: str, detail: str, row: int = 1) -> UnreadableFile:
    """Return the one reason why a file cannot be read."""
    return UnreadableFile(RowProblem(row, "", rule, detail))


@dataclass(frozen=True)
class Tally:
    """The first problems by row, how many more there are, and the rows that have one."""

    kept: tuple[RowProblem, ...] = ()
    left_out: int = 0
    rows: frozenset[int] = frozenset()

    def __or__(self, other: "Tally") -> "Tally":
        """Return the problems of both."""
        both = sorted((*self.kept, *other.kept), key=lambda problem: problem.row)
        kept = both[:MOST_PROBLEMS]
        left_out = self.left_out + other.left_out + len(both) - len(kept)
        return Tally(tuple(kept), left_out, self.rows | other.rows)


NONE: Final = Tally()


def tally(problems: Iterable[RowProblem]) -> Tally:
    """Return the problems counted, each looked at once; they come in the order of their rows."""
    kept: list[RowProblem] = []
    rows: set[int] = set()
    left_out = 0
    for problem in problems:
        rows.add(problem.row)
        if len(kept) < MOST_PROBLEMS:
            kept.append(problem)
        else:
            left_out += 1
    return Tally(tuple(kept), left_out, frozenset(rows))
