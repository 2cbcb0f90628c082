"""A form for each act that is possible now: what it asks, and what may be answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from contracts.model import ReturnKind, local_day
from reference import Presence
from routing.desk_pages.front import dossier_url
from routing.desk_pages.names import Names
from routing.domain import (
    Case,
    RoutingContext,
    act_reasons,
    allowed_acts,
    missing_papers,
    return_reasons,
    why_not,
)
from routing.domain.acts import ACTS, NOT_IN_THIS_STATUS
from routing.domain.clock import calendar_for, province_of
from routing.domain.law import MISSING_PAPER, competent_units, procedure_of
from routing.domain.rescheduling import prepared_apology

Typed = Mapping[str, Sequence[str]]
_KINDS: Mapping[str, ReturnKind] = {
    "supplement": "supplement",
    "refuse": "refused",
    "wrong_authority": "wrong_authority",
}
METHODS = ("in_person", "post", "electronic")


@dataclass(frozen=True)
class Choice:
    """Something that may be chosen, and whether it is; `group` is the heading it stands under."""

    value: str
    text: str
    picked: bool = False
    group: str = ""


@dataclass(frozen=True)
class Asked:
    """One question of a form: `many` or `one` of the choices, a choice of a `list`, a `day`."""

    name: str
    kind: Literal["many", "one", "list", "day"]
    choices: tuple[Choice, ...] = ()
    required: bool = True
    value: str = ""
    first: str = ""
    hint: str = ""
    error: str = ""


@dataclass(frozen=True)
class ActForm:
    """The form of an act."""

    act: str
    url: str
    asked: tuple[Asked, ...] = ()
    prepared: bool = False


@dataclass(frozen=True)
class Barred:
    """An act of this status that is not possible, and why."""

    act: str
    why: str


def act_forms(case: Case, context: RoutingContext, names: Names) -> tuple[ActForm, ...]:
    """Return a form for every act that is allowed now, in the order officers know."""
    return tuple(act_form(act, case, context, names) for act in allowed_acts(case, context))


def act_form(
    act: str,
    case: Case,
    context: RoutingContext,
    names: Names,
    typed: Typed | None = None,
    errors: Mapping[str, str] = {},
) -> ActForm:
    """Return the form of one act; with `typed`, filled in as it was sent."""
    ask = _ASKED.get(act)
    asked = () if ask is None else ask(act, case, context, names)
    if typed is not None:
        asked = tuple(_as_typed(one, typed.get(one.name, ())) for one in asked)
    asked = tuple(replace(one, error=errors.get(one.name, "")) for one in asked)
    prepared = act == "apologise" and prepared_apology(case, context) is not None
    return ActForm(act, f"{dossier_url(case.dossier_id)}/{act}", asked, prepared)


def barred_acts(case: Case, context: RoutingContext) -> tuple[Barred, ...]:
    """Return the acts that belong to where the case stands and are not possible, and why."""
    found = ((act, why_not(act, case, context)) for act in ACTS)
    return tuple(Barred(act, why) for act, why in found if why and why != NOT_IN_THIS_STATUS)


def _as_typed(asked: Asked, values: Sequence[str]) -> Asked:
    choices = tuple(replace(one, picked=one.value in values) for one in asked.choices)
    return replace(asked, choices=choices, value=values[0] if values else "")


def _returning(act: str, case: Case, context: RoutingContext, names: Names) -> tuple[Asked, ...]:
    missing, kind = missing_papers(case, context), _KINDS[act]
    picked = {MISSING_PAPER} if missing else set()
    reasons = return_reasons(kind, case, context)
    choices = tuple(
        Choice(row.code, names.reason(row), row.code in picked or len(reasons) == 1)
        for row in reasons
    )
    asked = Asked("reasons", "many", choices)
    return (asked, _papers(missing, case, context, names)) if kind == "supplement" else (asked,)


def _papers(missing: Sequence[str], case: Case, context: RoutingContext, names: Names) -> Asked:
    """Return every kind of paper: what is missing first and picked, then the procedure's."""
    procedure = procedure_of(case, context)
    own = procedure.attachments if procedure else ()
    every = [row.code for row in names.known.papers]
    kinds = dict.fromkeys((*missing, *own, *case.papers, *every))
    choices = tuple(Choice(kind, names.paper(kind), kind in missing) for kind in kinds)
    return Asked("papers", "many", choices, required=False)


def _reason(act: str, case: Case, context: RoutingContext, names: Names) -> tuple[Asked, ...]:
    lists = {"apologise": "apology", "verify": "verification"}
    rows = act_reasons(lists.get(act, act), case, context)
    choices = tuple(Choice(row.code, names.reason(row), len(rows) == 1) for row in rows)
    return (Asked("reason", "one", choices),)


def _forwarding(act: str, case: Case, context: RoutingContext, names: Names) -> tuple[Asked, ...]:
    """Return reason and unit: those competent for the residence first, then the province's."""
    on, known = local_day(context.now), names.known
    province = province_of(case, context)
    communes = known.communes(province, on) if province else frozenset()
    possible = communes - {case.unit_code, *case.units_before}
    competent = competent_units(case, context) & possible
    first, others = names.say("desk.units.competent"), names.say("desk.units.others")
    choices = [Choice("", names.say("desk.units.choose"))]
    for group, codes in ((first, competent), (others, possible - competent)):
        named = sorted((names.unit(code, on), code) for code in codes)
        choices += [Choice(code, f"{name} ({code})", group=group) for name, code in named]
    asked = Asked("to_unit_code", "list", tuple(choices))
    return (*_reason(act, case, context, names), asked)


def _apologising(act: str, case: Case, context: RoutingContext, names: Names) -> tuple[Asked, ...]:
    """Return reason and day as prepared, else the first working day after the old one."""
    prepared, old = prepared_apology(case, context), case.appointment
    (reason,) = _reason(act, case, context, names)
    if old is None:
        return (reason,)
    following = calendar_for(case, context).next_working_day(old.due_on)
    day = Asked("new_due_on", "day", value=following.isoformat(), first=following.isoformat())
    if prepared is None:
        return reason, day
    filled = _as_typed(reason, (prepared.reason,))
    return filled, replace(day, value=prepared.new_due_on.isoformat())


def _handing_over(act: str, case: Case, context: RoutingContext, names: Names) -> tuple[Asked, ...]:
    procedure = procedure_of(case, context)
    together = procedure is not None and procedure.presence is Presence.PARTIES
    methods = METHODS[:1] if together else METHODS
    choices = tuple(
        Choice(one, names.say(f"desk.method.{one}"), len(methods) == 1) for one in methods
    )
    return (Asked("method", "one", choices, hint="desk.hint.together" if together else ""),)


_ASKED: Mapping[str, Callable[[str, Case, RoutingContext, Names], tuple[Asked, ...]]] = {
    "supplement": _returning,
    "refuse": _returning,
    "wrong_authority": _returning,
    "forward": _forwarding,
    "stop": _reason,
    "apologise": _apologising,
    "verify": _reason,
    "hand_over": _handing_over,
}
