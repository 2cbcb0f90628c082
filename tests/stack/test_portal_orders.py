"""The sandbox's portals in a whole stack: an answer on the bus says what it is about."""

from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from local_stack.stack import Stack
from tests.integration.core_kit import until
from tests.integration.test_sandbox_portal_orders import SUPPLEMENT, WITHDRAWAL


@pytest.mark.parametrize(
    ("about", "document"), [("supplement", SUPPLEMENT), ("withdrawal", WITHDRAWAL)]
)
async def test_a_portal_sends_on_the_bus_and_hears_what_the_answer_is_about(
    stack: Stack, about: str, document: dict[str, Any]
):
    reference = f"DVCQG-{uuid4()}"
    order = {"road": "bus", about: {**document, "portal_reference": reference}}

    async with aiohttp.ClientSession(stack.status().sandbox["url"]) as http:
        async with http.post(f"/portals/national-portal/{about}s", json=order) as sent:
            assert sent.status == 202, await sent.text()
        place = f"/portals/national-portal/dossiers?portal_reference={reference}"

        async def answers() -> list[Any]:
            async with http.get(place) as response:
                dossiers = await response.json()
            return dossiers[0][f"{about}s"] if dossiers else []

        (answer,) = await until(answers, 20.0)

    # No portal submitted it, so it is refused, and the refusal is not taken for a submission's.
    assert (answer["road"], answer["problem"]["status"] >= 400) == ("bus", True)
