"""The generated schemas and the AsyncAPI document: current, whole, and true of the contracts."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder
from jsonschema import Draft202012Validator, ValidationError

import contracts
from contracts import asyncapi, generate
from contracts.envelope import CONTENT_TYPE
from contracts.events import EVENTS
from contracts.topics import ACCESS, CHANNELS, LIFECYCLE, PARTICULARS, REPLIES, SUBMISSIONS

FOLDER = Path(contracts.__file__).parent
DOCUMENT: dict[str, Any] = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text("utf-8"))
LIFECYCLE_NAMES = {topic.name for topic in LIFECYCLE.values()}


def refs(value: Any) -> Iterator[str]:
    """Yield every `$ref` in a document."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            yield from refs(item)
    elif isinstance(value, list):
        for item in value:
            yield from refs(item)


def resolve(ref: str) -> Any:
    """Return what a reference of the AsyncAPI document points to."""
    place, _, pointer = ref.partition("#")
    found = DOCUMENT if not place else json.loads((FOLDER / place).read_text("utf-8"))
    for part in pointer.strip("/").split("/") if pointer else ():
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def messages_of(topic: str) -> dict[str, Any]:
    channel = next(one for one in DOCUMENT["channels"].values() if one["address"] == topic)
    return {name: resolve(ref["$ref"]) for name, ref in channel["messages"].items()}


# --- the files


def test_what_is_committed_is_what_the_contracts_generate(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert generate.main(["--check"]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_check_names_every_file_that_differs_and_writing_brings_them_up_to_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--folder", str(tmp_path)]
    shutil.copytree(FOLDER / "schemas", tmp_path / "schemas")
    shutil.copy(FOLDER / "asyncapi.yaml", tmp_path)
    (tmp_path / "schemas" / "problem.json").unlink()
    (tmp_path / "schemas" / "burnt.json").write_text("{}")
    (tmp_path / "asyncapi.yaml").write_text("asyncapi: 3.0.0\n")

    code = generate.main([*arguments, "--check"])

    names = ["asyncapi.yaml", "schemas/burnt.json", "schemas/problem.json"]
    assert code == 1
    assert re.findall(r"differs: (\S+)", capsys.readouterr().err) == names
    assert generate.main(arguments) == 0
    assert re.findall(r"written: (\S+)", capsys.readouterr().out) == names
    assert generate.main([*arguments, "--check"]) == 0


def test_generating_twice_gives_the_same_bytes() -> None:
    assert generate.documents() == generate.documents()


def test_every_event_has_a_schema() -> None:
    names = {path.stem for path in FOLDER.glob("schemas/*.json")}

    assert {data.event_type() for data in EVENTS} <= names
    assert names == set(generate.SCHEMAS)


@pytest.mark.parametrize("name", sorted(generate.SCHEMAS))
def test_a_schema_is_valid_closed_and_resolves(name: str) -> None:
    schema = json.loads((FOLDER / "schemas" / f"{name}.json").read_text("utf-8"))

    Draft202012Validator.check_schema(schema)
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("type") == "object":
            assert part["additionalProperties"] is False
            assert "description" in part
    for ref in refs(schema):
        assert ref.startswith("#/$defs/")
        assert ref.removeprefix("#/$defs/") in schema["$defs"]


@pytest.mark.parametrize("data", EVENTS)
def test_the_schema_of_an_event_asks_for_every_attribute_that_names_it(data: type) -> None:
    path = FOLDER / "schemas" / f"{data.event_type()}.json"
    validator = Draft202012Validator(json.loads(path.read_text("utf-8")))
    sample = json.loads((FOLDER / "samples" / path.name).read_text("utf-8"))

    for key in sample.keys() - {"traceparent"}:
        with pytest.raises(ValidationError):
            validator.validate({name: value for name, value in sample.items() if name != key})
    with pytest.raises(ValidationError):
        validator.validate(sample | {"unknown": 1})
    with pytest.raises(ValidationError):
        validator.validate(sample | {"source": "/hotich/nobody"})


def test_the_wheel_carries_schemas_samples_and_the_asyncapi_document(tmp_path: Path) -> None:
    from zipfile import ZipFile

    (wheel,) = WheelBuilder(str(FOLDER.parent)).build(
        directory=str(tmp_path), versions=["standard"]
    )

    packed = set(ZipFile(wheel).namelist())
    wanted = {f"contracts/{name}" for name in generate.documents()}
    wanted |= {f"contracts/samples/{path.name}" for path in FOLDER.glob("samples/*.json")}
    assert wanted <= packed


# --- the AsyncAPI document


def test_it_is_an_asyncapi_3_document_of_known_parts() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert set(DOCUMENT) == {
        "asyncapi",
        "info",
        "defaultContentType",
        "servers",
        "channels",
        "operations",
        "components",
    }
    assert {"title", "version"} <= set(DOCUMENT["info"])
    for part in ("channels", "operations"):
        assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in DOCUMENT[part])


def test_every_reference_resolves() -> None:
    found = list(refs(DOCUMENT))

    assert len(found) > 50
    for ref in found:
        assert isinstance(resolve(ref), dict)


def test_there_is_one_channel_for_each_topic_with_its_kafka_settings() -> None:
    channels = {channel["address"]: channel for channel in DOCUMENT["channels"].values()}

    assert list(channels) == [topic.name for topic in CHANNELS]
    for topic in CHANNELS:
        binding = channels[topic.name]["bindings"]["kafka"]
        settings = {
            key: ",".join(value) if isinstance(value, list) else str(value)
            for key, value in binding["topicConfiguration"].items()
        }
        assert (binding["topic"], binding["partitions"]) == (topic.name, topic.partitions)
        assert settings == topic.config


def test_every_message_is_on_one_channel_with_content_type_key_and_payload() -> None:
    on_channels = [name for topic in CHANNELS for name in messages_of(topic.name)]

    assert sorted(on_channels) == sorted(DOCUMENT["components"]["messages"])
    for topic in CHANNELS:
        for message in messages_of(topic.name).values():
            key = message["bindings"]["kafka"]["key"]
            assert key["type"] == "string"
            assert (key.get("format") == "uuid") == (topic.key == "dossier_id")
            assert message["contentType"] in (CONTENT_TYPE, "application/json", "text/plain")
            assert "content-type" in message["headers"]["properties"]
            assert set(message["payload"]) in ({"$ref"}, {"type", "description"}, {"type"})


def test_each_lifecycle_topic_carries_the_events_of_its_service() -> None:
    for service, topic in LIFECYCLE.items():
        names = [message["name"] for message in messages_of(topic.name).values()]
        assert names == [data.event_type() for data in EVENTS if data.service == service]
        for message in messages_of(topic.name).values():
            schema = resolve(message["payload"]["$ref"])
            assert schema["properties"]["type"]["const"] == message["name"]
            assert schema["properties"]["source"]["const"] == f"/hotich/{service}"


def test_the_other_topics_carry_what_portals_and_particulars_are() -> None:
    assert list(messages_of(SUBMISSIONS.name)) == [
        "PortalSubmission",
        "PortalSupplement",
        "PortalWithdrawal",
    ]
    assert list(messages_of(REPLIES.name)) == ["SubmissionReceived", "SubmissionRefused"]
    assert list(messages_of(PARTICULARS.name)) == ["ParticularsRecord", "ParticularsErased"]
    assert messages_of(PARTICULARS.name)["ParticularsErased"]["payload"]["type"] == "null"


def test_each_service_reads_and_writes_what_it_should_and_every_channel_is_used() -> None:
    def topics(service: str, action: str) -> set[str]:
        return {
            resolve(operation["channel"]["$ref"])["address"]
            for operation in DOCUMENT["operations"].values()
            if operation["action"] == action and operation["tags"] == [{"name": service}]
        }

    services = {tag["name"] for one in DOCUMENT["operations"].values() for tag in one["tags"]}
    assert {s: (topics(s, "receive"), topics(s, "send")) for s in services} == {
        "intake": (
            {"portal.submissions.v1"},
            {
                "portal.replies.{portal}.v1",
                "dossier.intake.v1",
                "dossier.particulars.v1",
                "access.intake.v1",
            },
        ),
        "routing": (
            {"dossier.intake.v1", "dossier.registry.v1", "dossier.particulars.v1"},
            {"dossier.routing.v1", "access.routing.v1"},
        ),
        "registry-sync": (
            {"dossier.routing.v1", "dossier.particulars.v1"},
            {"dossier.registry.v1", "access.registry.v1"},
        ),
        "notifier": (
            {
                "dossier.intake.v1",
                "dossier.routing.v1",
                "dossier.registry.v1",
                "dossier.particulars.v1",
            },
            {"dossier.notification.v1", "access.notification.v1"},
        ),
        "audit": (
            {topic.name for topic in (*LIFECYCLE.values(), *ACCESS.values())},
            {"audit.checkpoints.v1"},
        ),
    }


def test_an_operation_names_messages_of_its_own_channel_and_its_consumer_group() -> None:
    for name, operation in DOCUMENT["operations"].items():
        channel = operation["channel"]["$ref"]
        named = [ref["$ref"] for ref in operation["messages"]]
        assert named == [f"{channel}/messages/{one}" for one in resolve(channel)["messages"]]
        service = operation["tags"][0]["name"]
        assert name.startswith(f"{service}-{operation['action']}s-")
        if operation["action"] == "receive" and service in LIFECYCLE:
            assert operation["bindings"]["kafka"]["groupId"]["const"] == service


def test_the_readers_of_the_document_are_services_and_the_writers_are_the_topics_own() -> None:
    assert set(asyncapi.READS) == set(LIFECYCLE)
    assert {topic.writer for topic in CHANNELS} == {"portals", "audit", *LIFECYCLE}
    assert set(LIFECYCLE_NAMES) < {topic.name for topic in CHANNELS}
