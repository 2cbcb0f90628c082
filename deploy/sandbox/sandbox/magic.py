"""Magic dossiers: the name in a portal's reference says what becomes of the dossier here.

`MAGIC-REFUSED-17` is refused, `MAGIC-SLOW-90s-17` takes the register 90 seconds. The sandbox alone
knows of it: an officer of its own acts, and the register it plays decides, as the name says.
"""

import re
from dataclasses import dataclass

#: A commune of Ho Chi Minh City under both maps, whose officers receive by hand.
UNIT, PROVINCE = "26743", "79"
PREFIX = "MAGIC-"
#: How long what takes its time takes, unless the reference says so: `MAGIC-SLOW-90s-…`.
USUAL_SECONDS = 60

_LATER = frozenset({"personal_id_assigned", "registration_corrected"})


@dataclass(frozen=True, slots=True)
class Told:
    """A step as a callback tells it: `passed` ends with `status`, or is empty for no change."""

    step: str
    status: int
    passed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Then:
    """What the portal has to send once it was told the step `after`."""

    after: str
    send: str


@dataclass(frozen=True, slots=True)
class Magic:
    """One outcome: in words, and every callback on the way to it, in order.

    `register` is the note the register reads, `{seconds}` in it filled in. `then` is the portal's
    to send. `refused` is the field the intake refuses; such a dossier has no callbacks. `form` is
    the kind that is handed in by `POST /magic/{name}`; `is_twice`: the same was before.
    """

    name: str
    en: str
    vi: str
    steps: tuple[Told, ...] = ()
    register: str = ""
    then: Then | None = None
    refused: str = ""
    form: str = "birth"
    is_twice: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """What a reference asks for, and how long what takes its time takes."""

    magic: Magic
    seconds: int

    @property
    def note(self) -> str:
        """Return what the register reads beside the form's own note."""
        return self.magic.register.format(seconds=self.seconds)


def _steps(text: str) -> tuple[Told, ...]:
    """Return the steps of a text like `accepted 2, registered 4 9`; no number is no change."""
    told: list[Told] = []
    for part in text.split(","):
        step, *passed = part.split()
        statuses = tuple(int(one) for one in passed)
        told.append(Told(step, statuses[-1] if statuses else told[-1].status, statuses))
    return tuple(told)


_ON_ITS_WAY = "submitted 1, accepted 2"
_DONE = f"{_ON_ITS_WAY}, registered 4 9"
_COMPLETED = "resubmitted 1, accepted 2, registered 4 9"

CATALOGUE = (
    Magic(
        "ACCEPTED",
        "an officer accepts it, the register enters it",
        "cán bộ tiếp nhận, phần mềm hộ tịch đăng ký",
        _steps(_DONE),
    ),
    Magic(
        "HANDED-OVER",
        "the same, and the result is handed over",
        "như trên, rồi trả kết quả cho công dân",
        _steps(f"{_DONE}, handed_over 10"),
    ),
    Magic(
        "SUPPLEMENT",
        "a supplement is asked; once the portal sends one, it is accepted and entered",
        "yêu cầu bổ sung; cổng gửi bổ sung thì được tiếp nhận và đăng ký",
        _steps(f"submitted 1, returned 5, {_COMPLETED}"),
        then=Then("returned", "supplement"),
    ),
    Magic(
        "REFUSED",
        "an officer refuses it",
        "cán bộ từ chối tiếp nhận",
        _steps("submitted 1, returned 3"),
    ),
    Magic(
        "WRONG-AUTHORITY",
        "an officer gives it back: another authority is competent",
        "cán bộ trả lại vì nộp sai thẩm quyền",
        _steps("submitted 1, returned 3"),
    ),
    Magic(
        "DUPLICATE",
        "it is about the birth of an earlier dossier; the officer compares and refuses it",
        "trùng sự kiện với hồ sơ trước; cán bộ đối chiếu và từ chối",
        _steps("submitted 1, returned 3"),
        is_twice=True,
    ),
    Magic(
        "STOPPED",
        "an officer stops it for a time, lets it go on, and accepts it",
        "cán bộ tạm dừng một thời gian, cho tiếp tục rồi tiếp nhận",
        _steps("submitted 1, stopped 8, resumed 4, accepted, registered 9"),
    ),
    Magic(
        "WITHDRAWN",
        "it lies on the desk until the portal withdraws it",
        "nằm chờ ở một cửa cho đến khi cổng gửi yêu cầu rút",
        _steps("submitted 1, withdrawn 7"),
        then=Then("submitted", "withdrawal"),
    ),
    Magic(
        "RESCHEDULED",
        "accepted, then its appointment moves because facts are verified; entered in the end",
        "tiếp nhận, lùi hạn trả vì phải xác minh, cuối cùng được đăng ký",
        _steps(f"{_ON_ITS_WAY}, rescheduled, registered 4 9"),
        register="sandbox:slow={seconds}",
        form="marriage",
    ),
    Magic(
        "REGISTER-NO",
        "accepted, then the register refuses it",
        "đã tiếp nhận nhưng phần mềm hộ tịch từ chối đăng ký",
        _steps(f"{_ON_ITS_WAY}, returned 4 3"),
        register="sandbox:refuse",
    ),
    Magic(
        "REGISTER-SUPPLEMENT",
        "accepted, then the register asks for a supplement; once it came, entered",
        "đã tiếp nhận, phần mềm hộ tịch yêu cầu bổ sung; bổ sung xong thì được đăng ký",
        _steps(f"{_ON_ITS_WAY}, returned 5, {_COMPLETED}"),
        register="sandbox:supplement",
        then=Then("returned", "supplement"),
    ),
    Magic(
        "IN-DOUBT",
        "the register takes it and gives no answer for a while; nothing is told until it does",
        "phần mềm hộ tịch đã nhận nhưng im lặng một lúc rồi mới trả lời",
        _steps(_DONE),
        register="sandbox:silent={seconds}",
    ),
    Magic(
        "SLOW",
        "the register takes its time",
        "phần mềm hộ tịch xử lý chậm",
        _steps(_DONE),
        register="sandbox:slow={seconds}",
    ),
    Magic(
        "LATE-NUMBER",
        "the child's personal number comes after the registration",
        "số định danh của trẻ được cấp sau khi đăng ký",
        _steps(f"{_DONE}, personal_id_assigned"),
        register="sandbox:late-id",
    ),
    Magic(
        "CORRECTED",
        "the register corrects its entry afterwards",
        "Sổ hộ tịch được sửa nội dung sau khi đăng ký",
        _steps(f"{_DONE}, registration_corrected"),
    ),
    Magic(
        "MERGED-UNIT",
        "handed in to a commune that is none on that day: the intake refuses it",
        "nộp đến xã không có trong danh mục của ngày nộp: bị từ chối ngay",
        refused="unit_code",
    ),
)

_BY_NAME = {magic.name: magic for magic in CATALOGUE}
_NAMES = "|".join(sorted(_BY_NAME, key=len, reverse=True))
_REFERENCE = re.compile(rf"{PREFIX}({_NAMES})(?:-([0-9]{{1,4}})s)?(?:-.*)?")


def named(name: str) -> Magic | None:
    """Return the outcome of that name, None for another."""
    return _BY_NAME.get(name)


def played(portal_reference: str) -> Played | None:
    """Return what a reference asks for, None for one that is no magic."""
    found = _REFERENCE.fullmatch(portal_reference)
    if found is None:
        return None
    return Played(_BY_NAME[found[1]], int(found[2] or USUAL_SECONDS))


def comes_later(step: str) -> bool:
    """Return whether the step comes after the end, so that the register is to be asked again."""
    return step in _LATER
