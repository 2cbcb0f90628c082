"""What a stack decided comes out again from its archive, and otherwise under another law."""

from datetime import date

import reference
from audit.replaying.replay import replay
from audit.replaying.results import Asked
from local_stack.stack import Stack
from reference.law_of_day import law_of
from tests.conftest import ROOT
from tests.flow.kit import following, good_samples
from tests.flow.test_audit import archived

SAMPLES = 14


async def test_the_samples_are_decided_again_as_they_were_and_otherwise_under_another_law(
    stack: Stack,
):
    status = stack.status()
    async with following(status, good_samples(SAMPLES)) as journey:
        await journey.send()
        await journey.arrive()
    await archived(status)
    root, known = ROOT / status.archive, reference.load()

    again = replay(root, known, known)
    otherwise = replay(root, known, law_of(known, date(2020, 1, 1)), Asked(limit=5))

    assert again.differences == []
    assert again.dossiers >= SAMPLES
    assert set(again.versions) == {known.version}
    assert again.judged["channel"] == again.judged["authority"] >= SAMPLES
    assert otherwise.dossiers_differing >= SAMPLES
