"""`make drill NAME=…`: disasters and the way back, measured and judged; no name lists them."""

import json
import logging
import os
import signal
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.chaos.campaign.field import NotDone
from tests.drills import book
from tests.drills.catalogue import DRILLS
from tests.drills.drill import Drill, plain
from tests.drills.running import Result, play


def main(words: list[str]) -> int:
    """Run the drills that are named; return 0 when their promises hold, 1 else, 2 for no name.

    Several names, with commas, are played one after the other on one stack and judged as one.
    """
    console, root = Console(), Path.cwd()
    if words == ["book"]:
        return book.main(root, write=True)
    names = os.environ.get("NAME") or (words[0] if words else "")
    known = {one.name: one for one in DRILLS}
    unknown = [name for name in names.split(",") if name not in known]
    if unknown:
        console.print(_listed())
        if names:
            console.print(f"no drill {', '.join(unknown)}", markup=False)
        return 2 if names else 0
    return _played(console, root, [known[name] for name in names.split(",")])


def _played(console: Console, root: Path, drills: list[Drill]) -> int:
    began = time.monotonic()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)

    def say(line: str) -> None:
        console.print(f"{time.monotonic() - began:6.1f} s  {line}", highlight=False, markup=False)

    try:
        results = play(root, drills, say)
    except NotDone as why:
        say(f"the drill could not be carried out: {why}")
        return 1
    for result in results:
        console.print(_table(result))
        path = root / "build" / f"drill-{result.drill.name}.json"
        path.parent.mkdir(exist_ok=True)
        text = json.dumps(result.document(), indent=2, ensure_ascii=False, default=str)
        path.write_text(f"{text}\n", encoding="utf-8")
        say(f"how to go back on a cluster: docs/operations.md, {result.drill.title!r}")
        say(f"{path.relative_to(root)}; logs and topics are in .local/drill-{drills[0].name}")
    return 0 if results[0].holds else 1


def _listed() -> Table:
    table = Table("NAME", "what happens", title="Drills", title_justify="left")
    for one in DRILLS:
        table.add_row(one.name, one.title)
    return table


def _table(result: Result) -> Table:
    table = Table("step", "seconds", title=result.drill.title, title_justify="left")
    for step in result.taken.steps:
        table.add_row(Text(plain(step["step"])), str(step["seconds"]))
    noticed = result.taken.noticed_seconds
    by = result.taken.noticed_by or "nobody: no process and no reader was late"
    table.add_row(f"noticed by: {by}", "-" if noticed is None else str(noticed))
    table.add_row("nothing late any more", str(result.recovered_seconds or "-"))
    for name, value in result.figures.items():
        table.add_row(name.replace("_", " "), str(value))
    table.add_row("dossiers under way", str(len(result.judgement.course.sent)))
    for one in result.judgement.verdicts:
        if not one.holds:
            why = result.lacks(one)
            table.add_row(f"{one.name}: {why or one.actual}", "cannot hold" if why else "BROKEN")
            for line in one.breaches[:4]:
                table.add_row(f"  {line.replace('[', '(')}", "")
    table.add_row("verdict", "holds" if result.holds else "BROKEN")
    return table


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
