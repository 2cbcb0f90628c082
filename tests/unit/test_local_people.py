"""The people of a local stack, and what its services with pages are told."""

import json
from pathlib import Path

from local_stack import credentials, people


def test_given_secrets_from_before_there_were_people_when_kept_then_they_are_added(
    tmp_path: Path,
) -> None:
    file = tmp_path / "secrets.json"
    made = credentials.keep(file)
    parts = ("people", "web_clients", "session_keys")
    older = {name: part for name, part in made.items() if name not in parts}
    older["people"] = {"viewer": made["people"]["viewer"] | {"name": "Tên khác"}}
    file.write_text(json.dumps(older))

    kept = credentials.keep(file)

    assert {name: kept[name] for name in older if name != "people"} == {
        name: part for name, part in older.items() if name != "people"
    }
    assert kept["people"] == made["people"] | older["people"]
    assert kept["web_clients"].keys() == made["web_clients"].keys()
    assert kept["session_keys"].keys() == made["session_keys"].keys()
    assert credentials.keep(file) == kept
    assert file.stat().st_mode & 0o777 == 0o600


def test_each_unit_with_a_desk_has_two_officers_and_each_province_of_the_letter_a_viewer() -> None:
    made = people.people(credentials.OFFICER_UNITS, ("79",), credentials.OPERATORS)

    for unit in credentials.OFFICER_UNITS:
        for letter in "ab":
            officer = made[f"officer-{unit}-{letter}"]
            assert officer["scope"] == "desk:act"
            assert officer["claims"] == {"role": "officer", "unit_code": unit}
    assert made["viewer"]["claims"]["provinces"] == ["*"]
    assert made["viewer-79"]["claims"]["provinces"] == ["79"]
    assert set(made["operator-2"]["scope"].split()) == {"operate", "board:read"}
    assert len({one["name"] for one in made.values()}) == len(made)


def test_people_are_sent_back_to_every_replica_of_a_service_with_pages_and_nowhere_else() -> None:
    urls = {
        "routing": "http://127.0.0.1:1",
        "routing-1": "http://127.0.0.1:2",
        "intake": "http://127.0.0.1:3",
        "detour-routing": "http://127.0.0.1:4",
    }

    assert people.redirects(urls) == {
        "routing-web": ["http://127.0.0.1:1/", "http://127.0.0.1:2/"],
        "board-web": [],
    }


def test_only_services_with_pages_are_told_how_people_sign_in(tmp_path: Path) -> None:
    kept = credentials.keep(tmp_path / "secrets.json")
    urls = ("public_url", "authorize_url", "end_session_url", "token_url")
    at = {name: f"http://{name}" for name in urls}

    assert people.web_environment(kept, "intake", **at) == {}
    told = people.web_environment(kept, "routing", **at)
    assert told["OIDC_CLIENT_SECRET"] == kept["web_clients"]["routing-web"]["secret"]
    assert told["SESSION_KEY"] == kept["session_keys"]["routing"]
    assert told["SESSION_KEY"] != people.web_environment(kept, "board", **at)["SESSION_KEY"]
