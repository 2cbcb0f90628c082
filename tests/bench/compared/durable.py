"""The same three steps by DBOS, in one process: `python -m tests.bench.compared.durable FILE`.

FILE has a submission in each line. Prints one JSON document with how long they took.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from dbos import DBOS, DBOSConfig, SetWorkflowID

from tests.bench.compared.outside import send_sms, session, tell_register

AT_ONCE = int(os.environ.get("DBOS_AT_ONCE", "32"))
WARM = 20
_TABLE = """
CREATE TABLE IF NOT EXISTS dossier_case (dossier_id uuid PRIMARY KEY, code text NOT NULL,
    unit_code text NOT NULL, body jsonb NOT NULL)
"""
_INSERT = "INSERT INTO dossier_case VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"


class _Open:
    """What the steps share."""

    pool: Any = None
    http: Any = None


@DBOS.step()
async def route(dossier_id: str, submission: dict[str, Any]) -> str:
    """Store the dossier for its commune; return its code."""
    code = f"H29.{submission['unit_code']}-261128-{int(dossier_id[:8], 16)}"
    body = json.dumps(submission, ensure_ascii=False)
    await _Open.pool.execute(_INSERT, dossier_id, code, submission["unit_code"], body)
    return code


@DBOS.step()
async def register(dossier_id: str, code: str, submission: dict[str, Any]) -> None:
    """Tell the register."""
    await tell_register(_Open.http, code, dossier_id, submission)


@DBOS.step()
async def notify(dossier_id: str, code: str) -> None:
    """Tell the citizen."""
    await send_sms(_Open.http, code, dossier_id)


@DBOS.workflow()
async def dossier(dossier_id: str, submission: dict[str, Any]) -> str:
    """Take a dossier its whole way."""
    code = await route(dossier_id, submission)
    await register(dossier_id, code, submission)
    await notify(dossier_id, code)
    return code


async def _all(submissions: list[dict[str, Any]]) -> float:
    """Return how long all of them took."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(submission: dict[str, Any]) -> None:
        async with places:
            dossier_id = str(uuid4())
            with SetWorkflowID(dossier_id):
                await dossier(dossier_id, submission)

    began = time.monotonic()
    await asyncio.gather(*map(one, submissions))
    return time.monotonic() - began


async def _measure(submissions: list[dict[str, Any]]) -> dict[str, float]:
    async with session() as _Open.http:
        _Open.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=2, max_size=10)
        await _Open.pool.execute(_TABLE)
        await _all(submissions[:WARM])
        await _Open.pool.execute("ANALYZE")
        cpu, seconds = time.process_time(), await _all(submissions[WARM:])
        cpu = time.process_time() - cpu
        await _Open.pool.close()
    count = len(submissions) - WARM
    return {
        "dossiers": count,
        "at_once": AT_ONCE,
        "per_s": round(count / seconds, 1),
        "cpu_ms_per_dossier": round(1000 * cpu / count, 2),
    }


def main() -> None:
    """Measure the submissions of the file."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": os.environ["DATABASE_URL"],
        "log_level": "INFO",
    }
    DBOS(config=config)
    DBOS.launch()
    try:
        print(json.dumps(asyncio.run(_measure([json.loads(line) for line in lines]))))
    finally:
        DBOS.destroy()


if __name__ == "__main__":
    main()
