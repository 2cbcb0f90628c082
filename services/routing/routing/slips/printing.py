"""The papers as PDF on demand, beside what else goes on."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from routing.slips.content import ControlSheet, Slip

_SETTERS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="slips")


async def render_pdf(paper: Slip | ControlSheet) -> bytes:
    """Return what `pdf` does, while others go on; at most two papers are set at a time."""
    return await asyncio.get_running_loop().run_in_executor(_SETTERS, _pdf, paper)


def _pdf(paper: Slip | ControlSheet) -> bytes:
    # What sets papers takes 12 MB; a process that prints none goes without.
    from routing.slips.pdf import pdf

    return pdf(paper)
