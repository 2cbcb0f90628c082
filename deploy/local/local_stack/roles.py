"""SECURE=1: services come to their databases as roles that change no table, as on a cluster."""

import subprocess
import sys
from collections.abc import Callable

from local_stack import credentials, postgres, readiness, secret_files, services
from local_stack.plan import Plan

MIGRATING_SECONDS = 120


def bring_up(plan: Plan, check: Callable[[], None]) -> None:
    """Wait for the server and make the databases; if it is secured, also migrate and grant.

    Raises StackFailed with the log of the service whose database could not be migrated.
    """
    script = postgres.databases_sql(plan.database_passwords)
    secured = plan.databases if plan.secured else {}
    if secured:
        script += postgres.roles_sql(plan.secrets["runtime_passwords"])
    readiness.database(plan.server_url, script, check=check)
    running = {service: _migrating(plan, service) for service in secured}
    codes = {service: _code_of(process) for service, process in running.items()}
    for service, code in codes.items():
        if code:
            raise readiness.fail(plan.place, f"{service}-migrate", "cannot be migrated")


def _migrating(plan: Plan, service: str) -> "subprocess.Popen[bytes]":
    """Start the job that migrates as the owner, past any detour."""
    told = services.common(plan.place) | {
        "DATABASE_URL": plan.databases[service],
        "RUNTIME_ROLE": credentials.runtime_role(service),
    }
    name = f"{service}-migrate"
    with (plan.place.logs / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", credentials.database_of(service), "migrate"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=secret_files.hidden(plan.place.service_secrets / name, told),
        )


def _code_of(process: "subprocess.Popen[bytes]") -> int:
    try:
        return process.wait(MIGRATING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
