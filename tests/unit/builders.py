"""Builders that give names to states: events, dossiers and particulars for the rules' tests."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.envelope import GENESIS, Cause, Envelope, Head, decode, extend
from contracts.events import AttachmentRef, EventData, ParticularsRef, Submitted
from contracts.particulars import Particulars

A_DOSSIER = UUID("6f0f2c1e-0000-4000-8000-00000000000a")
A_CODE = "H29.26737-261124-0001"
A_UNIT = "26737"
NEXT_UNIT = "26740"
BIRTH = "1.001193"
MARRIAGE = "1.000894"
COPY = "2.000635"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SOME_HASH = "a" * 64


def an_event(data: EventData, sequence: int = 1, dossier_id: UUID = A_DOSSIER) -> Envelope:
    """Return the event as its service would have published it."""
    head = Head(dossier_id, A_CODE, sequence - 1, GENESIS if sequence == 1 else SOME_HASH)
    body, _, _ = extend(head, data, Cause("test", SOME_HASH), NOW)
    return decode(body)


def a_paper(kind: str) -> AttachmentRef:
    """Return a declared attachment of that kind."""
    return AttachmentRef(
        kind=kind,
        uri="claim://store/0001",
        media_type="application/pdf",
        size_bytes=1000,
        sha256=SOME_HASH,
    )


def a_submission(**changes: Any) -> Submitted:
    """Return a complete birth, submitted to the commune of residence; `changes` replace fields."""
    fields: dict[str, Any] = {
        "channel": "national-portal",
        "portal": "national-portal",
        "portal_reference": "DVCQG-1",
        "procedure_code": BIRTH,
        "province_code": "79",
        "unit_code": A_UNIT,
        "residence_unit_code": A_UNIT,
        "submitted_at": NOW,
        "particulars": ParticularsRef(version=1, sha256=SOME_HASH),
        "attachments": (a_paper("birth_notification"),),
    }
    return Submitted(**(fields | changes))


def some_particulars(note: str | None = None) -> Particulars:
    """Return an invented family's data."""
    person = {"ethnicity": "Kinh", "nationality": "VN"}
    return Particulars.model_validate(
        {
            "applicant": {
                "full_name": "Nguyễn Thị Thử",
                "personal_number": "000190000001",
                "phone": "+84900000001",
                "email": "thu@example.com",
            },
            "notify_by": ["sms"],
            "form": {
                "kind": "birth",
                "child": {
                    "full_name": "Nguyễn Văn Bé",
                    "sex": "male",
                    "born_on": "2026-11-01",
                    "birthplace_unit_code": A_UNIT,
                    **person,
                },
                "mother": {"full_name": "Nguyễn Thị Thử", "born_on": "1990-01-01", **person},
                "relation": "mother",
                "note": note,
            },
        }
    )
