"""The refusals of what portals send, worded the same over HTTP and on the bus."""

from collections.abc import Collection
from typing import get_args

from contracts.model import Channel
from contracts.portal import FieldProblem
from plumbing.serving import ProblemRaised
from plumbing.strict_json import MOST_DEPTH, MOST_VALUES, Why

_BROKEN = {
    "syntax": "Nội dung gửi không phải là JSON.",
    "twice": "Nội dung JSON nêu hai lần cùng một thành viên trong một đối tượng.",
    "bounds": f"Nội dung JSON chỉ được có tối đa {MOST_DEPTH} cấp, {MOST_VALUES} giá trị và số hữu"
    " hạn.",
}

_CLAIMS = {
    "portal": "Mã định danh của cổng (client_id) không dùng được.",
    "channel": f"channel phải là một trong: {', '.join(get_args(Channel))}.",
    "provinces": 'provinces phải là danh sách mã tỉnh, ví dụ ["79"], hoặc ["*"] cho cả nước.',
}


def broken_json(why: Why) -> ProblemRaised:
    """Return the refusal of a body that is no JSON, or may be read differently."""
    return ProblemRaised(400, "broken-json", "Broken JSON", _BROKEN[why])


def not_acceptable(errors: tuple[FieldProblem, ...]) -> ProblemRaised:
    """Return the refusal that lists every field at once."""
    return ProblemRaised(
        422,
        "submission-invalid",
        "Submission not taken",
        "Hồ sơ chưa được tiếp nhận; xem từng lỗi trong errors.",
        errors=errors,
    )


def follow_up_not_acceptable(errors: tuple[FieldProblem, ...]) -> ProblemRaised:
    """Return the refusal of a supplement or a withdrawal that lists every field at once."""
    return ProblemRaised(
        422,
        "follow-up-invalid",
        "Not taken",
        "Yêu cầu chưa được tiếp nhận; xem từng lỗi trong errors.",
        errors=errors,
    )


def other_content() -> ProblemRaised:
    """Return the refusal of a second submission with the same reference and other content."""
    return ProblemRaised(
        409,
        "reference-used",
        "Reference already used",
        "Mã tham chiếu này đã được dùng cho hồ sơ có nội dung khác.",
    )


def dossier_unknown() -> ProblemRaised:
    """Return the refusal of what follows a submission that was never made, or was refused."""
    return ProblemRaised(
        404,
        "dossier-unknown",
        "No such dossier",
        "Cổng chưa có hồ sơ nào được tiếp nhận với mã tham chiếu này; hồ sơ chưa nộp hoặc bị"
        " từ chối thì không thể bổ sung hay rút.",
    )


def data_erased() -> ProblemRaised:
    """Return the refusal of what follows a submission whose personal data are erased."""
    error = FieldProblem(
        field="portal_reference",
        rule="personal_data.erased",
        detail="Dữ liệu cá nhân của hồ sơ đã được xóa và không thể khôi phục.",
        source="Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15, Điều 14",
    )
    return ProblemRaised(
        409,
        "personal-data-erased",
        "Personal data erased",
        "Dữ liệu cá nhân của hồ sơ đã được xóa; đề nghị nộp hồ sơ mới.",
        errors=(error,),
    )


def data_not_kept() -> ProblemRaised:
    """Return the refusal of a supplement to a dossier taken before its data were kept."""
    return ProblemRaised(
        409,
        "personal-data-not-kept",
        "Personal data not kept",
        "Hồ sơ được tiếp nhận trước khi hệ thống hỗ trợ bổ sung trực tuyến; đề nghị bổ sung tại"
        " bộ phận một cửa.",
    )


def too_many_supplements() -> ProblemRaised:
    """Return the refusal of a supplement after the last that can be counted."""
    return ProblemRaised(
        409,
        "too-many-supplements",
        "Too many supplements",
        "Hồ sơ đã được bổ sung quá nhiều lần; đề nghị liên hệ bộ phận một cửa.",
    )


def key_reused() -> ProblemRaised:
    """Return the refusal of an Idempotency-Key that came with another body before."""
    return ProblemRaised(
        422,
        "idempotency-key-reused",
        "Idempotency-Key already used",
        "Idempotency-Key này đã được dùng cho nội dung khác.",
    )


def key_unusable() -> ProblemRaised:
    """Return the refusal of a missing or malformed Idempotency-Key."""
    return ProblemRaised(
        400,
        "idempotency-key-unusable",
        "Idempotency-Key missing or malformed",
        "Cần tiêu đề Idempotency-Key gồm 1 đến 128 ký tự ASCII in được, không có dấu cách.",
    )


def claims_unusable(claims: Collection[str]) -> ProblemRaised:
    """Return the refusal of a token that does not say what its client may submit.

    `claims` are those of it that cannot be used.
    """
    errors = tuple(
        FieldProblem(
            field=claim, rule=f"token.{claim}", detail=detail, source="OAuth2, docs/portals.md"
        )
        for claim, detail in _CLAIMS.items()
        if claim in claims
    )
    return ProblemRaised(
        403,
        "claims-unusable",
        "Not allowed",
        "Mã truy cập (token) không cho biết cổng được nộp hồ sơ gì; xem từng lỗi trong errors.",
        errors=errors,
    )


def not_found() -> ProblemRaised:
    """Return the answer for what this client has not submitted or what does not exist."""
    return ProblemRaised(404, "not-found", "Not found", "Không tìm thấy hồ sơ.")


def database_away() -> ProblemRaised:
    """Return the answer while nothing can be written; the same request may come again."""
    return ProblemRaised(
        503,
        "try-again",
        "Try again",
        "Hệ thống tạm bận; gửi lại với cùng Idempotency-Key.",
        {"retry-after": "2"},
    )
