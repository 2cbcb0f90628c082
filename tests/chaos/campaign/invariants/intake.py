"""I1: what a portal was told it handed in is one dossier, and every dossier comes to its end."""

from collections.abc import Iterator

from tests.chaos.campaign.course import Sent
from tests.chaos.campaign.invariants.finding import Facts, Verdict, verdict
from tests.chaos.campaign.outside import Party
from tests.chaos.campaign.said import Log

REJECTED = "rejected"
#: The one-stop's own words after which nothing more is decided, unless the portal sends more.
_FINAL_RETURNS = ("returned:refused", "returned:wrong_authority", "returned:supplement")


def outcome(log: Log, dossier: str) -> str:
    """Return what became of a dossier in the words of a sample's `expect`; "" for no end yet.

    The register's entry counts above all that only stands still; a decision the citizen was told
    (refused, withdrawn) stays.
    """
    ended = ""
    for one in log.of(dossier, "routing"):
        match one.name:
            case "returned":
                ended = f"returned:{one.data['kind']}"
            case "withdrawn":
                ended = "withdrawn"
            case "stopped" if one.data["final"]:
                ended = "stopped"
            case "routed" | "accepted":
                ended = ""
            case "handed_over":
                ended = "registered"
    is_registered = any(log.about(dossier, "registered"))
    undone = ended in ("", "stopped", "returned:supplement")
    return "registered" if is_registered and undone else ended


def allowed(facts: Facts, sent: Sent) -> set[str]:
    """Return the ends that are right for a dossier, by what its portal sent after it.

    A withdrawal may come too late, or, as a supplement, never: its portal got no answer and gave
    up. What was not handed in is waited for.
    """
    follow_ups, handed_in = facts.outside.follow_ups, facts.outside.handed_in
    right = {sent.expect}
    if follow_ups[sent.portal, sent.reference, "withdrawal"]:
        right |= {"withdrawn", "registered"}
    if sent.expect == "withdrawn" and not handed_in[sent.portal, sent.reference, "withdrawal"]:
        right |= {"returned:supplement"}
    if sent.expect == "registered" and not handed_in[sent.portal, sent.reference, "supplement"]:
        right |= {"returned:supplement"}
    return right


def every_intake_is_one_dossier(facts: Facts) -> Verdict:
    """I1: every acknowledged intake has one dossier at its end; every unanswered one or none."""
    breaches = [line for sent in facts.course.sent for line in _of_one(facts, sent)]
    breaches += _invented(facts)
    outcomes = [one.outcome for one in facts.course.sent]
    tally = ", ".join(f"{outcomes.count(kind)} {kind}" for kind in ("ok", "refused", "info"))
    return verdict(
        "I1 one dossier for each intake, and its end",
        f"{len(outcomes)} sent: {tally}",
        f"{len(facts.dossiers)} dossiers on the log",
        breaches,
    )


def _of_one(facts: Facts, sent: Sent) -> Iterator[str]:
    party = (sent.portal, sent.reference)
    name = f"{sent.portal} {sent.reference}"
    found = facts.submitted.get(party, [])
    codes = facts.outside.codes[party] | ({sent.code} if sent.code else set())
    if len(found) > 1 or len(codes) > 1:
        yield f"{name}: {len(found)} dossiers, codes {sorted(codes)}"
    if sent.expect == REJECTED or (sent.outcome == "refused" and not codes):
        if found:
            yield f"{name}: {found[0].code} was taken, though it was refused"
        elif sent.expect != REJECTED:
            yield f"{name}: refused, expected {sent.expect}"
        return
    if not found:
        if codes or sent.outcome == "ok":
            yield f"{name}: lost, the portal has the code {sorted(codes)}"
        return
    if codes - {found[0].code}:
        yield f"{name}: the portal has {sorted(codes)}, the log {found[0].code}"
    yield from _end(facts, sent, found[0].dossier, f"{name} ({found[0].code})")


def _end(facts: Facts, sent: Sent, dossier: str, name: str) -> Iterator[str]:
    if dossier not in facts.taken:
        yield f"{name}: not in the intake's database"
    became = outcome(facts.log, dossier)
    if not became:
        yield f"{name}: has no end, expected {sent.expect}"
    elif became not in allowed(facts, sent):
        yield f"{name}: {became}, expected {sent.expect}"


def _invented(facts: Facts) -> Iterator[str]:
    known: dict[Party, Sent] = facts.sent
    for party, found in facts.submitted.items():
        if party not in known and found[0].dossier in facts.dossiers:
            yield f"{party[0]} {party[1]}: {found[0].code}, which nobody sent"
    for row in facts.tables("intake").get("dossier", ()):
        if (row["portal"], row["portal_reference"]) not in facts.submitted:
            yield f"{row['portal']} {row['portal_reference']}: {row['code']} is not on the log"
