"""The hand-written one-stop: per message one transaction, the event published inside."""

import asyncio

from faststream import AckPolicy, FastStream

from tests.bench.compared.handwritten.events import (
    ACCEPTED,
    SUBMITTED,
    WORKERS,
    Event,
    broker,
    keep,
    pool,
)

kafka = broker()
app = FastStream(kafka)


@app.on_startup
async def open_pool() -> None:
    """Open the database."""
    global database
    database = await pool("dossier_case")


@kafka.subscriber(
    SUBMITTED,
    group_id="hand-routing",
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.NACK_ON_ERROR,
    max_workers=WORKERS,
)
async def on_submitted(event: Event) -> None:
    """Receive the dossier and say so."""
    async with database.acquire() as connection, connection.transaction():
        if await keep(connection, "dossier_case", event):
            await kafka.publish(event, ACCEPTED, key=event.dossier_id.encode())


if __name__ == "__main__":
    asyncio.run(app.run())
