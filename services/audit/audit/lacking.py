"""Whether the files of an archive can hold all that its newest checkpoints know: by names alone."""

from dataclasses import dataclass
from pathlib import Path

from audit.archive import Listing, Segment, Unreadable
from audit.checkpoints import Checkpoint, Ledger, parse_checkpoint
from audit.notes import BadNote
from audit.questions.saying import Saying
from contracts.topics import LIFECYCLE
from pages.words import Language

#: So many places are named, the others are counted.
_MOST_NAMED = 5
_TOPICS = frozenset(topic.name for topic in LIFECYCLE.values())


@dataclass(frozen=True)
class Lacking:
    """A topic-partition of which fewer records are there than its newest checkpoint knows."""

    topic: str
    partition: int
    known: int
    here: int


class Known:
    """The newest checkpoints of dossiers' events; no signature of them is checked.

    Ask for them before the files are listed: those of an archive that grows come after its records.
    """

    def __init__(self, root: Path) -> None:
        """Read the end of each place's file; raises NotAnArchive and Unreadable."""
        ledger = Ledger(root)
        self._newest: dict[tuple[str, int], Checkpoint] = {}
        for place in ledger.places():
            if place[0] in _TOPICS and (one := _newest(ledger, place)) is not None:
                self._newest[place] = one

    def lacking(self, files: Listing) -> list[Lacking]:
        """Return the places whose files cannot hold all that was signed, in order."""
        by_place = files.by_place()
        found = []
        for place, one in sorted(self._newest.items()):
            here = sum(_before(one.offset, segment) for segment in by_place.get(place, ()))
            if here < one.size:
                found.append(Lacking(*place, one.size, here))
        return found


def lacking_in_words(found: list[Lacking], language: Language) -> str:
    """Return the warning that an answer lacks what was signed, on one line: which places, how many.

    An answer with it ends with `Verdict.INCOMPLETE`.
    """
    named = [
        f"{one.topic}/{one.partition}: {one.here} < {one.known}" for one in found[:_MOST_NAMED]
    ]
    places = ", ".join(named) + (", …" if len(found) > _MOST_NAMED else "")
    return Saying(language).say("told.lacking", places=places)


def _newest(ledger: Ledger, place: tuple[str, int]) -> Checkpoint | None:
    try:
        note = ledger.last(*place)
        return None if note is None else parse_checkpoint(note.partition("\n\n")[0] + "\n")
    except BadNote:  # `verify` tells of it
        return None
    except OSError as error:
        reason = f"it cannot be read ({type(error).__name__})"
        raise Unreadable(ledger.file(*place), reason) from None


def _before(offset: int, segment: Segment) -> int:
    return max(0, min(segment.last + 1, offset) - segment.first)
