"""Answers of neighbours, never longer than anybody could mean."""

import json
from typing import Any

import aiohttp


async def whole(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """Return the body of an answer; raises ValueError when it is longer than that."""
    body = bytearray()
    async for piece in response.content.iter_chunked(64 * 1024):
        body += piece
        if len(body) > most_bytes:
            raise ValueError("the answer is too long")
    return bytes(body)


async def document(response: aiohttp.ClientResponse, most_bytes: int) -> Any:
    """Return the JSON document of an answer; raises ValueError for none, one too long or deep."""
    body = await whole(response, most_bytes)
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("the answer is too deep") from None
