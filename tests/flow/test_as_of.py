"""The letter's regime on a real stack: old communes, districts, three roads, days of 2021."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import Result
from typer.testing import CliRunner

from console.main import build
from contracts.envelope import Envelope, decode
from contracts.events import Accepted, Registered, Submitted
from local_stack.promise import read_journal
from local_stack.samples import run_samples
from local_stack.stack import Stack
from tests.conftest import ROOT
from tests.flow.kit import count, until, whole_log

DAY = date(2021, 11, 15)
DISTRICT = "769"


@dataclass(frozen=True)
class Lived:
    """A stack of that day, and what the samples' run on it gave: its summary and its log."""

    stack: Stack
    figures: dict[str, Any]
    log: dict[str, list[Any]]

    def events(self) -> list[Envelope]:
        """Return every lifecycle event of the run."""
        return [decode(record.value) for records in self.log.values() for record in records]


@pytest.fixture(scope="module")
def lived() -> Iterator[Lived]:
    """The samples of that day, at their end, on a stack that goes on living on that day."""
    patch = pytest.MonkeyPatch()
    patch.setenv("AS_OF", DAY.isoformat())
    try:
        with Stack(ROOT, name="test-as-of", fresh=True) as stack:
            status = stack.status()
            figures = asyncio.run(run_samples(status, lambda tracks, events: None))
            yield Lived(stack, figures, asyncio.run(whole_log(status)))
    finally:
        patch.undo()
        Stack(ROOT, name="test-as-of").clean()


@pytest.mark.timeout(300)
def test_given_the_letters_day_then_every_sample_ends_as_its_law_says(lived: Lived) -> None:
    figures = lived.figures

    assert figures["submitted"] == 36
    assert figures["refused_at_intake"] == 4
    assert (figures["registered"], figures["withdrawn"], figures["forwarded"]) == (32, 1, 0)
    assert figures["returned"]["wrong_authority: not_competent"] == 1


def test_given_the_letters_day_then_codes_times_and_books_are_of_that_day(lived: Lived) -> None:
    figures, events = lived.figures, lived.events()

    assert all("-211115-" in one["code"] for one in figures["dossiers"] if one["code"])
    assert all(one["book"].endswith("/2021") for one in figures["dossiers"] if one["book"])
    assert {event.time.date() for event in events} == {DAY}
    registered = [event.data for event in events if isinstance(event.data, Registered)]
    assert {data.registered_on for data in registered} == {DAY}


def test_given_a_matter_with_a_foreign_element_then_the_district_has_15_days(lived: Lived) -> None:
    accepted = [event.data for event in lived.events() if isinstance(event.data, Accepted)]
    (foreign,) = [data for data in accepted if data.procedure_code == "2.000806"]
    assert foreign.unit_code == DISTRICT
    assert foreign.due is not None
    assert (foreign.due.value, foreign.due.unit) == (15, "day")
    assert foreign.due.due_on == date(2021, 11, 30)


def test_given_three_roads_then_the_direct_form_is_one_of_them(lived: Lived) -> None:
    submitted = [event.data for event in lived.events() if isinstance(event.data, Submitted)]
    assert {data.channel for data in submitted} == {
        "national-portal",
        "provincial-portal",
        "moj-direct",
    }


COLUMNS = (
    "legacy_code,province_code,unit_code,residence_unit_code,procedure_code,submitted_at,stage,"
    "received_at,full_name,personal_number,phone"
)
IN_FLIGHT = (
    "000.00.34.H29-211012-0001,79,26737,26737,1.001193,2021-10-12T08:00:00+07:00,at_register,"
    "2021-10-12T09:00:00+07:00,Trần Thị Thử,000190123456,+84900000901"
)
OWN_SHAPE = (
    "H29.26767-211115-0007,79,26767,26767,1.000656,2021-11-15T08:00:00+07:00,at_register,"
    "2021-11-15T08:30:00+07:00,Lê Văn Nghiệm,000085123456,+84900000902"
)
NOT_OF_THE_SEVEN = (
    "000.00.01.H26-211012-0001,01,00001,00001,1.001193,2021-10-12T08:00:00+07:00,at_register,"
    "2021-10-12T09:00:00+07:00,Hoàng Thị Mẫu,000191123456,"
)


async def test_given_dossiers_the_register_has_when_imported_then_registered_without_a_push(
    lived: Lived, tmp_path: Path
) -> None:
    status = lived.stack.status()
    codes = {"000.00.34.H29-211012-0001": "LTKS", "H29.26767-211115-0007": "LTKT"}
    async with aiohttp.ClientSession() as session:
        for code, module in codes.items():
            url = f"{status.sandbox['url']}/register/played/{code}"
            unit = "26737" if module == "LTKS" else "26767"
            planted = {"unit": unit, "module": module, "outcome": "register"}
            async with session.put(url, json=planted) as response:
                assert response.status < 300, await response.text()
    file = tmp_path / "in-flight.csv"
    file.write_text("\n".join([COLUMNS, IN_FLIGHT, NOT_OF_THE_SEVEN, OWN_SHAPE]), "utf-8")

    tried = await hotich(lived, file, "--dry-run")
    refused = await hotich(lived, file)
    taken = await hotich(lived, file, "--good-rows-only")
    again = await hotich(lived, file, "--good-rows-only")

    assert [one.exit_code for one in (tried, refused, taken, again)] == [2, 2, 2, 2], taken.output
    assert "rows 3, good 2, bad 1, already 0, imported 0" in tried.output
    assert "rows 3, good 2, bad 1, already 0, imported 0" in refused.output
    assert "rows 3, good 2, bad 1, already 0, imported 2" in taken.output
    assert "numbers of 26767 on 2021-11-15 go on after 7" in taken.output
    assert "rows 3, good 0, bad 1, already 2, imported 0" in again.output

    async def both_registered() -> bool:
        wanted = "SELECT count(*) FROM dossier_case WHERE code = ANY($1) AND status = 'registered'"
        return await count(status, "routing", wanted, list(codes)) == len(codes)

    await until(both_registered, "the imported dossiers are registered")
    journal = read_journal(Path(status.sandbox["journal"]))
    kinds = [entry["kind"] for entry in journal if entry["key"] in codes]
    assert sorted(kinds) == ["register.played"] * 2 + ["register.registered"] * 2


async def hotich(lived: Lived, file: Path, *options: str) -> Result:
    """Run the operator's command as a person would, on the stack of that day."""
    stack = lived.stack.place.state / "status.json"
    arguments = ["legacy", "import", str(file), "--stack", str(stack), *options]
    runner = CliRunner(env={"COLUMNS": "200"})
    return await asyncio.to_thread(runner.invoke, build(), arguments)
