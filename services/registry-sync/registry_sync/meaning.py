"""What an answer of the register to a push means; the only place that reads its texts."""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from plumbing.calls import Answer

#: It has the dossier; something exists there, which may be another thing; words we do not know.
KNOWN, EXISTS, NOT_UNDERSTOOD = "taken_before", "exists", "not_understood"
#: It has the dossier: a duplicate is a success, and what became of it is asked for.
_TAKEN_BEFORE = (
    "đã được tiếp nhận",
    "đã hoàn thành đăng ký",
    "đã trả kết quả",
    "bị từ chối. không thể cập nhật",
)
#: Nobody knows whether it has it: it is asked before it is told again.
_IN_TROUBLE = (
    "có lỗi trong quá trình",
    "client received soap fault",
    "server error",
    "chưa được gửi",
)
#: The message is at fault and would be again; the citizen is not.
_MALFORMED = (
    "logic xử lý không hợp lệ",
    "dữ liệu không hợp lệ",
    "không đúng định dạng",
    "sai định dạng",
    "không tồn tại",
)
#: It has no such dossier, in answer to a question.
_NOT_FOUND = ("không tìm thấy", "không tồn tại")
#: It decided against the dossier. That something was refused is not enough: a connection may be.
_REFUSED = re.compile(
    r"hồ sơ (?:này |[a-z0-9.-]+ )?(?:đã )?bị từ chối|từ chối tiếp nhận hồ sơ"
    r"|sai thẩm quyền|không thuộc thẩm quyền|không đủ điều kiện"
)
#: It speaks of our access or of our message, whatever else it says: that is no business no.
_TECHNICAL = re.compile(
    r"truy cập|kết nối|xác thực|tài khoản|mật khẩu|chữ ký|(?<!môi )trường(?! hợp)"
)
_HAS_IT: tuple[tuple[tuple[str, ...], Answer], ...] = (
    (_TAKEN_BEFORE, Answer("done", KNOWN)),
    (("đã tồn tại",), Answer("done", EXISTS)),
    (_IN_TROUBLE, Answer("unknown", "register_in_trouble")),
)
_SAID_NO = Answer("no", "register_said_no")
#: What these codes say is no word about the dossier, whatever the text says beside them.
_TECHNICAL_CODES = {
    "DU_LIEU": Answer("never", "malformed"),
    "XAC_THUC": Answer("again", "credentials_refused"),
}
_REFUSING_CODE, _KNOWING_CODE = "TU_CHOI", "TRUNG_HO_SO"
#: It did nothing, and somebody has to put our access or its address right.
NO_ACCESS = frozenset({401, 403, 404, 405, 407, 410})
#: It did nothing, and would do nothing with these bytes ever.
_NOT_READ = frozenset({400, 411, 413, 414, 415, 422, 431})
#: The address is wrong there, or somebody between us does not like this message: others may pass.
_AT_WORK = frozenset({404, 405, 410})
_MOST_WORDS = 2_000


def meaning(status: int, body: str) -> Answer:
    """Return what the HTTP status and the body of an answer to NhanDKHT mean.

    `done`: it has the dossier. `no`: it decided against it; final even after an attempt without
    an answer, for it was the same dossier, and had the register taken it then, it would have said
    so now. `never`: a technical no, for a person. `again`: certainly nothing was done. `unknown`:
    ask before telling again, above all for NOT_UNDERSTOOD, a no in words we do not know: taken
    for a business no it would refuse a citizen for a fault of ours.
    An answer that speaks the contract is read by it, whatever its status, but for a 5xx and one
    that refuses us altogether.

    Source: the classification of the one-stop's register client (final, again, never).
    """
    if status in NO_ACCESS or status == 429:
        is_at_work = status in _AT_WORK
        return Answer("again", f"http_{status}", words=_cut(body), at_work=is_at_work)
    if status >= 500 or status == 408:
        return Answer("unknown", f"http_{status}", words=_cut(body))
    document = _read(body)
    if document is not None:
        return _of_document(status, document)
    if status in _NOT_READ:
        return Answer("never", f"http_{status}", words=_cut(body))
    is_fine = 200 <= status < 300
    reason = "not_the_contract" if is_fine else f"http_{status}"
    return Answer("unknown", reason, words=_cut(body))


def not_found(document: Mapping[str, Any]) -> bool:
    """Return whether an answer to LayKetQua that is no success says that it has no such dossier."""
    said = _plain(f"{document.get('statusDescription', '')} {document.get('errorDescription', '')}")
    return any(phrase in said for phrase in _NOT_FOUND)


def _read(body: str) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and "status" in document else None


def _of_document(status: int, document: dict[str, Any]) -> Answer:
    if 200 <= status < 300 and str(document["status"]) == "1":
        return Answer("done", "taken")
    said = f"{document.get('errorDescription', '')} {document.get('statusDescription', '')}"
    answer = _by_words(str(document.get("errorCode", "")), _plain(said))
    if answer is None and status in _NOT_READ:
        answer = Answer("never", f"http_{status}")
    if answer is None:
        answer = Answer("unknown", NOT_UNDERSTOOD)
    return Answer(answer.outcome, answer.reason, words=_cut(_words(document)))


def _by_words(code: str, text: str) -> Answer | None:
    """Return what the text means, else the code; texts are found, codes may be of our making.

    That the register has it, or may have it, goes before any no: it can still be asked. What is
    technical goes before a business no, for that sends a citizen home.
    """
    code = code.strip().upper()
    for phrases, answer in _HAS_IT:
        if any(phrase in text for phrase in phrases):
            return answer
    if code in _TECHNICAL_CODES:
        return _TECHNICAL_CODES[code]
    if any(phrase in text for phrase in _MALFORMED):
        return Answer("never", "malformed")
    is_refused = code == _REFUSING_CODE or _REFUSED.search(text) is not None
    if is_refused:
        return None if _TECHNICAL.search(text) else _SAID_NO
    return Answer("done", KNOWN) if code == _KNOWING_CODE else None


def _words(document: dict[str, Any]) -> str:
    parts = (
        document.get(key, "") for key in ("errorCode", "errorDescription", "statusDescription")
    )
    return " | ".join(str(part) for part in parts if part)


def _plain(text: str) -> str:
    # Vietnamese can be written in two ways that look the same.
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _cut(text: str) -> str:
    return text[:_MOST_WORDS]
