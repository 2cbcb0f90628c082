"""Policies of what is kept and how it grows: topics, users, databases, replicas."""

import re
from collections.abc import Iterator

from contracts.asyncapi import READS
from contracts.grants import TOPIC_ADMIN, grants, principals
from contracts.topics import topics_for
from deploy.manifests.writing import FOLDER, portals_of
from plumbing import metrics
from tests.manifests.reaching import least
from tests.manifests.rendered import Object, Rendered, matches

SERVICES = FOLDER.parent / "services"
_METRIC = re.compile(r'(dossiers_\w+)\{service="([a-z-]+)"\}')


def kafka(objects: Rendered, overlay: str) -> Iterator[str]:
    """Topics and rights are those of the contracts, with the portals of the installation."""
    portals = portals_of(FOLDER / "overlays" / overlay)
    (cluster,) = objects.of("Kafka")
    wanted = {one.name: (one.partitions, dict(one.config)) for one in topics_for(portals)}
    found = {
        one["metadata"]["name"]: (one["spec"]["partitions"], one["spec"]["config"])
        for one in objects.of("KafkaTopic")
    }
    for name in sorted(set(wanted) | set(found)):
        if wanted.get(name) != found.get(name):
            yield f"topic {name}: not as in the contracts"
    allowed = {
        (g.principal, g.resource, g.name, g.pattern == "prefixed", frozenset(g.operations))
        for g in grants(portals)
        if g.principal != TOPIC_ADMIN
    }
    told = set(_told(objects))
    yield from (f"{one[0]}: may not {one[1:]}" for one in sorted(allowed - told, key=str))
    yield from (f"{one[0]}: may too much, {one[1:]}" for one in sorted(told - allowed, key=str))
    users = {one["metadata"]["name"]: one for one in objects.of("KafkaUser")}
    for name in principals(portals):
        kind = users.get(name, {"spec": {"authentication": {"type": ""}}})["spec"]
        needed = "scram-sha-512" if name.startswith("portal-") else "tls"
        if name != TOPIC_ADMIN and kind["authentication"]["type"] != needed:
            yield f"user {name}: shows nothing, or the wrong thing"
    for one in (*objects.of("KafkaTopic", "KafkaUser", "KafkaNodePool"),):
        if one["metadata"]["labels"].get("strimzi.io/cluster") != cluster["metadata"]["name"]:
            yield f"{one['metadata']['name']}: of no cluster"
    yield from _listeners(objects, cluster)


def _told(objects: Rendered) -> Iterator[tuple[str, str, str, bool, frozenset[str]]]:
    for user in objects.of("KafkaUser"):
        for rule in user["spec"]["authorization"]["acls"]:
            at, name = rule["resource"], user["metadata"]["name"]
            words = (re.sub(r"(?<!^)(?=[A-Z])", "_", one).upper() for one in rule["operations"])
            yield name, at["type"], at["name"], at["patternType"] == "prefix", frozenset(words)


def _listeners(objects: Rendered, cluster: Object) -> Iterator[str]:
    spec = cluster["spec"]["kafka"]
    if spec.get("authorization") != {"type": "simple"}:
        yield "Kafka: everybody may do everything"
    ports = {one["port"] for one in spec["listeners"]}
    for one in spec["listeners"]:
        if not one["tls"] or "authentication" not in one:
            yield f"Kafka: {one['name']} takes anybody"
    for pod in objects.serving():
        at = objects.told(pod).get("KAFKA_BOOTSTRAP_SERVERS")
        name = f"{cluster['metadata']['name']}-kafka-bootstrap"
        if at and at not in {f"{name}:{port}" for port in ports}:
            yield f"{pod.name}: {at} is not where Kafka is"
    if spec["config"].get("auto.create.topics.enable") is not False:
        yield "Kafka: makes topics by itself"


def migrations(objects: Rendered) -> Iterator[str]:
    """Each service with migrations has a database, its owner a job, its runtime role a place."""
    with_database = {
        path.parents[1].name for path in SERVICES.glob("*/*/migrations") if path.is_dir()
    }
    clusters = {one["metadata"]["name"]: one for one in objects.of("Cluster")}
    jobs = {pod.service: pod for pod in objects.migrating()}
    if set(jobs) != with_database or set(clusters) != {f"{n}-database" for n in with_database}:
        yield "not the services that have migrations"
        return
    for service, pod in jobs.items():
        spec = clusters[f"{service}-database"]["spec"]
        owner = spec["bootstrap"]["initdb"]
        roles = {one["name"]: one["passwordSecret"]["name"] for one in spec["managed"]["roles"]}
        role = objects.told(pod)["RUNTIME_ROLE"]
        if pod.container.get("args") != ["migrate"]:
            yield f"{pod.name}: does not migrate"
        if role not in roles or role == owner["owner"]:
            yield f"{pod.name}: grants {role} what it needs, who is not there or is the owner"
        if f"{service}-database-app/uri" not in objects.files(pod).values():
            yield f"{pod.name}: does not come as the owner"
    for pod in objects.serving():
        told = objects.told(pod)
        if pod.service in with_database and told.get("MIGRATIONS") != "await":
            yield f"{pod.name}: applies migrations itself"
        if pod.service in with_database and told.get("PGSSLMODE") != "verify-full":
            yield f"{pod.name}: believes any database"
        if any("-database-app/" in one for one in objects.files(pod).values()):
            yield f"{pod.name}: serves as the owner"


def replicas(objects: Rendered) -> Iterator[str]:
    """Members of a group have lasting names, no more than partitions, and leave one at a time."""
    gauges = {one._name: one for one in vars(metrics).values() if hasattr(one, "_labelnames")}
    for pod in objects.serving():
        if pod.service in READS:
            if pod.owner["kind"] != "StatefulSet":
                yield f"{pod.name}: its members have no lasting names"
            named = [one for one in pod.container.get("env", []) if one["name"] == "REPLICA"]
            path = "metadata.labels['apps.kubernetes.io/pod-index']"
            if [one["valueFrom"]["fieldRef"]["fieldPath"] for one in named] != [path]:
                yield f"{pod.name}: two members may have one name"
        budgets = [
            one["spec"]
            for one in objects.of("PodDisruptionBudget")
            if matches(one["spec"]["selector"], pod.labels)
        ]
        if [one.get("maxUnavailable") for one in budgets] != [1]:
            yield f"{pod.name}: nobody, or everybody, may be moved at once"
        grace = pod.spec.get("terminationGracePeriodSeconds", 30)
        if grace < 30:
            yield f"{pod.name}: is killed before it has stopped"
    if next(p for p in objects.serving() if p.service == "audit").owner["spec"]["replicas"] != 1:
        yield "audit: one process an archive"
    for one in objects.of("ScaledObject"):
        yield from _scaled(objects, one, gauges)


def _scaled(objects: Rendered, one: Object, gauges: dict[str, object]) -> Iterator[str]:
    service, spec = one["metadata"]["name"], one["spec"]
    target = spec["scaleTargetRef"]
    owners = {(p.owner["kind"], p.name): p.owner for p in objects.serving()}
    owner = owners.get((target["kind"], target["name"]))
    if owner is None or target["name"] not in READS:
        yield f"{service}: scales nothing"
        return
    if "replicas" in owner["spec"]:
        yield f"{service}: each release takes its replicas back"
    ceiling = max(topic.partitions for topic in READS[target["name"]])
    if not 2 <= spec["minReplicaCount"] <= spec["maxReplicaCount"] <= ceiling:
        yield f"{service}: more members than partitions, or fewer than two"
    down = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    if down["stabilizationWindowSeconds"] < 300:
        yield f"{service}: shrinks at once, and moves partitions for nothing"
    asked = []
    for trigger in spec["triggers"]:
        query = trigger["metadata"]["query"]
        named = _METRIC.findall(query)
        asked += [name for name, _ in named]
        if not named or any(whose != target["name"] for _, whose in named):
            yield f"{service}: asks about {query}"
        if trigger["metadata"].get("ignoreNullValues") != "false":
            yield f"{service}: takes silence for no work"
    yield from (f"{service}: there is no {name}" for name in asked if name not in gauges)
    if set(asked) != {"dossiers_lag_oldest_seconds", "dossiers_lag_records"}:
        yield f"{service}: not by what waits longest and by lag"


def alerted(objects: Rendered) -> Iterator[str]:
    """Alerts ask for metrics there are, of the job that is scraped."""
    jobs = {
        pod.labels.get(one["spec"].get("jobLabel", ""), "nobody")
        for one in objects.of("PodMonitor")
        for pod in objects.serving()
    }
    asked = "\n".join(
        rule["expr"]
        for one in objects.of("PrometheusRule")
        for group in one["spec"]["groups"]
        for rule in group["rules"]
    )
    for job in sorted(set(re.findall(r'job="([^"]+)"', asked)) - jobs):
        yield f"alerts ask for the job {job}, scraped is {sorted(jobs)}"
    if objects.of("PodMonitor") and "dossiers_" not in asked:
        yield "scraped, and nobody is called"


def lasting(objects: Rendered) -> Iterator[str]:
    """An installation that counts survives the loss of one of anything."""
    for pod in objects.serving():
        if pod.service != "audit" and least(objects, pod.service) < 2:
            yield f"{pod.name}: one alone"
    for one in objects.of("Cluster"):
        name, spec = one["metadata"]["name"], one["spec"]
        if spec["instances"] < 2:
            yield f"{name}: one alone"
        copied = spec["postgresql"].get("synchronous", {})
        wanted = {"method": "any", "number": 1, "dataDurability": "required"}
        if copied != wanted or spec["instances"] < 3:
            yield f"{name}: answers what one disk alone has, or nothing while a copy is away"
        store = spec.get("backup", {}).get("barmanObjectStore", {})
        if "wal" not in store or not store.get("serverName", "").startswith(name):
            yield f"{name}: its log goes nowhere"
        if spec["postgresql"]["parameters"].get("archive_timeout") != "60s":
            yield f"{name}: minutes of its log are on its own disk alone"
        orders = [o for o in objects.of("ScheduledBackup") if o["spec"]["cluster"]["name"] == name]
        if len(orders) != 1 or not orders[0]["spec"]["schedule"].startswith("0 "):
            yield f"{name}: no backup each night"
        elif orders[0]["spec"].get("immediate") is not True:
            yield f"{name}: no backup before the first night"
    (kafka_,) = objects.of("Kafka")
    config = kafka_["spec"]["kafka"]["config"]
    for name in ("default", "offsets.topic", "transaction.state.log"):
        if config.get(f"{name}.replication.factor") != 3:
            yield f"Kafka: {name} has not three copies"
    if config.get("min.insync.replicas") != 2 or config.get("unclean.leader.election.enable"):
        yield "Kafka: acknowledges what one broker alone has"
    (pool,) = objects.of("KafkaNodePool")
    if pool["spec"]["replicas"] < 3:
        yield "Kafka: fewer than three"
    if not objects.of("PodMonitor") or not objects.of("ExternalSecret"):
        yield "not watched, or secrets by hand"


def own_addresses(objects: Rendered) -> Iterator[str]:
    """No address of the example of the base is left."""
    for one in objects.of("NetworkPolicy"):
        if "192.0.2." in str(one):
            yield f"{one['metadata']['name']}: leads nowhere"
    for pod in objects.serving():
        told = [value for name, value in objects.told(pod).items() if name != "SERVICES_URLS"]
        if any("192.0.2." in value for value in told):
            yield f"{pod.name}: believes nobody's network"
        if any(value.startswith("http://") for value in told):
            yield f"{pod.name}: an address without TLS"
