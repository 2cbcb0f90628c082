"""Nobody accepts what they cannot have read: a newer form that is on its way."""

from contracts.decision import ParticularsArrived, ParticularsErased
from routing.domain import Accept, allowed_acts
from routing.domain.acts import DATA_UNDER_WAY
from tests.unit.builders import A_DOSSIER, SOME_HASH, some_particulars
from tests.unit.routing_kit import (
    OFFICER,
    THURSDAY,
    after,
    at,
    by_officer,
    done,
    heard,
    more_papers,
    on_desk,
    refused,
)


def arrived(version: int) -> ParticularsArrived:
    return ParticularsArrived(A_DOSSIER, version, SOME_HASH, some_particulars())


def test_given_newer_data_on_their_way_then_an_officer_accepts_only_once_they_are_here():
    context = by_officer(THURSDAY)
    case = after(
        on_desk(), (arrived(1), context), (heard(more_papers(THURSDAY), at(THURSDAY)), context)
    )
    assert (case.held_version, case.particulars_version) == (1, 2)

    no = refused(Accept(OFFICER), case, context)

    assert (no.reason, "accept" in no.allowed) == (DATA_UNDER_WAY, False)
    here = after(case, (arrived(2), context))
    assert "accept" in allowed_acts(here, context)
    assert done(Accept(OFFICER), here, context).state.status == "accepted"


def test_given_data_that_were_erased_then_nothing_is_waited_for():
    context = by_officer(THURSDAY)
    case = after(
        on_desk(), (arrived(1), context), (heard(more_papers(THURSDAY), at(THURSDAY)), context)
    )

    erased = after(case, (ParticularsErased(A_DOSSIER), context))

    assert "accept" in allowed_acts(erased, context)
