"""What a person is told when a page cannot be shown or a form was not taken."""

from collections.abc import Mapping


class PageProblem(Exception):
    """A page that says what is wrong: `key` names its sentence in the words, `places` fill it."""

    def __init__(
        self,
        status: int,
        key: str,
        headers: Mapping[str, str] | None = None,
        /,
        **places: object,
    ) -> None:
        super().__init__(key)
        self.status, self.key, self.places = status, key, places
        self.headers = dict(headers or {})


class NotForYou(PageProblem):
    """This person may not come here; `name` is what the issuer calls them.

    `back` is where to go on after signing in as somebody else; "" is the home page.
    """

    def __init__(self, name: str, back: str = "") -> None:
        super().__init__(403, "problem.not_for_you", name=name)
        self.back = back


class NotSignedIn(Exception):
    """The page is for people who are signed in, and this one is not, or no longer.

    `back` is where to go on after signing in, when what was asked for was a POST.
    """

    def __init__(self, back: str = "") -> None:
        super().__init__()
        self.back = back
