"""The HTTP server of a process: made one way, and served until it is told to end."""

import contextlib

import structlog
import uvicorn
from fastapi import FastAPI

log = structlog.get_logger()

#: So long an answer under way may take once the server was told to end.
STOP_SECONDS = 5


def http_server(app: FastAPI, host: str, port: int) -> uvicorn.Server:
    """Return the server, not yet listening; the process handles its signals itself."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=STOP_SECONDS,
            # Whose word counts about a client's address is said by a setting, where it counts.
            proxy_headers=False,
        )
    )


async def listen(server: uvicorn.Server) -> bool:
    """Serve until the server should exit; return False, and say so, if its port did not open."""
    with contextlib.suppress(SystemExit):
        await server._serve()
    if not server.should_exit:
        log.critical("port_not_opened", host=server.config.host, port=server.config.port)
    return bool(server.should_exit)
