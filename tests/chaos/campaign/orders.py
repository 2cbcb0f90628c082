"""What the portals of a campaign send and when: decided by the seed before anything runs."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sandbox.samples import Sample, load, load_rejected

#: Each in a hundred dossiers: sent again later, sent twice at once, by a portal that gives up.
AGAIN, AT_ONCE, GIVES_UP = 5, 1, 1
#: In a hundred dossiers so many are refused at once, or come back and go on.
REJECTED, COMING_BACK = 2, 10
#: Of those that can be, every so-many-th gets papers nobody asked for, one after the other.
HOT_EVERY, HOT_SUPPLEMENTS = 20, 4


@dataclass(frozen=True)
class Order:
    """A dossier to send `at` seconds after the begin; `repeat` is how its portal repeats itself.

    `papers` are supplements nobody asked for, sent right after it was taken.
    """

    at: float
    sample: Sample
    repeat: Literal["", "again", "at_once"] = ""
    gives_up: bool = False
    papers: tuple[dict[str, Any], ...] = ()

    @property
    def reference(self) -> str:
        """Return the portal's own name of the dossier, new in every campaign."""
        return str(self.sample.submission["portal_reference"])


def orders(seed: int, seconds: float, rate: float, now: datetime, run: str) -> list[Order]:
    """Return the dossiers in order of time, `rate` in a second; only references depend on `run`."""
    dice = random.Random(f"orders:{seed}")
    wells = {name: _well(dice, name, now, run) for name in ("straight", "back", "rejected")}
    made = []
    for number in range(round(seconds * rate)):
        share = dice.random() * 100
        name = "straight"
        if share < REJECTED:
            name = "rejected"
        elif share < REJECTED + COMING_BACK:
            name = "back"
        at = (number + dice.random()) / rate
        made.append(_order(dice, at, next(wells[name]), number))
    return sorted(made, key=lambda order: order.at)


def _well(dice: random.Random, name: str, now: datetime, run: str) -> Iterator[Sample]:
    """Yield samples of one sort without end, each round with references of its own."""
    number = 0
    while True:
        number += 1
        run_id = f"{run}.{name[0]}{number}"
        if name == "rejected":
            round_ = load_rejected(now, run_id)
        else:
            back = name == "back"
            round_ = [one for one in load(now, run_id) if bool(one.then) == back]
        round_ = [_of_its_own(one, number) for one in round_]
        dice.shuffle(round_)
        yield from round_


def _of_its_own(sample: Sample, number: int) -> Sample:
    """Return the sample with people of its own: who has no personal number has a new name.

    Else the same people were born and died again, which an officer would have to look at.
    """
    word = "".join(chr(ord("a") + int(digit)) for digit in str(number)).capitalize()

    def renamed(value: Any) -> Any:
        if isinstance(value, list):
            return [renamed(one) for one in value]
        if not isinstance(value, dict):
            return value
        made = {name: renamed(one) for name, one in value.items()}
        if "full_name" in made and "personal_number" not in made:
            made["full_name"] += f" {word}"
        return made

    form = renamed(sample.submission["form"])
    then = tuple(replace(one, body=renamed(one.body)) for one in sample.then)
    return replace(sample, submission=sample.submission | {"form": form}, then=then)


def _order(dice: random.Random, at: float, sample: Sample, number: int) -> Order:
    share = dice.random() * 100
    repeat: Literal["", "again", "at_once"] = ""
    if share < AGAIN:
        repeat = "again"
    elif share < AGAIN + AT_ONCE:
        repeat = "at_once"
    straight = sample.expect == "registered" and not sample.then and sample.road == "http"
    hot = number % HOT_EVERY == 0 and straight and sample.submission["attachments"]
    papers = tuple(_supplement(sample) for _ in range(HOT_SUPPLEMENTS)) if hot else ()
    gives_up = AGAIN + AT_ONCE <= share < AGAIN + AT_ONCE + GIVES_UP
    return Order(at, sample, repeat, gives_up, papers)


def _supplement(sample: Sample) -> dict[str, Any]:
    return {
        "portal_reference": sample.submission["portal_reference"],
        "resubmitted_at": sample.submission["submitted_at"],
        "attachments": sample.submission["attachments"][:1],
    }
