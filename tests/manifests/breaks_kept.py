"""Wrongs in Kafka and in the databases."""

from tests.manifests.breaking import Break, kafka, rules, told, without

KEPT: tuple[Break, ...] = (
    Break(
        "kafka",
        "another number of partitions",
        lambda o: o.one("KafkaTopic", "dossier.intake.v1")["spec"].update(partitions=12),
        "topic dossier.intake.v1",
    ),
    Break(
        "kafka",
        "records that expire",
        lambda o: o.one("KafkaTopic", "dossier.routing.v1")["spec"]["config"].update(
            {"retention.ms": "604800000"}
        ),
        "topic dossier.routing.v1",
    ),
    Break(
        "kafka",
        "two writers",
        lambda o: rules(o, "notifier")[0]["resource"].update(name="dossier.intake.v1"),
        "may too much",
    ),
    Break("kafka", "a reader that may not", lambda o: rules(o, "routing").pop(), "may not"),
    Break(
        "kafka",
        "may delete",
        lambda o: rules(o, "intake")[0]["operations"].append("Delete"),
        "may too much",
    ),
    Break(
        "kafka",
        "all replies to one portal",
        lambda o: rules(o, "portal-moj-direct")[1]["resource"].update(patternType="prefix"),
        "may too much",
    ),
    Break(
        "kafka",
        "a password for a service",
        lambda o: o.one("KafkaUser", "audit")["spec"]["authentication"].update(
            type="scram-sha-512"
        ),
        "user audit",
    ),
    Break("kafka", "no authorization", lambda o: kafka(o).pop("authorization"), "everybody may"),
    Break(
        "kafka",
        "a listener for anybody",
        lambda o: kafka(o)["listeners"][0].pop("authentication"),
        "takes anybody",
    ),
    Break(
        "kafka",
        "another cluster's topic",
        lambda o: o.one("KafkaTopic", "dossier.intake.v1")["metadata"]["labels"].update(
            {"strimzi.io/cluster": "other"}
        ),
        "of no cluster",
    ),
    Break(
        "kafka",
        "Kafka looked for elsewhere",
        lambda o: told(o, "audit").update(KAFKA_BOOTSTRAP_SERVERS="hotich-kafka-bootstrap:9092"),
        "not where Kafka is",
    ),
    Break(
        "lasting",
        "one board",
        lambda o: o.one("Deployment", "board")["spec"].update(replicas=1),
        "board: one alone",
    ),
    Break(
        "lasting",
        "one copy of a database",
        lambda o: o.one("Cluster", "intake-database")["spec"].update(instances=1),
        "intake-database: one alone",
    ),
    Break(
        "lasting",
        "no backup",
        lambda o: o.one("Cluster", "routing-database")["spec"].pop("backup"),
        "goes nowhere",
    ),
    Break(
        "lasting",
        "no nightly backup",
        lambda o: without(o, "ScheduledBackup", "intake-database"),
        "each night",
    ),
    Break(
        "lasting",
        "two databases in one place of the store",
        lambda o: o.one("Cluster", "intake-database")["spec"]["backup"]["barmanObjectStore"].update(
            serverName="routing-database"
        ),
        "goes nowhere",
    ),
    Break(
        "lasting",
        "one in sync is enough",
        lambda o: kafka(o)["config"].update({"min.insync.replicas": 1}),
        "one broker alone",
    ),
    Break(
        "lasting",
        "two copies",
        lambda o: kafka(o)["config"].update({"default.replication.factor": 2}),
        "three copies",
    ),
    Break(
        "lasting",
        "two brokers",
        lambda o: o.one("KafkaNodePool", "brokers")["spec"].update(replicas=2),
        "fewer than three",
    ),
    Break(
        "alerted",
        "another job than the alerts ask for",
        lambda o: o.one("PodMonitor", "hotich")["spec"].pop("jobLabel"),
        "ask for the job hotich",
    ),
    Break(
        "lasting",
        "a commit on one disk",
        lambda o: o.one("Cluster", "intake-database")["spec"]["postgresql"].pop("synchronous"),
        "one disk alone",
    ),
    Break(
        "alerted",
        "no alerts",
        lambda o: [o.remove(one) for one in o.of("PrometheusRule")],
        "nobody is called",
    ),
)
