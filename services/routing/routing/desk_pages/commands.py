"""What an officer sent in a form, read as a command; and whether it was done before."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Literal, cast, get_args

from contracts.model import ReturnKind, local_day
from pages.forms import Form
from routing.arguments import Command
from routing.desk_pages.act_forms import METHODS
from routing.domain import (
    Accept,
    Apologise,
    Forward,
    GiveBack,
    HandOver,
    Resume,
    Stop,
    TrailEntry,
    Verify,
    Withdraw,
)

Act = Literal[
    "accept",
    "supplement",
    "refuse",
    "wrong_authority",
    "forward",
    "withdraw",
    "stop",
    "resume",
    "apologise",
    "verify",
    "hand_over",
]
ACT_NAMES: tuple[Act, ...] = get_args(Act)
_REVISION = re.compile(r"[0-9]{1,9}")
_CODE = re.compile(r"[a-z0-9_]{1,64}")
_UNIT = re.compile(r"[0-9]{3}|[0-9]{5}")
_MOST_REASONS, _MOST_PAPERS = 10, 20


class Unreadable(Exception):
    """A field is not filled in, or not as it can be: `field` names it, `key` the sentence."""

    def __init__(self, field: str, key: str) -> None:
        super().__init__(key)
        self.field, self.key = field, key


def seen_of(form: Form) -> int | None:
    """Return the revision the officer decided on; None for a form that names none."""
    text = form.text("revision")
    return int(text) if _REVISION.fullmatch(text) else None


def command_of(act: Act, form: Form, person: str) -> Command:
    """Return the command the form asks for; raises Unreadable for the first field at fault."""
    return _READ[act](form, person)


def _give_back(kind: ReturnKind) -> Callable[[Form, str], Command]:
    def read(form: Form, person: str) -> Command:
        papers = _codes(form, "papers", _MOST_PAPERS) if kind == "supplement" else ()
        reasons = _codes(form, "reasons", _MOST_REASONS)
        if not reasons:
            raise Unreadable("reasons", "desk.error.reasons")
        return GiveBack(person, kind, reasons, papers)

    return read


def _codes(form: Form, name: str, most: int) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(form.all(name)))
    if len(codes) > most or not all(map(_CODE.fullmatch, codes)):
        raise Unreadable(name, "desk.error.not_in_the_list")
    return codes


def _reason(form: Form) -> str:
    (reason,) = _codes(form, "reason", 1) or ("",)
    if not reason:
        raise Unreadable("reason", "desk.error.reason")
    return reason


def _forward(form: Form, person: str) -> Command:
    reason, to = _reason(form), form.text("to_unit_code")
    if not _UNIT.fullmatch(to):
        raise Unreadable("to_unit_code", "desk.error.unit")
    return Forward(person, to, reason)


def _apologise(form: Form, person: str) -> Command:
    reason = _reason(form)
    try:
        return Apologise(person, reason, date.fromisoformat(form.text("new_due_on")))
    except ValueError:
        raise Unreadable("new_due_on", "desk.error.day") from None


def _hand_over(form: Form, person: str) -> Command:
    method = form.text("method")
    if method not in METHODS:
        raise Unreadable("method", "desk.error.method")
    return HandOver(person, cast(Literal["in_person", "post", "electronic"], method))


_READ: Mapping[Act, Callable[[Form, str], Command]] = {
    "accept": lambda form, person: Accept(person),
    "supplement": _give_back("supplement"),
    "refuse": _give_back("refused"),
    "wrong_authority": _give_back("wrong_authority"),
    "forward": _forward,
    "withdraw": lambda form, person: Withdraw(person),
    "stop": lambda form, person: Stop(person, _reason(form)),
    "resume": lambda form, person: Resume(person),
    "apologise": _apologise,
    "verify": lambda form, person: Verify(person, _reason(form)),
    "hand_over": _hand_over,
}


def was_done(command: Command, entries: Sequence[TrailEntry]) -> bool:
    """Return whether one of the entries is this very command of this very person.

    A second click, a form sent again, a second tab: who finds it done meant nothing else.
    """
    return any(entry.actor == command.actor and _says(command, entry) for entry in entries)


def _says(command: Command, entry: TrailEntry) -> bool:
    event, same = _LEFT[type(command)]
    return entry.event == event and same(command, entry)


def _same_return(command: GiveBack, entry: TrailEntry) -> bool:
    return entry.note == " ".join((command.kind, *command.reasons, *command.papers))


def _same_forward(command: Forward, entry: TrailEntry) -> bool:
    return entry.unit_code == command.to_unit_code and _same_reason(command, entry)


def _same_reason(command: Forward | Stop, entry: TrailEntry) -> bool:
    return entry.note.split()[:1] == [command.reason]


def _same_apology(command: Apologise, entry: TrailEntry) -> bool:
    same_day = entry.due_at is not None and local_day(entry.due_at) == command.new_due_on
    return same_day and entry.note == f"apology {command.reason}"


def _always(command: Command, entry: TrailEntry) -> bool:
    return True


#: The event each command leaves on the trail, and whether its note says the same.
_LEFT: Mapping[type, tuple[str, Callable[[Any, TrailEntry], bool]]] = {
    Accept: ("accepted", _always),
    GiveBack: ("returned", _same_return),
    Forward: ("forwarded", _same_forward),
    Withdraw: ("withdrawn", _always),
    Stop: ("stopped", _same_reason),
    Resume: ("resumed", _always),
    Apologise: ("rescheduled", _same_apology),
    Verify: ("rescheduled", lambda command, one: one.note == f"verification {command.reason}"),
    HandOver: ("handed_over", lambda command, one: one.note == command.method),
}


def was_left_by(act: str, entries: Sequence[TrailEntry], person: str) -> bool:
    """Return whether one of the entries is an act of that name by that person."""
    event = _EVENTS.get(act)
    return any(entry.event == event and entry.actor == person for entry in entries)


_EVENTS: Mapping[str, str] = {
    "accept": "accepted",
    "supplement": "returned",
    "refuse": "returned",
    "wrong_authority": "returned",
    "forward": "forwarded",
    "withdraw": "withdrawn",
    "stop": "stopped",
    "resume": "resumed",
    "apologise": "rescheduled",
    "verify": "rescheduled",
    "hand_over": "handed_over",
}
