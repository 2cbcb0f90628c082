"""Wrongs that show on a bad day alone."""

from tests.manifests.breaking import Break, box, kafka, pod, policy, told

STANDING: tuple[Break, ...] = (
    Break(
        "lasting",
        "the log goes to the store when it is full",
        lambda o: o.one("Cluster", "intake-database")["spec"]["postgresql"]["parameters"].pop(
            "archive_timeout"
        ),
        "its own disk",
    ),
    Break(
        "lasting",
        "a day without a backup",
        lambda o: o.one("ScheduledBackup", "routing-database")["spec"].pop("immediate"),
        "before the first night",
    ),
    Break(
        "own addresses",
        "entrances of the example",
        lambda o: told(o, "routing").update(TRUSTED_PROXIES="192.0.2.0/24"),
        "routing: believes",
    ),
    Break("ending", "no word to entrances", lambda o: box(o, "intake").pop("lifecycle"), "sent"),
    Break(
        "ending",
        "the word takes the time to stop",
        lambda o: box(o, "routing")["lifecycle"]["preStop"]["sleep"].update(seconds=20),
        "routing: is killed while",
    ),
    Break(
        "ending",
        "members wait for one another",
        lambda o: o.one("StatefulSet", "routing")["spec"].pop("podManagementPolicy"),
        "a bad release stays",
    ),
    Break(
        "ending",
        "a release that waits for a person",
        lambda o: o.one("StatefulSet", "routing")["spec"].update(
            updateStrategy={"type": "OnDelete"}
        ),
        "comes to nobody",
    ),
    Break(
        "ending",
        "tainted nodes count",
        lambda o: pod(o, "notifier")["topologySpreadConstraints"][0].pop("nodeTaintsPolicy"),
        "take none",
    ),
    Break(
        "ending",
        "an archive is walked through",
        lambda o: pod(o, "audit")["securityContext"].pop("fsGroupChangePolicy"),
        "audit: walks",
    ),
    Break(
        "ending",
        "what is broken holds a node",
        lambda o: o.one("PodDisruptionBudget", "intake")["spec"].pop("unhealthyPodEvictionPolicy"),
        "emptied",
    ),
    Break(
        "archive",
        "little to put by",
        lambda o: pod(o, "audit")["volumes"][0]["emptyDir"].update(sizeLimit="64Mi"),
        "evicted",
    ),
    Break(
        "archive",
        "memory for the service alone",
        lambda o: box(o, "audit")["resources"]["limits"].update(memory="256Mi"),
        "no memory",
    ),
    Break(
        "apart",
        "copies as it comes",
        lambda o: o.one("Cluster", "routing-database")["spec"]["affinity"].update(
            podAntiAffinityType="preferred"
        ),
        "routing-database: two copies",
    ),
    Break(
        "apart",
        "brokers as it comes",
        lambda o: kafka(o)["template"]["pod"].pop("affinity"),
        "two brokers",
    ),
    Break(
        "listeners",
        "Strimzi opens the services' listener",
        lambda o: kafka(o)["listeners"][0].pop("networkPolicyPeers"),
        "services is open to everybody",
    ),
    Break(
        "listeners",
        "the road lets in fewer than the listener",
        lambda o: policy(o, "kafka")["ingress"][1]["from"][0]["podSelector"]["matchExpressions"][0][
            "values"
        ].remove("audit"),
        "services is open to others",
    ),
    Break(
        "listeners",
        "the listener of portals for another network",
        lambda o: kafka(o)["listeners"][1]["networkPolicyPeers"][0]["ipBlock"].update(
            cidr="192.0.2.0/24"
        ),
        "portals is open to others",
    ),
    Break(
        "listeners",
        "portals come as nodes",
        lambda o: kafka(o)["listeners"][1].pop("configuration"),
        "nodes in the place",
    ),
    Break(
        "listeners",
        "brokers as Strimzi makes them",
        lambda o: kafka(o)["template"].pop("kafkaContainer"),
        "no kafkaContainer",
    ),
    Break(
        "listeners",
        "its operators as Strimzi makes them",
        lambda o: o.one("Kafka", "hotich")["spec"]["entityOperator"]["template"][
            "userOperatorContainer"
        ]["securityContext"].pop("capabilities"),
        "no userOperatorContainer",
    ),
)
