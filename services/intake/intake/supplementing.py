"""The submission as it stands after a supplement, and what the law has against it."""

from contracts.model import local_day
from contracts.portal import FieldProblem, Submission, Supplement
from intake.checks import Case, problems_in
from intake.declared import read_declared
from intake.domain import Party
from intake.follow_ups import problem
from intake.reading import MOST_PROBLEMS, Problems
from reference import Reference

MOST_ATTACHMENTS = 30

_LETTER = "Công văn Cục CNTT, Bộ Tư pháp, 12/10/2021"


def with_supplement(before: Submission, supplement: Supplement) -> Submission:
    """Return the submission as it stands after the supplement.

    A form takes the place of the one before, an attachment that of all of its kind; who asks and
    how they are told stay.
    """
    replaced = {attachment.kind for attachment in supplement.attachments}
    stay = tuple(one for one in before.attachments if one.kind not in replaced)
    form = supplement.form or before.form
    return before.model_copy(update={"form": form, "attachments": stay + supplement.attachments})


def is_in(before: Submission, supplement: Supplement) -> bool:
    """Return whether the submission as it stands has all of the supplement already."""
    after = with_supplement(before, supplement)
    return after.form == before.form and sorted(map(repr, after.attachments)) == sorted(
        map(repr, before.attachments)
    )


def problems_after(
    before: Submission, supplement: Supplement, party: Party, reference: Reference
) -> Problems:
    """Return what is against adding the supplement to that submission, all at once.

    A new form has to fulfil what a form had to on the day of submission; what was taken then is
    not held against the dossier now. One whose form the register holds has to bring it: the
    register is told the whole dossier again, and nobody here knows what it holds.
    """
    problems: list[FieldProblem] = []
    after = with_supplement(before, supplement)
    if supplement.resubmitted_at < before.submitted_at:
        detail = "Thời điểm bổ sung không được trước thời điểm nộp hồ sơ."
        problems.append(problem("resubmitted_at", "resubmitted_at.before_submission", detail))
    if len(after.attachments) > MOST_ATTACHMENTS:
        detail = f"Hồ sơ có quá {MOST_ATTACHMENTS} giấy tờ."
        problems.append(problem("attachments", "too_long", detail))
    if supplement.form is None and before.form.kind == "legacy":
        detail = (
            "Hồ sơ được chuyển từ hệ thống cũ nên chưa có biểu mẫu điện tử; khi bổ sung phải gửi"
            " kèm biểu mẫu đầy đủ."
        )
        problems.append(problem("form", "form.needed", detail, _LETTER))
    if supplement.form is not None:
        if before.form.kind not in ("legacy", supplement.form.kind):
            detail = f"Biểu mẫu bổ sung phải cùng loại với biểu mẫu đã nộp: «{before.form.kind}»."
            problems.append(problem("form.kind", "form.other_kind", detail))
        # A form in the place of none is looked at whole: nothing was looked at before.
        was_here = before.form.kind != "legacy"
        held_before = _of_matter(before, party, reference) if was_here else ()
        problems += [p for p in _of_matter(after, party, reference) if p not in held_before]
    return tuple(problems[:MOST_PROBLEMS])


def _of_matter(submission: Submission, party: Party, reference: Reference) -> Problems:
    declared = read_declared(submission.model_dump(mode="json", exclude_none=True))
    at = submission.submitted_at
    return problems_in(Case(declared, party, at, local_day(at), reference))
