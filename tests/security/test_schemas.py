"""Every API is asked what its own document allows and what it does not; it answers as it says."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as known

from tests.security.kit import SERVICES, World

#: Of each operation, in each mode.
EXAMPLES = 12
SEED = 20261128
WITHOUT_API = {"board"}
_CHECKS = [
    not_a_server_error,
    known.status_code_conformance,
    known.content_type_conformance,
    known.response_schema_conformance,
]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("service", [one for one in SERVICES if one not in WITHOUT_API])
def test_given_whatever_a_document_allows_or_forbids_then_the_answers_are_as_it_says(
    service: str, mode: GenerationMode, world: World
) -> None:
    schema = schemathesis.openapi.from_dict(world.apps[service].openapi())
    headers = world.issuer.bearer()
    url = world.urls[service]
    failed: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case) -> None:
            case.call_and_validate(base_url=url, headers=headers, checks=_CHECKS)

        try:
            ask()
        except Unsatisfiable:
            continue  # nothing can be wrong about a request without parameters
        except (Exception, BaseExceptionGroup) as error:
            failed.append(f"{operation.label}: {_told(error)}")

    assert not failed, "\n".join(failed)


def _told(error: BaseException) -> str:
    return "\n".join(str(one) for one in getattr(error, "exceptions", [error]))[:3000]


def test_the_board_has_no_api_of_its_own(world: World) -> None:
    assert world.apps["board"].openapi()["paths"] == {}
