"""A sandbox that lives on another day: what it dates, and what keeps the real time."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from standardwebhooks import Webhook

from sandbox.bus import build_record
from sandbox.clock import Clock
from sandbox.settings import SettingsWrong, read_settings
from tests.integration.sandbox_process import (
    WEBHOOK_SECRET,
    a_callback,
    a_push,
    a_sandbox,
    push,
    results,
    results_when,
    signed,
)

PORTAL = ("national-portal", "portal-password")
CODE = "H29.1-211115-0001"
NINE_ON_THE_DAY = datetime.fromisoformat("2021-11-15T09:00:00+07:00")
#: Still the year before by the clock of Greenwich.
NEW_YEAR_IN_VIETNAM = datetime.fromisoformat("2022-01-01T00:00:30+07:00")
REQUIRED = {
    "SANDBOX_PORT": "1",
    "SANDBOX_SMTP_PORT": "2",
    "SANDBOX_STATE": "state",
    "SANDBOX_SECRETS": "secrets.json",
}


def until(day: datetime) -> str:
    return str((day - datetime.now(UTC)).total_seconds())


def claims_of(token: str) -> dict[str, int]:
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


async def test_the_book_and_its_days_are_of_the_day_the_sandbox_lives_on(tmp_path):
    offset = until(NINE_ON_THE_DAY)
    async with a_sandbox(tmp_path, CLOCK_OFFSET_SECONDS=offset) as sandbox:
        await push(sandbox, a_push(CODE))
        (value,) = await results_when(sandbox, 4, CODE)
        await push(sandbox, a_push("H29.1-211115-0002", note="sandbox:supplement"))
        (asked,) = await results_when(sandbox, 2, "H29.1-211115-0002")

        line = value["ketQuaXuLy"]
        assert (line["quyenSo"], line["ngayDangKy"]) == ("01/2021", "15.11.2021")
        assert value["thoiGianThucHien"].startswith("15/11/2021 09:0")
        assert asked["hanBoSungHoSo"] == "22/11/2021 17:00:00"


async def test_the_journal_the_waiting_tokens_and_signatures_keep_the_real_time(tmp_path):
    offset = until(NINE_ON_THE_DAY)
    async with a_sandbox(tmp_path, CLOCK_OFFSET_SECONDS=offset) as sandbox:
        _, token = await sandbox.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": aiohttp.encode_basic_auth(*PORTAL)},
        )
        text = json.dumps(a_callback("DVCQG-1"))
        status, _ = await sandbox.post(
            "/portals/national-portal/callbacks", data=text, headers=signed(text, "msg-1")
        )
        await push(sandbox, a_push(CODE))
        await results_when(sandbox, 4, CODE)

        now = datetime.now(UTC)
        for entry in await sandbox.journal():
            assert now - timedelta(seconds=10) < datetime.fromisoformat(entry["at"]) <= now
        assert abs(claims_of(token["access_token"])["exp"] - time.time() - 600) < 10
        assert status == 204


async def test_no_answer_changes_when_a_restart_gives_the_clock_another_offset(tmp_path):
    async with a_sandbox(tmp_path, CLOCK_OFFSET_SECONDS=until(NEW_YEAR_IN_VIETNAM)) as sandbox:
        await push(sandbox, a_push(CODE))
        before = await results_when(sandbox, 4, CODE)
        await sandbox.stop()
        sandbox.environment["CLOCK_OFFSET_SECONDS"] = until(NINE_ON_THE_DAY)
        await sandbox.start()
        await push(sandbox, a_push("H29.1-211115-0002"))
        (later,) = await results_when(sandbox, 4, "H29.1-211115-0002")

        assert before[0]["ketQuaXuLy"]["quyenSo"] == "01/2022"
        assert await results(sandbox, CODE) == before
        line = later["ketQuaXuLy"]
        assert (line["quyenSo"], line["soDangKy"]) == ("01/2021", "1")


def test_a_bus_record_is_dated_by_the_clock_and_signed_at_the_real_time():
    now = datetime.now(UTC)
    clock = Clock(NINE_ON_THE_DAY - now)

    record = build_record(
        "national-portal",
        {"portal_reference": "DVCQG-1"},
        secret=WEBHOOK_SECRET,
        idempotency_key="key",
        now=now,
        clock=clock,
    )

    headers = {name: value.decode() for name, value in record.headers}
    event = Webhook(WEBHOOK_SECRET).verify(record.value, headers)
    assert event["time"] == "2021-11-15T09:00:00.000+07:00"
    assert headers["webhook-timestamp"] == str(int(now.timestamp()))


@pytest.mark.parametrize("seconds", ["tomorrow", "nan", "inf", "1e12"])
def test_an_offset_that_is_none_is_refused(seconds):
    with pytest.raises(SettingsWrong, match="CLOCK_OFFSET_SECONDS"):
        read_settings({**REQUIRED, "CLOCK_OFFSET_SECONDS": seconds})
