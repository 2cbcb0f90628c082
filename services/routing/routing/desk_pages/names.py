"""What codes are called in the reader's language: procedures, places, papers, reasons."""

from dataclasses import dataclass
from datetime import date

from pages import formats
from pages.words import Language, Words
from reference import ActReason, Reference
from reference.rows import ReturnReason


@dataclass(frozen=True)
class Names:
    """Says codes of the reference data and of the forms in one language."""

    known: Reference
    language: Language
    words: Words

    def say(self, key: str, /, **places: object) -> str:
        """Return the sentence of that key; raises KeyError for an unknown one."""
        return self.words.say(self.language, key, **places)

    def said(self, key: str, otherwise: str) -> str:
        """Return the sentence of that key, or the other text when there is none."""
        return self.say(key) if key in self.words else otherwise

    def procedure(self, code: str, on: date) -> str:
        """Return what the procedure is called that day, or was last; its code if it is unknown."""
        row = self.known.procedure(code, on) or self.known.procedures.last(code)
        return code if row is None else self._one(row.name_vi, row.name_en)

    def paper(self, kind: str) -> str:
        """Return what papers of that kind are called; `other` stands for every unknown one."""
        row = self.known.paper(kind)
        return self.say("desk.paper.other") if row is None else self._one(row.name_vi, row.name_en)

    def place(self, unit_code: str, on: date) -> str:
        """Return a unit and its province as called that day, or last; the code if unknown."""
        unit = self.known.unit(unit_code, on) or self.known.units.last(unit_code)
        if unit is None:
            return unit_code
        province = self.province(unit.province_code, on)
        return f"{unit.name}, {province}"

    def unit(self, unit_code: str, on: date) -> str:
        """Return a unit as it is called that day, or last; its code if it is unknown."""
        unit = self.known.unit(unit_code, on) or self.known.units.last(unit_code)
        return unit_code if unit is None else unit.name

    def province(self, code: str, on: date) -> str:
        """Return a province as it is called that day, or last; its code if it is unknown."""
        row = self.known.province(code, on) or self.known.provinces.last(code)
        return code if row is None else row.name

    def slip(self, key: str, on: date) -> str:
        """Return the title of a slip's form on that day; empty if there was none."""
        form = self.known.slip_form(key, on)
        return "" if form is None else self._one(form.title_vi, form.title_en)

    def reason(self, row: ReturnReason | ActReason) -> str:
        """Return the reason in the words the citizen reads."""
        return self._one(row.text_vi, row.text_en)

    def country(self, code: str) -> str:
        """Return the country's name where we have one, else its code."""
        return self.said(f"desk.country.{code}", code)

    def day(self, on: date) -> str:
        """Return a day as people write it."""
        return formats.day(on, self.language)

    def _one(self, text_vi: str, text_en: str) -> str:
        return text_vi if self.language == "vi" else text_en
