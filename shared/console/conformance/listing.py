"""Checks of the list a portal may offer of its dossiers."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from console.conformance.callbacks import invented_reference
from console.conformance.checks import Kit, Seen
from console.conformance.signing import Endpoint, Heard
from contracts.portal import PortalDossier, PortalDossiers

_MOST_PAGES = 50
_MOST_ROWS, _MOST_BYTES = 1000, 4 * 1024 * 1024
_OTHER_SECRET = "whsec_" + "A" * 32
_HOUR = 3600
_EMPTY = "the list is empty: hand in a few dossiers and run it again"
_KNOWN = frozenset(PortalDossier.model_fields)


class NoList(Exception):
    """The answer is no list of dossiers; the text says why."""


@dataclass(frozen=True)
class Offered:
    """A portal's list, and the rows of its first page once it was read."""

    endpoint: Endpoint
    first: list[Mapping[str, Any]] = field(default_factory=list)

    async def ask(self, **question: Any) -> Heard:
        """Return the answer to a signed question."""
        return await self.endpoint.call(json.dumps(question).encode())

    async def page(self, **question: Any) -> tuple[list[Mapping[str, Any]], str]:
        """Return the rows of an answer and the place it goes on at; raises NoList."""
        heard = await self.ask(**question)
        if heard.status != 200:
            raise NoList(f"answered {heard.status}, not 200")
        if len(heard.body) > _MOST_BYTES:
            raise NoList("longer than 4 MB")
        try:
            document = json.loads(heard.body)
            rows, place = document["dossiers"], document.get("next", "")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NoList("no document with `dossiers`") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise NoList("`dossiers` is no list of objects")
        if not isinstance(place, str) or len(place) > 256:
            raise NoList("`next` is no text of at most 256 characters")
        if len(rows) > _MOST_ROWS:
            raise NoList(f"{len(rows)} rows, at most {_MOST_ROWS} are allowed")
        return rows, place


KIT: Kit[Offered] = Kit("listing")


@KIT.check("answers", needed=True)
async def _answers(offered: Offered) -> Seen:
    try:
        rows, place = await offered.page(after="")
    except NoList as wrong:
        return Seen(False, str(wrong))
    offered.first.extend(rows)
    return Seen(True, f"{len(rows)} rows, {'goes on' if place else 'ends'}")


@KIT.check("contract")
async def _contract(offered: Offered) -> Seen:
    odd = []
    for row in offered.first:
        try:
            PortalDossiers.model_validate({"dossiers": [row]})
        except ValidationError as error:
            odd += [".".join(map(str, one["loc"][2:])) for one in error.errors()]
    if not offered.first:
        return Seen(None, _EMPTY)
    fields = ", ".join(sorted(set(odd))[:8])
    return Seen(not odd, f"wrong or unknown fields: {fields}" if odd else f"{len(offered.first)}")


@KIT.check("nothing-personal")
async def _nothing_personal(offered: Offered) -> Seen:
    more = sorted({name for row in offered.first for name in row} - _KNOWN)
    if not offered.first:
        return Seen(None, _EMPTY)
    return Seen(not more, f"more than is wanted: {', '.join(more[:8])}" if more else "nothing more")


@KIT.check("order")
async def _order(offered: Offered) -> Seen:
    try:
        rows, pages = await _whole(offered)
    except NoList as wrong:
        return Seen(False, str(wrong))
    found = [str(row.get("portal_reference")) for row in rows]
    if not found:
        return Seen(None, _EMPTY)
    back = sum(later <= earlier for earlier, later in itertools.pairwise(found))
    return Seen(back == 0, f"{len(found)} rows on {pages} pages, {back} not greater than before")


async def _whole(offered: Offered) -> tuple[list[Mapping[str, Any]], int]:
    """Return all rows, of at most so many pages, and the pages; raises NoList."""
    rows: list[Mapping[str, Any]] = []
    place = ""
    for number in range(1, _MOST_PAGES + 1):
        page, following = await offered.page(after=place)
        rows += page
        if not following:
            return rows, number
        if following <= place:
            raise NoList(f"page {number}: `next` is not greater than the place asked for")
        place = following
    return rows, _MOST_PAGES


@KIT.check("after")
async def _after(offered: Offered) -> Seen:
    found = _references(offered.first)
    if len(found) < 2:
        return Seen(None, _EMPTY)
    try:
        rows, _ = await offered.page(after=found[0])
    except NoList as wrong:
        return Seen(False, str(wrong))
    got = _references(rows)[: len(found) - 1]
    return Seen(got == found[1:], f"{len(rows)} rows after the first")


@KIT.check("references")
async def _references_alone(offered: Offered) -> Seen:
    wanted = _references(offered.first)[:3]
    try:
        rows, _ = await offered.page(references=[*wanted, invented_reference()])
    except NoList as wrong:
        return Seen(False, str(wrong))
    return Seen(
        sorted(_references(rows)) == sorted(wanted), f"asked {len(wanted) + 1}: {len(rows)}"
    )


@KIT.check("thousand")
async def _thousand(offered: Offered) -> Seen:
    invented = [f"{invented_reference()}-{n}" for n in range(_MOST_ROWS)]
    try:
        rows, _ = await offered.page(references=invented)
    except NoList as wrong:
        return Seen(False, str(wrong))
    return Seen(not rows, f"{len(rows)} of 1,000 invented ones")


@KIT.check("since")
async def _since(offered: Offered) -> Seen:
    long_ago, ahead = "2000-01-01T00:00:00+07:00", datetime.now(UTC) + timedelta(days=400)
    try:
        all_rows, _ = await offered.page(after="", since=long_ago)
        none, _ = await offered.page(after="", since=ahead.isoformat(timespec="seconds"))
    except NoList as wrong:
        return Seen(False, str(wrong))
    is_same = _references(all_rows) == _references(offered.first)
    return Seen(is_same and not none, f"since 2000: {len(all_rows)}, from the future: {len(none)}")


@KIT.check("same-again")
async def _same_again(offered: Offered) -> Seen:
    try:
        rows, _ = await offered.page(after="")
    except NoList as wrong:
        return Seen(False, str(wrong))
    return Seen(rows == offered.first, f"{len(rows)} rows again")


@KIT.check("wrong-secret")
async def _wrong_secret(offered: Offered) -> Seen:
    heard = await offered.endpoint.call(b'{"after": ""}', secret=_OTHER_SECRET)
    return Seen(heard.is_no, heard.shown)


@KIT.check("unsigned")
async def _unsigned(offered: Offered) -> Seen:
    heard = await offered.endpoint.call(b'{"after": ""}', headers={"webhook-signature": ""})
    return Seen(heard.is_no, heard.shown)


@KIT.check("old-timestamp")
async def _old(offered: Offered) -> Seen:
    heard = await offered.endpoint.call(b'{"after": ""}', age_seconds=_HOUR)
    return Seen(heard.is_no, heard.shown)


@KIT.check("sheltered")
async def _sheltered(offered: Offered) -> Seen:
    return Seen(offered.endpoint.is_sheltered, offered.endpoint.url.partition(":")[0])


def _references(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(row.get("portal_reference")) for row in rows]
