"""What is known of a topic-partition that is followed."""

from dataclasses import dataclass

from audit.records import Record
from audit.resuming import Place

#: A client that brings nothing of what is there for so long no longer hears it.
SILENT_SECONDS = 10.0


@dataclass
class Followed:
    """A topic-partition: whether it is read, why not, how far, and how much there is."""

    place: Place
    #: The newest record of the archive, which the log must still have, until it was seen there.
    expected: Record | None = None
    reading: bool = False
    refused: str = ""
    suspected: str = ""
    read_to: int = 0
    end: int = 0
    #: Where nothing more came though there is more, and since when; None when all has come.
    stands: tuple[int, float] | None = None

    def is_silent(self, now: float) -> bool:
        """Return whether more is there and nothing came, at every look for too long.

        For a look that has just asked the broker for `end`; `now` is monotonic, in seconds.
        librdkafka 2.16 can lose a partition for good when its leader was unknown for a moment
        (issues 5153 and 5430 of confluentinc/librdkafka); a new client hears it again.
        """
        if not self.reading or self.read_to >= self.end:
            self.stands = None
            return False
        if self.stands is None or self.stands[0] != self.read_to:
            self.stands = self.read_to, now
        return now - self.stands[1] >= SILENT_SECONDS
