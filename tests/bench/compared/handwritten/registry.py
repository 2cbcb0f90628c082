"""The hand-written register sync: tells the register inside the transaction of the message."""

import asyncio

from faststream import AckPolicy, FastStream

from tests.bench.compared.handwritten.events import (
    ACCEPTED,
    REGISTERED,
    WORKERS,
    Event,
    broker,
    keep,
    pool,
)
from tests.bench.compared.outside import session, tell_register

kafka = broker()
app = FastStream(kafka)


@app.on_startup
async def open_all() -> None:
    """Open the database and the HTTP client."""
    global database, http
    database, http = await pool("registration"), session()


@app.after_shutdown
async def close() -> None:
    """Close the HTTP client."""
    await http.close()


@kafka.subscriber(
    ACCEPTED,
    group_id="hand-registry",
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.NACK_ON_ERROR,
    max_workers=WORKERS,
)
async def on_accepted(event: Event) -> None:
    """Tell the register and say so."""
    async with database.acquire() as connection, connection.transaction():
        if await keep(connection, "registration", event):
            await tell_register(http, event.code, event.dossier_id, event.submission)
            await kafka.publish(event, REGISTERED, key=event.dossier_id.encode())


if __name__ == "__main__":
    asyncio.run(app.run())
