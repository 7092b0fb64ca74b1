"""A dashboard as a page. In: its JSON, and what Prometheus answers. Out: HTML that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from deploy.grafana.pictures import charts
from deploy.grafana.pictures.answers import Asking, Series
from deploy.grafana.pictures.fields import Field, field_of

WIDTH, ROW, GAP, EDGE = 1760, 38, 8, 16
HEAD, FOOT = 96, 44
_STYLE = """
*{box-sizing:border-box} body{margin:0;background:#111217;color:#d8d9e0;font:13px 'DejaVu Sans',sans-serif}
.page{position:relative} .head{position:absolute;left:16px;right:16px;top:14px}
h1{font-size:21px;font-weight:500;margin:0 0 10px} .when{float:right;color:#9a9ba3;font-size:13px}
.chip{display:inline-block;margin-right:8px;border:1px solid #33363f;border-radius:3px;overflow:hidden}
.chip b{font-weight:400;background:#22252b;color:#8ab8ff;padding:4px 9px;display:inline-block}
.chip span{padding:4px 10px;display:inline-block}
.panel{position:absolute;background:#181b1f;border:1px solid #25282e;border-radius:3px;overflow:hidden}
.title{font-size:13px;font-weight:500;padding:7px 10px 4px;white-space:nowrap}
.stat{position:absolute;inset:28px 6px 6px;display:flex;align-items:center;justify-content:space-evenly}
.stat div{text-align:center;line-height:1.15;padding:0 8px}
.stat small{display:block;font-size:14px;color:#d8d9e0;margin-bottom:4px}
svg{display:block} .tick{font-size:11px;fill:#9a9ba3} .state{font-size:11px;fill:#111217}
.legend{height:22px;padding:0 10px 0 14px;font-size:12px;white-space:nowrap;overflow:hidden}
.key{margin-right:14px} .key i{display:inline-block;width:16px;margin-right:6px;vertical-align:middle}
table{border-collapse:collapse;width:100%} th{font-weight:500;color:#8ab8ff;text-align:left}
th,td{padding:6px 7px;border-bottom:1px solid #25282e;white-space:nowrap;font-size:12px} td.n,th.n{text-align:right}
th:first-child,td:first-child{padding-left:12px}
.bar{position:relative;height:16px;min-width:130px} .bar u{position:absolute;inset:0 62px 0 0;background:#22252b}
.bar i{position:absolute;inset:0 auto 0 0;opacity:.8} .bar b{position:absolute;right:0;top:1px;font-weight:500}
.section{position:absolute;font-size:15px;font-weight:500;padding:8px 2px}
.none{position:absolute;inset:30px 0 0;display:flex;align-items:center;justify-content:center;color:#ca95e5}
.foot{position:absolute;left:16px;bottom:12px;color:#9a9ba3;font-size:12px}
"""


def sheet(dashboard: Mapping[str, Any], asking: Asking, *, chips: Mapping[str, str], caption: str) -> tuple[str, int]:
    """The page and its height in pixels."""
    panels = dashboard["panels"]
    height = HEAD + FOOT + max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in panels) * ROW
    picked = "".join(f'<span class="chip"><b>{escape(k)}</b><span>{escape(v)}</span></span>' for k, v in chips.items())
    days = asking.span.total_seconds() / 86_400
    when = f"last {days:g} days" if days >= 1 else f"last {days * 1440:.0f} minutes"
    body = "".join(_panel(panel, asking) for panel in panels)
    page = (
        f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style>"
        f'<div class="page" style="width:{WIDTH}px;height:{height}px"><div class="head"><h1>CRM observer / '
        f'{escape(dashboard["title"])}<span class="when">{when} · UTC</span></h1>{picked}</div>'
        f'{body}<div class="foot">{escape(caption)}</div></div>'
    )
    return page, height


def _panel(panel: Mapping[str, Any], asking: Asking) -> str:
    place = panel["gridPos"]
    unit = (WIDTH - 2 * EDGE + GAP) / 24
    left, top = EDGE + place["x"] * unit, HEAD + place["y"] * ROW
    width, height = place["w"] * unit - GAP, place["h"] * ROW - GAP
    where = f'style="left:{left:.1f}px;top:{top}px;width:{width:.1f}px;height:{height}px"'
    if panel["type"] == "row":
        return f'<div class="section" {where}>{escape(panel["title"])}</div>'
    title = f'<div class="title">{escape(panel["title"])}</div>'
    return f'<div class="panel" {where}>{title}{_inside(panel, asking, width, height)}</div>'


def _inside(panel: Mapping[str, Any], asking: Asking, width: float, height: float) -> str:
    found = asking.panel(panel)
    absent = panel["fieldConfig"]["defaults"]["noValue"]
    if panel["type"] == "stat":
        return _numbers(panel, found, width)
    if not any(math.isfinite(value) for series in found for _, value in series.points):
        return f'<div class="none">{escape(absent)}</div>'
    if panel["type"] == "table":
        return _table(panel, found)
    end = asking.now.timestamp()
    span = (end - asking.span.total_seconds(), end)
    draw = charts.timeline if panel["type"] == "state-timeline" else charts.over_time
    return draw(panel, found, width, height - 30 - charts.LEGEND, span)


def _numbers(panel: Mapping[str, Any], found: Sequence[Series], width: float) -> str:
    many = len(panel["targets"]) > 1
    parts = []
    for target in panel["targets"]:
        values = [series.last for series in found if series.ref == target["refId"]]
        shown = field_of(panel, ref=target["refId"]).shown(values[0] if values else None)
        room = (width - 30) / len(panel["targets"])
        size = min(34 if not many else 30, 1.5 * room / max(1, len(shown.text)))
        name = f"<small>{escape(target['legendFormat'])}</small>" if many else ""
        parts.append(f'<div style="color:{shown.colour};font-size:{size:.0f}px">{name}{escape(shown.text)}</div>')
    return f'<div class="stat">{"".join(parts)}</div>'


def _table(panel: Mapping[str, Any], found: Sequence[Series]) -> str:
    """Joined, ordered and named as the panel's transformations say."""
    options = {step["id"]: step["options"] for step in panel["transformations"]}
    key = options["joinByField"]["byField"]
    titles: Mapping[str, str] = options["organize"]["renameByName"]
    order: Mapping[str, int] = options["organize"]["indexByName"]
    joined: dict[str, dict[str, str | float]] = {}
    for series in found:
        row = joined.setdefault(series.labels.get(key, ""), {})
        row[f"Value #{series.ref}"] = series.last
        if series.ref == "A":
            row |= series.labels
    columns = sorted(titles, key=lambda name: order[name])
    by = panel["options"]["sortBy"][0]
    sorting = next(name for name, title in titles.items() if title == by["displayName"])

    def rank(row: Mapping[str, str | float]) -> tuple[float, str]:
        value = row.get(sorting, -math.inf)
        return (value, "") if isinstance(value, float) else (-math.inf, str(value))

    rows = sorted(joined.values(), key=rank, reverse=bool(by.get("desc")))
    fields = {name: field_of(panel, title=titles[name]) for name in columns}
    numeric = {n for n in columns if n.startswith("Value #") and not fields[n].bar and not _is_words(fields[n])}
    head = "".join(f'<th class="{"n" if n in numeric else ""}">{escape(titles[n])}</th>' for n in columns)
    body = "".join(
        "<tr>" + "".join(_cell(fields[n], row.get(n), n, n in numeric) for n in columns) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _is_words(field: Field) -> bool:
    return any(len(mapping["options"]) > 1 for mapping in field.mappings if mapping["type"] == "value")


def _cell(field: Field, value: str | float | None, name: str, numeric: bool) -> str:
    if not name.startswith("Value #"):
        return f"<td>{escape(str(value or ''))}</td>"
    assert not isinstance(value, str)
    shown = field.shown(value)
    if field.bar is None or value is None:
        return f'<td class="{"n" if numeric else ""}" style="color:{shown.colour}">{escape(shown.text)}</td>'
    share = min(1.0, max(0.0, (value - field.bar[0]) / (field.bar[1] - field.bar[0])))
    return (
        f'<td><div class="bar"><u><i style="width:{share * 100:.1f}%;background:{shown.colour}"></i></u>'
        f'<b style="color:{shown.colour}">{escape(shown.text)}</b></div></td>'
    )
