"""The report as one HTML document: nothing is loaded from anywhere else."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from audit.report.layout import Page

_ENVIRONMENT = Environment(
    loader=PackageLoader("audit.report", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html_of(page: Page) -> bytes:
    """Return the report as an HTML document, ready to print on A4."""
    return _ENVIRONMENT.get_template("report.html").render(page=page).encode()
