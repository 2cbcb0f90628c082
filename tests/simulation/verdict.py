"""What must be so when all is quiet."""

from collections import Counter
from uuid import uuid5

from contracts.envelope import GENESIS, decode, sha256
from contracts.events import PortalInformed
from plumbing.sequencing import Arrived, read, sort
from tests.integration.core_kit import a_record
from tests.simulation.outside import EFFECTS, KEYED, NEXT
from tests.simulation.world import World


def wrongs(world: World) -> list[str]:
    """Return what is wrong with a world that was played; nothing, if all happened once."""
    found = list(world.faults)
    found += _tables(world)
    found += _events(world)
    found += _effects(world)
    found += _topic(world)
    return found


def _tables(world: World) -> list[str]:
    tables = world.server.tables
    found = [
        f"{len(tables[table])} rows in {table}"
        for table in ("inbound_parked", "conflict", "outbox")
        if tables[table]
    ]
    dead = Counter(row["place"] for row in tables["dead_letter"].values())
    if dead != Counter(world.truth.garbage):
        found.append(f"dead letters {dead} for {world.truth.garbage}")
    for tp, partition in world.log.items():
        if (at := world.offset(tp)) != len(partition.records):
            found.append(f"{tp.topic}-{tp.partition} at {at} of {len(partition.records)}")
    cursors = {
        key: (row["last_seq"], row["last_hash"]) for key, row in tables["inbound_cursor"].items()
    }
    ends = {
        (dossier.id, service): (head.sequence, head.hash)
        for dossier in world.truth.dossiers
        for service, head in dossier.heads.items()
    }
    if cursors != ends:
        found.append("cursors are not at the ends of the chains")
    ledger = Counter(row["place"] for row in tables["toy_ledger"].values())
    if len(ledger) != world.truth.unsequenced or any(count > 1 for count in ledger.values()):
        found.append(f"unsequenced records counted: {sorted(ledger.values())}")
    return found


def _events(world: World) -> list[str]:
    found = []
    sent = [row["body"] for _, row in sorted(world.server.tables["outbox_sent"].items())]
    events = [(decode(body), sha256(body)) for body in sent]
    true_ids = set(world.truth.events)
    about = Counter(
        event.data.about for event, _ in events if isinstance(event.data, PortalInformed)
    )
    if Counter({one: n for one, n in about.items() if one in true_ids}) != Counter(true_ids):
        found.append(f"applied {[about[one] for one in world.truth.events]}")
    ends = {dossier.id: (0, GENESIS) for dossier in world.truth.dossiers}
    for event, digest in events:
        if (event.sequence - 1, event.prevhash) != ends[event.dossierid]:
            found.append(f"event {event.sequence} of a dossier does not follow")
        ends[event.dossierid] = (event.sequence, digest)
    streams = world.server.tables["stream"]
    if {i: (row["sequence"], row["head_hash"]) for i, row in streams.items()} != ends:
        found.append("the chains do not end where the streams say")
    for dossier in world.truth.dossiers:
        trail = world.server.tables["toy_case"].get(dossier.id, {"trail": ""})["trail"]
        for service, head in dossier.heads.items():
            steps = [f'"{service}:{n}"' for n in range(1, head.sequence + 1)]
            places = [trail.find(step) for step in steps]
            if places != sorted(places) or -1 in places:
                found.append(f"{service}'s events are not in order: {trail}")
    return found


def _effects(world: World) -> list[str]:
    found = []
    rows = world.server.tables["effect"]
    expected = {uuid5(d.id, e.kind) for d in world.truth.dossiers for e in EFFECTS}
    if set(rows) != expected:
        found.append(f"{len(rows)} effects, not {len(expected)}")
    for effect_id, row in rows.items():
        happened = world.outside.happened[effect_id]
        refused = (row["dossier_id"], row["kind"]) in world.outside.refuses
        allowed = {"DONE": [1], "REJECTED": [0]}.get(row["state"], [])
        if row["state"] == "MANUAL" and row["kind"] not in (KEYED, NEXT):
            allowed = [0, 1]
        if happened not in allowed or (row["state"] == "REJECTED") != refused:
            found.append(f"{row['kind']} is {row['state']} and happened {happened} times")
        trail = world.server.tables["toy_case"][row["dossier_id"]]["trail"]
        heard = trail.count(f"done {row['kind']}") + trail.count(f"no {row['kind']}")
        if heard != (row["state"] in ("DONE", "REJECTED")):
            found.append(f"the answer to {row['kind']} was heard {heard} times")
        if trail.count(f"doubt {row['kind']} final=False") > 1:
            found.append(f"the doubt about {row['kind']} was said again")
        told = {fence for key, fence in world.server.tables["effect_attempt"] if key == effect_id}
        at_once = {1} if row["state"] == "DONE" and row["fence"] == 1 else set()
        if told != set(range(1, row["fence"] + 1)) - at_once:
            found.append(f"the journal of {row['kind']} has {sorted(told)} of {row['fence']}")
    for kinds in world.outside.order.values():
        lane = [kind for kind in kinds if kind in (KEYED, NEXT)]
        if lane != sorted(lane, key=(KEYED, NEXT).index):
            found.append(f"a lane in disorder: {lane}")
    return found


def _topic(world: World) -> list[str]:
    """Read what the relays put on the topic as a consumer would."""
    records = [
        a_record(topic, body, key, offset=n) for n, (topic, key, body) in enumerate(world.topic)
    ]
    arrived = [one for one in map(read, records) if isinstance(one, Arrived)]
    result = sort(arrived, {}, {})
    sent = {row["event_id"] for row in world.server.tables["outbox_sent"].values()}
    found = []
    if {item.message.id for item in result.items} != sent or len(arrived) != len(records):  # type: ignore[attr-defined]
        found.append("a consumer of the topic does not get every event")
    if result.parked or result.conflicts or result.broken:
        found.append("the topic has gaps, conflicts or broken chains")
    return found
