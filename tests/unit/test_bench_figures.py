"""What a benchmark says of itself: its keys, its targets, and itself beside an earlier run."""

import json

import pytest

from tests.bench import comparing, figures
from tests.bench.figures import KEYS, headline
from tests.bench.planned import FULL, QUICK, Planned, planned
from tests.bench.targets import missed
from tests.bench.whole.processes import Memory, spent
from tests.bench.whole.spread import spread
from tests.bench.whole.submissions import by_province, make
from tests.bench.whole.watching import Watch

SECTIONS = {
    "bus": {"registered_per_s": 1200.0, "told_per_s": 900.0, "cpu_ms_per_dossier": {"kafka-1": 2}},
    "http": {"registered_per_s": 480.0, "told_per_s": 470.0},
    "handwritten": {"registered_per_s": 100.0},
    "dbos": {"per_s": 40.0},
    "consuming_stage": {"ratio": 0.7, "same_sql_without_kafka_per_second": 9000},
    "open_loop": [
        {"rate": 50, "p50_ms": 90, "p99_ms": 200},
        {"rate": 100, "p50_ms": 150, "p99_ms": 501},
    ],
    "backlog": {"dossiers": 12_500, "drain_s": 61.0},
    "stored": [
        {"stored": 10_000, "per_s": 5000},
        {"stored": 100_000, "per_s": 4900},
        {"stored": 1_000_000, "per_s": 4500},
    ],
    "rss_mb": {"intake": 120, "routing": 121},
    "ceilings": {"register_calls_per_s": 900},
}


def test_the_headline_has_every_figure_of_a_whole_run():
    assert headline(SECTIONS) == {
        "bus_per_s": 1200.0,
        "http_per_s": 480.0,
        "handwritten_per_s": 100.0,
        "dbos_per_s": 40.0,
        "handling_over_ceiling": 0.7,
        "p50_ms": 150,
        "p99_ms": 501,
        "backlog_drain_s": 61.0,
        "million_over_ten_thousand": 0.9,
        "rss_mb": {"intake": 120, "routing": 121},
        "ceilings": {"same_sql_events_per_s": 9000, "register_calls_per_s": 900},
        "bus_over_handwritten": 12.0,
        "bus_over_dbos": 30.0,
        "bus_told_per_s": 900.0,
        "http_told_per_s": 470.0,
    }


def test_given_nothing_was_measured_then_every_key_is_there_and_null():
    assert headline({}) == dict.fromkeys(KEYS)


def test_given_a_smaller_backlog_or_fewer_stored_then_they_are_not_told_as_the_nation_s():
    smaller = {"backlog": {"dossiers": 300, "drain_s": 2.0}, "stored": SECTIONS["stored"][:2]}

    found = headline(smaller)

    assert (found["backlog_drain_s"], found["million_over_ten_thousand"]) == (None, None)


def test_each_target_that_is_not_reached_is_named_with_its_unit_and_no_other():
    audit = {"verify_per_s": 207_000, "replay_per_s": 199_999, "compare_over_raw": 0.92}
    assert missed(headline(SECTIONS) | {"audit": audit}) == [
        "registered a second, over HTTP: 480 dossiers, wanted are 500 or more",
        "99 of 100 within, at 100 a second: 501 ms, wanted are 500 or less",
        "a day after an outage is done in: 61 s, wanted are 60 or less",
        "decided again by a second of a core: 199,999 events, wanted are 200,000 or more",
        "memory of routing: 121 MB, wanted are 120 or less",
    ]


def test_what_was_not_measured_misses_no_target():
    assert missed(headline({})) == []


def test_the_dearest_process_comes_first():
    cost = {"notifier": 17.0, "postgres": 20.0, "intake": 1.5}

    told = figures.dearest({"bus": {"cpu_ms_per_dossier": cost}})

    assert told.endswith("38.5 in all: postgres 20.0, notifier 17.0, intake 1.5")


def test_given_two_runs_then_every_number_both_have_is_compared_by_its_place():
    old = {
        "at": "then",
        "bus": {"dossiers": 3000, "per_s": 50, "none": 0},
        "open_loop": [{"rate": 25, "p50_ms": 1}, {"rate": 100, "p50_ms": 2}],
        "ok": True,
        "machine": {"cores": 2},
    }
    new = {
        "at": "now",
        "bus": {"dossiers": 400, "per_s": 75, "none": 3},
        "open_loop": [{"rate": 100, "p50_ms": 3}],
        "ok": True,
        "more": 1,
        "machine": {"cores": 4},
    }

    assert comparing.ratios(old, new) == {
        "bus.dossiers": (3000, 400, 0.133),
        "bus.per_s": (50, 75, 1.5),
        "open_loop.rate=100.p50_ms": (2, 3, 1.5),
    }
    assert comparing.table(old, new).caption == "of other sizes, so no fair comparison: bus"
    assert comparing.table(old, old).caption is None


@pytest.mark.parametrize("only", ["nonsense", "bus,dbosss", "rss_mb"])
def test_given_a_section_that_is_none_then_it_is_said_before_anything_starts(only: str):
    with pytest.raises(SystemExit, match="no section"):
        planned({"ONLY": only})


@pytest.mark.parametrize("text", ["[]", "5", "{}", "{"])
def test_given_a_file_that_is_no_run_then_it_is_named(tmp_path, text: str):
    (tmp_path / "odd.json").write_text(text, encoding="utf-8")

    with pytest.raises(SystemExit, match=r"odd\.json has no figures"):
        comparing.read(tmp_path / "odd.json")


def test_given_a_file_without_figures_then_it_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"none\.json has no figures"):
        comparing.read(tmp_path / "none.json")


def test_figures_read_are_those_written(tmp_path):
    written = SECTIONS | {"machine": {"cores": 2}}
    (tmp_path / "old.json").write_text(json.dumps(written), encoding="utf-8")

    assert comparing.read(tmp_path / "old.json") == written


def test_given_provinces_served_in_turn_then_the_spread_is_small():
    found = spread(["01", "79", "49"] * 100)

    assert found == {"provinces": 3, "spread": 0.003, "longest_run": 1}


def test_given_provinces_served_one_after_the_other_then_the_spread_is_large():
    assert spread(["01"] * 100 + ["79"] * 100) == {
        "provinces": 2,
        "spread": 0.25,
        "longest_run": 100,
    }


def test_a_tail_of_the_last_province_is_no_run_of_it():
    assert spread(["01", "79", "01", "79", *["79"] * 50])["longest_run"] == 1


def test_the_environment_says_how_much_is_measured():
    assert planned({}) == Planned()
    assert planned({"QUICK": "1"}) == QUICK
    assert planned({"FULL": "1"}) == FULL
    assert planned({"ONLY": "bus,http"}).has("http")
    assert not planned({"ONLY": "bus,http"}).has("dbos")
    assert planned({}).has("dbos")


def test_submissions_are_of_other_people_and_have_other_references():
    made = make(100)

    references = {one.submission["portal_reference"] for one in made}
    applicants = {one.submission["applicant"].get("personal_number") for one in made}
    assert len(references) == 100
    assert len(applicants) > 60
    assert all(one.expect == "registered" and not one.then for one in made)
    assert not any("sandbox:" in str(one.submission) for one in made)


def test_a_day_s_work_is_sent_province_by_province():
    codes = [one.submission["province_code"] for one in by_province(make(50))]

    assert codes == sorted(codes)
    assert len(set(codes)) > 3


def test_a_registered_dossier_counts_once_and_at_its_first_time():
    counted: list[int] = []
    watch = Watch(on_registered=lambda: counted.append(1))
    head = b'{"specversion":"1.0","type":"vn.hotich.dossier.registered.v1"}'

    watch.see("dossier.registry.v1", b"a", head, 10)
    watch.see("dossier.registry.v1", b"a", head, 20)
    watch.see("dossier.notification.v1", b"a", b'{"data":{"step":"registered"}}', 30)
    watch.see("dossier.notification.v1", b"a", b'{"data":{"step":"personal_id_assigned"}}', 40)

    assert (watch.registered, len(counted), watch.said_at) == ({b"a": 10}, 1, 30)


def test_what_a_dossier_cost_is_told_dearest_first_without_the_keeper():
    before, after = {"intake": 1.0}, {"intake": 2.0, "postgres": 4.0, "keeper": 9.0}

    assert list(spent(before, after, 1000).items()) == [("postgres", 4.0), ("intake", 1.0)]


def test_the_memory_s_peak_is_kept_and_its_course_every_ten_seconds():
    memory = Memory()

    for seconds, mib in ((0, 50), (4, 90), (10, 70), (12, 60), (21, 60)):
        memory.see("intake", seconds, mib)

    assert memory.most == {"intake": 90}
    assert memory.points == {"intake": [(0, 50), (10, 70), (21, 60)]}
