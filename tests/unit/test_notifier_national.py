"""What the National Portal's interface may answer outside its own description."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Self
from uuid import uuid4

import pytest

from contracts.decision import Context, Decision
from notifier.correspondence import Correspondence, News
from notifier.national import NationalClient, NationalPortal, Refused, _understood
from notifier.national_requests import NationalRequest, synchronised, to_national
from reference import load

NOW = datetime(2026, 11, 28, 2, tzinfo=UTC)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"data":' * 50_000, b"5", b"", b"\xff"])
def test_given_an_answer_that_is_none_then_it_counts_as_a_refusal(text: bytes) -> None:
    with pytest.raises(Refused, match="unreadable"):
        _understood(text)


@pytest.mark.parametrize(("procedure_code", "calls"), [("", 0), ("1.001193", 1)])
def test_given_a_dossier_of_before_whose_procedure_is_not_known_then_nothing_is_created_for_it(
    procedure_code: str, calls: int
) -> None:
    news = News("accepted", uuid4(), NOW, key="accepted", target=2, status=2)
    told = Correspondence(
        uuid4(), "H29.26737-261128-0001", "national-portal", "R-1", "79",
        procedure_code=procedure_code, unit_code="26737", news=(news,),
    )  # fmt: skip
    rules = synchronised({str: lambda *_: Decision(told)}, {"national-portal"})

    decision = rules[str]("", replace(told, news=()), Context(NOW, load()))

    assert isinstance(decision, Decision)
    assert len(decision.effects) == calls


FIELD = {"MALINHVUC": "G22-TP01", "TENLINHVUC": "Hộ tịch"}


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ([FIELD, {}], ("G22-TP01", "Hộ tịch")),
        (FIELD, ("G22-TP01", "Hộ tịch")),
        *((odd, ("", "")) for odd in ([], None, {}, [None], "G22", [{"MALINHVUC": None}])),
    ],
)
async def test_given_a_procedure_without_a_field_then_it_is_asked_for_again_the_next_time(
    told: object, field: tuple[str, str]
) -> None:
    answers: list[object] = [told, [FIELD]]

    class Client:
        async def call(self, service: str, **_: object) -> dict[str, object]:
            return {"LINHVUCTHUCHIEN": answers.pop(0)}

    client: Any = Client()
    portal = NationalPortal(client, client)

    assert await portal._field("1.001193") == field
    assert await portal._field("1.001193") == ("G22-TP01", "Hộ tịch")
    assert len(answers) == (1 if field[0] else 0)


def told_of(*news: News) -> NationalRequest:
    """Return what the portal is told of the last of these steps."""
    told = Correspondence(
        uuid4(), "H29.26737-261128-0001", "national-portal", "R-1", "79",
        procedure_code="1.001193", unit_code="26737", news=news,
    )  # fmt: skip
    return NationalRequest.model_validate_json(to_national(told, news[-1], load()).request)


def test_given_a_supplement_is_asked_then_its_last_moment_is_not_told_as_the_appointment() -> None:
    submitted = News("submitted", uuid4(), NOW, key="submitted", target=1, status=1, passed=(1,))
    returned = News(
        "returned", uuid4(), NOW, "supplement", key="returned", target=5, status=5, passed=(5,),
        due_at=NOW + timedelta(days=9),
    )  # fmt: skip
    appointment = NOW + timedelta(days=3)
    accepted = News(
        "accepted", uuid4(), NOW, key="accepted", target=2, status=2, passed=(1, 2),
        due_at=appointment,
    )  # fmt: skip

    asked, taken = told_of(submitted, returned), told_of(submitted, returned, accepted)

    assert asked.dossier["NgayHenTra"] == ""
    assert [one["NgayKetThucTheoQuyDinh"] for one in asked.progress] == [""]
    assert taken.dossier["NgayHenTra"] == "20261201090000"
    assert {one["NgayKetThucTheoQuyDinh"] for one in taken.progress} == {"20261201090000"}


async def test_given_many_calls_at_once_then_no_more_than_allowed_are_under_way() -> None:
    under_way, most, answered = 0, 0, []

    class Answering:
        status = 200

        def __init__(self) -> None:
            self.content = self

        async def __aenter__(self) -> Self:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.01)
            return self

        async def __aexit__(self, *_: object) -> None:
            nonlocal under_way
            under_way -= 1

        async def read(self, _: int) -> bytes:
            answered.append(1)
            return b'{"error_code":"0","session":"s"}'

        def at_eof(self) -> bool:
            return True

    http: Any = SimpleNamespace(post=lambda *_, **__: Answering())
    address: Any = SimpleNamespace(
        url="", madonvi="", username="", password=SimpleNamespace(get_secret_value=str)
    )
    client = NationalClient(http, address, at_once=3)

    await asyncio.gather(*(client.call("DongBoTienDo") for _ in range(20)))

    assert (most, len(answered)) == (3, 21)


class Portal:
    """Has dossiers, and a list of what was asked of it."""

    def __init__(self) -> None:
        self.there: set[str] = set()
        self.asked: list[str] = []

    async def call(self, service: str, **more: Any) -> dict[str, Any]:
        """Answer as the interface does."""
        if service == "TraCuuHoSo":
            self.asked.append("looked_up")
            return {"error_code": "00", "data": [{}] if more["mahoso"] in self.there else []}
        if service == "DongBoHoSoMC":
            code, updating = more["data"][0]["MaHoSo"], more["isUpdating"] == "True"
            self.asked.append("updated" if updating else "created")
            if updating != (code in self.there):
                raise Refused("code_2", is_there=not updating)
            self.there.add(code)
        return {"error_code": "00", "LINHVUCTHUCHIEN": [FIELD]}

    async def fetch(self, *_: object) -> list[object]:
        """Answer as a database in which nobody is erased."""
        return []


async def test_given_a_dossier_it_brought_itself_then_the_portal_is_not_asked_for_it_again() -> (
    None
):
    portal: Any = Portal()
    national = NationalPortal(portal, portal)
    news = News("submitted", uuid4(), NOW, key="submitted", target=1, status=1, passed=(1,))
    request = told_of(news).model_dump_json().encode()
    call: Any = SimpleNamespace(request=request, dossier_id=uuid4(), note=lambda *_: None)

    outcomes = [(await national(call)).outcome for _ in range(3)]
    assert outcomes == ["done"] * 3
    assert portal.asked == ["looked_up", "created", "updated", "updated"]

    # A portal restored from a backup has it no more: refused once, it is asked, and told anew.
    portal.there.clear()
    portal.asked.clear()
    outcomes = [(await national(call)).outcome for _ in range(2)]
    assert outcomes == ["again", "done"]
    assert portal.asked == ["updated", "looked_up", "created"]
