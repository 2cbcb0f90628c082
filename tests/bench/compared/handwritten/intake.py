"""The hand-written intake: FastAPI, one transaction and one publish for each submission."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import uvicorn
from fastapi import FastAPI

from contracts.portal import Submission
from tests.bench.compared.handwritten.events import SUBMITTED, Event, broker, keep, pool

kafka = broker()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the database and the broker as long as the app runs."""
    app.state.pool = await pool("dossier")
    async with kafka:
        await kafka.start()
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/submissions", status_code=201)
async def submit(submission: Submission) -> dict[str, str]:
    """Take a submission; return its id and code."""
    dossier_id = str(uuid4())
    code = f"H29.{submission.unit_code}-261128-{int(dossier_id[:8], 16)}"
    document = submission.model_dump(mode="json")
    event = Event(dossier_id=dossier_id, code=code, submission=document)
    async with app.state.pool.acquire() as connection, connection.transaction():
        await keep(connection, "dossier", event)
        await kafka.publish(event, SUBMITTED, key=dossier_id.encode())
    return {"dossier_id": dossier_id, "code": code}


if __name__ == "__main__":
    port = int(os.environ["HTTP_PORT"])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="info", access_log=False)
