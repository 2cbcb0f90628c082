"""The sandbox's own page: what is played, what was done, what is broken on purpose."""

from collections.abc import Collection, Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

_PAGE = Template(files("sandbox").joinpath("page.html").read_text(encoding="utf-8"))
_BUS = {
    "reading": "đang đọc (reading)",
    "starting": "đang kết nối (starting)",
    "unreachable": "chưa kết nối được (unreachable)",
    "off": "không dùng (off)",
}


def render_page(
    *,
    portals: Collection[str],
    smtp: str,
    bus: str,
    counts: Mapping[str, int],
    faults: Mapping[str, Mapping[str, Any]],
) -> str:
    """Return the page as HTML; it loads nothing from anywhere else."""
    return _PAGE.substitute(
        portals=", ".join(escape(portal) for portal in sorted(portals)),
        smtp=escape(smtp),
        bus=_BUS[bus],
        counts="\n".join(
            f'<tr><td>{escape(kind)}</td><td class="count">{count}</td></tr>'
            for kind, count in sorted(counts.items())
        ),
        faults="\n".join(_fault_row(component, fault) for component, fault in faults.items())
        or '<tr><td colspan="6">không có <small lang="en">none</small></td></tr>',
    )


def _fault_row(component: str, fault: Mapping[str, Any]) -> str:
    times = "∞" if fault["times"] is None else str(fault["times"])
    cells = (component, fault["kind"], fault["share"], times, fault["seconds"], fault["hits"])
    return f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in cells)}</tr>"
