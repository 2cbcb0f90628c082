"""What is granted on Kafka: one writer a topic, nothing more than is needed."""

from pathlib import Path

from contracts.asyncapi import READS
from contracts.grants import grants, principal_of, principals
from contracts.topics import (
    ARCHIVED,
    CHECKPOINTS,
    LIFECYCLE,
    SUBMISSIONS,
    TOPICS,
    replies_to,
    topics_for,
)

PORTALS = ("moj", "moj-direct", "national-portal")
ALL = grants(PORTALS)


def may(operation: str, resource: str, name: str) -> set[str]:
    """Return who may do it."""
    return {
        one.principal
        for one in ALL
        if one.resource == resource
        and operation in one.operations
        and (one.name == name or (one.pattern == "prefixed" and name.startswith(one.name)))
    }


def test_every_topic_is_written_by_its_writer_alone():
    portals = {principal_of(portal) for portal in PORTALS}

    for topic in topics_for(PORTALS):
        expected = portals if topic == SUBMISSIONS else {topic.writer}
        assert may("WRITE", "topic", topic.name) == expected, topic.name


def test_every_topic_is_read_by_its_readers_alone():
    for topic in TOPICS:
        readers = {service for service, topics in READS.items() if topic in topics}
        # Each looks at a start whether it has said more than its database knows.
        readers |= {service for service, own in LIFECYCLE.items() if own == topic}
        readers |= {"audit"} if topic in (*ARCHIVED, CHECKPOINTS) else set()
        assert may("READ", "topic", topic.name) == readers, topic.name
    for portal in PORTALS:
        assert may("READ", "topic", replies_to(portal).name) == {principal_of(portal)}


def test_a_group_is_its_own_also_where_one_portals_name_begins_with_another():
    for name in ("portal-moj", "portal-moj.second"):
        assert may("READ", "group", name) == {"portal-moj"}
    for name in ("portal-moj-direct", "portal-moj-direct.second"):
        assert may("READ", "group", name) == {"portal-moj-direct"}
    for service in READS:
        assert may("READ", "group", service) == {service}
    assert may("READ", "group", "audit") == set()


def test_topics_are_made_by_one_and_nobody_may_do_more():
    for topic in topics_for(PORTALS):
        assert may("CREATE", "topic", topic.name) == {"topic-admin"}
    assert may("CREATE", "topic", "anything.else") == set()
    assert {operation for one in ALL for operation in one.operations} <= {
        *("ALTER_CONFIGS", "CREATE", "DESCRIBE", "DESCRIBE_CONFIGS", "READ", "WRITE")
    }
    assert {one.principal for one in ALL} == set(principals(PORTALS))


def test_the_page_says_what_is_granted():
    page = (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text("utf-8")
    table = page.split("### Who may do what")[1].split("###")[0]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| `")]
    said = {names(row[0])[0]: [set(names(cell)) for cell in row[1:]] for row in rows}

    for principal in principals(["id"]):
        row = said[principal.replace("portal-id", "portal-<id>")]
        assert row == [granted(principal, *what) for what in WHAT], principal


WHAT = (("WRITE", "topic"), ("READ", "topic"), ("READ", "group"))


def granted(principal: str, operation: str, resource: str) -> set[str]:
    """Return the names as the page writes them."""
    return {
        one.name.replace("portal-id", "portal-<id>").replace(".id.", ".<id>.")
        + ("*" if one.pattern == "prefixed" else "")
        for one in grants(["id"])
        if (one.principal, one.resource) == (principal, resource) and operation in one.operations
    }


def names(cell: str) -> list[str]:
    """Return what stands between backticks."""
    return cell.split("`")[1::2]
