"""What the citizen reads: one plain sentence for each step, as SMS or as a mail around it."""

from collections.abc import Sequence

from notifier.correspondence import News
from notifier.wording import Wording, wording
from reference import Reference

#: Six parts of an SMS in Vietnamese letters; what is longer points to the portal instead.
LONGEST_SMS = 402

_CLOSING = "Thư này được gửi tự động, vui lòng không trả lời."


def sms_text(dossier_code: str, news: News, reference: Reference) -> str:
    """Return the one sentence for a phone, at most LONGEST_SMS characters; it names nobody."""
    words = wording(news, reference)
    text = _sentence(dossier_code, words)
    if len(text) <= LONGEST_SMS:
        return text
    start = f"{words.opening} {dossier_code} {words.what}"
    return f"{start}, xem lý do trên cổng đã nộp hồ sơ; {words.then}"


def mail_subject(dossier_code: str, news: News, reference: Reference) -> str:
    """Return the subject; it names nobody."""
    words = wording(news, reference)
    return f"{words.opening} {dossier_code} {words.subject}"


def mail_text(dossier_code: str, full_name: str, news: News, reference: Reference) -> str:
    """Return the text of the mail: greeting, what happened, why, and what to do next."""
    words = wording(news, reference)
    if not (words.reasons or words.papers):
        told = [_sentence(dossier_code, words)]
    else:
        told = [
            f"{words.opening} {dossier_code} {words.what}.",
            *_listed("Lý do", words.reasons),
            *_listed("Giấy tờ cần nộp", words.papers),
            f"{words.then[0].upper()}{words.then[1:]}",
        ]
    return "\n\n".join([f"Kính gửi {full_name},", *told, _CLOSING]) + "\n"


def _sentence(dossier_code: str, words: Wording) -> str:
    papers = [f"giấy tờ cần nộp: {', '.join(words.papers)}"] if words.papers else []
    listed = "; ".join([*words.reasons, *papers])
    why = f": {listed}" if listed else ""
    return f"{words.opening} {dossier_code} {words.what}{why}; {words.then}"


def _listed(title: str, lines: Sequence[str]) -> list[str]:
    return [f"{title}:\n" + "\n".join(f"- {line}" for line in lines)] if lines else []
