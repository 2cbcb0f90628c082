"""What acts on stuck things have at hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from plumbing.applying import Part
from plumbing.database import Pool
from plumbing.inlets import Settle
from plumbing.sealing import KeyRing


class Impossible(Exception):
    """An act does nothing to an item; `outcome` says why as a code, perhaps with a detail."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True)
class Workbench:
    """A service's rules, inlets by topic and database; `wake` after a commit."""

    service: str
    pool: Pool
    part: "Part[Any]"
    keys: KeyRing
    inlets: Mapping[str, Settle]
    clock: Callable[[], datetime]
    wake: Callable[[], None]
