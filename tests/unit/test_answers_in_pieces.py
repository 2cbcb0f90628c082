"""What a neighbour answers is read whole, in however many pieces it comes, and never too much."""

import json

import aiohttp

from console.conformance.intake import Intake
from notifier.outside import LONGEST_DOCUMENT, document_of
from tests.unit.pieces_kit import answering_in_pieces


async def test_given_a_gateways_word_in_pieces_then_it_is_read_whole() -> None:
    async with (
        answering_in_pieces(b'{"status": "delivered"}', 3) as url,
        aiohttp.ClientSession() as http,
    ):
        assert await document_of(http, url, {}) == (200, {"status": "delivered"})


async def test_given_a_word_that_is_too_long_then_it_is_none() -> None:
    long = json.dumps({"status": "delivered", "more": "x" * LONGEST_DOCUMENT}).encode()
    async with answering_in_pieces(long) as url, aiohttp.ClientSession() as http:
        assert await document_of(http, url, {}) == (200, None)


async def test_given_an_intake_that_answers_in_pieces_then_the_kit_reads_it_whole() -> None:
    async with (
        answering_in_pieces(b'{"dossier_code": "H29.26737-261128-0001"}', 3) as url,
        aiohttp.ClientSession() as http,
    ):
        told = await Intake(http, url, f"{url}/token", "kit", "", "79", "26743").ask("GET", "/R-1")

    assert told.code == "H29.26737-261128-0001"
