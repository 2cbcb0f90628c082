"""The kit's report: a table at the terminal, one JSON document, one page in Vietnamese."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.console import Console

from console.conformance.checks import Finding, Report, Verdict
from contracts.model import VIETNAM

_ENVIRONMENT = Environment(
    loader=PackageLoader("console", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLES: dict[Verdict, str] = {"passed": "green", "failed": "red", "skipped": "yellow"}
_VERDICTS: dict[Verdict, str] = {"passed": "Đạt", "failed": "Chưa đạt", "skipped": "Chưa xét"}
_KITS = {
    "callbacks": "nhận thông báo trạng thái",
    "listing": "danh sách hồ sơ của cổng",
    "submitting": "tiếp nhận hồ sơ từ cổng",
}


def tell(console: Console, finding: Finding) -> None:
    """Print a finding; what failed with the reason for the check and its source."""
    style = _STYLES[finding.verdict]
    console.print(f"[{style}]{finding.verdict:<8}[/{style}]", finding.words.en, highlight=False)
    if finding.verdict != "passed":
        console.print(f"         saw: {finding.evidence}", markup=False, highlight=False)
    if finding.verdict == "failed":
        console.print(f"         see: {finding.words.source}", markup=False, highlight=False)


def summarise(console: Console, report: Report) -> None:
    """Print how many checks came out how."""
    counts = Counter(one.verdict for one in report.findings)
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    console.print(f"{report.kit} of {report.endpoint}: {told}", markup=False, highlight=False)


def write_json(report: Report, path: Path) -> None:
    """Write the report as one JSON document."""
    document = asdict(report) | {
        "began_at": report.began_at.isoformat(timespec="seconds"),
        "failed": report.failed,
    }
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_html(report: Report, path: Path) -> None:
    """Write the report in Vietnamese, as one page that loads nothing from anywhere else."""
    counts = Counter(one.verdict for one in report.findings)
    page = _ENVIRONMENT.get_template("conformance.html").render(
        report=report,
        what=_KITS[report.kit],
        began=report.began_at.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y"),
        verdicts=_VERDICTS,
        counts=[(name, counts[verdict]) for verdict, name in _VERDICTS.items()],
    )
    path.write_text(page, encoding="utf-8")
