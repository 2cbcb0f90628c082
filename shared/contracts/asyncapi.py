"""The AsyncAPI document: which records stand on which topic, who writes and who reads them."""

from typing import Any

from pydantic import TypeAdapter

from contracts.envelope import CONTENT_TYPE
from contracts.messages import MESSAGES, Message
from contracts.model import PortalReference
from contracts.topics import (
    ARCHIVED,
    CHANNELS,
    LIFECYCLE,
    PARTICULARS,
    REPLIES,
    SUBMISSIONS,
    Topic,
)

BINDING_VERSION = "0.5.0"

#: What each service reads; what it writes is said by the topics.
READS: dict[str, tuple[Topic, ...]] = {
    "intake": (SUBMISSIONS,),
    "routing": (LIFECYCLE["intake"], LIFECYCLE["registry-sync"], PARTICULARS),
    "registry-sync": (LIFECYCLE["routing"], PARTICULARS),
    "notifier": (
        LIFECYCLE["intake"],
        LIFECYCLE["routing"],
        LIFECYCLE["registry-sync"],
        PARTICULARS,
    ),
}


def document() -> dict[str, Any]:
    """Return the AsyncAPI 3.0.0 document as plain data, always in the same order."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Civil-status dossiers",
            "version": "1.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The brokers of KAFKA_BOOTSTRAP_SERVERS.",
                "variables": {"bootstrap": {"default": "127.0.0.1:9092"}},
            }
        },
        "channels": {channel_id(topic): _channel(topic) for topic in CHANNELS},
        "operations": _operations(),
        "components": {"messages": {message.id: _message(message) for message in MESSAGES}},
    }


_DESCRIPTION = (
    "Records of one key stand in one partition, in order. Lifecycle events are CloudEvents 1.0 in"
    " structured mode and carry no personal data; `sequence` counts 1, 2, 3 … per dossier and"
    " producing service, and `prevhash` is the SHA-256 of the bytes of that service's previous"
    " event of the dossier. A record may be delivered more than once; the same `id` is the same"
    " event. Additive change keeps the version; anything else is a new type."
)


def channel_id(topic: Topic) -> str:
    """Return the topic's name as tools take it for an identifier: `dossier-intake-v1`."""
    return topic.name.replace(".{portal}", "").replace(".", "-")


def _channel(topic: Topic) -> dict[str, Any]:
    messages = [message.id for message in MESSAGES if message.topic is topic]
    portal = {"parameters": {"portal": {"description": "The portal's id; each has its own."}}}
    return {
        "address": topic.name,
        **(portal if topic is REPLIES else {}),
        "description": f"{topic.purpose}. Written by {topic.writer} alone, keyed by {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    key: _setting(key, value) for key, value in topic.config.items()
                },
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def _setting(key: str, value: str) -> Any:
    if key == "cleanup.policy":
        return [value]
    return int(value) if key.endswith((".ms", ".bytes")) else value


def _message(message: Message) -> dict[str, Any]:
    without = {"type": "null", "description": "No value."}
    if message.content_type == "text/plain":
        without = {"type": "string"}
    described: dict[str, Any] = {
        "name": message.name,
        "title": message.id,
        "summary": message.summary,
        "contentType": message.content_type,
        "headers": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in message.headers},
        },
        "payload": {"$ref": f"./schemas/{message.name}.json"} if message.model else without,
        "bindings": {"kafka": {"key": _key(message.topic), "bindingVersion": BINDING_VERSION}},
    }
    if message.topic in LIFECYCLE.values():
        described["correlationId"] = {"location": "$message.payload#/dossierid"}
    return described


def _key(topic: Topic) -> dict[str, Any]:
    if topic.key == "dossier_id":
        return {"type": "string", "format": "uuid", "description": "The dossier id."}
    if topic.key == "service":
        return {"type": "string", "description": "The service."}
    if topic.key == "topic_partition":
        return {"type": "string", "description": "The place, as in `dossier.intake.v1/3`."}
    reference = TypeAdapter(PortalReference).json_schema()
    return reference | {"description": "The portal's own reference."}


def _operations() -> dict[str, Any]:
    operations: dict[str, Any] = {}
    # The audit takes every record there is by itself, in no consumer group.
    for service, topics in {**READS, "audit": ARCHIVED}.items():
        for topic in topics:
            operations[f"{service}-receives-{channel_id(topic)}"] = _operation(
                service, "receive", topic
            )
        for topic in CHANNELS:
            if topic.writer == service:
                operations[f"{service}-sends-{channel_id(topic)}"] = _operation(
                    service, "send", topic
                )
    return operations


def _operation(service: str, action: str, topic: Topic) -> dict[str, Any]:
    place = f"#/channels/{channel_id(topic)}"
    operation: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": place},
        "title": f"{service} {action}s {topic.name}",
        "tags": [{"name": service}],
        "messages": [
            {"$ref": f"{place}/messages/{message.id}"}
            for message in MESSAGES
            if message.topic is topic
        ],
    }
    if action == "receive" and service in READS:
        group = {"type": "string", "const": service}
        operation["bindings"] = {"kafka": {"groupId": group, "bindingVersion": BINDING_VERSION}}
    return operation
