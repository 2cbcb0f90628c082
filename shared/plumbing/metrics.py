"""Every metric there is; labels come from closed sets only."""

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

# When a series began is a series of its own otherwise, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

_HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LOOP_BUCKETS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
_AGE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)

BUILD = Gauge("dossiers_build_info", "The release that runs; always 1.", ["service", "version"])
HTTP_REQUESTS = Counter(
    "dossiers_http_requests_total",
    "Requests answered, by route and class of status; probes and scrapes are not counted.",
    ["service", "route", "outcome"],
)
HTTP_SECONDS = Histogram(
    "dossiers_http_seconds",
    "First byte of a request to the last of its answer.",
    ["service", "route"],
    buckets=_HTTP_BUCKETS,
)
LOOP_LAG = Histogram(
    "dossiers_loop_lag_seconds",
    "How much later than asked for the event loop woke a task.",
    ["service"],
    buckets=_LOOP_BUCKETS,
)
CONNECTIONS = Gauge(
    "dossiers_database_connections", "Connections of the pool.", ["service", "state"]
)
CONNECTIONS_MOST = Gauge(
    "dossiers_database_connections_most", "Connections the pool may open.", ["service"]
)
PARTITIONS = Gauge(
    "dossiers_assigned_partitions", "Partitions this process has.", ["service", "topic"]
)
LAG_RECORDS = Gauge(
    "dossiers_lag_records",
    "Records that wait in the partitions of this process; what is parked does not count.",
    ["service", "topic"],
)
LAG_AGE = Gauge(
    "dossiers_lag_oldest_seconds",
    "Age of the oldest record that waits in the partitions of this process.",
    ["service", "topic"],
)
RECORD_AGE = Histogram(
    "dossiers_record_age_seconds",
    "Broker's time of the first record of a batch to the commit of the batch.",
    ["service", "topic"],
    buckets=_AGE_BUCKETS,
)
RECORDS = Counter("dossiers_records_total", "Records settled.", ["service", "topic", "outcome"])
BATCH_SECONDS = Histogram(
    "dossiers_batch_seconds", "First record of a batch to its commit.", ["service", "topic"]
)
ROLLBACKS = Counter(
    "dossiers_rollbacks_total", "Batches rolled back and tried again.", ["service", "topic"]
)
REBALANCES = Counter("dossiers_rebalances_total", "Assignments received.", ["service"])
SKIPPED = Counter(
    "dossiers_client_skips_total", "Times the client was ahead of the database.", ["service"]
)
HOLES = Counter(
    "dossiers_offset_holes_total", "Holes in a topic, passed after a second look.", ["service"]
)
PUBLISHED = Counter("dossiers_published_total", "Records acknowledged.", ["service", "topic"])
PUBLISH_SECONDS = Histogram(
    "dossiers_publish_seconds", "Send to acknowledgement of a relay batch.", ["service"]
)
FIGURES_AGE = Gauge(
    "dossiers_figures_age_seconds",
    "Time since the figures of the database were last read: as old are all the others.",
    ["service"],
)
OUTBOX_AGE = Gauge("dossiers_outbox_oldest_seconds", "Age of the oldest unsent event.", ["service"])
PARKED = Gauge("dossiers_parked_records", "Records waiting for a predecessor.", ["service"])
DEAD_LETTERS = Gauge("dossiers_dead_letters", "Records that no rule could take.", ["service"])
CONFLICTS = Gauge("dossiers_conflicts", "Same sequence with other bytes.", ["service"])
EFFECTS_OPEN = Gauge("dossiers_effects_open", "Calls not yet answered.", ["service", "state"])
EFFECT_AGE = Gauge("dossiers_effect_oldest_seconds", "Age of the oldest open call.", ["service"])
EFFECTS = Counter("dossiers_effects_total", "Calls answered.", ["service", "kind", "outcome"])
EFFECT_SECONDS = Histogram("dossiers_effect_seconds", "Duration of one call.", ["service", "kind"])
VALVE_WINDOW = Gauge(
    "dossiers_valve_window",
    "Calls to a neighbour that may be under way; of several turns the smallest.",
    ["service", "kind"],
)
VALVE_SHUT = Gauge(
    "dossiers_valve_shut", "Valves of a neighbour that let nothing through.", ["service", "kind"]
)
STUCK = Gauge("dossiers_stuck", "What waits for people, by kind.", ["service", "kind"])
STUCK_AGE = Gauge(
    "dossiers_stuck_oldest_seconds", "Age of the oldest of each kind.", ["service", "kind"]
)
COMPARISON_AGE = Gauge(
    "dossiers_comparison_oldest_seconds",
    "Age of the oldest comparison with a neighbour that is not finished.",
    ["service"],
)
OPEN_CASES = Gauge(
    "dossiers_open_cases", "Dossiers under way at the one-stop.", ["service", "state"]
)
OVERDUE_CASES = Gauge(
    "dossiers_overdue_cases",
    "Dossiers late to be received, or late for the citizen.",
    ["service", "kind"],
)
PROVINCE_CASES = Gauge(
    "dossiers_province_cases",
    "Dossiers under way, by province, road and status.",
    ["service", "province", "road", "state"],
)
PROVINCE_OVERDUE = Gauge(
    "dossiers_province_overdue_cases",
    "Dossiers late to be received, or late for the citizen, by province.",
    ["service", "province", "kind"],
)
PROVINCE_SUBMITTED = Gauge(
    "dossiers_province_submitted",
    "Dossiers submitted in the last thirty days, by province and road.",
    ["service", "province", "road"],
)
MOVE_DAYS_LEFT = Gauge(
    "dossiers_move_left_days",
    "Days until a province's direct form closes, 0 on the last; only while one is ahead.",
    ["service", "province"],
)
TRACKING = Counter(
    "dossiers_tracking_questions_total",
    "Questions of citizens about a dossier, by how they were answered.",
    ["service", "outcome"],
)
ARCHIVED = Counter("dossiers_archived_records_total", "Records archived.", ["service", "topic"])
ARCHIVED_BYTES = Counter(
    "dossiers_archived_bytes_total",
    "Keys, headers and values archived, before they are compressed.",
    ["service", "topic"],
)
ARCHIVE_LAG = Gauge(
    "dossiers_archive_lag_records", "Records on the log and not yet archived.", ["service", "topic"]
)
ARCHIVE_AGE = Gauge(
    "dossiers_archive_newest_seconds",
    "Age of the newest record archived, by the broker's time.",
    ["service", "topic"],
)
ARCHIVE_REFUSED = Gauge(
    "dossiers_archive_refused_partitions",
    "Partitions that are not archived, because log and archive do not fit together.",
    ["service", "kind"],
)
ARCHIVE_DIFFERS = Gauge(
    "dossiers_archive_differing_partitions",
    "Partitions whose archive is not what was signed before; they are not signed any more.",
    ["service"],
)
CHECKPOINTS_WAITING = Gauge(
    "dossiers_checkpoints_unpublished", "Checkpoints Kafka has not acknowledged.", ["service"]
)
CHECKPOINTS_OVERDUE = Gauge(
    "dossiers_checkpoints_overdue_seconds",
    "How long a round of checkpoints is overdue; 0 without keys.",
    ["service"],
)
TIMESTAMPS_FAILING = Gauge(
    "dossiers_timestamps_failing_seconds",
    "How long checkpoints have waited for a time stamp while none was got.",
    ["service"],
)
ACCESSES_UNSEALED = Gauge(
    "dossiers_accesses_unsealed_seconds",
    "How long written accesses have waited to be sealed, since this process saw them.",
    ["service"],
)
