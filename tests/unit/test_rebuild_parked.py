"""What waits for a predecessor nobody has heard: a rebuild leaves what the live service does."""

from contracts.envelope import GENESIS, Cause, Head
from contracts.events import Routed
from plumbing.rebuilding.proving import Told
from plumbing.rebuilding.writing import _cursors, _parked
from plumbing.sequencing import sort
from tests.unit.builders import A_CODE, A_DOSSIER, A_UNIT, NOW, SOME_HASH
from tests.unit.rebuild_kit import DossierLog
from tests.unit.test_sequencing import arrive


def test_given_only_a_later_event_when_rebuilt_then_it_is_parked_without_a_cursor_as_live():
    log = DossierLog(A_DOSSIER, A_CODE)
    log.heads["routing"] = Head(A_DOSSIER, A_CODE, 1, SOME_HASH)
    log.say(Routed(unit_code=A_UNIT, reference_version="1"), Cause("test", SOME_HASH), NOW)
    body = log.records[0].value
    assert body is not None
    story = log.story("notifier")
    told = Told(story, None, Head(A_DOSSIER, A_CODE, 0, GENESIS), (), {})

    live = sort(arrive(body), {}, {})

    assert [row[:3] for row in _parked([told])] == [
        (one.event.dossierid, one.event.service, one.event.sequence) for one in live.parked
    ]
    assert list(_cursors("notifier", [told])) == list(live.cursors) == []
