"""Wrongs in what processes are told, and in how many there are."""

from tests.manifests.breaking import Break, box, items, job, pod, scaled, told, without

TOLD: tuple[Break, ...] = (
    Break(
        "settings",
        "a setting misspelt",
        lambda o: told(o, "routing").update(RECEPTIO="officer"),
        "no setting RECEPTIO",
    ),
    Break(
        "settings",
        "a setting missing",
        lambda o: told(o, "registry-sync").pop("REGISTER_URL"),
        "REGISTER_URL is not given",
    ),
    Break("settings", "a secret missing", lambda o: items(o, "notifier").pop(), "is not given"),
    Break(
        "settings",
        "a secret nobody reads",
        lambda o: items(o, "intake")[0].update(path="data_base_url"),
        "no setting DATA_BASE_URL",
    ),
    Break(
        "settings",
        "given twice",
        lambda o: told(o, "intake").update(DATABASE_URL="postgresql://"),
        "twice",
    ),
    Break(
        "settings",
        "secrets looked for elsewhere",
        lambda o: told(o, "intake").pop("SECRETS_FOLDER"),
        "elsewhere",
    ),
    Break(
        "files",
        "a file that is not there",
        lambda o: told(o, "audit").update(KAFKA_KEY_FILE="/run/secrets/kafka/tls.key"),
        "names no file",
    ),
    Break(
        "files",
        "a volume not mounted",
        lambda o: box(o, "audit")["volumeMounts"].pop(),
        "volume archive",
    ),
    Break(
        "files",
        "a secret that can be written",
        lambda o: box(o, "board")["volumeMounts"][1].pop("readOnly"),
        "writes settings",
    ),
    Break(
        "secrets",
        "a secret in the tree",
        lambda o: o.append({"kind": "Secret", "metadata": {"name": "x"}}),
        "in the tree",
    ),
    Break(
        "secrets",
        "a secret in a map",
        lambda o: told(o, "board").update(SESSION_KEY="x"),
        "SESSION_KEY is shown",
    ),
    Break(
        "secrets",
        "a secret as environment",
        lambda o: box(o, "intake")["env"].append(
            {"name": "X", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}
        ),
        "in the environment",
    ),
    Break(
        "secrets",
        "a secret nobody fills",
        lambda o: without(o, "ExternalSecret", "particulars-keys"),
        "nobody fills particulars-keys",
    ),
    Break(
        "secrets",
        "a user nobody makes",
        lambda o: without(o, "KafkaUser", "audit"),
        "nobody fills audit/user.crt",
    ),
    Break(
        "migrations",
        "no migration of one",
        lambda o: without(o, "Job", "notifier-migrate"),
        "have migrations",
    ),
    Break(
        "migrations",
        "grants nobody",
        lambda o: job(o, "intake")["containers"][0]["env"][0].update(value="intake_run"),
        "grants intake_run",
    ),
    Break(
        "migrations",
        "serves and migrates",
        lambda o: told(o, "intake").update(MIGRATIONS="apply"),
        "applies migrations itself",
    ),
    Break(
        "migrations",
        "believes any database",
        lambda o: told(o, "routing").update(PGSSLMODE="require"),
        "believes any",
    ),
    Break(
        "migrations",
        "a job that serves",
        lambda o: job(o, "routing")["containers"][0].pop("args"),
        "does not migrate",
    ),
    Break(
        "replicas",
        "no lasting names",
        lambda o: o.one("StatefulSet", "intake").update(kind="Deployment"),
        "lasting names",
    ),
    Break("replicas", "one name for all", lambda o: box(o, "intake")["env"].pop(), "one name"),
    Break(
        "replicas",
        "nobody may be moved",
        lambda o: o.one("PodDisruptionBudget", "audit")["spec"].update(maxUnavailable=0),
        "audit: nobody",
    ),
    Break(
        "replicas",
        "killed at once",
        lambda o: pod(o, "notifier").update(terminationGracePeriodSeconds=5),
        "is killed",
    ),
    Break(
        "replicas",
        "two audits",
        lambda o: o.one("StatefulSet", "audit")["spec"].update(replicas=2),
        "one process an archive",
    ),
    Break(
        "replicas",
        "more members than partitions",
        lambda o: scaled(o).update(maxReplicaCount=7),
        "more members",
    ),
    Break(
        "replicas",
        "a metric there is not",
        lambda o: scaled(o)["triggers"][0]["metadata"].update(
            query='max(dossiers_lag_seconds{service="routing"})'
        ),
        "there is no dossiers_lag_seconds",
    ),
    Break(
        "replicas",
        "another's metric",
        lambda o: scaled(o)["triggers"][0]["metadata"].update(
            query='max(dossiers_lag_oldest_seconds{service="intake"})'
        ),
        "asks about",
    ),
    Break(
        "replicas",
        "what is parked counts",
        lambda o: scaled(o)["triggers"][1]["metadata"].update(
            query='sum(dossiers_parked_records{service="routing"})'
        ),
        "not by what waits",
    ),
    Break(
        "replicas",
        "shrinks at once",
        lambda o: scaled(o)["advanced"]["horizontalPodAutoscalerConfig"]["behavior"][
            "scaleDown"
        ].update(stabilizationWindowSeconds=0),
        "shrinks",
    ),
    Break(
        "replicas",
        "taken back by a release",
        lambda o: o.one("StatefulSet", "routing")["spec"].update(replicas=2),
        "takes its replicas back",
    ),
)
