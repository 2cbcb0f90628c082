"""What is asked of events beside verdicts: whether their dossier is meant, and their data."""

import re
from datetime import datetime

from audit.replaying.results import Asked
from contracts.model import local_day

_ABOUT = re.compile(rb'"unit_code":"([^"\\]+)","residence_unit_code":.*?"submitted_at":"([^"\\]+)"')
_VERSION = b'"reference_version":"'


def is_asked(which: Asked, submission: bytes) -> bool:
    """Return whether the dossier of this submission is one of those."""
    about = _ABOUT.search(submission)
    if about is None:
        return False
    try:
        day = local_day(datetime.fromisoformat(about[2].decode()))
    except (ValueError, OverflowError):
        return False
    return (
        (which.first is None or day >= which.first)
        and (which.last is None or day <= which.last)
        and (which.unit_code is None or about[1].decode() == which.unit_code)
    )


def version_of(routed: bytes) -> str:
    """Return the reference data an event names; empty if it names none."""
    begin = routed.find(_VERSION)
    if begin < 0:
        return ""
    begin += len(_VERSION)
    return routed[begin : routed.find(b'"', begin)].decode("ascii", "replace")
