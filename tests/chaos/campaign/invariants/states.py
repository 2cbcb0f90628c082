"""I12: what happened is legal step by step, and each service's state is what the log gives."""

from collections.abc import Iterator, Sequence

from reference import Reference, load
from tests.chaos.campaign.evidence import Row
from tests.chaos.campaign.invariants.finding import Facts, Verdict, verdict
from tests.chaos.campaign.outside import Callback
from tests.chaos.campaign.said import Said

_START = "unseen"
#: Which event of the one-stop may come in which state, and the state after it; None: it stays.
_LEGAL: dict[str, tuple[frozenset[str], str | None]] = {
    "routed": (frozenset({_START, "received", "supplement", "accepted", "closed"}), "received"),
    "forwarded": (
        frozenset({_START, "received", "supplement", "accepted", "stopped", "registered"}),
        None,
    ),
    "accepted": (frozenset({"received"}), "accepted"),
    "returned": (frozenset({_START, "received", "accepted", "stopped"}), None),
    "stopped": (frozenset({"received", "accepted", "supplement"}), "stopped"),
    "resumed": (frozenset({"stopped"}), None),
    "rescheduled": (frozenset({"received", "accepted", "stopped"}), None),
    "withdrawn": (
        frozenset({"received", "supplement", "accepted", "stopped", "closed"}),
        "withdrawn",
    ),
    "handed_over": (frozenset({"accepted", "registered"}), "handed_over"),
}
_DECIDED = frozenset({"refused", "wrong_authority", "withdrawn", "handed_over"})
_REGISTRATIONS = frozenset({"registered", "returned", "refused_meanwhile"})


def legal_and_replayable(facts: Facts) -> Verdict:
    """I12: every transition is legal, and the log replayed gives the states in the databases."""
    reference = load()
    cases = {row["dossier_id"]: row for row in facts.tables("routing").get("dossier_case", ())}
    registrations = {
        row["dossier_id"]: row for row in facts.tables("registry-sync").get("registration", ())
    }
    breaches: list[str] = []
    for dossier, code in facts.dossiers.items():
        state, illegal = replayed(facts.log.of(dossier, "routing"))
        breaches += [f"{code}: {why}" for why in illegal]
        said = list(facts.log.about(dossier, "registered", "register_returned"))
        is_registered = any(one.name == "registered" for one in said)
        if is_registered and state not in _DECIDED:
            state = "registered"
        breaches += _case(facts, dossier, state, cases.get(dossier, {}))
        row = registrations.get(dossier)
        if any(facts.log.about(dossier, "accepted")):
            breaches += _registration(code, is_registered, row or {})
        breaches += _heard(code, facts.outside.callbacks.get(code, ()), reference)
    return verdict(
        "I12 legal, and the log gives the states",
        f"{len(facts.dossiers)} dossiers",
        f"{len(cases)} cases, {len(registrations)} registrations",
        breaches,
    )


def replayed(chain: Sequence[Said]) -> tuple[str, list[str]]:
    """Return the state the one-stop's own events lead to, and each that was not legal there."""
    state, before, illegal = _START, _START, []
    for one in chain:
        if one.name not in _LEGAL:
            continue
        sources, after = _LEGAL[one.name]
        if state not in sources:
            illegal.append(f"{one.name} after {state}")
        if one.name == "stopped":
            before = state
        state = _after(one, after, state, before)
    return state, illegal


def _after(one: Said, after: str | None, state: str, before: str) -> str:
    match one.name:
        case "returned":
            return str(one.data["kind"])
        case "stopped" if one.data["final"]:
            return "closed"
        case "resumed":
            return before
        case "forwarded" if state == _START:
            return "received"
    return after or state


def _case(facts: Facts, dossier: str, state: str, row: Row) -> Iterator[str]:
    """Yield what is wrong with the one-stop's case: another state, or an event heard twice."""
    code = facts.dossiers[dossier]
    if row.get("status") != state or row["code"] != code:
        yield f"{code}: routing has {row.get('status')}, the log {state}"
        return
    events = sum(one.service != "notifier" for one in facts.log.by_dossier[dossier])
    if row["trail"] != events:
        yield f"{code}: {row['trail']} lines on the trail, {events} events on the log"


def _registration(code: str, is_registered: bool, row: Row) -> Iterator[str]:
    """Yield what is wrong with registry-sync's state; of a closed one nothing more is asked."""
    status = row.get("status")
    if status is None or is_registered != (status == "registered"):
        yield f"{code}: registry-sync has {status}, registered on the log: {is_registered}"
    elif status not in _REGISTRATIONS and not row["closed"]:
        yield f"{code}: registry-sync still has {status}"


def _heard(code: str, heard: Sequence[Callback], reference: Reference) -> Iterator[str]:
    """Yield each status the portal heard of that may not follow the one before, by the law."""
    current = 0
    for one in heard:
        for status in one.passed:
            row = reference.status(current) if current else None
            if status not in (row.next if row else (1,)):
                yield f"{code}: the portal heard {status} after {current}, with {one.step}"
            current = status
        if one.status != current:
            yield f"{code}: the portal heard {one.status} and passed to {current}"
