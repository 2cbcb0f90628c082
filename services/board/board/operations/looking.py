"""Looks at every replica of every service at once, for one page."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from board.asking import Answer, Away, Services
from plumbing.overview_views import Overview, TopicLag, Valve
from plumbing.stuck.views import ActView

OVERVIEW = "/v1/operate/overview"
_ACTS = "/v1/stuck/acts"
#: The lanes of calls while none is open.
_LANES: Final[Mapping[str, str]] = {
    "push": "register",
    "tell_again": "register",
    "results": "register",
    "sms": "citizen",
    "email": "citizen",
    "portal": "portal",
    "sync": "national",
}
_ACT_LIST = TypeAdapter(tuple[ActView, ...])

#: `away`: no answer at all; `stuck`: alive no more; `waits`: not ready, `reason` says for what.
State = Literal["ready", "waits", "stuck", "away"]


@dataclass(frozen=True)
class Replica:
    """One process of a service as it was found; `overview` is none when it told no figures."""

    service: str
    url: str
    state: State
    reason: str
    overview: Overview | None = None

    @property
    def place(self) -> str:
        """Return host and port."""
        return self.url.partition("://")[2]


@dataclass(frozen=True)
class Seen:
    """One service: its replicas, and the figures of the first that told some."""

    service: str
    replicas: Sequence[Replica]
    proposals: Sequence[ActView] = ()

    @property
    def figures(self) -> Overview | None:
        """Return what the service's database holds; none when no replica told."""
        return next((one.overview for one in self.replicas if one.overview is not None), None)

    @property
    def is_reached(self) -> bool:
        """Return whether any replica answers."""
        return any(one.state != "away" for one in self.replicas)

    @property
    def lag(self) -> list[TopicLag] | None:
        """Return the lag by topic over all replicas; none when the service reads no topic."""
        told = [one.overview for one in self.replicas if one.overview and one.overview.reads]
        if not told:
            return None
        by_topic: dict[str, list[TopicLag]] = {}
        for one in (lag for overview in told for lag in overview.lag or ()):
            by_topic.setdefault(one.topic, []).append(one)
        return [_over_all(topic, lags) for topic, lags in sorted(by_topic.items())]

    def lane_of(self, call: str) -> str:
        """Return the lane of a call; empty for one that nobody knows."""
        figures = self.figures
        open_calls = figures.calls if figures is not None else ()
        known = next((one.lane for one in open_calls if one.call == call), "")
        # Every gateway's messages go by the lane of messages: `sms-1`, `sms-2`.
        return known or _LANES.get(call, "") or _LANES.get(call.partition("-")[0], "")

    @property
    def valves(self) -> list[tuple[Replica, Valve]]:
        """Return the valves of every replica, those that are not wide open first."""
        found = [(one, v) for one in self.replicas if one.overview for v in one.overview.valves]
        return sorted(found, key=lambda pair: (how_open(pair[1]) == "open", pair[1].call))


def how_open(valve: Valve) -> Literal["open", "ramp", "trying", "shut"]:
    """Return how the valve stands."""
    if valve.state == "open":
        return "ramp" if valve.ramping else "open"
    return "shut" if valve.state == "shut" else "trying"


def _over_all(topic: str, lags: Sequence[TopicLag]) -> TopicLag:
    return TopicLag(
        topic=topic,
        partitions=sum(one.partitions for one in lags),
        waiting=sum(one.waiting for one in lags),
        oldest_seconds=max(one.oldest_seconds for one in lags),
    )


async def look(services: Services, token: str) -> list[Seen]:
    """Return every service as it is now, in the order of the settings; nobody's absence raises."""
    return list(
        await asyncio.gather(
            *(_look_at(services, token, name, urls) for name, urls in services.urls.items())
        )
    )


async def _look_at(services: Services, token: str, service: str, urls: Sequence[str]) -> Seen:
    asked = asyncio.gather(*(_replica(services, token, service, url) for url in urls))
    acts, replicas = await asyncio.gather(_proposals(services, token, service), asked)
    return Seen(service, replicas, acts)


async def _proposals(services: Services, token: str, service: str) -> tuple[ActView, ...]:
    try:
        told = await services.ask(token, service, "GET", _ACTS, params={"open": "true"})
        return _ACT_LIST.validate_python(told.document) if told.is_yes else ()
    except (Away, ValidationError):
        return ()


async def _replica(services: Services, token: str, service: str, url: str) -> Replica:
    asked = [("", "/health/live"), ("", "/health/ready"), (token, OVERVIEW)]
    live, ready, told = await asyncio.gather(
        *(_answer(services, url, service, who, path) for who, path in asked)
    )
    if isinstance(ready, Away):
        return Replica(service, url, "away", ready.reason)
    overview = _overview(told)
    if isinstance(live, Answer) and not live.is_yes:
        return Replica(service, url, "stuck", _reason(live), overview)
    if not ready.is_yes:
        return Replica(service, url, "waits", _reason(ready), overview)
    return Replica(service, url, "ready", "" if overview else "no_figures", overview)


async def _answer(
    services: Services, url: str, service: str, token: str, path: str
) -> Answer | Away:
    try:
        return await services.ask_at(url, service, token, "GET", path)
    except Away as away:
        return away


def _reason(answer: Answer) -> str:
    told: Mapping[str, Any] = answer.document if isinstance(answer.document, dict) else {}
    return str(told.get("reason") or "no_reason")


def _overview(told: Answer | Away) -> Overview | None:
    if isinstance(told, Away) or not told.is_yes:
        return None
    try:
        return Overview.model_validate(told.document)
    except ValidationError:
        return None
