"""What the citizen reads: one plain sentence for each step, as SMS or as a mail around it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from unicodedata import category

from contracts.model import Language, Step
from notifier import wording_en, wording_vi
from notifier.correspondence import News
from notifier.wording import VERSION, Phrases, Wording, Words
from reference import Reference

#: Six parts of an SMS in Vietnamese letters; what is longer points to the portal instead.
LONGEST_SMS = 402

#: What programs for mail make a link of, among names.
_LINK = re.compile(r"\.[^\s.]")

_LANGUAGES: Mapping[Language, tuple[Mapping[Step, Words], Phrases]] = MappingProxyType(
    {
        "vi": (wording_vi.WORDS, wording_vi.PHRASES),
        "en": (wording_en.WORDS, wording_en.PHRASES),
    }
)


def template_of(language: Language) -> str:
    """Return which words a message in that language has today: `vi-2`."""
    return f"{language}-{VERSION}"


def sms_text(dossier_code: str, news: News, reference: Reference, language: Language = "vi") -> str:
    """Return the one sentence for a phone, at most LONGEST_SMS characters; it names nobody."""
    words, phrases = _words(news, reference, language)
    text = _sentence(dossier_code, words, phrases)
    if len(text) <= LONGEST_SMS:
        return text
    return f"{_start(dossier_code, words, phrases)}, {phrases.see_portal}; {words.then}"


def mail_subject(
    dossier_code: str, news: News, reference: Reference, language: Language = "vi"
) -> str:
    """Return the subject; it names nobody."""
    words, phrases = _words(news, reference, language)
    return f"{words.opening or phrases.opening} {dossier_code} {words.subject}"


def mail_text(
    dossier_code: str,
    full_name: str,
    news: News,
    reference: Reference,
    language: Language = "vi",
) -> str:
    """Return the text of the mail: greeting, what happened, why, and what to do next."""
    words, phrases = _words(news, reference, language)
    if not (words.reasons or words.papers):
        told = [_sentence(dossier_code, words, phrases)]
    else:
        told = [
            f"{_start(dossier_code, words, phrases)}.",
            *_listed(phrases.reasons, words.reasons),
            *_listed(phrases.papers, words.papers),
            f"{words.then[0].upper()}{words.then[1:]}",
        ]
    greeting = phrases.greeting.format(name=_named(full_name) or phrases.somebody)
    return "\n\n".join([greeting, *told, phrases.closing]) + "\n"


def _named(full_name: str) -> str:
    """Return the name if it reads as one, else nothing.

    Whoever hands in a dossier writes name and address: our mails carry nobody's link or message.
    """
    between = all(one.isalpha() or category(one)[0] == "M" or one in " '’-." for one in full_name)
    return full_name if between and not _LINK.search(full_name) else ""


def _words(news: News, reference: Reference, language: Language) -> tuple[Wording, Phrases]:
    """Return the words for a step, and what stands around them; they name nobody.

    What the register entered although the one-stop had ended it is said with whichever of the
    two is told last.
    """
    steps, phrases = _LANGUAGES[language]
    words = steps[news.step](news, reference)
    is_end_of_what_is_registered = news.crossed and news.step != "registered"
    return replace(words, then=phrases.crossed) if is_end_of_what_is_registered else words, phrases


def _start(dossier_code: str, words: Wording, phrases: Phrases) -> str:
    return f"{words.opening or phrases.opening} {dossier_code} {words.what}"


def _sentence(dossier_code: str, words: Wording, phrases: Phrases) -> str:
    title = f"{phrases.papers[0].lower()}{phrases.papers[1:]}"
    papers = [f"{title}: {', '.join(words.papers)}"] if words.papers else []
    listed = "; ".join([*words.reasons, *papers])
    why = f": {listed}" if listed else ""
    return f"{_start(dossier_code, words, phrases)}{why}; {words.then}"


def _listed(title: str, lines: Sequence[str]) -> list[str]:
    return [f"{title}:\n" + "\n".join(f"- {line}" for line in lines)] if lines else []
