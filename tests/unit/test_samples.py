"""The sample dossiers: they cover the main path, never age and name nobody real."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import reference
from contracts.portal import Submission, Supplement, Withdrawal
from intake.civil_events import Marks, events_in
from sandbox import samples
from sandbox.samples import VIETNAM, BadSample, Sample, load, load_rejected

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=VIETNAM)
SAMPLES = load(NOW, "run1")
REJECTED = load_rejected(NOW, "run1")
LETTER = datetime(2021, 11, 15, 8, 30, tzinfo=VIETNAM)
LETTERS = load(LETTER, "run1")
LETTERS_REJECTED = load_rejected(LETTER, "run1")
ON = {one.id: NOW.date() for one in SAMPLES} | {one.id: LETTER.date() for one in LETTERS}
REF = reference.load()
LAST_DISTRICT_DAY = date(2025, 6, 30)
MAIN = {"1.001193", "1.000894", "1.000656", "1.004873", "2.000635"}
SEVEN = {"Hồ Chí Minh", "Bình Dương", "Lào Cai", "Hà Giang", "Bắc Kạn", "Bến Tre", "Quảng Nam"}


def values(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a document with the key it stands under."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from values(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from values(item, key)
    else:
        yield key, value


def people(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every person of a document that has a number and a birth date."""
    if isinstance(value, dict):
        if "personal_number" in value and "born_on" in value:
            yield value
        for item in value.values():
            yield from people(item)


def by_id(chosen: list[Sample]) -> list[Any]:
    return [pytest.param(sample, id=sample.id) for sample in chosen]


def test_every_province_has_all_five_procedures_and_both_roads_are_used_for_each() -> None:
    registered = [s for s in SAMPLES if s.expect == "registered"]

    matrix = {(s.former_province, s.submission["procedure_code"]) for s in registered}
    roads = {(s.submission["procedure_code"], s.road) for s in SAMPLES}
    assert matrix >= {(province, code) for province in SEVEN for code in MAIN}
    assert {code for _, code in matrix} - MAIN == {"1.000689", "1.004859", "3.000722"}
    assert roads >= {(code, road) for code in MAIN for road in ("http", "bus")}
    assert {(s.former_province, s.road) for s in SAMPLES} == {
        (province, road) for province in SEVEN for road in ("http", "bus")
    }


def test_the_samples_end_in_every_way_a_dossier_can_end() -> None:
    assert Counter(s.expect for s in SAMPLES) == {
        "registered": 45,
        "returned:supplement": 1,
        "returned:refused": 4,
        "returned:wrong_authority": 1,
        "withdrawn": 1,
    }
    assert {s.portal for s in SAMPLES} == {"national-portal"}
    assert Counter(tuple(s.submission["notify_by"]) for s in SAMPLES).keys() == {
        ("sms",),
        ("email",),
        ("sms", "email"),
    }
    assert sum(s.submission["form"].get("note") == "sandbox:late-id" for s in SAMPLES) == 3


@pytest.mark.parametrize("sample", by_id(SAMPLES + LETTERS))
def test_a_sample_is_a_submission_the_contract_takes(sample: Sample) -> None:
    on = ON[sample.id]
    taken = Submission.model_validate_json(
        Submission.model_validate(sample.submission, context={"today": on}).model_dump_json()
    )

    procedure = REF.procedure(taken.procedure_code, on)
    assert procedure is not None
    assert procedure.form == taken.form.kind
    channel = "provincial-portal" if "provincial" in sample.portal else sample.portal
    assert REF.may_submit(channel, taken.province_code, on) is None


@pytest.mark.parametrize("sample", by_id(LETTERS))
def test_every_unit_of_the_letters_days_is_in_its_province(sample: Sample) -> None:
    sent = sample.submission
    codes = {value for key, value in values(sent) if key.endswith("unit_code")}

    units = [REF.unit(code, LETTER.date()) for code in codes]
    assert {unit and unit.province_code for unit in units} == {sent["province_code"]}
    province = REF.province(sent["province_code"], LETTER.date())
    assert province is not None
    assert sample.former_province == province.name


@pytest.mark.parametrize("sample", by_id(SAMPLES))
def test_every_unit_of_a_sample_is_valid_and_in_its_province_on_the_day(sample: Sample) -> None:
    sent = sample.submission
    units = {key: REF.unit(v, NOW.date()) for key, v in values(sent) if key.endswith("unit_code")}

    if sample.expect == "returned:wrong_authority":
        del units["residence_unit_code"]
    assert {unit and unit.province_code for unit in units.values()} == {sent["province_code"]}
    ancestors = {
        REF.province(unit.province_code, LAST_DISTRICT_DAY)
        for unit in REF.units
        if unit.is_valid(LAST_DISTRICT_DAY)
        and {sent["unit_code"], sent["residence_unit_code"]} & {*unit.successors}
    }
    assert sample.former_province in {province and province.name for province in ancestors}


@pytest.mark.parametrize("sample", by_id(SAMPLES + LETTERS))
def test_what_is_expected_follows_from_the_law_or_from_the_note(sample: Sample) -> None:
    sent, on = sample.submission, ON[sample.id]
    procedure = REF.procedure(sent["procedure_code"], on)
    assert procedure is not None

    note = sent["form"].get("note", "")
    papers = {paper["kind"] for paper in sent["attachments"]}
    competent = REF.competent_units(procedure, sent["residence_unit_code"], on)
    helped = REF.redirection(on).act == "forward" and same_province(sent, on)
    asked = bool(set(procedure.attachments) - papers) or "sandbox:supplement" in note
    expected = "registered"
    if sent["unit_code"] not in competent and not helped:
        expected = "returned:wrong_authority"
    elif asked and sample.then:
        expected = "withdrawn" if sample.then[0].send == "withdrawal" else "registered"
    elif asked:
        expected = "returned:supplement"
    elif "sandbox:refuse" in note:
        expected = "returned:refused"
    assert sample.expect == expected


def same_province(sent: dict[str, Any], on: date) -> bool:
    """Return whether the commune chosen and that of residence lie in one province."""
    units = [REF.unit(sent[name], on) for name in ("unit_code", "residence_unit_code")]
    return len({unit.province_code for unit in units if unit}) == 1


@pytest.mark.parametrize("sample", by_id([s for s in SAMPLES + LETTERS if s.then]))
def test_what_a_portal_sends_later_is_about_that_dossier_and_the_contract_takes_it(
    sample: Sample,
) -> None:
    (later,) = sample.then
    model = {"supplement": Supplement, "withdrawal": Withdrawal}[later.send]

    sent = model.model_validate_json(json.dumps(later.body))

    assert sent.portal_reference == sample.submission["portal_reference"]
    assert "sandbox:" not in json.dumps(later.body)


def test_given_a_day_after_the_direct_form_then_its_samples_must_be_refused() -> None:
    after = datetime(2022, 4, 1, 9, 0, tzinfo=VIETNAM)

    direct = [s.id for s in LETTERS if s.portal == "moj-direct"]
    refused = {s.id for s in load_rejected(after, "run1")}
    assert len(direct) == 8
    assert {*direct} <= refused
    assert len(load(after, "run1")) == len(LETTERS) - len(direct)


def test_given_a_day_before_there_was_a_road_then_there_are_no_samples() -> None:
    with pytest.raises(BadSample, match="nothing could be submitted online yet"):
        load(datetime(2021, 10, 11, tzinfo=VIETNAM))


def test_the_letters_samples_use_every_road_of_their_days() -> None:
    for province in SEVEN:
        here = [s for s in LETTERS if s.former_province == province]
        assert {s.portal.rsplit("-", 1)[0] for s in here} == {
            "national",
            "provincial-portal",
            "moj",
        }
    assert Counter(s.expect for s in LETTERS) == {
        "registered": 32,
        "returned:supplement": 1,
        "returned:refused": 1,
        "returned:wrong_authority": 1,
        "withdrawn": 1,
    }


@pytest.mark.parametrize("sample", by_id(SAMPLES + REJECTED + LETTERS + LETTERS_REJECTED))
def test_nobody_in_a_sample_can_be_a_real_person(sample: Sample) -> None:
    leaves = list(values(sample.submission))
    numbers = [value for key, value in leaves if key == "personal_number"]

    assert numbers
    assert all(len(n) == 12 and n.isdigit() and n.startswith("000") for n in numbers)
    assert all(v.startswith("+84900000") and len(v) == 12 for k, v in leaves if k == "phone")
    assert all(v.endswith("@example.org") for k, v in leaves if k == "email")
    assert all(v.startswith("https://files.example.org/") for k, v in leaves if k == "uri")


@pytest.mark.parametrize("sample", by_id(SAMPLES + LETTERS))
def test_a_personal_number_tells_century_sex_and_year_of_birth(sample: Sample) -> None:
    form = sample.submission["form"]
    women = [form.get(role) for role in ("mother", "bride")]
    men = [form.get(role) for role in ("father", "groom")]

    for person in people(form):
        digit, year = int(person["personal_number"][3]), person["personal_number"][4:6]
        assert digit // 2 == int(person["born_on"][:2]) - 19
        assert year == person["born_on"][2:4]
        if person in women or person.get("sex") == "female":
            assert digit % 2 == 1
        if person in men or person.get("sex") == "male":
            assert digit % 2 == 0


def test_groom_and_bride_are_of_age() -> None:
    for form in (
        s.submission["form"] for s in SAMPLES if s.submission["form"]["kind"] == "marriage"
    ):
        assert date.fromisoformat(form["groom"]["born_on"]) <= date(2006, 11, 24)
        assert date.fromisoformat(form["bride"]["born_on"]) <= date(2008, 11, 24)


def test_applicants_references_and_numbers_are_used_once() -> None:
    references = [s.submission["portal_reference"] for s in SAMPLES + REJECTED]

    assert len(set(references)) == len(references)
    assert len({s.id for s in SAMPLES + REJECTED}) == len(references)
    for chosen in (SAMPLES, LETTERS):
        numbers = Counter(
            p["personal_number"] for s in chosen for p in people(s.submission["form"])
        )
        assert set(numbers.values()) == {1}


def test_samples_keep_their_age_ten_years_later() -> None:
    later = load(NOW + timedelta(days=3650), "run1")

    births = [s for s in later if s.submission["form"]["kind"] == "birth"]
    ages = {
        (NOW.date() + timedelta(days=3650))
        - date.fromisoformat(s.submission["form"]["child"]["born_on"])
        for s in births
    }
    assert min(ages) == timedelta(days=5)
    assert max(ages) == timedelta(days=75)
    assert {s.submission["submitted_at"] for s in later} == {"2036-11-21T08:30:00+07:00"}


def test_references_are_new_in_every_run_and_known_in_a_named_one() -> None:
    first, second = (load(NOW)[0].submission["portal_reference"] for _ in range(2))

    assert first != second
    assert SAMPLES[0].submission["portal_reference"] == "DVCQG-run1-02-01"
    with pytest.raises(BadSample):
        load(NOW, "a run")


@pytest.mark.parametrize("at", [NOW, NOW.replace(year=2021, month=11)], ids=["now", "2021"])
def test_no_civil_event_of_one_run_happens_again_in_the_next(at: datetime) -> None:
    known = reference.load()

    def marks(run: str) -> list[Marks]:
        return [events_in(Submission.model_validate(s.submission), known) for s in load(at, run)]

    left = {mark for one in marks("run1") for mark in one.left}
    assert len(left) > 15
    assert left.isdisjoint(mark for one in marks("run2") for mark in one.sought)


def test_a_placeholder_nobody_knows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "from-2020-01-01").mkdir()
    (tmp_path / "from-2020-01-01" / "79.json").write_text(
        '[{"id": "{tomorrow}"}]', encoding="utf-8"
    )
    monkeypatch.setattr(samples, "FOLDER", tmp_path)

    with pytest.raises(BadSample, match=r"79.json: unknown placeholder \{tomorrow\}"):
        load(NOW)


@pytest.mark.parametrize(
    ("id", "portal"),
    [
        ("rejected-provincial-portal", "provincial-portal-79"),
        ("rejected-moj-direct", "moj-direct"),
        ("rejected-foreign-unit", "national-portal"),
        ("rejected-future-birth", "national-portal"),
        ("rejected-unknown-procedure", "national-portal"),
        ("rejected-unknown-field", "national-portal"),
    ],
)
def test_each_rejected_sample_breaks_one_rule(id: str, portal: str) -> None:
    sample = next(s for s in REJECTED if s.id == id)
    sent, today = sample.submission, NOW.date()

    broken = set()
    if REF.may_submit(portal.removesuffix("-79"), sent["province_code"], today):
        broken.add(
            "rejected-provincial-portal" if "provincial" in portal else "rejected-moj-direct"
        )
    unit = REF.unit(sent["unit_code"], today)
    if unit is None or unit.province_code != sent["province_code"]:
        broken.add("rejected-foreign-unit")
    if REF.procedure(sent["procedure_code"], today) is None:
        broken.add("rejected-unknown-procedure")
    broken |= {f"rejected-{fact}" for fact in contract_problems(sent)}
    assert (sample.portal, sample.expect, broken) == (portal, "rejected", {id})
    assert len(REJECTED) == 6


def contract_problems(sent: dict[str, Any]) -> set[str]:
    names = {"date_in_future": "future-birth", "extra_forbidden": "unknown-field"}
    try:
        Submission.model_validate(sent, context={"today": NOW.date()})
    except ValidationError as error:
        return {names[item["type"]] for item in error.errors()}
    return set()
