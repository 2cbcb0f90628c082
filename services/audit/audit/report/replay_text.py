"""A replay as a person reads it, in either language."""

from collections.abc import Iterator

from audit.questions.saying import Saying
from audit.replaying.results import Replay
from audit.replaying.rules import Rules
from audit.replaying.showing import differing_of
from audit.report.decided import decided
from audit.report.replayed import asked_in_words, counts_in_words
from audit.report.saying import say


def text_of(found: Replay, rules: Rules, saying: Saying) -> str:
    """Return what differs and how many decisions were judged, as lines."""
    return "\n".join(_lines(found, rules, saying))


def _lines(found: Replay, rules: Rules, saying: Saying) -> Iterator[str]:
    language = saying.language
    for one in found.differences:
        judged = one.judged
        aspects = "; ".join(say(language, f"aspect.{name}") for name in judged.differs)
        kind = say(language, f"kind.{judged.kind}")
        yield f"{one.code or one.dossier_id} {kind} ({aspects})"
        for key, (first, *more) in zip(
            ("replay.log", "replay.rules"), decided(saying, judged), strict=True
        ):
            yield say(language, key, text=first)
            yield from (f"    - {line}" for line in more)
    listed = len({one.dossier_id for one in found.differences})
    if listed < found.dossiers_differing:
        yield say(language, "replay.more", count=found.dossiers_differing - listed)
    yield f"{found.origin}. {_asked(rules, saying)}"
    for kind, count in sorted(found.judged.items()):
        yield _counted(kind, count, differing_of(found, kind), saying)
    yield from _remarks(found, rules, saying)
    yield counts_in_words(saying, found)


def _asked(rules: Rules, saying: Saying) -> str:
    if rules.named is None:
        return say(saying.language, "replay.own", version=rules.asked.version)
    return asked_in_words(saying, rules.named, rules.asked.version)


def _counted(kind: str, count: int, differing: dict[str, int], saying: Saying) -> str:
    language = saying.language
    parts = ", ".join(
        f"{'; '.join(say(language, f'aspect.{name}') for name in what.split())}: {n}"
        for what, n in differing.items()
    )
    line = say(
        language,
        "replay.counted",
        kind=say(language, f"kind.{kind}"),
        count=count,
        differing=sum(differing.values()),
    )
    return f"{line} ({parts})" if parts else line


def _remarks(found: Replay, rules: Rules, saying: Saying) -> Iterator[str]:
    others = {version for version in found.versions if version != rules.own.version}
    if others:
        count = sum(found.versions[version] for version in others)
        versions = ", ".join(sorted(others))
        yield say(saying.language, "replay.versions", count=count, versions=versions)
    if found.never_submitted:
        yield say(saying.language, "replay.never_submitted", count=found.never_submitted)
