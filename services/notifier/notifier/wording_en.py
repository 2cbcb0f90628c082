"""The words for each step in English: what happened, why, and what to do next."""

from collections.abc import Mapping

from contracts.model import Step, local_day
from notifier.correspondence import News
from notifier.wording import Phrases, Wording, Words, acts, papers, promised, returns
from reference import Reference

_OTHER_PAPER = "the papers named on the portal you used"
_ASK = "for questions please contact the People's Committee that received it."
PHRASES = Phrases(
    opening="Dossier",
    greeting="Dear {name},",
    somebody="Sir or Madam",
    closing="This message was sent automatically, please do not reply.",
    reasons="Why",
    papers="Papers to hand in",
    see_portal="see the reasons on the portal you used",
    crossed=(
        "but the civil-status event was registered: "
        "please contact the People's Committee in charge."
    ),
)


def _submitted(news: News, reference: Reference) -> Wording:
    if news.kind == "imported":
        then = "its code stays, do not submit it again; please wait for the next message."
        return Wording("was moved to the new system", then)
    then = "please keep this code and wait to hear that it is accepted."
    what = "was sent to the civil-status authority"
    return Wording(what, then, short="was sent")


def _resubmitted(news: News, reference: Reference) -> Wording:
    if news.final:
        return Wording("had ended, what you added does not change the result", _ASK)
    return Wording("has what you added", "please wait to hear from the authority.")


def _forwarded(news: News, reference: Reference) -> Wording:
    unit = reference.unit(news.unit_code or "", local_day(news.occurred_at))
    where = f"the People's Committee of {unit.name}" if unit else "the competent authority"
    reasons = acts(news, "forward", reference, "en")
    return Wording(f"was passed on to {where}", "do not submit it again.", reasons)


def _accepted(news: News, reference: Reference) -> Wording:
    if when := promised(news, "en"):
        return Wording("was accepted", f"result due {when}; nothing to do for now.")
    what = "was accepted and is being worked on"
    then = "please wait to hear of the result, nothing to do for now."
    return Wording(what, then, short="was accepted")


def _returned(news: News, reference: Reference) -> Wording:
    reasons = returns(news, reference, "en")
    listed = papers(news, reference, "en", _OTHER_PAPER)
    if news.kind == "refused":
        return Wording("was refused", _ASK, reasons, listed)
    if news.kind == "wrong_authority":
        then = "please submit it to the right authority on the portal you used."
        return Wording("was sent to an authority that is not competent", then, reasons, listed)
    when = promised(news, "en")
    until = f", at the latest {when}" if when else ""
    then = f"please add what is missing on the portal you used{until}."
    return Wording("is not complete", then, reasons, listed)


def _rescheduled(news: News, reference: Reference) -> Wording:
    when = promised(news, "en") or "as told on the portal you used"
    if news.kind == "verification":
        reasons = acts(news, "verification", reference, "en")
        return Wording("needs to be verified", f"result due {when}.", reasons)
    reasons = acts(news, "apology", reference, "en")
    return Wording("is late", f"new day of the result: {when}.", reasons, opening="Sorry, dossier")


def _stopped(news: News, reference: Reference) -> Wording:
    reasons = acts(news, "stop", reference, "en")
    if news.final:
        then = "if you still need it, please submit a new one."
        return Wording("was stopped and has ended", then, reasons)
    return Wording("is stopped for now", "please wait to hear that work goes on.", reasons)


def _resumed(news: News, reference: Reference) -> Wording:
    if when := promised(news, "en"):
        return Wording("is being worked on again", f"result due {when}.")
    return Wording("is being worked on again", "please wait for the next message.")


def _withdrawn(news: News, reference: Reference) -> Wording:
    then = "if you did not ask for that, please contact the People's Committee that received it."
    return Wording("was withdrawn and has ended", then, short="was withdrawn")


def _registered(news: News, reference: Reference) -> Wording:
    if news.crossed:
        then = "please contact the People's Committee in charge, it will tell you what to do."
        return Wording("was registered although it had ended", then, short="was registered")
    then = "please collect the result at the People's Committee in charge or on the portal."
    return Wording("was registered", then)


def _personal_id_assigned(news: News, reference: Reference) -> Wording:
    then = "see the birth certificate or the portal you used."
    return Wording("now has the child's personal number", then)


def _registration_corrected(news: News, reference: Reference) -> Wording:
    then = "please collect the result again at the People's Committee in charge."
    return Wording("has an entry in the register that was corrected", then, short="was corrected")


WORDS: Mapping[Step, Words] = {
    "submitted": _submitted,
    "resubmitted": _resubmitted,
    "forwarded": _forwarded,
    "accepted": _accepted,
    "returned": _returned,
    "rescheduled": _rescheduled,
    "stopped": _stopped,
    "resumed": _resumed,
    "withdrawn": _withdrawn,
    "registered": _registered,
    "personal_id_assigned": _personal_id_assigned,
    "registration_corrected": _registration_corrected,
}
