"""What a check is, what was seen of it, and how a list of them is run one by one."""

import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Generic, Literal, TypeVar

import aiohttp

from console.failing import Failed

Verdict = Literal["passed", "failed", "skipped"]
Probe = TypeVar("Probe")


@dataclass(frozen=True)
class Seen:
    """What a check saw; `evidence` has statuses, counts and times, and nothing of a person.

    `ok` is None when it could not be seen from outside: then the evidence says what to look at.
    """

    ok: bool | None
    evidence: str

    @property
    def verdict(self) -> Verdict:
        """Return the verdict of it."""
        if self.ok is None:
            return "skipped"
        return "passed" if self.ok else "failed"


@dataclass(frozen=True)
class Words:
    """A check in words: English, Vietnamese, what a pass proves, and where it is written."""

    en: str
    vi: str
    proves: str
    source: str


@dataclass(frozen=True)
class Check(Generic[Probe]):
    """One thing an endpoint has to do; of a kit the rest is left out when a `needed` one failed."""

    key: str
    words: Words
    run: Callable[[Probe], Awaitable[Seen]]
    needed: bool = False


class Kit(Generic[Probe]):
    """The checks of one kind of endpoint, in order; their words stand in `<name>.toml`."""

    def __init__(self, name: str) -> None:
        self.name = name
        text = files("console.conformance").joinpath(f"{name}.toml").read_text(encoding="utf-8")
        self.words = {key: Words(**one) for key, one in tomllib.loads(text).items()}
        self.checks: list[Check[Probe]] = []

    def check(
        self, key: str, *, needed: bool = False
    ) -> Callable[[Callable[[Probe], Awaitable[Seen]]], Callable[[Probe], Awaitable[Seen]]]:
        """Return what adds a check; raises KeyError for one without words."""

        def add(run: Callable[[Probe], Awaitable[Seen]]) -> Callable[[Probe], Awaitable[Seen]]:
            self.checks.append(Check(key, self.words[key], run, needed))
            return run

        return add


@dataclass(frozen=True)
class Finding:
    """The verdict of one check."""

    key: str
    words: Words
    verdict: Verdict
    evidence: str


@dataclass(frozen=True)
class Report:
    """What a run of the kit found out about one endpoint."""

    kit: str
    endpoint: str
    began_at: datetime
    version: str
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> int:
        """Return how many checks failed."""
        return sum(one.verdict == "failed" for one in self.findings)


async def examine(
    kit: Kit[Probe], probe: Probe, tell: Callable[[Finding], None]
) -> tuple[Finding, ...]:
    """Run the checks one by one and return what each saw; `tell` hears it at once.

    Raises Failed when nobody answers at all.
    """
    found: list[Finding] = []
    stopped = ""
    for check in kit.checks:
        if stopped:
            seen = Seen(None, f"not run: {stopped} failed")
        else:
            seen = await _see(check, probe, is_first=not found)
        if check.needed and seen.ok is False:
            stopped = check.key
        found.append(Finding(check.key, check.words, seen.verdict, seen.evidence))
        tell(found[-1])
    return tuple(found)


async def _see(check: Check[Probe], probe: Probe, *, is_first: bool) -> Seen:
    try:
        return await check.run(probe)
    except aiohttp.ClientConnectorError as error:
        if is_first:
            raise Failed(f"nobody answers at that address ({type(error).__name__})") from None
        return Seen(False, "not connected")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Seen(False, f"no answer ({type(error).__name__})")
