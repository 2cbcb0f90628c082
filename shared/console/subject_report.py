"""The answer to a data subject: sections of lines, as text and as one HTML page."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from console import subject_words as words
from console.subject_asking import accesses, untold
from console.subject_words import LAWS, Language, said
from contracts.model import VIETNAM
from plumbing.retention import PERSONAL

_ENVIRONMENT = Environment(
    loader=PackageLoader("console", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Section:
    """A heading and its lines."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """Everything one answer says."""

    title: str
    language: Language
    sections: tuple[Section, ...]


def answer(
    told: Mapping[str, Any], language: Language, own: Mapping[str, Any] | None = None
) -> Answer:
    """Return what was told of a dossier in words; `own` are the data in clear, by service."""

    def t(name: str) -> str:
        return said(words.TEXTS, name, language)

    dossier, code = told["dossier"], told["dossier"]["code"]
    about = [
        f"{t('dossier')}: {code}",
        f"{t('portal')}: {dossier['portal']}",
        f"{t('received')}: {_moment(dossier['received_at'])}",
    ]
    if dossier["erased_at"]:
        about.append(f"{t('erased')}: {_moment(dossier['erased_at'])}")
    sections = [
        Section(t("dossier"), tuple(about)),
        Section(t("held"), tuple(_held(told, language))),
        Section(t("may_go"), tuple(_erasable(told, language))),
        Section(t("looked"), tuple(_looked(told, language))),
        Section(t("law"), tuple(_law(language))),
    ]
    if own is not None:
        sections.append(Section(t("own"), tuple(_own(own, language))))
    return Answer(f"{t('title')} {code}", language, tuple(sections))


def as_text(found: Answer) -> str:
    """Return it as plain text."""
    parts = [found.title, ""]
    for section in found.sections:
        parts += [section.title.upper(), *(f"  {line}" for line in section.lines), ""]
    return "\n".join(parts)


def as_html(found: Answer) -> str:
    """Return it as one page that loads nothing from anywhere else."""
    return _ENVIRONMENT.get_template("subject.html").render(answer=found)


def _held(told: Mapping[str, Any], language: Language) -> Iterator[str]:
    for service in told["services"]:
        name = said(words.SERVICES, service["service"], language)
        events = said(words.TEXTS, "events", language)
        yield f"{name}: {service['events']} {events} {service['topic']}"
        for one in service["held"]:
            yield f"  · {_holding(one, language)}"


def _holding(one: Mapping[str, Any], language: Language) -> str:
    kind = said(words.PERSONAL, one["personal"], language)
    if _is_blank(one):
        kind += f"; {said(words.TEXTS, 'nothing_now', language)}"
    parts = [f"{one['table']}: {one[f'holds_{language}']} ({kind})"]
    if one["personal_rows"]:
        parts.append(", ".join(said(words.FIELDS, name, language) for name in one["fields"]))
    parts.append(f"{one['rows']} {said(words.TEXTS, 'rows', language)}")
    if one["since"]:
        parts.append(f"{said(words.TEXTS, 'since', language)} {_moment(one['since'])}")
    return "; ".join(parts)


def _is_blank(one: Mapping[str, Any]) -> bool:
    """Return whether a table may hold something personal and of this dossier does not."""
    return one["personal"] in PERSONAL and not one["personal_rows"]


def _erasable(told: Mapping[str, Any], language: Language) -> Iterator[str]:
    under_way = any(service["busy"] for service in told["services"])
    personal: list[str] = []
    blank: list[str] = []
    stays: list[str] = []
    for service in told["services"]:
        for one in service["held"]:
            of_kind = personal if one["personal_rows"] else blank if _is_blank(one) else stays
            of_kind.append(f"{service['service']}/{one['table']}")
    if not personal:
        yield said(words.TEXTS, "nothing_personal", language)
    else:
        kind = "not_yet" if under_way else "may_go"
        yield f"{said(words.TEXTS, kind, language)}: {', '.join(personal)}"
    if blank:
        yield f"{said(words.TEXTS, 'blank', language)}: {', '.join(blank)}"
    if stays:
        why = said(words.TEXTS, "why_stays", language)
        yield f"{said(words.TEXTS, 'stays', language)} ({why}): {', '.join(stays)}"


def _looked(told: Mapping[str, Any], language: Language) -> Iterator[str]:
    found = accesses(told)
    if not found:
        yield said(words.TEXTS, "nobody", language)
    people = [one for one in found if not one["actor"].startswith("service:")]
    for one in people:
        act = said(words.ACTS, one["act"], language)
        facts = [_moment(one["at"]), one["actor"], one["unit_code"], act, one["purpose"]]
        yield " · ".join(fact for fact in facts if fact)
    yield from _machine([one for one in found if one["actor"].startswith("service:")], language)
    if earlier := untold(told):
        yield f"{said(words.TEXTS, 'earlier', language)}: {earlier}"


def _machine(found: Sequence[Mapping[str, Any]], language: Language) -> Iterator[str]:
    """Yield what the machine opened, one line for each service and act."""
    counted: dict[tuple[str, str], list[str]] = {}
    for one in found:
        counted.setdefault((one["service"], one["act"]), []).append(one["at"])
    for (service, act), moments in counted.items():
        name, what = said(words.SERVICES, service, language), said(words.ACTS, act, language)
        times = said(words.TEXTS, "times", language)
        span = " – ".join(dict.fromkeys((_moment(moments[0]), _moment(moments[-1]))))
        yield f"{name}: {what}, {len(moments)} {times}, {span}"


def _law(language: Language) -> Iterator[str]:
    for law in LAWS:
        sure = said(words.CONFIDENCE, law.confidence, language)
        basis = f"{law.source}; {sure}" if law.source else sure
        yield f"{law.vi if language == 'vi' else law.en} ({basis})"


def _own(own: Mapping[str, Any], language: Language) -> Iterator[str]:
    for service, data in own.items():
        yield said(words.SERVICES, service, language)
        if not data:
            yield "  –"
        for line in json.dumps(data, ensure_ascii=False, indent=2).splitlines() if data else ():
            yield f"  {line}"


def _moment(text: str) -> str:
    at = datetime.fromisoformat(text).astimezone(VIETNAM)
    return f"{at:%H:%M:%S %d/%m/%Y}"
