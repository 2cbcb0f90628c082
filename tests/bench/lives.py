"""Archives of dossiers the one-stop's own rules decided, with what real ones have beside that.

Run as `python -m tests.bench.lives FOLDER DOSSIERS`. Each dossier has eleven events: submitted,
routed, accepted, registered, handed over, three times told to the citizen and three times to the
portal. One province, its communes, three procedures; half are received by the machine at once,
half by an officer within two days. BENCH_LIVES_A_DAY come a day, at any hour: unless told as many
as in all of Vietnam.
"""

import os
import random
import sys
import time
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from contracts.envelope import Cause, decode
from contracts.events import CitizenNotified, HandedOver, PortalInformed
from contracts.events.base import EventData
from routing.domain import Accept
from tests.unit.archive_kit import Log, archive
from tests.unit.replay_kit import BIRTH, CERTIFICATE, NOBODY, UNITS, Life, at, entered

EVENTS_EACH = 11
_A_DAY = int(os.environ.get("BENCH_LIVES_A_DAY", "12500"))
_ROWS = 16_384
_BEGIN = at("2026-11-02 00:00:07")
_PROCEDURES = (BIRTH, CERTIFICATE, "1.000894")


def a_life(log: Log, number: int, chance: random.Random) -> None:
    """Let a dossier go its whole way."""
    start = _BEGIN + timedelta(
        days=number // _A_DAY,
        seconds=86_400 // _A_DAY * (number % _A_DAY),
        microseconds=chance.randrange(10**6),
    )
    life = Life(log, number, start, machine=chance.random() < 0.5)
    unit = chance.choice(UNITS)
    life.submit(unit_code=unit, residence_unit_code=unit, procedure_code=chance.choice(_PROCEDURES))
    if not life.machine:
        life.later(minutes=chance.randrange(2880)).does(Accept("officer-1"))
    _told(life, "accepted", 2)
    entered(life.later(hours=1))
    _told(life, "registered", 9)
    _said(life.later(hours=20), HandedOver(actor="officer-1", method="in_person"))
    _told(life, "handed_over", 10)


def _told(life: Life, step: str, status: int) -> None:
    about = decode(life.log.records[-1].value or b"").id
    _said(life, CitizenNotified.model_validate({"step": step, "channel": "sms", "about": about}))
    told = {"step": step, "portal": "national-portal", "status": status, "about": about}
    _said(life, PortalInformed.model_validate(told))


def _said(life: Life, data: EventData) -> None:
    life.later(seconds=1)
    cause = Cause(str(UUID(int=0)), NOBODY)
    life.log.say(life.dossier_id, life.code, data, cause, life.now)


def write(root: Path, dossiers: int) -> None:
    """Write an archive of so many dossiers, the same each time."""
    log, chance = Log(), random.Random(7)
    for number in range(dossiers):
        a_life(log, number, chance)
    log.records.sort(key=lambda record: record.at)
    ends: dict[tuple[str, int], int] = defaultdict(int)
    for record in log.records:
        record.offset = ends[record.topic, record.partition]
        ends[record.topic, record.partition] += 1
    archive(root, log, rows=_ROWS)


def main() -> None:
    """Write the archive that is asked for; print how fast."""
    root, dossiers = Path(sys.argv[1]), int(sys.argv[2])
    began = time.perf_counter()
    write(root, dossiers)
    print(f"{dossiers * EVENTS_EACH / (time.perf_counter() - began):,.0f} events/s")


if __name__ == "__main__":
    main()
