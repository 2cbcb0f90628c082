"""Puts together what citizens are told by: gateways, the mail server, and what holds them back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import aiohttp

from contracts.decision import Context
from notifier.channels import Mail, SmsGateway
from notifier.correspondence import Correspondence
from notifier.failover import Failover, Gateways, or_elsewhere
from notifier.gateways import BEFORE, Gateway, Sending
from notifier.limits import IsErased, erasures, unless_erased, within_horizon
from notifier.quiet import read_quiet
from notifier.receiving import Note, Receipts, notes, with_receipt
from notifier.settings import Settings, listed
from notifier.smtp import MailServer
from notifier.spending import Budget, Purse
from notifier.store import CorrespondenceStore
from notifier.timing import not_at_night, while_news
from notifier.trial import only_those
from plumbing.applying import Part
from plumbing.assembly import Running
from plumbing.calls import Caller
from reference import Reference

Of = TypeVar("Of")


@dataclass(frozen=True)
class Citizens:
    """Everything the notifier needs to tell citizens, by its settings."""

    running: Running
    settings: Settings
    reference: Reference
    mails: MailServer

    def context(self) -> Callable[[datetime], Context]:
        """Return what rules decide by: which gateways there are, and which are away now."""
        known = tuple(Gateway(one.name, one.weight) for one in self.settings.sms_gateways)
        gateways = self._gateways()
        return lambda now: Sending(now, self.reference, known, gateways.away())

    def callers(self, http: aiohttp.ClientSession) -> Mapping[str, Caller]:
        """Return the calls to every gateway and to the mail server."""
        pool = self.running.pool
        is_erased, note = erasures(pool), notes(pool)
        made = {
            name: self._sms(name, sms, is_erased, note) for name, sms in self._clients(http).items()
        }
        _of_before(made, self.settings)
        mail = Mail(self.mails)
        # A mail wakes nobody and costs nothing: it goes at any hour.
        sent = within_horizon(unless_erased(mail, mail.ask, is_erased))
        made["email"] = while_news(only_those(self._trial(), sent), pool)
        return made

    def tasks(
        self, part: Part[Correspondence], http: aiohttp.ClientSession
    ) -> list[Callable[[], Awaitable[None]]]:
        """Return what runs beside the calls."""
        running, gateways = self.running, self._gateways()
        around = (part, running.pool, running.keys, running.clock)
        asked = _of_before(self._clients(http), self.settings)
        receipts = Receipts(*around, asked, running.valves, running.wake)
        failover = Failover(*around, gateways, running.wake)
        return [receipts.run, *([failover.run] if len(gateways.names) > 1 else [])]

    def _sms(self, name: str, sms: SmsGateway, is_erased: IsErased, note: Note) -> Caller:
        """Return the call to a gateway, what holds it back on the outside, in the order asked."""
        running, settings = self.running, self.settings
        pool, clock = running.pool, running.clock
        budget = Budget(settings.sms_price, settings.sms_cap_dossier, settings.sms_cap_province)
        purse = Purse(budget, pool, CorrespondenceStore(running.keys), clock)
        quiet = read_quiet(settings.quiet_hours)
        way, ask = with_receipt(sms, note), with_receipt(sms.ask, note)
        way = or_elsewhere(way, name, self._gateways())
        sent = within_horizon(unless_erased(way, sms.ask, is_erased))
        held = while_news(only_those(self._trial(), purse.within_cap(sent)), pool)
        return not_at_night(held, ask, quiet, self.reference, clock)

    def _trial(self) -> frozenset[str] | None:
        allowed = self.settings.trial_recipients
        return None if allowed is None else listed(allowed)

    def _clients(self, http: aiohttp.ClientSession) -> dict[str, SmsGateway]:
        return {
            one.name: SmsGateway(http, one.url, one.token.get_secret_value())
            for one in self.settings.sms_gateways
        }

    def _gateways(self) -> Gateways:
        taking = [one.name for one in self.settings.sms_gateways if one.weight > 0]
        return Gateways(self.running.valves, taking)


def _of_before(by_name: dict[str, Of], settings: Settings) -> dict[str, Of]:
    """Return the gateways' parts by name, the first one's also under the name of before."""
    by_name.setdefault(BEFORE, by_name[settings.sms_gateways[0].name])
    return by_name
