"""The names of what may be stuck, and secrets of a stack made before there were two operators."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from console.failing import Failed
from console.services import Services, addresses, find
from local_stack import credentials
from plumbing.stuck.items import (
    ConflictItem,
    EffectItem,
    Item,
    LetterItem,
    ParkedItem,
    SentItem,
    UnknownItem,
    name_of,
    read_name,
)

DOSSIER = UUID("0192f6a4-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    "item",
    [
        EffectItem(DOSSIER),
        ParkedItem(DOSSIER, "registry-sync"),
        LetterItem("dossier.intake.v1", 5, 2**40, 1764300000123456),
        ConflictItem(7),
        SentItem(DOSSIER, 3, 5),
    ],
    ids=lambda item: item.sort,
)
def test_a_name_is_read_as_the_item_it_was_made_of_and_by_its_own_service_alone(item: Item) -> None:
    name = name_of("routing", item)

    assert read_name("routing", name) == item
    with pytest.raises(UnknownItem):
        read_name("intake", name)


def test_given_secrets_of_one_operator_when_kept_then_a_second_is_made_and_the_rest_stays(
    tmp_path: Path,
) -> None:
    file = tmp_path / "secrets.json"
    made = credentials.keep(file)
    second = made["clients"].pop("operator-2")
    file.write_text(json.dumps(made))

    kept = credentials.keep(file)

    assert kept["clients"].pop("operator-2") == second | {
        "secret": credentials.keep(file)["clients"]["operator-2"]["secret"]
    }
    assert kept == made
    assert file.stat().st_mode & 0o777 == 0o600


def test_given_addresses_and_a_token_then_no_local_stack_is_asked(tmp_path: Path) -> None:
    urls = addresses(["routing=http://127.0.0.1:8082/"])

    found = find(tmp_path / "none.json", urls, "token")

    assert found == Services({"routing": "http://127.0.0.1:8082"}, "token")
    with pytest.raises(Failed, match="after `make up`"):
        find(tmp_path / "none.json", urls)


@pytest.mark.parametrize("text", ["routing", "=http://x", "routing="])
def test_given_an_address_of_another_shape_then_it_is_told_how_to_write_it(text: str) -> None:
    with pytest.raises(Failed, match="service=address"):
        addresses([text])


def test_given_a_stack_without_that_person_then_it_is_told_and_no_secret_is_printed(
    tmp_path: Path,
) -> None:
    secrets = credentials.keep(tmp_path / "secrets.json")
    status = {
        "urls": {"routing": "http://127.0.0.1:1", "sandbox": "-"},
        "sandbox": {"url": "http://127.0.0.1:2"},
    }
    (tmp_path / "status.json").write_text(json.dumps(status))

    found = find(tmp_path / "status.json", {}, person="operator-2")

    assert found.urls == {"routing": "http://127.0.0.1:1"}
    assert found.secret == secrets["clients"]["operator-2"]["secret"]
    assert found.secret not in repr(found)
    with pytest.raises(Failed, match="nobody"):
        find(tmp_path / "status.json", {}, person="nobody")
