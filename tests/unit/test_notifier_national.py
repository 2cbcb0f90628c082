"""What the National Portal's interface may answer outside its own description."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from contracts.decision import Context, Decision
from notifier.correspondence import Correspondence, News
from notifier.national import Refused, _understood
from notifier.national_requests import synchronised
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
