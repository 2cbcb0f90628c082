"""The drill of growth: a topic gets more partitions while it is written and read."""

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from tests.chaos.campaign.kinds import AUDIT
from tests.drills.drill import Drill, Drilling, Step
from tests.drills.restarting import of_the_overlay
from tests.drills.topics import READERS, TOPIC

_SECONDS = 10
_BEFORE = TOPIC.partitions
_READ_OF_THE_NEW = """
SELECT count(*) FROM consumer_offset WHERE topic = $1 AND part >= $2 AND next_offset > 0
"""
_PARKED = "SELECT count(*) FROM inbound_parked"


async def _release(drilling: Drilling) -> None:
    (drilling.field.folder / f"more-{AUDIT}").touch()
    await drilling.stop(AUDIT)
    await drilling.begin(AUDIT)


async def _increase(drilling: Drilling) -> None:
    release = of_the_overlay("more_partitions")
    admin = AIOKafkaAdminClient(bootstrap_servers=drilling.field.status.kafka)
    await admin.start()
    try:
        new = NewPartitions(release.PARTITIONS)
        await admin.create_partitions({TOPIC.name: new})
    finally:
        await admin.close()
    # The judge, and who follows the log for it, count them from now on.
    release.install()


async def _all_are_read(drilling: Drilling) -> None:
    for service in READERS:

        async def read(service: str = service) -> bool:
            found = await drilling.count(service, _READ_OF_THE_NEW, TOPIC.name, _BEFORE)
            drilling.figures[f"new_partitions_read_by_{service}"] = found
            return found == TOPIC.partitions - _BEFORE

        await drilling.until(read, f"{service} reads every new partition")
    await drilling.until(lambda: drilling.ready(AUDIT), "the archive follows the new partitions")


async def _nothing_is_parked(drilling: Drilling) -> None:
    for service in READERS:

        async def none(service: str = service) -> bool:
            return await drilling.count(service, _PARKED) == 0

        await drilling.until(none, f"{service} has nothing parked")


DRILLS = (
    Drill(
        "more-partitions",
        "A topic gets more partitions",
        (
            f"`{TOPIC.name}` gets twelve partitions instead of {_BEFORE} while portals send, as"
            " [more partitions](#more-partitions) has it.",
            "The later events of a dossier are in another partition than the earlier ones; readers"
            " order them by sequence.",
        ),
        (
            Step(
                "before",
                "The release that counts them is brought to the audit.",
                (),
                _release,
            ),
            Step(
                "disaster",
                "The topic gets its new partitions.",
                ("kubectl apply --server-side -k $OVERLAY",),
                _increase,
            ),
            Step(
                "recovery",
                "Nothing is to be done: writer, readers and archive notice, each at its own time.",
                (),
                _all_are_read,
            ),
            Step(
                "recovery",
                "Nothing is left parked.",
                ("hotich stuck list --kind parked",),
                _nothing_is_parked,
            ),
        ),
        (
            f"Clients ask every {_SECONDS} seconds here which partitions there are, and every five"
            " minutes in earnest.",
        ),
        seconds=60,
        environment={"METADATA_SECONDS": str(_SECONDS)},
    ),
)
