"""I3: each step was told once, to the citizen and to the portal; a doubtful mail is said so."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.chaos.campaign.invariants.finding import Facts, Verdict, verdict
from tests.chaos.campaign.said import Said
from tests.chaos.campaign.steps import Step, is_silent, steps_of

_ROUND = re.compile(r"-\d+$")

#: Of a dossier: how often each step was told, by step and channel.
Told = Counter[tuple[str, str]]


def told_once(facts: Facts) -> Verdict:
    """I3: one message to the citizen and one callback for each step there is to tell."""
    by_code: defaultdict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for (code, key, channel), times in facts.outside.told.items():
        by_code[code][key, channel] = times
    breaches: list[str] = []
    expected = abandoned = 0
    for dossier, code in facts.dossiers.items():
        steps = steps_of(facts.log, dossier)
        expected += sum(step.citizen_must for step in steps)
        abandoned += sum(1 for _ in facts.log.about(dossier, "notification_abandoned"))
        breaches += _citizen(facts, dossier, code, steps, by_code.pop(code, {}))
        breaches += _portal(facts, dossier, code, steps)
    phantoms = _phantom_codes(facts)
    breaches += [f"{code}: told, and no dossier" for code in by_code.keys() - phantoms]
    kinds = facts.outside.kinds
    doubles = sum(times - 1 for times in facts.outside.told.values())
    return verdict(
        "I3 told once",
        f"{expected} steps for citizens",
        f"{kinds['sms.sent']} SMS, {kinds['mail.sent']} mails, {doubles} double,"
        f" {abandoned} given up; {kinds['portal.callback']} callbacks",
        breaches,
    )


def _citizen(
    facts: Facts,
    dossier: str,
    code: str,
    steps: Sequence[Step],
    told: dict[tuple[str, str], int],
) -> Iterator[str]:
    for (key, channel), times in told.items():
        if times != 1:
            yield f"{code}: told {times} times of {key} by {channel}"
    for key in {key for key, _ in told}:
        if len([1 for known, _ in told if known == key]) > 1:
            yield f"{code}: told of {key} by SMS and by mail"
    said = Counter[str]()
    words = list(facts.log.about(dossier, "citizen_notified", "notification_abandoned"))
    for word in words:
        said[word.data["about"]] += 1
    names = {step.event.id: step.name for step in steps if not is_silent(step)}
    for step in steps:
        times = said[step.event.id]
        if times > 1 or (step.citizen_must and times != 1):
            yield f"{code}: {times} words of the notifier on {step.name}, {step.event.id}"
    yield from (f"{code}: told of {about}, no step" for about in said.keys() - names.keys())
    yield from _against_journal(code, words, names, told)


def _against_journal(
    code: str, words: Sequence[Said], names: dict[str, str], told: dict[tuple[str, str], int]
) -> Iterator[str]:
    """Compare what the notifier says it told with what the outside got, step by step."""
    sent: Told = Counter((_ROUND.sub("", key), channel) for key, channel in told)
    said, doubtful = Told(), Counter[str]()
    for word in words:
        step = names.get(word.data["about"], "")
        if word.name == "citizen_notified":
            said[step, word.data["channel"]] += 1
        elif word.data["reason"] == "in_doubt":
            doubtful[step] += 1
        else:
            yield f"{code}: {step} given up: {word.data['reason']}"
    for step, channel in sent.keys() | said.keys():
        times, claimed = sent[step, channel], said[step, channel]
        most = claimed + (doubtful[step] if channel == "email" else 0)
        if not claimed <= times <= most:
            yield f"{code}: {step} by {channel} {times} times, the log says {claimed}"


def _portal(facts: Facts, dossier: str, code: str, steps: Sequence[Step]) -> Iterator[str]:
    got = Counter(heard.event_id for heard in facts.outside.callbacks.get(code, ()))
    said = Counter(one.data["about"] for one in facts.log.about(dossier, "portal_informed"))
    for step in steps:
        times = got[step.event.id]
        if times > 1 or (step.portal_must and times != 1):
            yield f"{code}: portal told {times} times of {step.name}"
        if said[step.event.id] != times:
            yield f"{code}: portal told {times} times of {step.name}, the log says otherwise"
    strange = (got.keys() | said.keys()) - {step.event.id for step in steps}
    yield from (f"{code}: portal told of {event}, no step" for event in strange)


def _phantom_codes(facts: Facts) -> set[str]:
    events = facts.forgeries.events.values()
    return {one.code for chain in events for one in chain}
