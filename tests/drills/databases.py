"""Drills of lost commits: a service's database comes back older than what it has said."""

import asyncio
import json

from local_stack.credentials import database_of
from tests.drills import adding, backups, cluster
from tests.drills.drill import Act, Drill, Drilling, Lack, Step, lasts, started, stopped

_GUARD = "database_is_behind_its_log"
_HEADS = "SELECT coalesce(sum(sequence), 0) FROM stream"


def lost(service: str) -> Act:
    """Return an act that loses a service's whole database under its feet."""

    async def lose(drilling: Drilling) -> None:
        name = database_of(service)
        drilling.figures["events_known_before"] = await drilling.count(service, _HEADS)
        server = drilling.field.status.database_server
        await drilling.execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')

    return lose


def restored(service: str) -> Act:
    """Return an act that brings the database back as it was at the mark."""

    async def restore(drilling: Drilling) -> None:
        name = database_of(service)
        dump = await backups.dumped(drilling, name)
        await backups.put_back(drilling, name, dump)
        drilling.figures["events_known_after_restore"] = await drilling.count(service, _HEADS)

    return restore


def refuses(service: str) -> Act:
    """Return an act that starts the service and waits until it says that it does not begin."""

    async def refused(drilling: Drilling) -> None:
        log = drilling.field.stack.place.logs / f"{service}.log"
        before = log.stat().st_size
        await drilling.begin(service)

        async def said() -> bool:
            with log.open("rb") as lines:
                lines.seek(before)
                return _GUARD.encode() in lines.read()

        await drilling.until(said, f"{service} says {_GUARD}")
        await drilling.stop(service)

    return refused


def rebuilt(service: str) -> Act:
    """Return an act that makes the database from the log and swaps it in."""

    async def rebuild(drilling: Drilling) -> None:
        status = drilling.field.status
        secrets = json.loads(
            (drilling.field.stack.place.root / status.secrets).read_text(encoding="utf-8")
        )
        keys = drilling.field.folder / "keys.json"
        keys.write_text(json.dumps(secrets["particulars_keys"]), encoding="utf-8")
        url, kafka = status.databases[service], status.kafka
        there = ("--database", url, "--kafka", kafka)
        made = await drilling.hotich(
            "rebuild", "make", service, *there, "--keys", str(keys), "--json", codes=(0, 2)
        )
        swapped = await drilling.hotich("rebuild", "swap", service, *there, "--yes", "--json")
        drilling.figures["events_known_after_rebuild"] = await drilling.count(service, _HEADS)
        drilling.figures["calls_in_doubt"] = json.loads(swapped)["in_doubt"]
        otherwise = json.loads(made)["otherwise"]
        drilling.figures["decisions_where_the_log_won"] = sum(otherwise.values())
        await asyncio.to_thread(keys.unlink)

    return rebuild


#: What is seen of a service once it is back.
_SEEN = {
    "intake": (
        Step(
            "recovery",
            "Portals add supplements to dossiers that the backup did not know.",
            (),
            adding.supplements,
        ),
    ),
}

_HONEST = {
    "intake": (
        "What only intake's own database knew is gone with its last commits: a submission whose"
        " transaction was lost before its event was published was answered with a receipt and is"
        " nowhere. Synchronous copies (the manifests ask for one) are what keeps that from"
        " happening; no log can.",
        "Of the dossiers of those minutes the submission as it stands is made from its event and"
        " the personal data on their topic, so a supplement is added to it; one that changes"
        " nothing has the receipt of the one before.",
        "What the portal wrote is in no event: a submission sent again is answered"
        " `reference-used`, and so are submissions on the bus that are read again, after the"
        " receipt that counts.",
    ),
    "routing": (
        "Acts of officers whose events were not published when the database was lost are gone and"
        " are to be done again; the desk shows the dossier as the log has it.",
    ),
    "registry-sync": (
        "A push whose answer is in no event is in doubt: the register is asked by the dossier's"
        " code before anything is told to it.",
    ),
    "notifier": (
        "A message the log says was sent is not sent again.",
        "A message of which the log says nothing is in doubt: the SMS gateway and the portals are"
        " asked or know the key; a mail waits for a person, who looks into the mail server's log.",
    ),
}


#: What the log does not know of what came after the backup (docs/audit/rebuild.md).
_LACKS = {
    "intake": {
        "I5": Lack(
            "what is read again on the bus is answered again, later: a submission the backup did"
            " not know with `reference-used`, all else as before",
            r"Place\(topic='portal\.replies\.[^']*', .*\): other bytes than before",
        )
    },
    "registry-sync": {
        "I15": Lack(
            "the log does not know the personal number of what was registered since the backup,"
            " nor whether the register said itself who entered it",
            r"registry-sync: .*: other (particulars, )?unit_told",
        )
    },
}


def restore(service: str, *, honest: tuple[str, ...]) -> Drill:
    """Return the drill that loses a service's database and brings it back from a backup."""
    database = f"{service}-database"
    return Drill(
        f"restore-{service}",
        f"The database of {service} is restored from a backup",
        (
            f"The database of {service} is lost as a whole and comes back as it was some time"
            " before: the log is ahead of it.",
            "A service does not begin on such a database: it would say other things under numbers"
            " it has used, and tell again what it has told ([0043](decisions/0043-restoring.md)).",
            "The database is made from the log instead, and takes over from the restored one what"
            " the log does not know.",
        ),
        (
            Step(
                "before",
                "Up to here the backup reaches.",
                (),
                backups.mark,
            ),
            Step("before", "Dossiers go on, which the backup will not know.", (), lasts(12)),
            Step("disaster", "The database is gone.", (), lost(service)),
            Step(
                "recovery",
                "The service is stopped.",
                cluster.stop(service),
                stopped(service),
            ),
            Step(
                "recovery",
                "The backup is brought back into a cluster of the same name, as far as it goes, by"
                " `components/restore` in the overlay ([on Kubernetes]"
                "(kubernetes.md#a-database-as-it-was)).",
                (
                    f"kubectl -n hotich get backups -l cnpg.io/cluster={database}",
                    f"kubectl -n hotich delete cluster {database}",
                    "kubectl -n hotich delete job -l app.kubernetes.io/component=migration",
                    "kubectl apply --server-side -k $OVERLAY",
                ),
                restored(service),
            ),
            Step(
                "recovery",
                "The service is started: it logs `database_is_behind_its_log` and ends, if commits"
                " were lost; else it goes on and nothing more is to be done.",
                (
                    *cluster.start(service),
                    f"kubectl -n hotich logs statefulset/{service} | grep {_GUARD}",
                ),
                refuses(service),
            ),
            Step(
                "recovery",
                "It is stopped again, and its database is made from the log and swapped in.",
                (
                    *cluster.stop(service),
                    f'hotich rebuild make {service} --kafka "$KAFKA" --keys "$KEYS"',
                    f"hotich rebuild compare {service}",
                    f'hotich rebuild swap {service} --kafka "$KAFKA" --yes',
                ),
                rebuilt(service),
            ),
            Step(
                "recovery",
                "The service is started; later the component is taken out of the overlay ([the last"
                " step there](kubernetes.md#a-database-as-it-was)).",
                (
                    *cluster.start(service),
                    f"hotich stuck list --service {service}",
                ),
                started(service),
            ),
            *_SEEN.get(service, ()),
        ),
        honest,
        seconds=35,
        prepare=backups.begin,
        breaks=_LACKS.get(service, {}),
    )


DRILLS = tuple(restore(service, honest=honest) for service, honest in _HONEST.items())
