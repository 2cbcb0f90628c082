"""The sandbox's own page: what is played, what was done, what is broken on purpose."""

from collections.abc import Collection, Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from sandbox.magic import CATALOGUE, PREFIX, UNIT, Magic

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
    url: str,
) -> str:
    """Return the page as HTML; it loads nothing from anywhere else."""
    return _PAGE.substitute(
        portals=", ".join(escape(portal) for portal in sorted(portals)),
        smtp=escape(smtp),
        bus=_BUS[bus],
        unit=UNIT,
        magic="\n".join(_magic_row(one, url.partition("://")[2]) for one in CATALOGUE),
        counts="\n".join(
            f'<tr><td>{escape(kind)}</td><td class="count">{count}</td></tr>'
            for kind, count in sorted(counts.items())
        ),
        faults="\n".join(_fault_row(component, fault) for component, fault in faults.items())
        or '<tr><td colspan="6">không có <small lang="en">none</small></td></tr>',
    )


def _magic_row(magic: Magic, host: str) -> str:
    ways = (" → ".join(map(str, step.passed)) or "·" for step in magic.steps)
    told = ", ".join(ways) or f"422: {magic.refused}"
    words = f'{escape(magic.vi)}<br><small lang="en">{escape(magic.en)}</small>'
    curl = escape(f"curl -d '{{}}' {host}/magic/{magic.name}")
    name = f"<code>{PREFIX}{magic.name}-…</code>"
    return f"<tr><td>{name}</td><td>{told}</td><td>{words}<br><code>{curl}</code></td></tr>"


def _fault_row(component: str, fault: Mapping[str, Any]) -> str:
    times = "∞" if fault["times"] is None else str(fault["times"])
    cells = (component, fault["kind"], fault["share"], times, fault["seconds"], fault["hits"])
    return f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in cells)}</tr>"
