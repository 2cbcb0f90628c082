"""Who is believed on the bus: the portal's own signature over the value, whatever its age."""

import pytest

from intake.domain import Party
from intake.signatures import Believed, Forged, Signatures, party_of
from tests.unit.intake_kit import NATIONAL, OTHER_SECRET, SECRET, a_record

SIGNATURES = Signatures({"national-portal": SECRET, "stranger": SECRET})


def test_given_the_portals_signature_then_value_and_portal_are_believed():
    assert SIGNATURES.believe(a_record(0, b"value")) == Believed(NATIONAL, "value")


def test_given_several_signatures_when_one_fits_then_it_is_believed():
    good = dict(a_record(0, b"value").headers)["webhook-signature"]
    record = a_record(0, b"value", headers={"webhook-signature": b"v1,bm8= v2,eA== " + good})

    assert SIGNATURES.believe(record) == Believed(NATIONAL, "value")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (a_record(0, b"value", secret=OTHER_SECRET), "signature_wrong"),
        (a_record(0, b"value", headers={"webhook-id": b"msg-2"}), "signature_wrong"),
        (a_record(0, b"value", headers={"webhook-timestamp": b"1"}), "signature_wrong"),
        (a_record(0, b"value", headers={"webhook-timestamp": b"soon"}), "signature_wrong"),
        (a_record(0, b"value", headers={"webhook-timestamp": b"9" * 12}), "signature_wrong"),
        (a_record(0, b"value", headers={"webhook-signature": b""}), "signature_wrong"),
        (a_record(0, b"value", headers={"webhook-signature": b"v1,\xc3\xa9"}), "signature_wrong"),
        (a_record(0, b"value", headers={"portal": b"nobody"}), "portal_unknown"),
        (a_record(0, b"value", portal="stranger"), "portal_unknown"),
        (a_record(0, b"value", headers={"portal": b"\xff"}), "header_not_utf8"),
        (a_record(0, b"value", headers={"portal": None}), "header_missing"),
        (a_record(0, b"value", headers={"webhook-signature": None}), "header_missing"),
        (a_record(0, None), "tombstone"),
        (a_record(0, b"\xff"), "value_not_utf8"),
    ],
)
def test_given_anything_else_then_it_is_not_believed(record, reason):
    assert SIGNATURES.believe(record) == Forged(reason)


def test_given_a_header_twice_then_it_is_not_believed():
    record = a_record(0, b"value")
    record.headers = (*record.headers, ("portal", b"moj-direct"))

    assert SIGNATURES.believe(record) == Forged("header_repeated")


def test_given_a_header_of_no_meaning_to_us_then_its_bytes_do_not_matter():
    assert SIGNATURES.believe(a_record(0, b"value", headers={"x": b"\xff"})) == Believed(
        NATIONAL, "value"
    )


@pytest.mark.parametrize(
    ("portal", "party"),
    [
        ("national-portal", NATIONAL),
        (
            "provincial-portal-79",
            Party("provincial-portal-79", "provincial-portal", frozenset({"79"})),
        ),
        ("moj-direct", Party("moj-direct", "moj-direct", frozenset({"*"}))),
        ("provincial-portal-7", None),
        ("provincial-portal-790", None),
        ("provincial-portal-٧٩", None),
    ],
)
def test_given_a_portals_id_then_it_tells_the_channel_and_the_province(portal, party):
    assert party_of(portal) == party
