"""The whole stack as one thing that can be started, looked at and stopped."""

import functools
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from local_stack import (
    components,
    jars,
    kafka,
    owner,
    plan,
    postgres,
    readiness,
    roles,
    start_cache,
    status,
)
from local_stack.errors import AlreadyRunning, StackFailed
from local_stack.jars import Report
from local_stack.places import Place, exclusive, is_held
from local_stack.plan import Plan
from local_stack.status import Status
from local_stack.supervision import Keeper, end_orphans, write_configuration
from local_stack.together import together
from local_stack.undisturbed import undisturbed

STOPPING = "stop.lock"
STOPPING_SECONDS = 40


def tell(line: str) -> None:
    """Say how far the start is, to whoever waits for it."""
    print(line, file=sys.stderr, flush=True)


class Stack:
    """Kafka, PostgreSQL and, unless `services` is false, the services and the sandbox.

    As a context manager it runs as long as the block and never outlives this process.
    With `stay` it goes on after this process until somebody stops it. With `fresh` it starts
    without the data of earlier runs. With `join` it uses, and leaves alone at the end,
    a stack of that name that runs already; without, that raises AlreadyRunning.
    """

    def __init__(
        self,
        root: Path,
        name: str = "run",
        services: bool = True,
        *,
        stay: bool = False,
        fresh: bool = False,
        join: bool = False,
        report: Report = tell,
    ) -> None:
        self.place = Place(root.resolve(), name)
        self.joined = False
        self._services = services
        self._stay = stay
        self._fresh = fresh
        self._join = join
        self._report = report
        self._keeper = Keeper(self.place)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.joined:
            self.stop()

    def start(self) -> None:
        """Return when everything is ready; on any failure everything is stopped first."""
        self.place.make()
        with exclusive(self.place.state / "start.lock"):
            self._let_the_last_one_end()
            with exclusive(self.place.state / STOPPING):
                if self._keeper.alive and self._found_running():
                    return
                self._clear()
            try:
                started = plan.decide(self.place, with_services=self._services)
                self._bring_up(started)
                status.save(self.place, plan.describe(started))
                self._let_go()
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """Stop every process of the stack, services first; returns when all are gone.

        Signals that come meanwhile do not hinder it.
        """
        if not self.place.state.exists():
            return
        with undisturbed(self._report), exclusive(self.place.state / STOPPING):
            self._stop()

    def _stop(self) -> None:
        self._keeper.shut_down()
        if self._process:
            # It may not have come far enough to take orders; a signal ends it all the same.
            self._process.terminate()
            if self._process.stdin:
                self._process.stdin.close()
            self._process.wait()
            self._process = None
        end_orphans(self.place)
        (self.place.state / "status.json").unlink(missing_ok=True)
        shutil.rmtree(self.place.sockets, ignore_errors=True)

    def status(self) -> Status:
        """Return the stack as it is now."""
        return status.current(self.place)

    def create_database(self, name: str) -> str:
        """Make an empty database with an owner of the same name and return the owner's url."""
        password = secrets.token_hex(16)
        server_url = self.status().database_server
        postgres.run_sql(server_url, postgres.databases_sql({name: password}))
        return plan.database_url(server_url, name, password)

    def stop_component(self, name: str) -> None:
        """Stop a service with all its replicas, or any one process, until it is started again."""
        components.stop(self._keeper, name)

    def start_component(self, name: str) -> None:
        """Start what stop_component stopped; returns at once."""
        components.start(self._keeper, name)

    def await_component(self, name: str, seconds: float = 30) -> None:
        """Return when all processes of the component are ready; raises StackFailed else."""
        components.wait(self.place, self._keeper, name, seconds=seconds)

    def clean(self) -> None:
        """Stop the stack and remove all its data."""
        self.stop()
        owner.remove_away(self.place)
        shutil.rmtree(self.place.state, ignore_errors=True)

    def _let_go(self) -> None:
        """Forget a keeper that is meant to outlive us, lest Python warns that it still runs."""
        if self._stay and self._process:
            self._process.returncode = 0
            self._process = None

    def _let_the_last_one_end(self) -> None:
        """Wait for a stack that is being stopped; raises StackFailed when it does not end."""
        deadline = time.monotonic() + STOPPING_SECONDS
        told = False
        while is_held(self.place.state / STOPPING) or self._keeper.leaving:
            if not told:
                self._report("The last run is still stopping; waiting for its end ...")
                told = True
            if time.monotonic() > deadline:
                raise StackFailed(
                    "keeper",
                    f"the last run (pid {self._keeper.pid}) still stops after {STOPPING_SECONDS} s",
                    advice="`make down`, then start again",
                )
            time.sleep(0.1)

    def _found_running(self) -> bool:
        """Join the stack that runs, or stop one whose start was never finished."""
        if not (self.place.state / "status.json").exists():
            self._keeper.shut_down()
            return False
        if not self._join:
            raise AlreadyRunning(
                self.place.name, "is already running", advice="`make down` stops it"
            )
        self.joined = True
        return True

    def _clear(self) -> None:
        """Remove what a killed run left, and with `fresh` the data too."""
        end_orphans(self.place)
        (self.place.state / "status.json").unlink(missing_ok=True)
        if self._fresh:
            owner.remove_away(self.place)
            for kept in self.place.state.iterdir():
                if kept.is_dir() and not kept.is_symlink():
                    shutil.rmtree(kept)
                elif not kept.name.endswith(".lock"):
                    kept.unlink()
        self.place.make()

    def _bring_up(self, started: Plan) -> None:
        write_configuration(self.place, [*started.infrastructure, *started.programs])
        self._process = self._keeper.launch(stay=self._stay)
        together(
            self._keeper_answers,
            functools.partial(self._bring_up_kafka, started),
            functools.partial(self._bring_up_postgres, started),
        )
        for program in started.programs:
            self._keeper.start(program.group, program.name)
        urls = {program.name: program.ready_url for program in started.programs}
        readiness.answers(self.place, self._keeper, urls)

    def _keeper_answers(self) -> None:
        assert self._process
        self._keeper.wait_for_answer(self._process)

    def _bring_up_kafka(self, started: Plan) -> None:
        checks = [readiness.watch(self.place, self._keeper, node.name) for node in started.nodes]
        if started.nodes:
            libs = jars.ensure(self._report)
            kafka.lay_out(started.nodes, libs, self._report)
            start_cache.ensure(libs, self._report)
            self._keeper_answers()
            for node in started.nodes:
                self._keeper.start("infrastructure", node.name)

        def check() -> None:
            for each in checks:
                each()

        security = readiness.rights(started.bootstrap, started.secured, check)
        readiness.kafka(
            self.place, started.bootstrap, copies=started.copies, check=check, security=security
        )

    def _bring_up_postgres(self, started: Plan) -> None:
        def no_check() -> None:
            """Do nothing: a server that is not ours is simply waited for."""

        check = no_check
        if started.server:
            postgres.end_orphan(started.server)
            postgres.lay_out(started.server, started.secrets["databases"]["postgres"], self._report)
            self._keeper_answers()
            self._keeper.start("infrastructure", "postgres")
            check = readiness.watch(self.place, self._keeper, "postgres")
        roles.bring_up(started, check)
