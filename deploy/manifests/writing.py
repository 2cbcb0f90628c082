"""Which file has what; all of them are written, or compared with what is there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.manifests import (
    databases,
    entrances,
    kafka,
    plan,
    roads,
    secrets,
    watching,
    workloads,
)

Object = dict[str, Any]

FOLDER = Path(__file__).parents[1]
COMMAND = "python -m deploy.manifests"
OVERLAYS = ("local", "staging", "production")
#: The portals on the bus of an installation, a name a line.
PORTALS = "portals.txt"


class _Plain(yaml.SafeDumper):
    """Writes everything out, and lists below their key."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def documents(folder: Path = FOLDER) -> dict[str, str]:
    """Return the text of every written file, by its path under `deploy`."""
    made: dict[str, list[Object]] = {
        f"base/{name}.yaml": workloads.objects_of(name) for name in plan.SERVICES
    }
    made["base/databases.yaml"] = [databases.cluster(name) for name in plan.WITH_DATABASE]
    made["base/roads.yaml"] = roads.policies()
    made["base/entrances.yaml"] = entrances.entrances()
    made["base/kafka-topics.yaml"] = kafka.topics()
    made["base/kafka-users.yaml"] = kafka.users()
    components = "components"
    made[f"{components}/monitoring/monitors.yaml"] = [watching.scraped()]
    made[f"{components}/monitoring/alerts.yaml"] = watching.alerting(folder / "alerts")
    made[f"{components}/scaling/scaled.yaml"] = [watching.scaled(n) for n in plan.WITH_DATABASE]
    made[f"{components}/external-secrets/secrets.yaml"] = secrets.fetched()
    made[f"{components}/backups/nightly.yaml"] = [
        databases.nightly(name) for name in plan.WITH_DATABASE
    ]
    made[f"{components}/backups/stored.yaml"] = [
        databases.backed_up(name) for name in plan.WITH_DATABASE
    ]
    for overlay in OVERLAYS:
        at = f"overlays/{overlay}"
        portals = portals_of(folder / at)
        made[f"{at}/portals.yaml"] = [one for name in portals for one in kafka.of_portal(name)]
    return {path: _text(objects) for path, objects in made.items()}


def portals_of(overlay: Path) -> list[str]:
    """Return the portals on the bus of an installation."""
    return (overlay / PORTALS).read_text("utf-8").split()


def _text(objects: Sequence[Object]) -> str:
    body = yaml.dump_all(
        objects, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100, explicit_start=True
    )
    return f"# Written by `{COMMAND}`.\n{body}"


def differing(folder: Path = FOLDER) -> list[str]:
    """Return the paths of files that are missing or are not as they would be written, sorted."""
    return sorted(
        path
        for path, text in documents(folder).items()
        if not (folder / path).is_file() or (folder / path).read_text("utf-8") != text
    )


def write(folder: Path = FOLDER) -> list[str]:
    """Bring the folder up to date; return the paths that were written."""
    wanted, names = documents(folder), differing(folder)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(wanted[name], "utf-8")
    return names
