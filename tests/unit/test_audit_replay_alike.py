"""What a replay reads as written and judges by others is what it tells whole to the rules."""

import gc
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from audit.replaying import recognising
from audit.replaying.replay import replay
from audit.replaying.results import Asked, Replay
from contracts import as_written
from contracts.envelope import MalformedEvent, decode, encode
from contracts.events import Imported, RegisterReturned, Submitted
from reference import Reference
from reference.eras import Eras
from reference.law_of_day import law_of
from reference.rows import Row
from reference.tables import Table
from routing.domain import (
    Accept,
    Apologise,
    Expire,
    Forward,
    GiveBack,
    Resume,
    Stop,
    Verify,
    Withdraw,
)
from routing.what_if import alike as verdicts
from routing.what_if.retelling import enveloped
from tests.unit.archive_kit import Log
from tests.unit.builders import a_paper
from tests.unit.replay_kit import BIRTH, CERTIFICATE, KNOWN, UNITS, Life, at, kept
from tests.unit.routing_kit import more_papers, wants_back

OFFICER = "officer-1"
LAWS = {
    "same": KNOWN,
    "2027": law_of(KNOWN, date(2027, 3, 1)),
    "2021": law_of(KNOWN, date(2021, 12, 1)),
    "2019": law_of(KNOWN, date(2019, 5, 1)),
}
PROCEDURES = (BIRTH, BIRTH, CERTIFICATE, "1.000894", "3.000722")
#: Hours at which offices open or close, or a day's limit ends, and some that are none.
HOURS = ("00:00:00", "07:00:00", "11:30:00", "15:00:00", "17:00:00", "23:59:59.999999", "09:12:31")


class Lives:
    """Dossiers of chance: every kind of life, at hours where rules tell moments apart."""

    def __init__(self, seed: int) -> None:
        self.chance, self.log = random.Random(seed), Log()

    def live(self, count: int) -> Log:
        """Return the log of so many dossiers."""
        for number in range(count):
            with suppress(AssertionError):  # the rules refused what chance asked for
                self._live(number)
        return self.log

    def _live(self, number: int) -> None:
        chance = self.chance
        day = date(2026, 10, 12) + timedelta(days=chance.randrange(12))
        start = at(f"{day} {chance.choice(HOURS)}")
        life = Life(self.log, number, start, machine=chance.random() < 0.4)
        life.submit(**self._submission(start))
        for act in chance.choices(ACTS, k=chance.randrange(5)):
            life.later(minutes=chance.choice((0, 1, 59, 240, 1440, 4000)))
            if chance.random() < 0.1:
                life.now = at(f"{life.now:%Y-%m-%d} {chance.choice(HOURS)}")
            act(life)

    def _submission(self, start: datetime) -> dict[str, object]:
        chance = self.chance
        unit = chance.choice(UNITS[:12])
        found: dict[str, object] = {"unit_code": unit, "residence_unit_code": unit}
        found["procedure_code"] = procedure = chance.choice(PROCEDURES)
        if procedure == CERTIFICATE:
            found["attachments"] = ()
        match chance.randrange(14):
            case 0:
                found["attachments"] = ()
            case 1:
                found["residence_unit_code"] = UNITS[20]
            case 2:
                found["same_event_as"] = ("H29.26737-261123-0009",)
            case 3:
                found["imported"] = Imported(batch="b", stage="at_register")
            case 4:
                found["submitted_at"] = start - timedelta(days=chance.randrange(3), hours=5)
            case 5:
                found["flags"] = ("late_registration", "foreign_element")
            case 6:
                papers = [a_paper(kind) for kind in ("birth_notification", "marriage")]
                found["attachments"] = tuple(papers)
            case 7:
                found["submitted_at"] = start.astimezone(UTC)
        return found


def _asked_back(life: Life) -> Life:
    said = RegisterReturned(kind="supplement", reasons=("register_needs_supplement",), round=1)
    return life.told(enveloped(life.dossier_id, life.code, said, life.now))


ACTS: tuple[Callable[[Life], object], ...] = (
    *[lambda life: life.does(Accept(OFFICER))] * 8,
    lambda life: life.does(Accept("automatic")),
    lambda life: life.does(Stop(OFFICER, "legal_obstacle")),
    lambda life: life.does(Resume(OFFICER)),
    lambda life: life.does(Withdraw(OFFICER)),
    lambda life: life.does(Forward(OFFICER, UNITS[1], "applicant_moved")),
    lambda life: life.does(GiveBack(OFFICER, "refused", ("conditions_not_met",))),
    lambda life: life.does(Apologise(OFFICER, "system_outage", date(2026, 10, 27))),
    lambda life: life.does(Verify(OFFICER, "verify_information")),
    lambda life: life.does(Expire()),
    lambda life: life.hear(wants_back(f"{life.now:%Y-%m-%d %H:%M}")),
    lambda life: life.hear(
        more_papers(f"{life.now:%Y-%m-%d %H:%M}", "birth_notification", came_at=life.now)
    ),
    _asked_back,
)


def _other_words(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda value: value.replace(old, new, 1)


def _in_utc(value: bytes) -> bytes:
    event = decode(value)
    return encode(event.model_copy(update={"time": event.time.astimezone(UTC)}))


#: What somebody might write instead; every one changes some events and leaves others.
FORGERIES: tuple[Callable[[bytes], bytes], ...] = (
    _in_utc,
    _other_words(b'"causehash":"', b'"causehash" :"'),
    _other_words(b'"specversion":"1.0",', b'"extra":1,"specversion":"1.0",'),
    _other_words(b'{"specversion"', b'{ "specversion"'),
    _other_words(b'"causeid":"', b'"causeid":"x'),
    _other_words(b'"causehash":"', b'"causehash":"0'),
    _other_words(b'"prevhash":"0', b'"prevhash":"g'),
    _other_words(b'"due_at":"2026-10-1', b'"due_at":"2026-10-2'),
    _other_words(b'"value":0', b'"value":3'),
    _other_words(b'"procedure_code":"1.001193"', b'"procedure_code":"1.004873"'),
    _other_words(b'"time":"2026-10-1', b'"time":"2026-13-1'),
    _other_words(b'"time":"2026', b'"time":"9999'),
    _other_words(b'"submitted_at":"2026', b'"submitted_at":"0000'),
    _other_words(b'"portal":"', b'"portal":"\xc4\x91'),
    _other_words(b'"channel":"national-portal"', b'"channel":"by-hand"'),
    _other_words(b'"unit_code":"', b'"unit_code":"9'),
    _other_words(b'"uri":"claim://', b'"uri":"ftp://'),
    _other_words(b'"same_event_as":[]', b'"same_event_as":[],"imported":null'),
    _other_words(b'"flags":[]', b'"flags":["a",]'),
    _other_words(b'"kind":"received"', b'"kind":"taken"'),
    _other_words(b"08:00", b"08:01"),
    _other_words(b".000007", b".000000"),
    _other_words(b'"actor":"officer-1"', b'"actor":"automatic"'),
)


def forged(log: Log, chance: random.Random) -> None:
    """Change some records, write some twice, and let some come early."""
    for record in list(log.records):
        match chance.randrange(12):
            case 0 | 1:
                with suppress(MalformedEvent):
                    record.value = chance.choice(FORGERIES)(record.value or b"")
            case 2:
                log.put(record.topic, record.key, record.value, record.at + timedelta(minutes=1))
            case 3:
                record.at -= timedelta(hours=chance.randrange(40))


def both_ways(
    root: Path, asked: Reference, limit: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Replay]:
    """Yield what a replay says, and what one says that tells the rules everything whole.

    The first says the same whether events are read together or one by one.
    """
    found = []
    for few in (1, 10**6):
        with monkeypatch.context() as patched:
            patched.setattr(recognising, "FEW", few)
            found.append(replay(root, KNOWN, asked, Asked(limit=limit)))
    assert found[0] == found[1]
    yield found[0]
    with monkeypatch.context() as patched:
        patched.setattr(as_written, "told", lambda *_: None)
        patched.setattr(as_written, "read", lambda *_: None)
        yield replay(root, KNOWN, asked, Asked(limit=limit))


@pytest.mark.parametrize("seed", range(2))
def test_every_life_is_judged_as_by_telling_the_rules_all_of_it(tmp_path, monkeypatch, seed):
    root = kept(tmp_path, Lives(seed).live(160))

    for asked in LAWS.values():
        quick, whole = both_ways(root, asked, 10**6, monkeypatch)
        assert quick == whole
        counted, whole = both_ways(root, asked, 0, monkeypatch)
        assert (counted.judged, counted.differing) == (whole.judged, whole.differing)
        assert counted.dossiers_differing == quick.dossiers_differing


@pytest.mark.parametrize("seed", range(3))
def test_what_is_written_otherwise_is_judged_as_by_telling_the_rules_all_of_it(
    tmp_path, monkeypatch, seed
):
    log = Lives(100 + seed).live(160)
    forged(log, random.Random(seed))
    root = kept(tmp_path, log)

    for name in ("same", "2027"):
        quick, whole = both_ways(root, LAWS[name], 10**6, monkeypatch)
        assert quick == whole
        counted, whole = both_ways(root, LAWS[name], 0, monkeypatch)
        assert (counted.judged, counted.differing) == (whole.judged, whole.differing)


def test_dossiers_put_away_in_the_middle_of_any_life_are_judged_as_if_they_had_stayed(tmp_path):
    root = kept(tmp_path, Lives(5).live(60))

    away = replay(root, KNOWN, LAWS["2027"], most=2)

    assert away == replay(root, KNOWN, LAWS["2027"])


def with_rows(name: str, **changes: object) -> Reference:
    """Return the data with these fields in every row of a table."""
    table: Table[Row] = getattr(KNOWN, name)
    rows = defaultdict(list)
    for key, row in table.keyed():
        rows[key].append((0, row.model_copy(update=changes)))
    return replace(KNOWN, **{name: Table(table.file, {k: tuple(v) for k, v in rows.items()})})


def alike(log: Log, number: int, start: str, **changes: object) -> Life:
    """Let a dossier be submitted and received by an officer, as others are."""
    life = Life(log, number, at(f"2026-10-15 {start}"), machine=False)
    life.submit(**{"procedure_code": CERTIFICATE, "attachments": ()} | changes)
    life.now = at("2026-10-16 09:00:07")
    return life.does(Accept(OFFICER))


@pytest.mark.parametrize("forge", FORGERIES)
@pytest.mark.parametrize("which", [1, 2])
def test_of_two_alike_one_that_is_forged_is_judged_by_itself(tmp_path, monkeypatch, forge, which):
    log = Log()
    alike(log, 0, "09:00:01")
    alike(log, 1, "09:00:02")
    record = log.records[3 + which]
    with suppress(MalformedEvent):
        record.value = forge(record.value or b"")
    root = kept(tmp_path, log)

    counted, whole = both_ways(root, KNOWN, 0, monkeypatch)

    assert (counted.judged, counted.differing) == (whole.judged, whole.differing)


def test_two_on_either_side_of_an_hour_only_the_other_law_has_are_not_alike(tmp_path, monkeypatch):
    log = Log()
    for number, start in enumerate(("15:30:00", "16:30:00", "15:59:59", "16:00:00", "16:00:01")):
        alike(log, number, start)
    root, later = kept(tmp_path, log), with_rows("time_limits", cut_off=time(16))

    counted, whole = both_ways(root, later, 0, monkeypatch)

    assert (counted.judged, counted.differing) == (whole.judged, whole.differing)
    assert 0 < counted.dossiers_differing < 5


def test_two_with_other_papers_that_only_the_other_law_wants_are_not_alike(tmp_path, monkeypatch):
    log = Log()
    alike(log, 0, "09:00:01", attachments=(a_paper("birth_notification"),))
    alike(log, 1, "09:00:02")
    wanting = with_rows("procedures", attachments=("birth_notification",))

    counted, whole = both_ways(kept(tmp_path, log), wanting, 0, monkeypatch)

    assert (counted.judged, counted.differing) == (whole.judged, whole.differing)
    assert counted.dossiers_differing == 1


def test_a_replay_makes_nothing_that_holds_itself(tmp_path):
    log = Lives(3).live(60)
    forged(log, random.Random(3))
    root, held = kept(tmp_path, log), [0]

    for _ in range(2):  # what is made once, at the first call, may
        held.clear()
        gc.collect()
        replay(root, KNOWN, LAWS["2027"], progress=lambda _: held.append(gc.collect()))

    assert held
    assert not any(held)
    assert gc.isenabled()


def test_days_of_an_era_have_the_same_rows_and_others_not():
    eras, day = Eras(KNOWN, LAWS["2027"]), timedelta(days=1)
    change = date(2027, 3, 1)

    assert eras.first_of(change) == eras.first_of(change + day) == change
    assert eras.first_of(change - day) < change
    assert eras.first_of(date.min) == date.min
    assert eras.first_of(date.max) > change


def test_usual_events_are_read_as_written():
    life = alike(Log(), 0, "09:00:01")
    value = life.log.records[0].value or b""

    read = as_written.read(Submitted.event_type(), value)

    assert read is not None
    assert as_written.moment(read.told.moment) == at("2026-10-15 09:00:01")
    assert read.told.event_id.decode() == str(decode(value).id)
    for changed in (value + b" ", value.replace(b'"flags":[]', b'"flags":["a",]')):
        assert as_written.read(Submitted.event_type(), changed) is None


def test_not_more_verdicts_are_remembered_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(verdicts, "REMEMBERED", 3)
    known = verdicts.Alike()

    for number in range(10):
        known.remember(number, (), True)
        assert known.find_all([number]) is not None

    remembered = [number for number in range(10) if known.find_all([number])]
    assert 0 < len(remembered) <= 3
