"""I7, I8: every reader has applied every event of every chain, and stands at every topic's end."""

from collections import defaultdict
from collections.abc import Iterator

from contracts.asyncapi import READS
from contracts.topics import PARTICULARS, WRITER_OF
from tests.chaos.campaign.invariants.finding import Facts, Verdict, verdict


def everything_applied(facts: Facts) -> Verdict:
    """I7: each reader's cursor is at the last event of each chain it reads, by its hash too."""
    breaches: list[str] = []
    edges = 0
    for reader, topics in READS.items():
        if not any(topic.name in WRITER_OF for topic in topics):
            continue
        cursors = {
            (row["dossier_id"], row["source"]): (row["last_seq"], row["last_hash"])
            for row in facts.tables(reader).get("inbound_cursor", ())
        }
        wanted = _wanted(facts, {WRITER_OF.get(topic.name, "") for topic in topics})
        if PARTICULARS in topics:
            wanted |= {
                (dossier, "particulars"): place
                for dossier, place in facts.newest_particulars.items()
            }
        edges += len(wanted)
        breaches += _compared(facts, reader, wanted, cursors)
    return verdict(
        "I7 everything applied",
        f"{edges} chains read to their end",
        f"{edges - len(breaches)} are",
        breaches,
    )


def _wanted(facts: Facts, writers: set[str]) -> dict[tuple[str, str], tuple[int, str]]:
    return {
        key: (chain[-1].sequence, chain[-1].hash)
        for key, chain in facts.log.chains.items()
        if key[1] in writers
    }


def _compared(
    facts: Facts,
    reader: str,
    wanted: dict[tuple[str, str], tuple[int, str]],
    cursors: dict[tuple[str, str], tuple[int, str]],
) -> Iterator[str]:
    for key, place in wanted.items():
        known = cursors.get(key)
        if known != place:
            at = known[0] if known else 0
            what = "other bytes" if at == place[0] else f"{at} of {place[0]} applied"
            yield f"{reader}: {key[1]} of {key[0]}: {what}"
    for key in cursors.keys() - wanted.keys():
        known_seq = cursors[key][0]
        if known_seq and key not in facts.forgeries.events:
            yield f"{reader}: {key[1]} of {key[0]}: {known_seq} applied, nothing on the log"


def at_the_ends(facts: Facts) -> Verdict:
    """I8: the database's offset is the end of every partition; Kafka was never told more.

    Kafka is told best effort, so it may know less after faults; without any it knows the same.
    """
    breaches: list[str] = []
    behind = count = 0
    for reader, topics in READS.items():
        places = {
            (row["topic"], row["part"]): row["next_offset"]
            for row in facts.tables(reader).get("consumer_offset", ())
        }
        ends: defaultdict[tuple[str, int], int] = defaultdict(int)
        names = {topic.name for topic in topics}
        ends |= {tp: end for tp, end in facts.evidence.ends.items() if tp[0] in names}
        told = facts.evidence.committed.get(reader, {})
        for tp, end in ends.items():
            count += 1
            known = places.get(tp, 0)
            if known != end:
                breaches.append(f"{reader}: {tp[0]}-{tp[1]} at {known}, the topic ends at {end}")
            if told.get(tp, 0) > known:
                breaches.append(f"{reader}: Kafka was told {told[tp]} of {tp[0]}-{tp[1]}, {known}")
            behind += told.get(tp, 0) < known
    if behind and not facts.course.faults:
        breaches.append(f"Kafka knows less than the databases of {behind} partitions")
    return verdict(
        "I8 at the topics' ends",
        f"{count} partitions at their end",
        f"Kafka knows less of {behind}",
        breaches,
    )
