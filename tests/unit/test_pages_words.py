"""Words of pages: both languages, everywhere; and the moments, days and numbers among them."""

import ast
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from jinja2 import Environment, nodes
from markupsafe import Markup

from pages.formats import day, moment, number
from pages.words import BadWords, Words
from tests.architecture.repository import ROOT, named, short

#: The folders of words there are: a package with pages has templates beside them.
FOLDERS = sorted({path.parent for path in named(".toml") if path.parent.name == "words"})
TEMPLATES = [
    path for folder in FOLDERS for path in sorted(folder.parent.glob("templates/**/*.html"))
]
COMMON = ROOT / "shared" / "pages" / "words"


def raised_in(path: Path) -> set[str]:
    """Return the constant keys of the problems a module makes."""
    text = path.read_text("utf-8")
    if "PageProblem" not in text:
        return set()
    calls = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Call)]
    return {
        call.args[1].value
        for call in calls
        if getattr(call.func, "id", "") == "PageProblem"
        and len(call.args) > 1
        and isinstance(call.args[1], ast.Constant)
    }


PROBLEMS = [path for path in named(".py", "shared", "services") if raised_in(path)]


def words_of(tmp_path: Path, *texts: str) -> Words:
    """Return the words of files with these texts."""
    for number_, text in enumerate(texts):
        (tmp_path / f"{number_}.toml").write_text(text, "utf-8")
    return Words.load(tmp_path)


def service_of(path: Path) -> Path:
    """Return the folder below which words may be shared: a service, or a package of tests."""
    parts = path.relative_to(ROOT).parts
    return ROOT.joinpath(*parts[: 2 if parts[0] == "services" else 3])


@pytest.mark.parametrize("folder", FOLDERS, ids=short)
def test_every_sentence_of_every_package_is_there_in_both_languages(folder: Path) -> None:
    words = Words.load(*{folder, COMMON})

    assert words.keys()


@pytest.mark.parametrize("template", TEMPLATES, ids=short)
def test_every_key_a_template_says_is_in_its_words_with_the_same_places(template: Path) -> None:
    near = [one for one in FOLDERS if service_of(one) == service_of(template)]
    words = [Words.load(folder, COMMON) for folder in {*near} - {COMMON}] or [Words.load(COMMON)]

    for key, places in said_in(template):
        holding = [one for one in words if key in one]
        assert holding, key
        holding[0].markup("vi", key, **dict.fromkeys(places, ""))
        holding[0].markup("en", key, **dict.fromkeys(places, ""))


def said_in(template: Path) -> list[tuple[str, list[str]]]:
    """Return the constant keys a template says, each with the names of the places it fills."""
    tree = Environment(autoescape=True).parse(template.read_text("utf-8"))
    return [
        (call.args[0].value, [keyword.key for keyword in call.kwargs])
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name)
        and call.node.name == "w"
        and isinstance(call.args[0], nodes.Const)
    ]


@pytest.mark.parametrize("path", PROBLEMS, ids=short)
def test_every_problem_that_code_raises_is_in_the_words(path: Path) -> None:
    near = [one for one in FOLDERS if service_of(one) == service_of(path)]
    known = [Words.load(folder) for folder in {*near, COMMON}]

    assert {key for key in raised_in(path) if not any(key in one for one in known)} == set()


def test_there_are_words_and_templates_to_look_at() -> None:
    assert COMMON in FOLDERS
    assert any(said_in(template) for template in TEMPLATES)


def test_a_sentence_is_said_in_either_language_with_its_places_filled(tmp_path: Path) -> None:
    words = words_of(tmp_path, '[list.due]\nvi = "Hẹn {at}"\nen = "Due {at}"\n')

    assert words.say("vi", "list.due", at="thứ Hai") == "Hẹn thứ Hai"
    assert words.say("en", "list.due", at=1) == "Due 1"
    with pytest.raises(KeyError):
        words.say("vi", "list.due")
    with pytest.raises(KeyError):
        words.say("vi", "list.none")


def test_markup_escapes_the_sentence_and_its_places_but_no_markup(tmp_path: Path) -> None:
    words = words_of(tmp_path, '[a]\nvi = "<b> {x}"\nen = "{x} & {x}"\n')

    assert words.markup("vi", "a", x="<i>") == "&lt;b&gt; &lt;i&gt;"
    assert words.markup("en", "a", x=Markup("<i>")) == "<i> &amp; <i>"


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (['[a]\nvi = "x"\n'], "a is not said"),
        (['[a]\nvi = "x"\nen = " "\n'], "a is not said"),
        (['[a]\nvi = "x"\nen = "y"\nfr = "z"\n'], "a is not said"),
        (['[a]\nvi = "x"\nen = "y"\n', '[a]\nvi = "x"\nen = "y"\n'], "a is there twice"),
        (['[a]\nvi = "{x}"\nen = "{y}"\n'], "same places"),
        (['[a]\nvi = "{x.y}"\nen = "{x.y}"\n'], "not a name"),
        (['[a]\nvi = "{x"\nen = "{x"\n'], "brace"),
        (["[a]\nvi = 1\nen = 2\n"], "neither a sentence nor a table"),
        (["[a]\n"], "a is not said"),
    ],
)
def test_given_words_that_cannot_be_said_then_they_are_refused_by_key(
    tmp_path: Path, texts: list[str], why: str
) -> None:
    with pytest.raises(BadWords, match=why):
        words_of(tmp_path, *texts)


def test_a_moment_is_written_in_vietnams_time_to_the_minute() -> None:
    at = datetime(2026, 11, 24, 10, 0, 59, tzinfo=UTC)

    assert moment(at, "vi") == "17:00 Thứ Ba, 24/11/2026"
    assert moment(at, "en") == "17:00 Tue 24 Nov 2026"
    assert moment(at.astimezone(timezone(timedelta(hours=-9))), "en") == "17:00 Tue 24 Nov 2026"
    with pytest.raises(ValueError, match="offset"):
        moment(at.replace(tzinfo=None), "vi")


def test_a_day_is_written_as_it_is_and_a_moment_as_the_day_it_is_in_vietnam() -> None:
    assert day(date(2026, 3, 1), "vi") == "Chủ Nhật, 01/03/2026"
    assert day(date(2026, 3, 1), "en") == "Sun 1 Mar 2026"
    assert day(datetime(2026, 2, 28, 17, tzinfo=UTC), "vi") == "Chủ Nhật, 01/03/2026"


def test_a_number_has_its_thousands_apart() -> None:
    assert [number(1234567, "vi"), number(1234.5, "vi")] == ["1.234.567", "1.234,5"]
    assert [number(1234567, "en"), number(999, "vi")] == ["1,234,567", "999"]
