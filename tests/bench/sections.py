"""The sections of a run, stack by stack; each fills in what it measured as soon as it is done."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from local_stack.stack import Stack
from tests.bench import audit, decisions, pages, stage
from tests.bench.compared import running
from tests.bench.growth import partitions, replicas, stored
from tests.bench.planned import COMPARED, STAGES, WHOLE, Planned
from tests.bench.whole import judged, processes, roads, runs
from tests.bench.whole.ground import ROOT, Ground
from tests.bench.whole.submissions import by_province, make

Sections = dict[str, Any]


def alone(found: Sections, plan: Planned, console: Console) -> None:
    """Measure what needs no stack, or one without services."""
    if plan.others and plan.has("decisions"):
        console.print("decisions: rules with deadlines, on one core")
        found["decisions"] = decisions.measure()
    if plan.others and plan.has("audit"):
        console.print("audit: an archive checked and replayed on one core")
        found["audit"] = audit.measure(plan.replayed)
        with (
            Stack(ROOT, name="bench-audit", services=False, fresh=True) as stack,
            TemporaryDirectory(prefix="bench-audit-") as folder,
        ):
            found["audit"] |= audit.measure_comparing(stack.status().kafka, Path(folder))


def stages(found: Sections, plan: Planned, console: Console) -> None:
    """Measure the one-stop's handling and its pages, on Kafka and PostgreSQL alone."""
    if not any(map(plan.has, STAGES)):
        return
    with Stack(ROOT, name="bench-stage", services=False, fresh=True) as stack:
        if plan.has("consuming_stage"):
            found["consuming_stage"] = asyncio.run(stage.measure(stack, console, plan.events))
        if plan.stored and plan.has("stored"):
            events = plan.events // 4
            curve = stored.measure(stack, console, events=events, stored=plan.stored)
            found["stored"] = asyncio.run(curve)
        if plan.partitions and plan.has("partitions"):
            curve = partitions.measure(
                stack, console, events=plan.events, partitions=plan.partitions
            )
            found["partitions"] = asyncio.run(curve)
        if plan.others and plan.has("pages"):
            found["pages"] = asyncio.run(pages.measure(stack, console))


def whole(found: Sections, plan: Planned, console: Console) -> None:
    """Measure the four services from end to end, and what stands beside them on the same stack."""
    if not any(map(plan.has, WHOLE)):
        return
    with Stack(ROOT, name="bench", fresh=True) as stack:
        found["versions"] = stack.status().versions
        asyncio.run(_whole(found, plan, Ground(stack, console)))


async def _whole(found: Sections, plan: Planned, ground: Ground) -> None:
    found["invariants"] = {}
    async with (
        processes.watched(ground.status) as memory,
        roads.by_bus(ground) as bus,
        roads.by_http(ground) as http,
    ):
        ground.console.print(f"warming up with {runs.WARM} dossiers")
        await runs.warm(ground, bus)
        if plan.has("bus"):
            samples = _made(ground, plan.dossiers, "on the bus, as fast as it goes")
            found["bus"] = await runs.closed_loop(ground, bus, samples, window=plan.window)
            await _judge(found, ground, plan, "bus")
        if plan.has("http"):
            samples = _made(ground, plan.over_http, "over HTTP, as fast as it goes")
            found["http"] = await runs.closed_loop(ground, http, samples, window=plan.window)
            await _judge(found, ground, plan, "http")
        if plan.has("open_loop"):
            found["open_loop"] = []
            for rate in plan.rates:
                samples = _made(ground, round(rate * plan.rate_seconds), f"at {rate:g} a second")
                found["open_loop"].append(await runs.open_loop(ground, bus, samples, rate=rate))
            await _judge(found, ground, plan, "open_loop")
        if plan.has("backlog"):
            samples = by_province(_made(ground, plan.backlog, "while the register is away"))
            found["backlog"] = await runs.backlog(ground, bus, samples)
            await _judge(found, ground, plan, "backlog")
    if not plan.judge_each:
        await _judged(found, ground, "all runs")
    found["rss_mb"], found["memory"] = dict(memory.most), memory.points
    await _compared(found, plan, ground)


async def _compared(found: Sections, plan: Planned, ground: Ground) -> None:
    if not any(map(plan.has, COMPARED)):
        return
    await running.stand_still(ground)
    if plan.has("handwritten"):
        samples = _made(ground, plan.handwritten, "by the hand-written version")
        found["handwritten"] = await running.handwritten(ground, samples, workers=1)
        if plan.at_once:
            ground.console.print("again, all six partitions at once")
            at_once = await running.handwritten(ground, samples, workers=6)
            found["handwritten_at_once"] = at_once
    if plan.has("dbos"):
        samples = _made(ground, plan.dbos, "by DBOS")
        found["dbos"] = await running.durable(ground, samples)
    if plan.has("ceilings"):
        ground.console.print("ceilings: Kafka and the register alone")
        found["ceilings"] = await running.ceilings(ground)


def side_by_side(found: Sections, plan: Planned, console: Console) -> None:
    """Measure the bus with one process of each service, then with more."""
    if not plan.replicas or not plan.has("replicas"):
        return
    found["replicas"] = []
    for number in plan.replicas:
        console.print(f"{number} processes of each service")
        with replicas.environment(number), replicas.stack_of(number) as stack:
            run = asyncio.run(replicas.measure(stack, console, dossiers=plan.dossiers // 5))
        found["replicas"].append({"replicas": number, **run})


def _made(ground: Ground, count: int, how: str) -> Any:
    ground.console.print(f"{count} dossiers {how}")
    return make(count)


async def _judge(found: Sections, ground: Ground, plan: Planned, run: str) -> None:
    if plan.judge_each:
        await _judged(found, ground, run)


async def _judged(found: Sections, ground: Ground, run: str) -> None:
    ground.console.print("  checking every invariant")
    broken = await judged.broken(ground)
    found["invariants"][run] = broken or "all hold"
    for line in broken:
        ground.console.print(f"  [red]{line}[/]")
