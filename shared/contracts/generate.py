"""Writes the JSON Schemas and the AsyncAPI document; `--check` says whether they are current."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

from contracts import asyncapi
from contracts.messages import MESSAGES
from contracts.particulars import Particulars
from contracts.portal import (
    PortalDossiers,
    PortalFeed,
    PortalQuestion,
    Problem,
    StatusCallback,
    Submission,
    Supplement,
    Withdrawal,
)

FOLDER = Path(__file__).parent
DIALECT = GenerateJsonSchema.schema_dialect

#: The documents that stand on no topic, by the name of their schema file.
OFF_THE_BUS: dict[str, type[BaseModel]] = {
    "submission": Submission,
    "supplement": Supplement,
    "withdrawal": Withdrawal,
    "problem": Problem,
    "status_callback": StatusCallback,
    "portal_question": PortalQuestion,
    "portal_dossiers": PortalDossiers,
    "portal_feed": PortalFeed,
    "particulars": Particulars,
}
#: Every document there is a schema of, by the name of its file.
SCHEMAS: dict[str, type[BaseModel]] = OFF_THE_BUS | {
    message.name: message.model for message in MESSAGES if message.model
}


class _Untitled(GenerateJsonSchema):
    """Leaves out the titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: CoreSchema | Any) -> bool:
        """Return False: the property's key is its name."""
        return False


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12); what is constant is required, whoever reads it."""
    schema = model.model_json_schema(schema_generator=_Untitled)
    for part in (schema, *schema.get("$defs", {}).values()):
        required = part.get("required", [])
        properties = part.get("properties", {})
        if names := [n for n, p in properties.items() if "const" in p or n in required]:
            part["required"] = names
    return {"$schema": DIALECT} | schema


def documents() -> dict[str, str]:
    """Return the text of every generated file by its path under `contracts`."""
    texts = {
        f"schemas/{name}.json": json.dumps(schema_of(model), indent=2, ensure_ascii=False) + "\n"
        for name, model in sorted(SCHEMAS.items())
    }
    made = yaml.safe_dump(asyncapi.document(), sort_keys=False, allow_unicode=True, width=100)
    return texts | {"asyncapi.yaml": f"# Made by `python -m contracts.generate`.\n{made}"}


def differing(folder: Path) -> list[str]:
    """Return the paths that are missing, differ or should not be there, sorted."""
    wanted = documents()
    found = {path.relative_to(folder).as_posix() for path in folder.glob("schemas/*")}
    stale = found - set(wanted)
    changed = {
        name
        for name, text in wanted.items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != text.encode()
    }
    return sorted(stale | changed)


def write(folder: Path) -> list[str]:
    """Bring the folder up to date; return the paths that were written or removed."""
    wanted = documents()
    names = differing(folder)
    (folder / "schemas").mkdir(parents=True, exist_ok=True)
    for name in names:
        if name in wanted:
            (folder / name).write_bytes(wanted[name].encode())
        else:
            (folder / name).unlink()
    return names


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or with `--check` name those that differ and return 1."""
    parser = argparse.ArgumentParser(prog="python -m contracts.generate", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing, exit 1 on a difference"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if not chosen.check:
        names = write(chosen.folder)
        sys.stdout.writelines(f"written: {name}\n" for name in names)
        return 0
    names = differing(chosen.folder)
    sys.stderr.writelines(f"differs: {name}\n" for name in names)
    if names:
        sys.stderr.write("Run `python -m contracts.generate` and commit what it writes.\n")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
