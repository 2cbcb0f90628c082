"""Wrongs in the pods and in what selects them."""

from tests.manifests.breaking import Break, box, job, pod, policy, told

PODS: tuple[Break, ...] = (
    Break(
        "hardened",
        "runs as root",
        lambda o: pod(o, "intake")["securityContext"].pop("runAsNonRoot"),
        "root",
    ),
    Break(
        "hardened",
        "writes its disk",
        lambda o: box(o, "board")["securityContext"].update(readOnlyRootFilesystem=False),
        "writes",
    ),
    Break(
        "hardened",
        "a job keeps capabilities",
        lambda o: job(o, "intake")["containers"][0]["securityContext"].pop("capabilities"),
        "capabilities",
    ),
    Break(
        "hardened",
        "memory without an end",
        lambda o: box(o, "notifier")["resources"]["limits"].update(memory="8Gi"),
        "memory",
    ),
    Break(
        "hardened",
        "a token",
        lambda o: pod(o, "audit").update(automountServiceAccountToken=True),
        "token",
    ),
    Break(
        "hardened",
        "the disk of the host",
        lambda o: pod(o, "audit")["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
        "disk of the host",
    ),
    Break(
        "accounts",
        "another's account",
        lambda o: pod(o, "intake").update(serviceAccountName="routing"),
        "intake: account",
    ),
    Break(
        "accounts",
        "an account with a token",
        lambda o: o.one("ServiceAccount", "board").pop("automountServiceAccountToken"),
        "board",
    ),
    Break(
        "images",
        "latest",
        lambda o: box(o, "intake").update(image="hotich/intake:latest"),
        "no release",
    ),
    Break(
        "images", "no tag", lambda o: box(o, "intake").update(image="hotich/intake"), "no release"
    ),
    Break(
        "images",
        "another's image",
        lambda o: box(o, "intake").update(image="hotich/routing:0.1.0"),
        "not its image",
    ),
    Break(
        "images",
        "an image nobody makes",
        lambda o: box(o, "intake").update(image="hotich/intakes:0.1.0"),
        "not its image",
    ),
    Break(
        "selectors",
        "a service of nobody",
        lambda o: o.one("Service", "intake")["spec"]["selector"].update(
            {"app.kubernetes.io/name": "intak"}
        ),
        "Service intake",
    ),
    Break(
        "selectors",
        "a budget of all",
        lambda o: o.one("PodDisruptionBudget", "intake")["spec"]["selector"]["matchLabels"].pop(
            "app.kubernetes.io/name"
        ),
        "PodDisruptionBudget intake",
    ),
    Break(
        "selectors",
        "a set that loses its pods",
        lambda o: o.one("StatefulSet", "routing")["spec"]["selector"]["matchLabels"].update(
            tier="x"
        ),
        "its own pods",
    ),
    Break(
        "selectors",
        "spreads others",
        lambda o: pod(o, "intake")["topologySpreadConstraints"][0]["labelSelector"][
            "matchLabels"
        ].update(tier="x"),
        "spreads",
    ),
    Break(
        "selectors",
        "a road for nobody",
        lambda o: policy(o, "road-to-register")["podSelector"]["matchExpressions"][0].update(
            values=["registrysync"]
        ),
        "nobody is registrysync",
    ),
    Break(
        "selectors",
        "scrapes jobs too",
        lambda o: o.one("PodMonitor", "hotich")["spec"]["selector"]["matchLabels"].pop(
            "app.kubernetes.io/component"
        ),
        "scrape",
    ),
    Break(
        "ports",
        "listens elsewhere",
        lambda o: told(o, "intake").update(HTTP_PORT="8080"),
        "listens elsewhere",
    ),
    Break(
        "ports",
        "a probe of old",
        lambda o: box(o, "intake")["livenessProbe"]["httpGet"].update(path="/healthz"),
        "livenessProbe",
    ),
    Break(
        "ports",
        "no startup probe",
        lambda o: box(o, "routing").pop("startupProbe"),
        "startupProbe",
    ),
    Break(
        "ports",
        "a service that leads nowhere",
        lambda o: o.one("Service", "board")["spec"]["ports"][0].update(targetPort="web"),
        "leads nowhere",
    ),
    Break(
        "ports",
        "members without names",
        lambda o: o.one("StatefulSet", "intake")["spec"].update(serviceName="intake"),
        "no names",
    ),
    Break(
        "ports",
        "scrapes another path",
        lambda o: o.one("PodMonitor", "hotich")["spec"]["podMetricsEndpoints"][0].update(path="/"),
        "PodMonitor",
    ),
)
