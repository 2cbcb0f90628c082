"""What each service sends for a batch of each kind, and how many functions it calls for an event.

Both are the same on every machine. A limit is what was counted when the batch had one statement
for each table it needs; calls have a tenth of room, for libraries that change.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count as counting_from
from typing import Any

import pytest

from contracts.topics import LIFECYCLE, PARTICULARS, SUBMISSIONS
from plumbing.assembly import utc_now
from plumbing.database import Pool
from tests.integration.core_kit import Dossier, a_record
from tests.integration.counting import Statements, calls_of
from tests.integration.intake_kit import an_intake
from tests.integration.notifier_bench import (
    TOPIC_OF,
    a_dossier,
    a_notifier,
    particulars_record,
    some_data,
)
from tests.integration.registry_sync_bench import open_registry
from tests.integration.routing_kit import a_one_stop
from tests.integration.sandbox_process import Sandbox, a_sandbox
from tests.unit.intake_kit import a_birth, a_letter

FEW, MANY = 2, 40
ROOM = 1.1
_offsets = counting_from()
#: Statements inside a batch's transaction, and functions called for each of its records.
LIMITS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "intake": {"submission": (15, 985)},
    "routing": {"particulars": (8, 230), "submitted": (11, 275), "registered": (7, 210)},
    "registry-sync": {"particulars": (7, 210), "routed": (8, 165), "accepted": (9, 265)},
    "notifier": {
        "particulars": (7, 190),
        "submitted": (11, 360),
        "routed": (7, 115),
        "accepted": (9, 255),
        "registered": (9, 270),
    },
}


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    """Give the systems that are not ours; nothing is asked of them here."""
    async with a_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@asynccontextmanager
async def _opened(
    service: str, database: str, sandbox: Sandbox
) -> AsyncIterator[tuple[Pool, Mapping[str, Any]]]:
    """Give the service's database and its inlets by topic."""
    if service == "intake":
        async with an_intake(database) as intake:
            yield intake.pool, {SUBMISSIONS.name: intake.inlet}
    elif service == "routing":
        async with a_one_stop(database) as one_stop:
            one_stop.by_officer = False
            topics = (LIFECYCLE["intake"].name, LIFECYCLE["registry-sync"].name)
            inlets = dict.fromkeys(topics, one_stop.lifecycle)
            yield one_stop.pool, {**inlets, PARTICULARS.name: one_stop.particulars}
    else:
        open_service = open_registry if service == "registry-sync" else a_notifier
        async with open_service(database, sandbox) as bench:
            inlets = bench.assembly.inlets
            yield bench.pool, {topic.name: inlet for topic, inlet in inlets.items()}


def _record(kind: str, dossier: Dossier) -> Any:
    number = next(_offsets)
    if kind == "submission":
        return a_letter(number, a_birth(f"DVCQG-{dossier.code}"))
    if kind == "particulars":
        return particulars_record(dossier, some_data(), 1)
    topic = TOPIC_OF[kind].name
    return a_record(topic, dossier.says(kind), str(dossier.id).encode(), offset=number)


@pytest.mark.parametrize("service", LIMITS)
async def test_given_batches_then_statements_and_calls_stay_within_their_limits(
    service, database, sandbox
):
    """As many statements for two records as for forty."""
    few: dict[str, int] = {}
    async with _opened(service, database, sandbox) as (pool, inlets):
        statements = Statements(pool)
        for count in (FEW, MANY):
            dossiers = [a_dossier() for _ in range(count)]
            for kind, (most, most_calls) in LIMITS[service].items():
                records = [_record(kind, one) for one in dossiers]
                async with statements.acquire() as conn, conn.transaction():
                    statements.took()
                    work = inlets[records[0].topic](conn, records, utc_now())
                    calls = await calls_of(work) / count
                    sent = statements.took()
                if count == FEW:
                    few[kind] = len(sent)
                if count == MANY:
                    assert few[kind] == len(sent) <= most, sent
                    assert calls <= most_calls * ROOM
