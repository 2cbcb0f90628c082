"""The schemas manifests are checked by: kept small, and strict about fields nobody knows."""

import argparse
import gzip
import json
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "schemas"

_SHARED = "_definitions.json"
_FREE = "x-kubernetes-preserve-unknown-fields"
_LEFT_OUT = ("description", "example", "externalDocs", "default", "format", "title")


def file_name(api_version: str, kind: str) -> str:
    """Return the name of the file that has the schema of a kind."""
    return f"{api_version.replace('/', '_')}.{kind}.json.gz"


@cache
def schema_of(api_version: str, kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a kind; raises FileNotFoundError for one that is not kept."""
    packed = (FOLDER / file_name(api_version, kind)).read_bytes()
    schema: dict[str, Any] = json.loads(gzip.decompress(packed))
    return schema


def of_definition(text: str) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """Return version, kind and schema of what a CustomResourceDefinition defines."""
    for one in filter(None, yaml.safe_load_all(text)):
        spec = one["spec"]
        for version in spec["versions"]:
            if version["served"]:
                schema = _strict(version["schema"]["openAPIV3Schema"], is_object=True)
                yield f"{spec['group']}/{version['name']}", spec["names"]["kind"], schema


def of_kubernetes(path: Path, api_version: str, kind: str) -> tuple[str, str, dict[str, Any]]:
    """Return version, kind and schema of one of Kubernetes' own, already strict, in one piece."""
    return api_version, kind, _whole(json.loads(path.read_text("utf-8")), path.parent)


def pack(schema: dict[str, Any]) -> bytes:
    """Return the same bytes for the same schema."""
    text = json.dumps(schema, sort_keys=True, separators=(",", ":"))
    return gzip.compress(text.encode(), mtime=0)


def _strict(schema: dict[str, Any], *, is_object: bool = False) -> dict[str, Any]:
    """Return a structural schema as JSON Schema: a field it does not name is refused."""
    made = {k: v for k, v in schema.items() if k not in _LEFT_OUT and not k.startswith("x-")}
    if "properties" in made:
        made["properties"] = {name: _strict(one) for name, one in made["properties"].items()}
        if is_object:
            made["properties"] |= {key: {"type": "string"} for key in ("apiVersion", "kind")}
            made["properties"]["metadata"] = {"type": "object"}
        if not schema.get(_FREE):
            made["additionalProperties"] = False
    elif isinstance(made.get("additionalProperties"), dict):
        made["additionalProperties"] = _strict(made["additionalProperties"])
    if "items" in made:
        made["items"] = _strict(made["items"])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in made:
            made[several] = [_condition(one) for one in made[several]]
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
        made["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if made.pop("nullable", False) and "type" in made:
        made["type"] = [made["type"], "null"]
    return made


def _condition(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what a schema asks of a value beside its structure, closing nothing."""
    return {k: v for k, v in schema.items() if k not in _LEFT_OUT and not k.startswith("x-")}


def _whole(schema: Any, folder: Path, *, names_fields: bool = False) -> Any:
    """Return a schema without descriptions, with what it refers to in its place."""
    if isinstance(schema, list):
        return [_whole(one, folder) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if not names_fields and "$ref" in schema:
        file, _, pointer = schema["$ref"].partition("#")
        return _whole(_definition(folder / (Path(file).name or _SHARED), pointer), folder)
    return {
        name: _whole(one, folder, names_fields=name == "properties" and not names_fields)
        for name, one in schema.items()
        if names_fields
        or (name not in (*_LEFT_OUT, "$schema", "$id") and not name.startswith("x-"))
    }


def _definition(path: Path, pointer: str) -> Any:
    found = _read(path)
    for part in filter(None, pointer.split("/")):
        found = found[part]
    return found


@cache
def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Keep the schemas of the definitions in these files, or of one kind of Kubernetes."""
    parser = argparse.ArgumentParser(prog="python -m deploy.manifests.schemas")
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--kubernetes", metavar="VERSION/KIND", help="apps/v1/StatefulSet")
    parser.add_argument("--only", metavar="VERSION", help="of a definition keep this version")
    chosen = parser.parse_args(arguments)
    for path in chosen.files:
        if chosen.kubernetes:
            api_version, _, kind = chosen.kubernetes.rpartition("/")
            found: Iterable[tuple[str, str, dict[str, Any]]]
            found = [of_kubernetes(path, api_version, kind)]
        else:
            found = of_definition(path.read_text("utf-8"))
        for api_version, kind, schema in found:
            if chosen.only and not api_version.endswith(f"/{chosen.only}"):
                continue
            name = file_name(api_version, kind)
            (FOLDER / name).write_bytes(pack(schema))
            sys.stdout.write(f"kept: {name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
