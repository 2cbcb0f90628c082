"""Asks the register about many dossiers; what spoils a whole answer is found and set apart."""

from collections.abc import Sequence

from registry_sync.register import Register, RegisterAway
from registry_sync.results import RegisterMisspoke, Results

#: So many questions are put at most to find what spoils one answer: a few of a thousand are found.
MOST_QUESTIONS = 64
#: So many without any answer tell that it is not a dossier that is at fault.
MOST_IN_VAIN = 16


async def ask_in_parts(
    register: Register,
    codes: Sequence[str],
    province_code: str,
    procedure_code: str,
    *,
    also_failed: bool = False,
) -> Results:
    """Return what the register says; an answer outside its contract is asked for in halves.

    One dossier about which it never answers within its contract is `odd`. What was not asked
    about in the end is `unasked`. With `also_failed`, an HTTP status that is no success is taken
    for the fault of what was asked about as well.
    Raises RegisterAway, or RegisterMisspoke when it said nothing of its contract about several.
    """
    found = Results()
    waiting, answers = [list(codes)], 0
    last: RegisterAway | RegisterMisspoke | None = None
    for questions in range(MOST_QUESTIONS):
        if not waiting or (not answers and questions == MOST_IN_VAIN):
            break
        part = waiting.pop()
        try:
            found.add(await register.results(part, province_code, procedure_code))
            answers += 1
        except (RegisterAway, RegisterMisspoke) as error:
            if isinstance(error, RegisterAway) and not (also_failed and error.is_status):
                raise
            last = error
            if len(part) < 2:
                found.odd.update(dict.fromkeys(part, str(error)))
            else:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
    if last is not None and not answers and (len(codes) > 1 or isinstance(last, RegisterAway)):
        raise last
    found.unasked.update(*waiting)
    return found
