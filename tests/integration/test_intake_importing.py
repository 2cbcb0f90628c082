"""The import of legacy dossiers on a real database: all or none, once, and codes that stay."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from contracts.envelope import sha256
from contracts.events import Submitted
from contracts.topics import PARTICULARS
from intake.bus import SubmissionInlet
from intake.domain import Party, dossier_id_of
from intake.importing.importing import Wanted
from intake.importing.report import Report, Seeded
from intake.signatures import Signatures
from plumbing.serving import ProblemRaised
from tests.integration.intake_kit import (
    EVENTS,
    PERSONAL,
    Intake,
    a_follow_up,
    a_paper,
    a_supplement,
    an_intake,
)
from tests.unit.intake_kit import SECRET, a_birth
from tests.unit.legacy_kit import (
    A_FORM,
    BEN_NGHE,
    IMPORT_DAY,
    a_csv,
    a_row,
    a_workbook,
    at_register,
    saved,
)

CODE = "H29.26740-211011-0001"
OLD = "000.00.34.H29-211012-0001"
FILE = a_csv(a_row(), at_register(OLD))
BATCH = sha256(FILE)[:16]
MOJ = Party("moj-direct", "moj-direct", frozenset({"*"}))
TABLES = ("dossier", "stream", "outbox", "code_counter", "dossier_particulars")


@pytest.fixture
async def intake(database: str) -> AsyncIterator[Intake]:
    """Give an intake on the test's own database, on a day of November 2021."""
    async with an_intake(database) as made:
        made.clock.now = IMPORT_DAY
        yield made


async def imported(intake: Intake, body: bytes = FILE, **wanted: bool) -> Report:
    flags = {"dry_run": False, "good_rows_only": False} | wanted
    return await intake.importer.run(body, Wanted("operator", **flags))


def counts(report: Report) -> tuple[int, int, int, int, int]:
    return report.rows, report.good, report.imported, report.already, report.bad


def troubles(report: Report) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.rule) for one in report.problems]


async def kept(intake: Intake) -> list[int]:
    return [await intake.count(table) for table in TABLES]


async def test_given_a_file_then_each_row_is_a_dossier_with_its_own_code(intake):
    report = await imported(intake)

    assert report == Report(
        batch=BATCH,
        dry_run=False,
        good_rows_only=False,
        rows=2,
        good=2,
        imported=2,
        already=0,
        bad=0,
        seeded=(Seeded(unit_code=BEN_NGHE, day="2021-10-11", last=1),),
    )
    said = {event["subject"]: event for _, event in await intake.outbox(EVENTS)}
    assert set(said) == {CODE, OLD}
    waiting, registered = (Submitted.model_validate(said[code]["data"]) for code in (CODE, OLD))
    assert said[CODE]["dossierid"] == str(dossier_id_of("moj-direct", CODE))
    assert (waiting.channel, waiting.portal, waiting.portal_reference) == (
        "moj-direct",
        "moj-direct",
        CODE,
    )
    assert waiting.imported is not None
    assert (waiting.imported.batch, waiting.imported.stage) == (BATCH, "waiting")
    assert waiting.submitted_at == datetime(2021, 10, 11, 1, 30, tzinfo=UTC)
    assert registered.imported is not None
    assert registered.imported.received_at == datetime(2021, 10, 12, 2, tzinfo=UTC)
    kinds = sorted(particulars.form.kind for particulars, _ in await intake.particulars())
    assert kinds == ["birth", "legacy"]
    assert intake.wakes == 1


async def test_given_a_birth_reported_late_then_its_flag_is_that_of_its_own_day(intake):
    form = A_FORM | {"child": A_FORM["child"] | {"born_on": "2021-08-01"}}
    await imported(intake, a_csv(a_row(form=json.dumps(form))))

    ((_, event),) = await intake.outbox(EVENTS)
    assert event["data"]["flags"] == ["late_registration"]


async def test_given_the_same_file_or_the_same_rows_again_then_nothing_new(intake):
    await imported(intake)
    before = await kept(intake)

    again = await imported(intake)
    as_workbook = await imported(intake, saved(a_workbook(at_register(OLD), a_row())))

    assert counts(again) == counts(as_workbook) == (2, 0, 0, 2, 0)
    assert (again.batch, again.seeded, again.problems) == (BATCH, (), ())
    assert await kept(intake) == before
    assert intake.wakes == 1


async def test_given_the_same_file_five_times_at_once_then_each_dossier_comes_once(intake):
    others = [Intake(intake.pool, intake.clock) for _ in range(5)]

    reports = await asyncio.gather(*(imported(one) for one in others), return_exceptions=True)

    assert sum(one.imported for one in reports if isinstance(one, Report)) == 2
    assert sorted(await intake.codes()) == sorted([CODE, OLD])
    assert len(await intake.outbox(EVENTS)) == 2


async def test_given_a_bad_row_then_nothing_comes_unless_the_good_rows_are_wanted(intake):
    body = a_csv(a_row(), at_register(OLD, full_name=""), at_register("A-211011-0001"))

    refused = await imported(intake, body)
    nothing = await kept(intake)
    dry = await imported(intake, body, good_rows_only=True, dry_run=True)
    taken = await imported(intake, body, good_rows_only=True)

    assert (counts(refused), troubles(refused)) == (
        (3, 2, 0, 0, 1),
        [(3, "full_name", "missing")],
    )
    assert nothing == [0] * len(TABLES)
    assert counts(dry) == (3, 2, 0, 0, 1)
    assert counts(taken) == (3, 2, 2, 0, 1)
    assert await intake.codes() == ["A-211011-0001", CODE]


async def test_given_a_dry_run_then_it_says_everything_and_changes_nothing(intake):
    await imported(intake, a_csv(at_register("A-211011-0001"), at_register("A-211011-0002")))
    before = await kept(intake)
    body = a_csv(
        a_row(),
        at_register("A-211011-0001"),
        at_register("A-211011-0002", full_name="Lê Văn Thử"),
    )

    strict = await imported(intake, body, dry_run=True)
    lenient = await imported(intake, body, dry_run=True, good_rows_only=True)

    assert counts(strict) == counts(lenient) == (3, 1, 0, 1, 1)
    assert troubles(strict) == [(4, "legacy_code", "legacy_code.other_content")]
    assert (strict.seeded, [one.last for one in lenient.seeded]) == ((), [1])
    assert await kept(intake) == before


async def test_given_a_code_that_is_another_dossiers_then_the_row_collides(intake):
    document = a_birth(**a_place(), submitted_at="2021-11-15T08:00:00+07:00", form=A_FORM)
    national = Party("national-portal", "national-portal", frozenset({"*"}))
    await intake.counter.hand_in(national, "k", document)

    report = await imported(intake, a_csv(a_row("H29.26740-211115-0001"), at_register(OLD)))

    assert counts(report) == (2, 1, 0, 0, 1)
    assert troubles(report) == [(2, "legacy_code", "legacy_code.code_taken")]
    assert await intake.codes() == ["H29.26740-211115-0001"]


def a_place() -> dict[str, str]:
    return {"unit_code": BEN_NGHE, "residence_unit_code": BEN_NGHE}


async def test_given_imported_codes_of_our_shape_then_new_codes_go_on_after_them(intake):
    report = await imported(
        intake,
        a_csv(
            at_register("H29.26740-211115-0007"),
            at_register("H29.26740-211115-0003"),
            at_register("H29.26743-211115-0002"),
        ),
    )
    national = Party("national-portal", "national-portal", frozenset({"*"}))
    document = a_birth(**a_place(), submitted_at="2021-11-15T08:00:00+07:00", form=A_FORM)

    new = await intake.counter.hand_in(national, "k", document)
    later = await imported(intake, a_csv(at_register("H29.26740-211115-0005")))

    assert [(one.unit_code, one.last) for one in report.seeded] == [("26740", 7), ("26743", 2)]
    assert new.receipt.dossier_code == "H29.26740-211115-0008"
    assert (later.imported, later.seeded) == (1, ())


async def test_given_codes_given_out_while_a_file_comes_in_then_no_code_is_given_twice(intake):
    national = Party("national-portal", "national-portal", frozenset({"*"}))
    body = a_csv(*(at_register(f"H29.26740-211115-{n:04d}") for n in range(1, 21)))

    def document(n: int) -> dict[str, Any]:
        at = "2021-11-15T08:00:00+07:00"
        return a_birth(f"DVCQG-{n}", **a_place(), submitted_at=at, form=A_FORM)

    answers = await asyncio.gather(
        *(intake.counter.hand_in(national, f"k{n}", document(n)) for n in range(10)),
        imported(intake, body, good_rows_only=True),
        return_exceptions=True,
    )

    codes = await intake.codes()
    assert len(codes) == len(set(codes))
    given = {one.receipt.dossier_code for one in answers[:10] if not isinstance(one, Exception)}
    assert len(given) == 10
    assert given <= set(codes)


async def test_given_an_erased_import_then_the_same_file_does_not_bring_it_back(intake):
    await imported(intake)
    dossier_id = dossier_id_of("moj-direct", CODE)
    await intake.erased(dossier_id)
    before = await kept(intake)

    again = await imported(intake)

    assert counts(again) == (2, 0, 0, 2, 0)
    assert await kept(intake) == before
    assert await intake.count("dossier_particulars") == 1


async def test_given_an_imported_dossier_then_a_form_and_then_papers_can_be_added_to_it(intake):
    await imported(intake)
    at = {"resubmitted_at": "2021-11-15T09:00:00+07:00"}
    papers = a_supplement(OLD, attachments=[a_paper("kinship_proof")], **at)
    form = a_supplement(OLD, form=A_FORM, attachments=[], **at)

    await intake.follow_ups.supplement(MOJ, OLD, "k1", form)
    await intake.follow_ups.supplement(MOJ, OLD, "k2", papers)

    kinds = [particulars.form.kind for particulars, _ in await intake.particulars()][2:]
    assert kinds == ["birth", "birth"]


async def test_given_a_form_the_register_holds_then_papers_alone_are_refused_on_both_roads(intake):
    await imported(intake)
    before = await kept(intake)
    papers = a_supplement(OLD, resubmitted_at="2021-11-15T09:00:00+07:00")
    inlet = SubmissionInlet(intake.desk, Signatures({"moj-direct": SECRET}))

    with pytest.raises(ProblemRaised) as raised:
        await intake.follow_ups.supplement(MOJ, OLD, "k", papers)
    refused = await kept(intake)
    source = {"source": "/portals/moj-direct"}
    record = a_follow_up(0, "supplement", papers, portal="moj-direct", event=source)
    async with intake.pool.acquire() as conn, conn.transaction():
        await inlet(conn, [record], intake.clock())

    ((_, kind, data),) = await intake.replies("moj-direct")
    problem = raised.value.problem
    assert (problem.status, [(one.field, one.rule) for one in problem.errors]) == (
        422,
        [("form", "form.needed")],
    )
    assert (kind, data["problem"]) == ("refused", problem.model_dump(mode="json"))
    assert refused == before
    assert await intake.count("supplement") == await intake.count("idempotency_key") == 0


async def test_given_an_import_then_report_rows_and_log_say_nothing_of_a_person(intake):
    body = a_csv(a_row(), at_register(OLD, phone="0900000123", personal_number="00019611"))
    with structlog.testing.capture_logs() as lines:
        report = await imported(intake, body, good_rows_only=True)

    said = report.model_dump_json() + str(lines) + await intake.everything()
    assert [word for word in (*PERSONAL, "00019611") if word in said] == []
    assert [line["event"] for line in lines] == ["legacy_file_imported"]


async def test_given_ten_thousand_rows_then_they_come_in_one_transaction(intake):
    body = a_csv(
        *(a_row(f"H29.26740-211011-{n:04d}") for n in range(1, 5001)),
        *(at_register(f"H29.26743-211011-{n:04d}") for n in range(1, 5001)),
    )

    async with asyncio.timeout(90):
        report = await imported(intake, body)

    assert counts(report) == (10_000, 10_000, 10_000, 0, 0)
    assert [(one.unit_code, one.last) for one in report.seeded] == [
        ("26740", 5000),
        ("26743", 5000),
    ]
    assert len(await intake.outbox(EVENTS)) == 10_000
    transactions = await intake.pool.fetchval("SELECT count(DISTINCT xmin::text) FROM dossier")
    assert transactions == 1
    assert set(await intake.topics()) == {PARTICULARS.name, EVENTS}
