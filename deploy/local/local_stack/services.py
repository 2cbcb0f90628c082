"""What the stack runs beside Kafka and PostgreSQL: our services and the sandbox."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from local_stack import people, secret_files
from local_stack.credentials import (
    MAGIC_UNIT,
    NATIONAL,
    SERVICES,
    audit_keys,
    database_of,
    gateways,
    portals,
    synchronising,
)
from local_stack.errors import StackFailed
from local_stack.places import Place
from local_stack.ports import HOST
from local_stack.supervision import Program, own_environment
from local_stack.surroundings import Surroundings

# What a person may set for a service from outside: make run RECEPTION=officer.
PASSED_ON = (
    *("RECEPTION", "OFFICER_UNITS", "SWEEP_SECONDS", "LOG_LEVEL", "RECONCILE_AT"),
    "QUIET_HOURS",
)


# Pages over the other services; it has no database and reads no topic.
BOARD = "board"
# Archives the log; it has no database either.
AUDIT = "audit"

#: Where all share the cores of one machine, these leave them to who registers: citizens are told
#: and the log is archived a little later. `NICE=0` has all alike.
GIVES_WAY, NICE, LEAST_URGENT = ("notifier", AUDIT), 5, 19


def replicas() -> dict[str, int]:
    """Return how many processes each service runs as: REPLICAS=routing:2,intake:3."""
    counts = dict.fromkeys(SERVICES, 1)
    for part in filter(None, os.environ.get("REPLICAS", "").split(",")):
        name, _, count = part.partition(":")
        if name not in counts or not count.isdigit() or not 1 <= int(count) <= 9:
            raise StackFailed(
                "REPLICAS", f"cannot read {part!r}", advice="write it like REPLICAS=routing:2"
            )
        counts[name] = int(count)
    return counts


def process_names() -> dict[str, tuple[str, int]]:
    """Return process name -> (service, replica); the first replica has the service's name."""
    return {
        service if replica == 0 else f"{service}-{replica}": (service, replica)
        for service, count in replicas().items()
        for replica in range(count)
    }


def programs(around: Surroundings) -> list[Program]:
    """Return the sandbox, every replica of every service, the board and the audit."""
    made = [_sandbox(around)]
    for name, (service, replica) in process_names().items():
        made.append(
            Program(
                name=name,
                group="services",
                command=_command(service),
                environment=_environment(around, name, service, replica),
                stop_seconds=30,
                ready_url=f"{around.url(name)}/health/ready",
            )
        )
    made += [_board(around), _audit(around)]
    if around.secured is None:
        return made
    return [secret_files.hide(around.place.service_secrets, program) for program in made]


def _command(service: str) -> list[str]:
    command = [sys.executable, "-m", database_of(service)]
    told = os.environ.get("NICE") or str(NICE)
    if not told.isdigit() or int(told) > LEAST_URGENT:
        raise StackFailed("NICE", f"cannot read {told!r}", advice="give a number from 0 to 19")
    program = shutil.which("nice")
    if service not in GIVES_WAY or program is None or told == "0":
        return command
    return [program, "-n", told, *command]


def _board(around: Surroundings) -> Program:
    urls: dict[str, list[str]] = {}
    for name, (service, _) in process_names().items():
        urls.setdefault(service, []).append(around.url(name))
    told = _without_database(around, BOARD) | {"SERVICES_URLS": json.dumps(urls)}
    return Program(
        name=BOARD,
        group="services",
        command=_command(BOARD),
        environment=common(around.place) | told | around.web(BOARD, BOARD),
        ready_url=f"{around.url(BOARD)}/health/ready",
    )


def _audit(around: Surroundings) -> Program:
    told = _without_database(around, AUDIT) | {
        **around.kafka_of(AUDIT),
        "ARCHIVE_FOLDER": str(around.place.archive),
        "ARCHIVE_ORIGIN": f"{around.place.name.lower()}.hotich.example",
        "FLUSH_SECONDS": "2",
        "CLOCK_OFFSET_SECONDS": str(around.clock_offset_seconds),
        "AUDIT_KEYS": json.dumps(audit_keys(around.secrets)),
        "CHECKPOINT_MINUTES": os.environ.get("CHECKPOINT_MINUTES") or "0.1",
        "TSA_URL": f"{around.url('sandbox')}/tsa",
        "TSA_CERTIFICATE": str(around.place.state / "sandbox" / "tsa-certificate.pem"),
    }
    return Program(
        name=AUDIT,
        group="services",
        command=_command(AUDIT),
        environment=common(around.place) | told,
        stop_seconds=30,
        ready_url=f"{around.url(AUDIT)}/health/ready",
    )


def _without_database(around: Surroundings, name: str) -> dict[str, str]:
    return {
        "HTTP_HOST": HOST,
        "HTTP_PORT": str(around.ports[name]),
        "OIDC_ISSUER": around.url("sandbox"),
        "OIDC_JWKS_URL": f"{around.way('tokens')}/oauth/jwks.json",
        "OIDC_AUDIENCE": "hotich",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL") or "INFO",
    }


def _sandbox(around: Surroundings) -> Program:
    state = around.place.state / "sandbox"
    state.mkdir(exist_ok=True)
    environment = common(around.place) | {
        "SANDBOX_HOST": HOST,
        "SANDBOX_PORT": str(around.ports["sandbox"]),
        "SANDBOX_SMTP_PORT": str(around.ports["sandbox-smtp"]),
        "SANDBOX_STATE": str(state),
        "SANDBOX_SECRETS": str(around.place.state / "secrets.json"),
        "SANDBOX_REGISTER_SECONDS": os.environ.get("SANDBOX_REGISTER_SECONDS", "0.8"),
        "INTAKE_URL": around.way("intake"),
        "ROUTING_URL": around.url("routing"),
        "REGISTRY_SYNC_URL": around.url("registry-sync"),
        **around.kafka_of_portals,
        "CLOCK_OFFSET_SECONDS": str(around.clock_offset_seconds),
        "SANDBOX_REDIRECTS": json.dumps(people.redirects(around.urls)),
    }
    return Program(
        name="sandbox",
        group="outside",
        command=[sys.executable, "-m", "sandbox"],
        environment=environment,
        ready_url=f"{around.url('sandbox')}/health/live",
    )


def common(place: Place) -> dict[str, str]:
    """Return the environment every kept process starts from."""
    outer = own_environment()
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", *PASSED_ON):
        outer.pop(name, None)
    if folder := outer.get("REFERENCE_DATA"):
        # A service may be started from another folder than this command was.
        outer["REFERENCE_DATA"] = str(Path(folder).resolve())
    return outer | {"HOTICH_STATE": str(place.state), "PYTHONUNBUFFERED": "1"}


def _environment(around: Surroundings, name: str, service: str, replica: int) -> dict[str, str]:
    shared = {
        **around.kafka_of(service),
        "DATABASE_URL": around.database(service),
        "HTTP_HOST": HOST,
        "HTTP_PORT": str(around.ports[name]),
        "REPLICA": str(replica),
        "PARTICULARS_KEYS": json.dumps(around.secrets["particulars_keys"]),
        "OIDC_ISSUER": around.url("sandbox"),
        "OIDC_JWKS_URL": f"{around.way('tokens')}/oauth/jwks.json",
        "OIDC_AUDIENCE": "hotich",
        "LOG_LEVEL": "INFO",
        "CLOCK_OFFSET_SECONDS": str(around.clock_offset_seconds),
        # Who may change no table waits for who does: see `roles`.
        **({"MIGRATIONS": "await"} if around.secured else {}),
    }
    told = shared | _own(around, service) | around.web(name, service)
    told |= {key: os.environ[key] for key in PASSED_ON if key in told and os.environ.get(key)}
    if "OFFICER_UNITS" in told:
        told["OFFICER_UNITS"] = ",".join(filter(None, (told["OFFICER_UNITS"], MAGIC_UNIT)))
    return common(around.place) | told


def _own(around: Surroundings, service: str) -> dict[str, str]:
    """Return the variables only this service has."""
    secrets = around.secrets
    webhook = {portal: secrets["portals"][portal]["webhook_secret"] for portal in portals()}
    if service == "intake":
        return {"PORTAL_SECRETS": json.dumps(webhook)}
    if service == "routing":
        return {
            "RECEPTION": "automatic",
            "OFFICER_UNITS": "",
            "SWEEP_SECONDS": "30",
            "RECEIPT_KEYS": json.dumps(secrets["receipt_keys"]),
        }
    if service == "registry-sync":
        return {
            "REGISTER_URL": f"{around.way('register')}/register",
            "REGISTER_USERNAME": secrets["register"]["username"],
            "REGISTER_PASSWORD": secrets["register"]["password"],
            "RECONCILE_AT": "02:00",
        }
    at = f"{around.way('portals')}/portals"
    addresses: dict[str, Any] = {
        portal: {
            "url": f"{at}/{portal}/callbacks",
            "dossiers_url": f"{at}/{portal}/dossiers",
            "secret": secret,
        }
        for portal, secret in webhook.items()
    }
    addresses[NATIONAL]["sync"] = synchronising(f"{around.way('portals')}/dvcqg", secrets)
    return {
        # Also at night what is tried out ends within a minute; QUIET_HOURS=21:00-07:00 waits.
        "QUIET_HOURS": "",
        "SMS_GATEWAYS": json.dumps(gateways(secrets, around.way("sms"))),
        "SMTP_HOST": HOST,
        "SMTP_PORT": str(around.port("mail")),
        "MAIL_FROM": "hotich@example.vn",
        "PORTALS": json.dumps(addresses),
        "PORTAL_NETWORKS": "127.0.0.0/8",
        "RECONCILE_AT": "02:00",
    }
