"""The release after this one: the topic of the one-stop has twice the partitions."""

from typing import Any

#: Of `dossier.routing.v1`, which this release says has six.
PARTITIONS = 12


def install() -> None:
    """Let this process count the partitions there will be."""
    from contracts.topics import LIFECYCLE

    object.__setattr__(LIFECYCLE["routing"], "partitions", PARTITIONS)


def ask_again(seconds: float) -> None:
    """Let every client ask so often which partitions there are, and not every five minutes."""
    from aiokafka.client import AIOKafkaClient

    made: Any = AIOKafkaClient.__init__

    def make(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **{**kwargs, "metadata_max_age_ms": int(seconds * 1000)})

    client: Any = AIOKafkaClient
    client.__init__ = make
