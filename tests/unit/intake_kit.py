"""Submissions as portals write them, and records as they put them on the bus."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from aiokafka import ConsumerRecord
from standardwebhooks import Webhook

from contracts.topics import SUBMISSIONS
from intake.domain import Party

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
NATIONAL = Party("national-portal", "national-portal", frozenset({"*"}))
THU_DAU_MOT, PHU_LOI, BINH_DUONG = "25747", "25750", "25760"
SECRET = "whsec_" + base64.b64encode(b"a secret of the national portal").decode()
OTHER_SECRET = "whsec_" + base64.b64encode(b"a secret of somebody else").decode()
_PERSON = {
    "full_name": "Nguyễn Thị Thử Nghiệm",
    "born_on": "1996-04-17",
    "personal_number": "000196112648",
    "ethnicity": "Kinh",
    "nationality": "VN",
}


def a_birth(reference: str = "DVCQG-1", **changes: Any) -> dict[str, Any]:
    """Return a birth that may be taken on the day of `NOW`; `changes` replace members."""
    submission = {
        "portal_reference": reference,
        "procedure_code": "1.001193",
        "province_code": "79",
        "unit_code": THU_DAU_MOT,
        "residence_unit_code": THU_DAU_MOT,
        "submitted_at": "2026-11-24T08:00:00+07:00",
        "applicant": {
            "full_name": "Nguyễn Thị Thử Nghiệm",
            "personal_number": "000196112648",
            "phone": "+84900000123",
        },
        "notify_by": ["sms"],
        "form": {
            "kind": "birth",
            "child": {
                "full_name": "Nguyễn Thử Nghiệm Con",
                "sex": "female",
                "born_on": "2026-11-20",
                "birthplace_unit_code": THU_DAU_MOT,
                "ethnicity": "Kinh",
                "nationality": "VN",
            },
            "mother": dict(_PERSON),
            "relation": "mother",
        },
        "attachments": [
            {
                "kind": "birth_notification",
                "name": "giay-chung-sinh.jpg",
                "uri": "https://files.example.org/1",
                "media_type": "image/jpeg",
                "size_bytes": 1000,
                "sha256": "a" * 64,
            }
        ],
    }
    return submission | changes


def a_death(born_on: str, died_on: str) -> dict[str, Any]:
    """Return a death with these two days."""
    deceased = {
        "full_name": "Trần Văn Thử",
        "sex": "male",
        "born_on": born_on,
        "ethnicity": "Kinh",
        "nationality": "VN",
    }
    form = {
        "kind": "death",
        "deceased": deceased,
        "died_on": died_on,
        "place_unit_code": THU_DAU_MOT,
        "relation": "child",
    }
    return a_birth(procedure_code="1.000656", form=form, attachments=[])


def a_marriage(groom: dict[str, Any], bride: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a marriage of two who are of age; the arguments replace their members."""
    man = _PERSON | {
        "full_name": "Trần Văn Thử",
        "born_on": "1995-02-03",
        "personal_number": "000095000003",
    }
    form = {"kind": "marriage", "groom": man | groom, "bride": _PERSON | bride}
    fields = {"procedure_code": "1.000894", "form": form, "attachments": []}
    return a_birth(**(fields | changes))


def a_change(matter: str, item: str, **changes: Any) -> dict[str, Any]:
    """Return a change of one item; `person` replaces members of the person, `old` the value."""
    person, old = changes.pop("person", {}), changes.pop("old", "Cũ")
    form = {
        "kind": "change",
        "matter": matter,
        "entry": {"kind": "birth"},
        "person": _PERSON | person,
        "items": [{"item": item, "old_value": old, "new_value": "Mới"}],
        "ground": "Có căn cứ.",
    }
    return a_birth(**({"procedure_code": "1.004859", "form": form, "attachments": []} | changes))


def an_event(submission: Any, portal: str = "national-portal", **changes: Any) -> dict[str, Any]:
    """Return the CloudEvent a portal wraps a submission in."""
    name = json.dumps(submission, sort_keys=True)
    return {
        "specversion": "1.0",
        "id": str(uuid5(UUID(int=0), name)),
        "type": "vn.hotich.portal.submission.v1",
        "source": f"/portals/{portal}",
        "time": "2026-11-24T01:00:00Z",
        "datacontenttype": "application/json",
        "data": submission,
    } | changes


def a_record(
    offset: int,
    value: bytes | None,
    *,
    key: bytes | None = b"DVCQG-1",
    secret: str = SECRET,
    portal: str = "national-portal",
    headers: Mapping[str, bytes | None] | None = None,
) -> ConsumerRecord[bytes | None, bytes | None]:
    """Return the signed record; `headers` replace some, None as a value is a null header."""
    signed_at, text = datetime(2026, 11, 1, tzinfo=UTC), (value or b"").decode(errors="replace")
    signed: dict[str, bytes | None] = {
        "content-type": b"application/cloudevents+json",
        "portal": portal.encode(),
        "webhook-id": b"msg-1",
        "webhook-timestamp": str(int(signed_at.timestamp())).encode(),
        "webhook-signature": Webhook(secret).sign("msg-1", signed_at, text).encode(),
    }
    return ConsumerRecord(
        topic=SUBMISSIONS.name,
        partition=0,
        offset=offset,
        timestamp=0,
        timestamp_type=1,
        key=key,
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=tuple((signed | dict(headers or {})).items()),
    )


def a_letter(offset: int, submission: dict[str, Any], **changes: Any) -> Any:
    """Return the record of a submission, keyed by its reference."""
    key = changes.pop("key", submission["portal_reference"].encode())
    event = an_event(submission, changes.get("portal", "national-portal"))
    return a_record(offset, json.dumps(event).encode(), key=key, **changes)
