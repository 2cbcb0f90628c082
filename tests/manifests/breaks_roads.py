"""Wrongs in the roads and entrances."""

from tests.manifests.breaking import Break, also, paths, policy, told, without

ROADS: tuple[Break, ...] = (
    Break("shut", "open by default", lambda o: without(o, "NetworkPolicy", "all-shut"), "not shut"),
    Break(
        "shut",
        "everybody let in",
        lambda o: policy(o, "intake")["ingress"][0].pop("from"),
        "everybody in",
    ),
    Break(
        "shut",
        "out to everywhere",
        lambda o: policy(o, "road-to-sms")["egress"][0].pop("to"),
        "everywhere",
    ),
    Break(
        "shut",
        "a network of everybody",
        lambda o: policy(o, "road-to-sms")["egress"][0]["to"][0]["ipBlock"].update(
            cidr="0.0.0.0/0"
        ),
        "everybody",
    ),
    Break(
        "roads",
        "no road to the register",
        lambda o: without(o, "NetworkPolicy", "road-to-register"),
        "no road to register",
    ),
    Break(
        "roads",
        "intake may send SMS",
        lambda o: policy(o, "road-to-sms")["podSelector"]["matchExpressions"][0]["values"].append(
            "intake"
        ),
        "nobody needs",
    ),
    Break(
        "roads",
        "another's database",
        lambda o: also(o, "routing", 5432, {"cnpg.io/cluster": "intake-database"}),
        "nobody needs",
    ),
    Break(
        "roads",
        "the board on Kafka",
        lambda o: also(o, "board", 9093, {"strimzi.io/name": "hotich-kafka"}),
        "road to kafka nobody",
    ),
    Break(
        "roads",
        "Kafka at another port",
        lambda o: policy(o, "audit")["egress"][0]["ports"][0].update(port=9092),
        "no road to kafka",
    ),
    Break(
        "roads",
        "a migration on Kafka",
        lambda o: also(o, "intake-migrate", 9093, {"strimzi.io/name": "hotich-kafka"}),
        "database alone",
    ),
    Break(
        "entered",
        "the audit to the world",
        lambda o: policy(o, "audit")["ingress"][0]["from"].append(
            {"namespaceSelector": {"matchLabels": {"hotich.example/role": "ingress"}}}
        ),
        "audit: lets in",
    ),
    Break(
        "entered",
        "Prometheus kept out",
        lambda o: policy(o, "board")["ingress"][0]["from"].pop(0),
        "board: lets in",
    ),
    Break(
        "entered",
        "routing calls intake",
        lambda o: policy(o, "intake")["ingress"][0]["from"][2]["podSelector"]["matchExpressions"][
            0
        ]["values"].append("routing"),
        "called by",
    ),
    Break(
        "databases apart",
        "routing let into another's",
        lambda o: policy(o, "intake-database")["ingress"][0]["from"][0]["podSelector"][
            "matchExpressions"
        ][0]["values"].append("routing"),
        "lets in routing",
    ),
    Break(
        "entrances",
        "metrics shown",
        lambda o: paths(o, "citizens")[0].update(path="/metrics"),
        "/metrics",
    ),
    Break(
        "entrances",
        "no TLS",
        lambda o: o.one("Ingress", "portals")["spec"]["tls"][0].update(hosts=[]),
        "without TLS",
    ),
    Break(
        "entrances",
        "leads nowhere",
        lambda o: paths(o, "provinces")[0]["backend"]["service"]["port"].update(name="web"),
        "leads nowhere",
    ),
    Break(
        "entrances",
        "another host than its own",
        lambda o: told(o, "board").update(PUBLIC_URL="https://other.example"),
        "calls itself",
    ),
    Break(
        "addresses",
        "the register at another port",
        lambda o: told(o, "registry-sync").update(REGISTER_URL="https://register.example:8443"),
        "REGISTER_URL",
    ),
    Break(
        "addresses",
        "mail at another port",
        lambda o: told(o, "notifier").update(SMTP_PORT="465"),
        "SMTP_PORT",
    ),
    Break(
        "addresses",
        "a replica that is not always there",
        lambda o: told(o, "board").update(
            SERVICES_URLS='{"intake": ["http://intake-5.intake-members:8081"]}'
        ),
        "not always there",
    ),
    Break(
        "addresses",
        "a service at another's port",
        lambda o: told(o, "board").update(
            SERVICES_URLS='{"intake": "http://intake-0.intake-members:8082"}'
        ),
        "leads nowhere",
    ),
    Break(
        "own addresses",
        "a road of the example",
        lambda o: policy(o, "road-to-sms")["egress"][0]["to"][0]["ipBlock"].update(
            cidr="192.0.2.0/24"
        ),
        "leads nowhere",
    ),
    Break(
        "own addresses",
        "no TLS to the register",
        lambda o: told(o, "registry-sync").update(REGISTER_URL="http://register.example:443"),
        "without TLS",
    ),
)
