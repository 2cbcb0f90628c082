"""What a report says from top to bottom; the HTML and the PDF only draw it."""

import re
from collections.abc import Sequence
from datetime import date
from hashlib import sha256

from audit.findings import Finding, Verdict
from audit.notes import Verifier
from audit.questions.saying import Saying, day, moment, percent
from audit.questions.statistics import Punctuality, old_and_new, quantile
from audit.replaying.showing import changes_of
from audit.report.gathering import Facts
from audit.report.layout import Page, Section, Table
from audit.report.replayed import asked_in_words, counts_in_words, example, examples_of
from audit.report.saying import finding_in_words, say
from pages.words import Language

_COUNTED = (
    *("submitted", "accepted", "returned", "rescheduled", "stopped", "closed", "withdrawn"),
    *("registered", "handed_over", "told", "not_told"),
)
_MOST_ROWS = 50
_NUMBER = re.compile(r"^[0-9]+$|^([0-9]+|–) %$")


def page_of(facts: Facts, language: Language) -> Page:
    """Return the report in one of the languages."""
    return _Writing(facts, language).page()


class _Writing:
    def __init__(self, facts: Facts, language: Language) -> None:
        self.facts, self.language, self.saying = facts, language, Saying(language)

    def say(self, key: str, /, **places: object) -> str:
        return say(self.language, key, **places)

    def page(self) -> Page:
        facts, verdict = self.facts, self.facts.verification.verdict
        parts = [self._archive(), self._verification(), self._witnesses(), self._completeness()]
        parts += [self._figures(), self._deadlines(), self._move(), self._accesses()]
        if facts.asked.rules is not None:
            parts.append(self._replayed())
        as_of = moment(facts.as_of)
        return Page(
            self.language,
            self.say("title", origin=facts.origin),
            self.say("subtitle", scope=self._scope(), as_of=as_of),
            {name: self.say(f"label.{name}") for name in ("how", "contents", "page", "verdict")},
            self.say(f"verdict.{verdict.name.lower()}"),
            "sound" if verdict is Verdict.SOUND else "not_sound",
            tuple(parts),
            self.say("footer", origin=facts.origin, as_of=as_of),
        )

    def _scope(self) -> str:
        asked = self.facts.asked
        place = self.say("scope.all")
        if asked.unit_code:
            place = self.saying.unit(asked.unit_code, asked.last or asked.first)
        elif asked.province_code:
            place = self.saying.province(asked.province_code)
        if asked.first is None and asked.last is None:
            return place
        first = day(asked.first) if asked.first else "…"
        return self.say("scope.days", place=place, first=first, last=_day(asked.last))

    def _section(self, name: str, sentences: list[str], *tables: Table) -> Section:
        how = self.say(f"{name}.how")
        return Section(self.say(f"{name}.heading"), tuple(sentences), tables, how)

    def _table(self, name: str, rows: Sequence[tuple[str, ...]]) -> Table:
        columns = tuple(self.say(f"{name}.columns").split(" | "))
        numbers = tuple(
            all(_NUMBER.match(cell) for cell in cells) for cells in zip(*rows, strict=True)
        )
        return Table(
            self.say(f"{name}.caption"), columns, numbers or (False,) * len(columns), tuple(rows)
        )

    def _missing(self, part: str) -> list[str]:
        why = self.facts.why.get(part)
        return [] if why is None else [self.say("missing", why=why)]

    def _archive(self) -> Section:
        facts = self.facts
        span = facts.span
        sentences = [self.say("archive.origin", origin=facts.origin)]
        if span is None:
            sentences.append(self.say("archive.empty"))
        else:
            first, last = (moment(at) for at in span)
            count, files = sum(facts.records.values()), facts.files
            sentences.append(
                self.say("archive.span", first=first, last=last, records=count, files=files)
            )
        rows = [(topic, str(count)) for topic, count in sorted(facts.records.items())]
        return self._section("archive", sentences, self._table("topics", rows))

    def _verification(self) -> Section:
        report = self.facts.verification
        sealed = sum(one.sealed for one in report.places)
        records = sum(one.records for one in report.places)
        sentences = [
            self.say(f"verdict.{report.verdict.name.lower()}"),
            self.say("verify.sealed", sealed=sealed, rest=records - sealed),
            self.say("verify.own_keys" if report.own_keys else "verify.given_keys"),
        ]
        if copies := sum(one.copies for one in report.places):
            sentences.append(self.say("verify.copies", copies=copies))
        rows = [self._finding(one) for one in report.findings[:_MOST_ROWS]]
        left = len(report.findings) - len(rows) + sum(one.count for one in report.left_off)
        if left:
            sentences.append(self.say("verify.left", count=left))
        tables = [self._table("findings", rows)] if rows else []
        keys = [(one.name, one.key_id.hex(), _fingerprint(one)) for one in report.keys]
        tables += [self._table("keys", keys)] if keys else []
        return self._section("verify", sentences, *tables)

    def _finding(self, one: Finding) -> tuple[str, ...]:
        place = "" if one.topic is None else f"{one.topic}/{one.partition}"
        where = [place, "" if one.offset is None else f"offset {one.offset}"]
        where += [str(one.dossier_id or ""), one.file or ""]
        named = ", ".join(part for part in where if part)
        told = finding_in_words(one, self.language)
        return f"{one.verdict.name} {one.kind}", named, told

    def _witnesses(self) -> Section:
        facts = self.facts
        checkpoints = sum(one.checkpoints for one in facts.verification.places)
        stamps = facts.witnessed.timestamps
        sentences = [self.say("witnesses.counts", checkpoints=checkpoints, stamps=stamps)]
        rows = [(name, str(count)) for name, count in facts.witnessed.cosignatures.items()]
        tables = [self._table("cosigned", rows)] if rows else []
        sentences += [] if rows else [self.say("witnesses.none")]
        return self._section("witnesses", [*sentences, *self._missing("witnessed")], *tables)

    def _completeness(self) -> Section:
        found = self.facts.completeness
        if found is None:
            return self._section("complete", self._missing("figures"))
        names = ("issued", "submitted", "accepted", "registered")
        sentences = [self.say("complete.counts", **{name: found.counts[name] for name in names})]
        missing = sum(gap.count for gap in found.gaps)
        sentences.append(
            self.say("complete.gaps", count=missing) if missing else self.say("complete.whole")
        )
        rows = [
            (self.saying.unit(gap.unit_code, gap.day), day(gap.day), gap.numbers)
            for gap in found.gaps[:_MOST_ROWS]
        ]
        return self._section("complete", sentences, *([self._table("gaps", rows)] if rows else []))

    def _figures(self) -> Section:
        figures = self.facts.figures
        if figures is None:
            return self._section("figures", self._missing("figures"))
        rows = [(self.saying.say(f"what.{one}"), str(figures.total(one))) for one in _COUNTED]
        returns: list[tuple[str, ...]] = []
        for said, count in figures.reasons("return_reason"):
            kind, _, code = said.partition(" ")
            returns.append((self.saying.reason(code), self.saying.say(f"kind.{kind}"), str(count)))
        tables = [self._table("counts", rows)]
        tables += [self._table("returns", returns)] if returns else []
        return self._section("figures", [], *tables)

    def _deadlines(self) -> Section:
        figures = self.facts.figures
        if figures is None:
            return self._section("deadlines", self._missing("figures"))
        judged = (
            ("reception", figures.reception),
            ("appointment", figures.appointment),
            ("first", figures.by_first),
        )
        rows = [(self.say(f"deadlines.{name}"), *_punctual(one)) for name, one in judged]
        sentences = [self.say("deadlines.apologised", count=figures.apologised)]
        if figures.lasted:
            median, p90 = (self.saying.lasting(quantile(figures.lasted, q)) for q in (0.5, 0.9))
            sentences.append(self.say("deadlines.lasted", median=median, p90=p90))
        return self._section("deadlines", sentences, self._table("punctual", rows))

    def _move(self) -> Section:
        found = self.facts.provinces
        if found is None:
            return self._section("move", self._missing("figures"))
        rows: list[tuple[str, ...]] = []
        for code, roads in found.roads.items():
            if self.facts.asked.province_code in ("", code):
                old, new = old_and_new(roads)
                share = percent(new, old)
                rows.append((self.saying.province(code), str(old), str(new), f"{share} %"))
        return self._section("move", [], self._table("roads", rows))

    def _accesses(self) -> Section:
        found = self.facts.accesses
        rows = [(name, str(count), str(blocks)) for name, (count, blocks) in found.items()]
        tables = [self._table("accessed", rows)] if any(n for n, _ in found.values()) else []
        sentences = [] if tables else [self.say("access.none")]
        return self._section("access", [*sentences, *self._missing("accesses")], *tables)

    def _replayed(self) -> Section:
        rules, found = self.facts.asked.rules, self.facts.replayed
        if rules is None or found is None:
            return self._section("replayed", self._missing("replayed"))
        sentences = [
            asked_in_words(self.saying, self.facts.asked.rules_named, rules.asked.version),
            counts_in_words(self.saying, found),
        ]
        rows = [
            (self.say(f"kind.{kind}"), str(count), *map(str, changes_of(found, kind)))
            for kind, count in sorted(found.judged.items())
        ]
        examples = [example(self.saying, one) for one in examples_of(found, 20)]
        tables = [self._table("judged", rows)]
        tables += [self._table("examples", examples)] if examples else []
        return self._section("replayed", sentences, *tables)


def _fingerprint(key: Verifier) -> str:
    """Return the SHA-256 of the key as its owner hands it out, in groups that can be read."""
    digest = sha256(key.text.encode()).hexdigest()
    return " ".join(digest[at : at + 8] for at in range(0, 64, 8))


def _day(on: date | None) -> str:
    return day(on) if on else "…"


def _punctual(figures: Punctuality) -> tuple[str, str, str]:
    share = percent(figures.on_time, figures.late)
    return str(figures.on_time), str(figures.late), f"{share} %"
