"""A campaign made up by hand: one dossier from portal to result, as evidence for the judge."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid5

from contracts.asyncapi import READS
from contracts.envelope import Cause, Envelope, Head, decode, extend, sha256
from contracts.events import (
    Accepted,
    CitizenNotified,
    EventData,
    PortalInformed,
    Registered,
    Routed,
)
from contracts.topics import LIFECYCLE, PARTICULARS, WRITER_OF, topics_for
from tests.chaos.campaign.course import Course, Place, Sent
from tests.chaos.campaign.dump import Record
from tests.chaos.campaign.evidence import Evidence
from tests.chaos.campaign.invariants.replays import REPLAYED
from tests.chaos.campaign.replaying import Replay
from tests.chaos.campaign.verdict import judge
from tests.unit.builders import A_UNIT, BIRTH, a_submission

BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DOSSIER = "5f0c1a52-6f6b-5d0a-9a55-0f3c3f5f0001"
CODE = "H24.19-260302-0001"
PORTAL, REFERENCE = "national-portal", "R-1"
SOME_HASH = "a" * 64
STEPS: tuple[tuple[int, Literal["submitted", "accepted", "registered"]], ...] = (
    (1, "submitted"),
    (2, "accepted"),
    (9, "registered"),
)


@dataclass
class Made:
    """Evidence that can be changed before it is judged: records, journal, rows."""

    records: dict[str, list[Record]]
    journal: list[dict[str, Any]]
    databases: dict[str, dict[str, list[dict[str, Any]]]]
    committed: dict[str, dict[tuple[str, int], int]]
    sent: list[Sent]
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    later_ends: dict[tuple[str, int], int] = field(default_factory=dict)
    forged: list[Place] = field(default_factory=list)
    logs: dict[str, list[str]] = field(default_factory=dict)
    replays: dict[str, Replay] = field(default_factory=dict)
    #: What the archive has; None: all that is on the topics.
    archive: dict[str, list[Record]] | None = None
    personal: tuple[str, ...] = ("Nguyễn Văn Giả", "giay-to.pdf", "000199123456", "+84900000123")

    def evidence(self) -> Evidence:
        """Return it as evidence."""
        return Evidence(
            topics=self.records,
            ends=self.ends,
            later_ends=self.later_ends,
            committed=self.committed,
            journal=self.journal,
            databases=self.databases,
            logs=self.logs,
            replays=self.replays,
            archive=self.records if self.archive is None else self.archive,
        )

    def course(self, **changes: Any) -> Course:
        """Return the course of a run without faults."""
        made = Course(
            seed=7,
            minutes=1.0,
            brokers=1,
            began_at=BEGAN,
            load_ended_at=BEGAN + timedelta(minutes=1),
            healed_at=BEGAN + timedelta(minutes=1),
            drained_at=BEGAN + timedelta(minutes=2),
            faults=(),
            sent=tuple(self.sent),
            forged=tuple(self.forged),
            again=(),
            personal=self.personal,
        )
        return replace(made, **changes)

    def rows(self, service: str, table: str) -> list[dict[str, Any]]:
        """Return the rows of a table, to be changed."""
        return self.databases[service][table]

    def append(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: str = DOSSIER,
        forged: bool = False,
        settled: bool = True,
    ) -> Record:
        """Write one more record; it counts as settled by every reader unless told otherwise."""
        offset = len(self.records[topic])
        record = Record(Place(topic, 0, offset), key.encode(), value, (), _ms(60_000 + offset))
        self.records[topic].append(record)
        self.ends[topic, 0] = offset + 1
        for reader, topics in READS.items():
            if settled and topic in {one.name for one in topics}:
                self.place(reader, topic, offset + 1)
        if forged:
            self.forged.append(record.place)
        return record

    def event(self, service: str, sequence: int) -> Envelope:
        """Return an event as it lies on its topic."""
        return decode(self.records[LIFECYCLE[service].name][sequence - 1].value or b"")

    def say_true(self, service: str, body: bytes) -> None:
        """Let a service say one event more, and every reader apply it."""
        record = self.append(LIFECYCLE[service].name, body)
        head = {"sequence": decode(body).sequence, "head_hash": sha256(body)}
        self.rows(service, "stream")[0].update(head)
        self._cursors(service, head["sequence"], head["head_hash"])
        assert record.value == body

    def rewrite(self, service: str, data: dict[int, EventData], cause: str) -> None:
        """Let a service have said something else: the data by sequence, chained anew."""
        topic = LIFECYCLE[service].name
        head = Head(UUID(DOSSIER), CODE)
        for number, record in enumerate(self.records[topic], start=1):
            before = decode(record.value or b"")
            said = data.get(number, before.data)
            led = Cause(cause if number in data else before.causeid, before.causehash)
            body, _, head = extend(head, said, led, before.time)
            self.records[topic][number - 1] = replace(record, value=body)
        self.rows(service, "stream")[0].update(head_hash=head.hash)
        self._cursors(service, head.sequence, head.hash)

    def _cursors(self, source: str, sequence: int, digest: str) -> None:
        for reader in self.databases:
            for row in self.rows(reader, "inbound_cursor"):
                if row["source"] == source:
                    row.update(last_seq=sequence, last_hash=digest)

    def place(self, reader: str, topic: str, offset: int) -> None:
        """Let a reader stand at that offset, and Kafka know it."""
        for row in self.rows(reader, "consumer_offset"):
            if row["topic"] == topic:
                row["next_offset"] = offset
        self.committed[reader][topic, 0] = offset


@dataclass
class _Saying:
    """The services speaking: each event is chained and lies on its topic."""

    records: dict[str, list[Record]]
    heads: dict[str, Head]
    ids: dict[str, tuple[str, str]] = field(default_factory=dict)

    def say(self, service: str, data: EventData, cause: tuple[str, str]) -> None:
        """Put the event on its service's topic; the first of each name can be a cause."""
        head = self.heads.get(service, Head(UUID(DOSSIER), CODE))
        body, identity, self.heads[service] = extend(head, data, Cause(*cause), BEGAN)
        topic = LIFECYCLE[service].name
        at = _ms(sum(map(len, self.records.values())) * 10)
        place = Place(topic, 0, len(self.records[topic]))
        self.records[topic].append(Record(place, DOSSIER.encode(), body, (), at))
        self.ids.setdefault(data.name, (str(identity), sha256(body)))


def an_event(
    data: EventData, sequence: int, prevhash: str, dossier: str = DOSSIER, cause: str = "test"
) -> bytes:
    """Return the bytes of an event at any place of a chain."""
    head = Head(UUID(dossier), CODE, sequence - 1, prevhash)
    return extend(head, data, Cause(cause, SOME_HASH), BEGAN)[0]


def a_registered_dossier() -> Made:
    """Return everything a quiet run leaves behind of one dossier that was registered."""
    saying = _Saying({topic.name: [] for topic in topics_for([PORTAL])}, {})
    sealed = f'{{"dossierid":"{DOSSIER}","version":1,"ciphertext":"AAAA"}}'
    place = Place(PARTICULARS.name, 0, 0)
    saying.records[PARTICULARS.name].append(Record(place, DOSSIER.encode(), sealed.encode()))
    ids = saying.ids
    submitted = a_submission(portal=PORTAL, portal_reference=REFERENCE)
    saying.say("intake", submitted, (f"submission:{PORTAL}:{REFERENCE}", SOME_HASH))
    saying.say("routing", Routed(unit_code=A_UNIT, reference_version="1"), ids["submitted"])
    saying.say("routing", an_acceptance(), ids["submitted"])
    registered = Registered(
        unit_code=A_UNIT, number="1", book="01/2026", page="1", registered_on=BEGAN.date()
    )
    saying.say("registry-sync", registered, (f"poll:{CODE}", SOME_HASH))
    effects = []
    for status, step in STEPS:
        for kind in ("sms", "portal"):
            effect_id = str(uuid5(UUID(DOSSIER), f"{kind}:{step}"))
            effects.append(_effect(effect_id, f"{kind}:{step}"))
            about: Any = UUID(ids[step][0])
            said: EventData = CitizenNotified(step=step, channel="sms", about=about)
            if kind == "portal":
                said = PortalInformed(step=step, portal=PORTAL, status=status, about=about)
            saying.say("notifier", said, (f"effect:{effect_id}", SOME_HASH))
    return _made(saying.records, saying.heads, ids, effects)


def an_acceptance(**changes: Any) -> Accepted:
    """Return the first acceptance; `changes` replace fields."""
    fields: dict[str, Any] = {
        "unit_code": A_UNIT,
        "procedure_code": BIRTH,
        "actor": "automatic",
        "reference_version": "1",
    }
    return Accepted(**(fields | changes))


def _made(
    records: dict[str, list[Record]],
    heads: dict[str, Head],
    ids: dict[str, tuple[str, str]],
    effects: list[dict[str, Any]],
) -> Made:
    databases = {service: _core(service, records, heads) for service in LIFECYCLE}
    whose = {"dossier_id": DOSSIER, "code": CODE}
    databases["intake"]["dossier"] = [whose | {"portal": PORTAL, "portal_reference": REFERENCE}]
    databases["routing"]["dossier_case"] = [whose | {"status": "registered", "trail": 4}]
    databases["registry-sync"]["registration"] = [
        whose | {"status": "registered", "round": 1, "closed": False}
    ]
    databases["notifier"]["effect"] = effects
    databases["registry-sync"]["effect"] = [_effect(str(uuid5(UUID(DOSSIER), "push")), "push")]
    sent_at = BEGAN + timedelta(seconds=1)
    return Made(
        records=records,
        journal=_journal(ids),
        databases=databases,
        committed={
            service: {
                (row["topic"], row["part"]): row["next_offset"]
                for row in databases[service]["consumer_offset"]
            }
            for service in LIFECYCLE
        },
        sent=[Sent(PORTAL, REFERENCE, "http", "registered", sent_at, "ok", CODE, DOSSIER)],
        ends={(topic, 0): len(found) for topic, found in records.items()},
        replays={service: Replay(1) for service in REPLAYED},
    )


def _core(
    service: str, records: dict[str, list[Record]], heads: dict[str, Head]
) -> dict[str, list[dict[str, Any]]]:
    offsets, cursors = [], []
    for topic in READS[service]:
        ends = len(records[topic.name])
        offsets.append({"topic": topic.name, "part": 0, "next_offset": ends})
        if topic.name in WRITER_OF:
            source = WRITER_OF[topic.name]
            last = heads[source].sequence, heads[source].hash
        elif topic is PARTICULARS:
            source, last = "particulars", (1, sha256(b"\0\0\0"))
        else:
            continue
        cursors.append(
            {"dossier_id": DOSSIER, "source": source, "last_seq": last[0], "last_hash": last[1]}
        )
    head = {"sequence": heads[service].sequence, "head_hash": heads[service].hash}
    empty: list[str] = ["inbound_parked", "dead_letter", "conflict", "outbox", "effect"]
    return {
        "stream": [{"dossier_id": DOSSIER, "subject": CODE, **head}],
        "consumer_offset": offsets,
        "inbound_cursor": cursors,
        **{table: [] for table in empty},
    }


def _journal(ids: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
    who = {"portal": PORTAL, "key": REFERENCE}
    book = {"unit": A_UNIT, "module": "LTKS", "number": 1, "book": "01/2026", "page": 1}
    made: list[dict[str, Any]] = [
        {"kind": "portal.submitted", **who, "road": "http", "idempotency_key": "k"},
        {"kind": "portal.answered", **who, "road": "http", "dossier_code": CODE},
        {"kind": "register.pushed", "key": CODE, "unit": A_UNIT, "module": "LTKS"},
        {"kind": "register.registered", "key": CODE, **book},
    ]
    for status, step in STEPS:
        made.append({"kind": "sms.sent", "key": step, "reference": f"{CODE}:{step}:sms"})
        told = {"dossier_code": CODE, "step": step, "event_id": ids[step][0]}
        made.append(
            {"kind": "portal.callback", "portal": PORTAL, "key": step, **told}
            | {"status": status, "passed": [4, 9] if status == 9 else [status]}
        )
    at = {"at": BEGAN.isoformat()}
    return [{"n": number, **at, **one} for number, one in enumerate(made, start=1)]


def _effect(effect_id: str, kind: str) -> dict[str, Any]:
    return {
        "effect_id": effect_id,
        "dossier_id": DOSSIER,
        "kind": kind,
        "state": "DONE",
        "in_doubt": False,
        "doubted": False,
        "attempt": 1,
        "reason": "",
    }


def _ms(after_ms: int) -> int:
    return int(BEGAN.timestamp() * 1000) + 1000 + after_ms


def broken(made: Made, **changes: Any) -> set[str]:
    """Return the short names of the invariants the evidence breaks."""
    return set(judge(made.evidence(), made.course(**changes)).broken)
