"""The hand-written notifier: sends one message for each registered dossier."""

import asyncio

from faststream import AckPolicy, FastStream

from tests.bench.compared.handwritten.events import (
    REGISTERED,
    TOLD,
    WORKERS,
    Event,
    broker,
    keep,
    pool,
)
from tests.bench.compared.outside import send_sms, session

kafka = broker()
app = FastStream(kafka)


@app.on_startup
async def open_all() -> None:
    """Open the database and the HTTP client."""
    global database, http
    database, http = await pool("message"), session()


@app.after_shutdown
async def close() -> None:
    """Close the HTTP client."""
    await http.close()


@kafka.subscriber(
    REGISTERED,
    group_id="hand-notifier",
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.NACK_ON_ERROR,
    max_workers=WORKERS,
)
async def on_registered(event: Event) -> None:
    """Tell the citizen and say so."""
    async with database.acquire() as connection, connection.transaction():
        if await keep(connection, "message", event):
            await send_sms(http, event.code, event.dossier_id)
            await kafka.publish(event, TOLD, key=event.dossier_id.encode())


if __name__ == "__main__":
    asyncio.run(app.run())
