"""Where the services answer, and who asks them: a token, or a person of a local stack."""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer

from console.failing import Failed

Stack = Annotated[
    Path, typer.Option(help="a local stack's status document, unless addresses are given")
]
STACK = Path(".local/run/status.json")
#: What a stack has an address of and takes no operator's orders.
_NO_SERVICE = ("sandbox", "board", "audit")
Token = Annotated[str, typer.Option(envvar="HOTICH_TOKEN", help="a token to operate")]
Command = Callable[..., Awaitable[int]]


@dataclass(frozen=True)
class Services:
    """Addresses by service, and the token of who asks, or else where that person gets one."""

    urls: Mapping[str, str]
    token: str = ""
    token_url: str = ""
    person: str = "operator"
    secret: str = field(default="", repr=False)

    def url_of(self, service: str) -> str:
        """Return the address of the service; raises Failed when there is none."""
        if service not in self.urls:
            raise Failed(f"no service {service!r}; there are: {', '.join(self.urls)}")
        return self.urls[service]


def addresses(given: Iterable[str] | None) -> dict[str, str]:
    """Return the addresses written as `service=address`; raises Failed for another shape."""
    pairs = [one.partition("=") for one in given or ()]
    if any(not (service and url) for service, _, url in pairs):
        raise Failed("write --at as service=address, like routing=http://127.0.0.1:8082")
    return {service: url.rstrip("/") for service, _, url in pairs}


def find(
    stack: Path, urls: Mapping[str, str], token: str = "", person: str = "operator"
) -> Services:
    """Return the services at the addresses, or those of the local stack; raises Failed.

    With addresses and a token no local stack is needed.
    """
    if urls and token:
        return Services(urls, token)
    status = read_status(stack)
    clients = json.loads((stack.parent / "secrets.json").read_text(encoding="utf-8"))["clients"]
    if not token and person not in clients:
        known = ", ".join(sorted(clients))
        raise Failed(f"the stack knows no {person!r}; there are: {known}")
    return Services(
        urls or {name: url for name, url in status["urls"].items() if name not in _NO_SERVICE},
        token,
        f"{status['sandbox']['url']}/oauth/token",
        person,
        "" if token else clients[person]["secret"],
    )


def read_status(stack: Path) -> dict[str, Any]:
    """Return the status document of the local stack; raises Failed when none runs."""
    if not stack.is_file():
        raise Failed(
            f"no local stack at {stack.absolute()}: run this in the clone after `make up`, "
            "name the document with --stack, or give addresses and a token"
        )
    status: dict[str, Any] = json.loads(stack.read_text(encoding="utf-8"))
    return status


@dataclass(frozen=True)
class Asking:
    """Asks services in one person's name."""

    services: Services
    session: aiohttp.ClientSession
    token: str

    async def ask(self, service: str, method: str, path: str, **how: Any) -> tuple[int, Any]:
        """Return status and document of an answer; raises Failed when there is none.

        `how` is what aiohttp takes: `params`, `json`, `data`, `headers`.
        """
        headers = {"authorization": f"Bearer {self.token}", **how.pop("headers", {})}
        url = self.services.url_of(service) + path
        try:
            async with self.session.request(method, url, headers=headers, **how) as response:
                return response.status, await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Failed(f"{service} does not answer ({type(error).__name__})") from None

    async def told(self, service: str, method: str, path: str, **how: Any) -> Any:
        """Return the document of an answer that is a yes; raises Failed with the reason if not."""
        status, document = await self.ask(service, method, path, **how)
        if status >= 300:
            raise Failed(f"{service} refuses ({status}): {why(document)}")
        return document


def why(document: Any) -> str:
    """Return what a problem document says, each wrong field on a line of its own."""
    told = document if isinstance(document, dict) else {}
    said = [str(told.get("detail") or told.get("title") or "no reason given")]
    said += [f"  {one['field']}: {one['detail']}" for one in told.get("errors", ())]
    return "\n".join(said)


@asynccontextmanager
async def asking(services: Services, *, timeout_seconds: float = 60) -> AsyncIterator[Asking]:
    """Give what asks the services, with a token; raises Failed when there is none to be had."""
    timeout = aiohttp.ClientTimeout(total=timeout_seconds)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Asking(services, session, services.token or await _token(session, services))


async def _token(session: aiohttp.ClientSession, services: Services) -> str:
    headers = {"authorization": aiohttp.encode_basic_auth(services.person, services.secret)}
    data = {"grant_type": "client_credentials"}
    try:
        async with session.post(services.token_url, headers=headers, data=data) as response:
            document = await response.json(content_type=None)
            return str(document["access_token"])
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
        raise Failed(f"no token for {services.person} ({type(error).__name__})") from None


def command(
    app: typer.Typer, name: str | None = None, *, check: Callable[..., None] | None = None
) -> Callable[[Command], Command]:
    """Return what adds a command that asks services; it returns its exit code.

    Its first argument is what asks them; the options of `_leave_with`, which say where they
    answer and who asks, come after its own. `check` is given its own before anybody is asked.
    """

    def add(ask: Command) -> Command:
        _, *own = inspect.signature(ask).parameters.values()
        _, *who = inspect.signature(_leave_with).parameters.values()

        def asked(**given: Any) -> None:
            options = {one.name: given.pop(one.name) for one in who}
            if check is not None:
                check(**given)
            _leave_with(lambda asking: ask(asking, **given), **options)

        signature = inspect.Signature([one.replace(kind=one.KEYWORD_ONLY) for one in (*own, *who)])
        asked.__signature__ = signature  # type: ignore[attr-defined]
        asked.__annotations__ = {one.name: one.annotation for one in (*own, *who)}
        asked.__name__, asked.__doc__ = ask.__name__, ask.__doc__
        app.command(name=name)(asked)
        return ask

    return add


def _leave_with(
    ask: Callable[[Asking], Awaitable[int]],
    at: Annotated[
        list[str] | None, typer.Option(help="service=address, instead of a local stack")
    ] = None,
    stack: Stack = STACK,
    token: Token = "",
    person: Annotated[
        str, typer.Option("--as", help="who of a local stack: operator or operator-2")
    ] = "operator",
) -> None:
    async def asked() -> int:
        async with asking(find(stack, addresses(at), token, person)) as asks:
            return await ask(asks)

    raise typer.Exit(asyncio.run(asked()))
