"""Drills of releases: replicas one by one, and a new version of an event, in any order."""

from tests.chaos.campaign.field import NotDone
from tests.drills import cluster
from tests.drills.drill import Drill, Drilling, Lack, Step, lasts
from tests.drills.restarting import (
    TO_SETTLE,
    redriven,
    restarted,
    understand_the_next_release,
    upgraded,
)

_SAID = """
SELECT count(*) FROM outbox_sent
WHERE position(convert_to('"type":"vn.hotich.dossier.' || $1 || '"', 'UTF8') IN body) > 0
"""


async def _read_the_next(drilling: Drilling) -> None:
    understand_the_next_release()


async def _both_are_said(drilling: Drilling) -> None:
    """Wait until the one-stop has said the event in both versions."""

    async def said() -> bool:
        for version, word in ((1, "first"), (2, "second")):
            found = await drilling.count("routing", _SAID, f"accepted.v{version}")
            drilling.figures[f"said_in_the_{word}_version"] = found
            if not found:
                return False
        return True

    await drilling.until(said, "both versions are on the log")


async def _no_dead_letter(drilling: Drilling) -> None:
    for service in ("registry-sync", "notifier"):
        if found := await drilling.count(service, TO_SETTLE):
            raise NotDone(f"{service} has {found} dead letters")


async def _dead_letters(drilling: Drilling) -> None:
    for service in ("registry-sync", "notifier"):
        found = await drilling.count(service, TO_SETTLE)
        if not found:
            raise NotDone(f"{service} has no dead letter")
        drilling.figures[f"dead_letters_{service}"] = found


_ROLL = "kubectl -n hotich rollout restart statefulset/{0}"
_READERS = (
    Step(
        "disaster",
        "Readers first: the notifier, which understands both versions from now on.",
        cluster.release("notifier", "$NEXT"),
        upgraded("notifier", "notifier"),
    ),
    Step(
        "disaster",
        "Then registry-sync, one replica after the other.",
        cluster.release("registry-sync", "$NEXT"),
        upgraded("registry-sync", "registry-sync", "registry-sync-1"),
    ),
)
_WRITER = Step(
    "disaster",
    "Then routing, who says the new version, one replica after the other.",
    cluster.release("routing", "$NEXT"),
    upgraded("routing", "routing", "routing-1"),
)

DRILLS = (
    Drill(
        "rolling-restart",
        "Every service is restarted, replica by replica",
        (
            "Each process is asked to end while portals send, ends with exit code 0 within its"
            " grace, gives back its calls, and is ready again before the next one ends.",
            "A portal that finds intake away asks again under the same key.",
        ),
        (
            Step(
                "disaster",
                "All are restarted, one by one.",
                tuple(map(_ROLL.format, ("intake", "routing", "registry-sync", "notifier"))),
                restarted(
                    *("intake", "routing", "routing-1", "registry-sync", "registry-sync-1"),
                    "notifier",
                ),
            ),
        ),
        seconds=100,
    ),
    Drill(
        "rolling-upgrade",
        "A release brings a new version of an event",
        (
            "While portals send, every service becomes the next release, in which the one-stop's"
            " `accepted` is of a new type.",
            "Readers come before the writer, so nothing is ever read by who does not know it.",
        ),
        (
            Step(
                "before",
                "The next release is built so that it reads both versions.",
                (),
                _read_the_next,
            ),
            *_READERS,
            _WRITER,
            Step("recovery", "Both versions are on the log.", (), _both_are_said),
            Step("recovery", "It goes on for some seconds.", (), lasts(6)),
            Step(
                "recovery",
                "Nobody has a dead letter.",
                ("hotich stuck list --kind dead_letter",),
                _no_dead_letter,
            ),
        ),
        (
            "Back is the other way round: first the writer, then, when no reader has the new"
            " version before it any more, the readers; the log keeps the new version for ever, so"
            " a release that cannot read it can never again make a database from the log.",
        ),
        seconds=100,
        rate=2.0,
    ),
    Drill(
        "upgrade-in-the-wrong-order",
        "A release was brought in the wrong order",
        (
            "The writer says a version that its readers do not know: each such event becomes a"
            " dead letter, what follows it of its dossier is parked, all other dossiers go on.",
            "When the readers were updated, two people redrive the dead letters and nothing was"
            " lost.",
        ),
        (
            Step("before", "The judge reads both versions.", (), _read_the_next),
            _WRITER,
            Step("disaster", "It goes on for some seconds.", (), lasts(10)),
            Step(
                "disaster",
                "The readers have dead letters, `unknown_event_type`.",
                ("hotich stuck list --kind dead_letter",),
                _dead_letters,
            ),
            *(
                Step("recovery", one.words.replace("first", "late"), one.commands, one.act)
                for one in _READERS
            ),
            Step(
                "recovery",
                "The dead letters are redriven: proposed by one person, approved by another.",
                (
                    "hotich stuck list --kind dead_letter --json"
                    ' | jq -r \'select(.reason == "unknown_event_type"'
                    ' or .reason == "schema_violation") | .item\''
                    " | xargs hotich stuck redrive --reason 'the reader was updated'",
                    "hotich stuck approve <service>/<act>",
                ),
                redriven("registry-sync", "notifier"),
            ),
        ),
        (
            "More than `FLOOD_LIMIT` such events in a minute stop the reader instead: its place"
            " stays where it is, and nothing has to be redriven once it is updated.",
        ),
        seconds=40,
        breaks={
            "I9": Lack("the dead letters are true events, redriven", r".* is dead, and not forged")
        },
    ),
)
