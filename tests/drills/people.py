"""Drills of people: mass acts that must not be, stopped by the trial and the second person."""

import json
import re

from local_stack.places import Place
from tests.chaos.campaign import records
from tests.chaos.campaign.course import Fault
from tests.chaos.campaign.field import NotDone
from tests.drills.drill import Drill, Drilling, Step, lasts

_OPEN = "SELECT count(*) FROM dead_letter WHERE settled_at IS NULL"
_PERSON, _OTHER = "operator", "operator-2"


def _as(drilling: Drilling, person: str) -> tuple[str, ...]:
    place: Place = drilling.field.stack.place
    return ("--stack", str(place.state / "status.json"), "--as", person)


async def _garbage(drilling: Drilling) -> None:
    """Put forged records on a topic: dead letters, of which none is to be redriven."""
    for number, topic in enumerate(("dossier.intake.v1", "dossier.routing.v1"), start=1):
        await records.poison(drilling.field, Fault(number, "poison_records", topic, 0.0, 0.0))

    async def buried() -> bool:
        return await drilling.count("notifier", _OPEN) > 0

    await drilling.until(buried, "the notifier has dead letters")
    drilling.figures["dead_letters"] = await drilling.count("notifier", _OPEN)


async def _letters(drilling: Drilling) -> list[str]:
    listed = await drilling.hotich(
        *("stuck", "list", "--service", "notifier", "--kind", "dead_letter", "--json"),
        *_as(drilling, _PERSON),
    )
    return [str(json.loads(line)["item"]) for line in listed.splitlines()]


async def _redrive_all(drilling: Drilling) -> None:
    """Propose to redrive all of it, as a hurried person would: each is tried, none would do."""
    said = await drilling.hotich(
        *("stuck", "redrive", *await _letters(drilling), "--reason", "all of them"),
        *_as(drilling, _PERSON),
        codes=(2,),
    )
    drilling.figures["fail_again"] = said.count("fails_again")


async def _discard_all(drilling: Drilling) -> None:
    """Propose to discard all of it, of which everything is possible."""
    said = await drilling.hotich(
        *("stuck", "discard", *await _letters(drilling), "--reason", "all of them"),
        *_as(drilling, _PERSON),
    )
    found = re.search(r"hotich stuck approve (\S+)", said)
    if found is None:
        raise NotDone(f"no proposal: {said[-300:]}")
    drilling.kept["act"] = found[1]


async def _alone(drilling: Drilling) -> None:
    """Show that who proposed cannot approve."""
    act = drilling.kept["act"]
    await drilling.hotich("stuck", "approve", act, *_as(drilling, _PERSON), codes=(1,))


async def _nothing_happened(drilling: Drilling) -> None:
    still = await drilling.count("notifier", _OPEN)
    if still < drilling.figures["dead_letters"]:
        raise NotDone("something was redriven or given up")
    await drilling.hotich("stuck", "acts", "--open", *_as(drilling, _OTHER))


DRILLS = (
    Drill(
        "mass-act",
        "A mass redrive, and a mass discard, are stopped",
        (
            "Forged records fill the dead letters, and somebody proposes to redrive all of them.",
            "A redrive is tried before it is proposed, and goes through the same checks as a"
            " record does.",
            "A proposal changes nothing, and who made it cannot approve it.",
        ),
        (
            Step("disaster", "Forged records are on two topics.", (), _garbage),
            Step(
                "disaster",
                "One person wants to redrive everything: each letter fails again, nothing is"
                " proposed.",
                (
                    "hotich stuck list --kind dead_letter --json | jq -r .item"
                    " | xargs hotich stuck redrive --reason 'all of them'",
                ),
                _redrive_all,
            ),
            Step(
                "disaster",
                "The same person proposes to discard everything.",
                (
                    "hotich stuck list --kind dead_letter --json | jq -r .item"
                    " | xargs hotich stuck discard --reason 'all of them'",
                ),
                _discard_all,
            ),
            Step(
                "recovery",
                "The same person cannot approve it.",
                ("hotich stuck approve <service>/<act>",),
                _alone,
            ),
            Step(
                "recovery",
                "The second person looks at what would happen and does not approve; open proposals"
                " bind nobody.",
                ("hotich stuck acts --open", "hotich stuck show <item>"),
                _nothing_happened,
            ),
            Step("recovery", "Dossiers go on meanwhile.", (), lasts(3)),
        ),
        seconds=30,
    ),
)
