"""Drills of what people bring in themselves: a bad release, and another key."""

import json
import secrets
from base64 import b64encode

from local_stack.places import write_secretly
from tests.chaos.campaign.field import NotDone
from tests.drills import cluster
from tests.drills.drill import Drill, Drilling, Lack, Step, lasts
from tests.drills.restarting import TO_SETTLE, redriven, restarted

_ALL = ("intake", "routing", "routing-1", "registry-sync", "registry-sync-1", "notifier")
_NEW_KEY = "k2"
_SEALED_WITH = """
SELECT count(*) FROM case_particulars WHERE particulars IS NOT NULL
AND convert_from(substring(particulars FROM 2 FOR get_byte(particulars, 0)), 'UTF8') = $1
"""


async def _bring_the_bad_one(drilling: Drilling) -> None:
    (drilling.field.folder / "bad-routing").touch()
    await drilling.stop("routing")
    await drilling.begin("routing")


async def _it_stopped(drilling: Drilling) -> None:
    """Wait until the flood stopped the release, and count what it had buried by then."""
    log = drilling.field.stack.place.logs / "routing.log"

    async def said() -> bool:
        return b"consumer_stops" in log.read_bytes()

    await drilling.until(said, "the bad release stops by itself")
    drilling.figures["dead_letters"] = await drilling.count("routing", TO_SETTLE)


async def _roll_back(drilling: Drilling) -> None:
    (drilling.field.folder / "bad-routing").unlink()
    await drilling.stop("routing")
    await drilling.start("routing")


async def _configure(drilling: Drilling, *, current: bool) -> None:
    """Give every service a ring with the new key; with `current` it is sealed with."""
    place = drilling.field.stack.place.state / "secrets.json"
    kept = json.loads(place.read_text(encoding="utf-8"))
    ring = kept["particulars_keys"]
    new = b64encode(secrets.token_bytes(32)).decode()
    ring["keys"].setdefault(_NEW_KEY, new)
    if current:
        ring["current"] = _NEW_KEY
    write_secretly(place, json.dumps(kept, indent=1))
    told = {"PARTICULARS_KEYS": json.dumps(ring)}
    write_secretly(drilling.field.folder / "environment.json", json.dumps(told))
    await restarted(*_ALL)(drilling)


async def _add_the_key(drilling: Drilling) -> None:
    await _configure(drilling, current=False)


async def _use_the_key(drilling: Drilling) -> None:
    await _configure(drilling, current=True)


async def _both_are_used(drilling: Drilling) -> None:
    async def new_one() -> bool:
        return await drilling.count("routing", _SEALED_WITH, _NEW_KEY) > 0

    await drilling.until(new_one, "something is sealed with the new key")
    for key in ("k1", _NEW_KEY):
        sealed = await drilling.count("routing", _SEALED_WITH, key)
        drilling.figures[f"cases_sealed_with_{key}"] = sealed
    for service in ("routing", "registry-sync", "notifier"):
        if found := await drilling.count(service, TO_SETTLE):
            raise NotDone(f"{service} has {found} dead letters")


_RESTART = "kubectl -n hotich rollout restart statefulset"

DRILLS = (
    Drill(
        "bad-release",
        "A bad release is rolled back",
        (
            "A release of routing fails on every new dossier.",
            "After `FLOOD_LIMIT` failures in a minute it stops by itself with its place kept, so"
            " that only those few became dead letters.",
        ),
        (
            Step(
                "disaster",
                "The bad release is brought out.",
                cluster.release("routing", "$BAD", ready=False),
                _bring_the_bad_one,
            ),
            Step(
                "disaster",
                "It stops by itself, and again at each start.",
                ("kubectl -n hotich logs statefulset/routing | grep consumer_stops",),
                _it_stopped,
            ),
            Step(
                "recovery",
                "The release before it is brought back.",
                cluster.release("routing", "$BEFORE"),
                _roll_back,
            ),
            Step(
                "recovery",
                "What it had buried is redriven: proposed by one person, approved by another.",
                (
                    "hotich stuck list --service routing --kind dead_letter --json | jq -r .item"
                    " | xargs hotich stuck redrive --reason 'rolled back'",
                    "hotich stuck approve routing/<act>",
                ),
                redriven("routing"),
            ),
        ),
        (
            "A release that decides wrongly and does not fail is not stopped by anything: what it"
            " said stays on the log, and is undone by acts of people.",
        ),
        seconds=40,
        environment={"FLOOD_LIMIT": "10"},
        breaks={
            "I9": Lack("the dead letters are true events, redriven", r".* is dead, and not forged")
        },
    ),
    Drill(
        "key-rotation",
        "The key of the personal data is changed",
        (
            "A new key comes into every service's ring, then becomes the one that is sealed with;"
            " what the old one sealed is opened with it for ever.",
        ),
        (
            Step(
                "disaster",
                "The new key is added to `keys`, `current` unchanged, and every service restarted.",
                (f"{_RESTART} intake routing registry-sync notifier",),
                _add_the_key,
            ),
            Step(
                "disaster",
                "`current` becomes the new key, and every service is restarted once more.",
                (f"{_RESTART} intake routing registry-sync notifier",),
                _use_the_key,
            ),
            Step("recovery", "Dossiers go on.", (), lasts(5)),
            Step(
                "recovery",
                "Both keys are in use, and nothing failed to open.",
                ("hotich stuck list --kind dead_letter",),
                _both_are_used,
            ),
        ),
        (
            "In the wrong order nothing is lost: a service without the key logs"
            " `particulars_key_missing` and its partition waits until it has it.",
            "There is no command that seals again with the new key.",
        ),
        seconds=100,
    ),
)
