"""Every message in both languages: short enough, about nobody, and changed only with a version."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import reference
from contracts.applicant import Applicant
from contracts.model import VIETNAM, DossierCode, Language
from contracts.particulars import Particulars
from notifier.correspondence import News
from notifier.mails import compose
from notifier.messages import LONGEST_SMS, mail_subject, mail_text, sms_text, template_of
from notifier.parts import parts_of
from notifier.previewing import (
    CODE,
    KINDS_OF,
    NAME,
    NoSuchMessage,
    Told,
    every_step,
    news_of,
    preview,
    read_told,
    reasons_of,
)
from notifier.requests import MailRequest
from notifier.wording import VERSION, in_words
from tests.unit.builders import A_DOSSIER, some_particulars
from tests.unit.notifier_kit import ACCEPTED, SUBMITTED, Notifier, a_contact, notified, texts

KNOWN = reference.load()
EVERY = every_step(KNOWN)
LONGEST_CODE: DossierCode = "H29.ABCDE.ABCDE.ABCDE.ABCDE.ABCDE-20261124-0000001"
#: What each version said, by language, as a hash; a line is only ever added.
SAID = Path(__file__).with_name("message_versions.json")
VIETNAMESE = "ăâđêôơưĂÂĐÊÔƠƯạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"


def id_of(told: Told) -> str:
    return "-".join(filter(None, (told.step, told.kind, *told.reasons)))


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("told", EVERY, ids=id_of)
def test_every_message_has_its_reason_is_short_enough_and_names_nobody(
    told: Told, language: Language
) -> None:
    text = sms_text(LONGEST_CODE, news_of(told), KNOWN, language)

    assert len(text) <= LONGEST_SMS
    assert NAME not in text
    assert text.count(LONGEST_CODE) == 1
    assert text.endswith(".")
    for sentence in sentences(told, language):
        assert sentence in text
        assert sentence in mail_text(LONGEST_CODE, NAME, news_of(told), KNOWN, language)


def sentences(told: Told, language: Language) -> list[str]:
    """Return the reasons as the reference data say them, without their full stop."""
    found = []
    for code in told.reasons:
        act = {"stopped": "stop", "forwarded": "forward"}.get(told.step, told.kind or "")
        row = KNOWN.return_reason(code) if told.step == "returned" else KNOWN.act_reason(act, code)
        assert row is not None
        found.append((row.text_vi if language == "vi" else row.text_en).rstrip("."))
    return found


@pytest.mark.parametrize("told", EVERY, ids=id_of)
def test_an_english_message_has_no_vietnamese_word_but_a_place(told: Told) -> None:
    english = sms_text(CODE, news_of(told), KNOWN, "en").replace("Phường Sài Gòn", "")

    assert not set(english) & set(VIETNAMESE)
    assert english != sms_text(CODE, news_of(told), KNOWN, "vi")


def test_every_step_citizens_are_told_of_can_be_shown() -> None:
    assert {told.step for told in EVERY} == set(KINDS_OF)
    assert {one for told in EVERY for one in told.reasons} >= {
        row.code for row in KNOWN.return_reasons
    }


def test_given_reasons_and_papers_without_end_then_also_english_points_to_the_portal() -> None:
    every = tuple(row.code for row in KNOWN.return_reasons)
    told = Told("returned", "supplement", every, tuple(paper.code for paper in KNOWN.papers))

    text = sms_text(LONGEST_CODE, news_of(told), KNOWN, "en")

    assert len(text) <= LONGEST_SMS
    assert "see the reasons on the portal you used" in text


def forms_of(told: Told) -> list[News]:
    """Return the step with and without what changes its words."""
    news = news_of(told)
    papers = replace(news, papers=("birth_notification", "not_in_the_list"))
    bare = replace(news, due_at=None, unit_code=None)
    return [news, bare, replace(news, crossed=True), *([papers] if told.step == "returned" else [])]


def rendered(language: Language) -> str:
    """Return all our own words: what the reference data say is not ours, and has its own dates."""
    found = []
    for told in EVERY:
        for news in forms_of(told):
            text = mail_subject(CODE, news, KNOWN, language)
            text += mail_text(CODE, NAME, news, KNOWN, language)
            text += sms_text(CODE, news, KNOWN, language)
            for sentence in sentences(told, language):
                text = text.replace(sentence, "…")
            found.append(text)
    every = tuple(row.code for row in KNOWN.return_reasons)
    found.append(sms_text(CODE, news_of(Told("returned", "supplement", every)), KNOWN, language))
    return hashlib.sha256("\n".join(found).encode()).hexdigest()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_given_a_word_of_ours_that_changed_then_the_version_must_have_changed(
    language: Language,
) -> None:
    said = json.loads(SAID.read_text("utf-8"))

    assert max(int(name.partition("-")[2]) for name in said) == VERSION
    assert said[template_of(language)] == rendered(language)


def test_given_an_applicant_who_chose_english_then_they_read_english_and_the_log_says_so() -> None:
    notifier = Notifier(a_contact(language="en"), SUBMITTED, ACCEPTED).answers_all()

    assert [text.partition(" ")[0] for text in texts(notifier)] == ["Dossier", "Dossier"]
    assert notified(SUBMITTED, "submitted", language="en") in notifier.events
    assert notifier.state.news[0].template == f"en-{VERSION}"


def test_given_a_change_of_language_then_the_next_step_is_told_in_it() -> None:
    notifier = Notifier(a_contact(), SUBMITTED).answers_all()

    notifier.hears(a_contact(2, language="en"), ACCEPTED).answers_all()

    assert [text.partition(" ")[0] for text in texts(notifier)] == ["Hồ", "Dossier"]
    assert notified(ACCEPTED, "accepted", language="en") in notifier.events


def test_given_a_mail_in_english_then_its_header_says_so() -> None:
    notifier = Notifier(a_contact(language="en", notify_by=("email",)), SUBMITTED)
    request = MailRequest.model_validate_json(notifier.lane("citizen")[0][1])

    mail = compose(request, request.to, "tu@example.vn", A_DOSSIER)

    assert b"Content-Language: en" in mail
    assert request.text.startswith("Dear Nguyễn Thị Thử,")


def test_given_a_mail_asked_for_before_there_were_languages_then_it_is_vietnamese() -> None:
    notifier = Notifier(a_contact(notify_by=("email",)), SUBMITTED)
    document = json.loads(notifier.lane("citizen")[0][1])
    del document["language"]

    assert MailRequest.model_validate(document).language == "vi"


def test_given_no_choice_of_language_then_an_old_reader_is_sent_nothing_new() -> None:
    particulars = some_particulars()

    assert b"language" not in particulars.model_dump_json().encode()
    assert "language" not in Applicant.model_validate(
        particulars.applicant.model_dump()
    ).model_dump(mode="json")
    chosen = particulars.applicant.model_copy(update={"language": "en"})
    changed = particulars.model_copy(update={"applicant": chosen})
    again = Particulars.model_validate_json(changed.model_dump_json())
    assert again.applicant.language == "en"


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ((2026, 11, 24, 17, 0), "17:00 Tue, 24/11/2026"),
        ((2027, 1, 3, 7, 5), "07:05 Sun, 03/01/2027"),
    ],
)
def test_given_a_moment_then_english_says_the_day_before_the_month(at, words) -> None:
    assert in_words(datetime(*at, tzinfo=VIETNAM).astimezone(UTC), "en") == words


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        *(("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("", 1)),
        *(("ồ" * 70, 1), ("ồ" * 71, 2), ("ồ" * 134, 2), ("ồ" * 135, 3), ("ồ" * 402, 6)),
        *(("[" * 80, 1), ("[" * 81, 2), ("à" * 160, 1), ("ạ" + "a" * 70, 2), ("😀" * 35, 1)),
        ("😀" * 36, 2),
    ],
)
def test_given_a_text_then_its_parts_are_counted_by_its_letters(text, parts) -> None:
    assert parts_of(text) == parts


def test_given_a_step_or_kind_that_is_never_told_then_the_kinds_there_are_are_named() -> None:
    assert read_told("returned", "", (), ()).kind == "supplement"
    assert read_told("submitted", "imported", (), ()).kind == "imported"
    with pytest.raises(NoSuchMessage) as wrong:
        read_told("rescheduled", "refused", (), ())
    assert wrong.value.kinds == ("apology", "verification")
    with pytest.raises(NoSuchMessage):
        read_told("handed_over", "", (), ())


def test_given_a_preview_then_dossier_and_person_are_invented() -> None:
    mail = preview(Told("accepted"), "email", "vi", KNOWN)

    assert (mail.template, mail.parts) == (f"vi-{VERSION}", 0)
    assert CODE in mail.subject
    assert CODE.endswith("-0000000")
    assert f"Kính gửi {NAME}," in mail.text
    assert reasons_of("accepted", "", KNOWN) == ()
