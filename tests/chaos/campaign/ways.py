"""Faults on the way: of connections, of the systems outside, and of one process's clock."""

import asyncio
from typing import Any

from tests.chaos.campaign import overlay
from tests.chaos.campaign.course import Fault
from tests.chaos.campaign.field import Field

_GATEWAY_KINDS = {
    "gateway_errors": "error",
    "gateway_lost_answers": "lost_answer",
    "gateway_delays": "delay",
    "gateway_hang_ups": "drop",
}


async def trouble(field: Field, fault: Fault) -> None:
    """Put a trouble on a detour for the fault's time."""
    url = f"{field.status.detours['url']}/detours/{fault.target}"
    order: dict[str, Any] = {"kind": fault.kind}
    if fault.kind == "delay":
        order["seconds"] = fault.how["delay"]
    if fault.kind == "throttle":
        order["bytes_per_second"] = fault.how["bytes"]
    try:
        await field.ask("PUT", url, order)
        await asyncio.sleep(fault.seconds)
    finally:
        await asyncio.shield(field.ask("DELETE", url))


async def gateway(field: Field, fault: Fault) -> None:
    """Let one of the systems outside misbehave for the fault's time."""
    url = f"{field.status.sandbox['url']}/faults/{fault.target}"
    order = {"kind": _GATEWAY_KINDS[fault.kind], "share": fault.how["share"]}
    if "delay" in fault.how:
        order["seconds"] = fault.how["delay"]
    try:
        await field.ask("PUT", url, order)
        await asyncio.sleep(fault.seconds)
    finally:
        await asyncio.shield(field.ask("DELETE", url))


async def clock_skew(field: Field, fault: Fault) -> None:
    """Move the clock of one process's rules for the fault's time."""
    overlay.skew(field.folder, fault.target, float(str(fault.how["ahead"])))
    try:
        await asyncio.sleep(fault.seconds)
    finally:
        overlay.skew(field.folder, fault.target, None)
