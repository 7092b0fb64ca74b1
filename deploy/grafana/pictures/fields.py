"""Numbers as Grafana would show them. In: the field options of a panel. Out: texts and colours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

COLOURS = {
    "green": "#73bf69",
    "yellow": "#f2cc0c",
    "orange": "#ff9830",
    "red": "#f2495c",
    "blue": "#5794f2",
    "purple": "#ca95e5",
    "text": "#d8d9e0",
    "transparent": "transparent",
}
#: Of series that have no colour of their own; none is that of the unknown.
PALETTE = ("#5794f2", "#f2cc0c", "#ff9830", "#c0d8ff", "#37bbca", "#f2495c", "#8ab8ff", "#fade2a")
_SPANS = ((86_400 * 7, "weeks"), (86_400, "days"), (3_600, "hours"), (60, "mins"), (1, "s"))


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A number as it stands on the page."""

    text: str
    colour: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """How one number, or one column, is shown."""

    unit: str = "short"
    decimals: int | None = None
    mappings: Sequence[Mapping[str, Any]] = ()
    thresholds: Sequence[Mapping[str, Any]] = ()
    absent: str = "–"
    #: Smallest and largest value of a bar in a cell.
    bar: tuple[float, float] | None = None
    fixed_colour: str | None = None
    dashed: bool = False
    right: bool = False

    def shown(self, value: float | None) -> Shown:
        """Mapped to words where it is, else with its unit."""
        if value is None or math.isnan(value):
            for mapping in self.mappings:
                if mapping["type"] == "special":
                    result = mapping["options"]["result"]
                    return Shown(text=result["text"], colour=COLOURS[result["color"]])
            return Shown(text=self.absent, colour=COLOURS["purple"])
        for mapping in self.mappings:
            if mapping["type"] == "value" and (result := mapping["options"].get(f"{value:g}")) is not None:
                return Shown(text=result["text"], colour=COLOURS[result["color"]])
        return Shown(text=self.number(value), colour=self.colour(value))

    def colour(self, value: float) -> str:
        """By its thresholds."""
        found = "text"
        for step in self.thresholds:
            if value >= step["value"]:
                found = step["color"]
        return COLOURS[found]

    def number(self, value: float) -> str:
        """With its unit."""
        if math.isinf(value):
            return "∞" if value > 0 else "-∞"
        if self.unit == "percentunit":
            return f"{value * 100:.{1 if self.decimals is None else self.decimals}f}%"
        if self.unit == "s":
            return self._span(value)
        if self.unit == "bytes":
            return _scaled(value, 1024, ("B", "KiB", "MiB", "GiB"))
        if self.unit == "locale":
            return f"{value:,.{self.decimals or 0}f}"
        plain = _plain(value, self.decimals)
        return plain + self.unit.removeprefix("suffix:") if self.unit.startswith("suffix:") else plain

    def _span(self, seconds: float) -> str:
        for size, word in _SPANS:
            if abs(seconds) >= size:
                many = f"{seconds / size:.{1 if self.decimals is None else self.decimals}f}"
                return f"{many} {word}"
        return f"{seconds * 1000:.{self.decimals or 0}f} ms" if seconds else "0 s"


def _plain(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:.3g} Mil"
    if abs(value) >= 1_000:
        return f"{value / 1_000:.3g} K"
    return f"{value:.3g}"


def _scaled(value: float, base: int, words: Sequence[str]) -> str:
    for word in words[:-1]:
        if abs(value) < base:
            return f"{value:.3g} {word}"
        value /= base
    return f"{value:.3g} {words[-1]}"


def field_of(panel: Mapping[str, Any], *, ref: str | None = None, title: str | None = None) -> Field:
    """The options of a query (`ref`) or a column (`title`) of the panel: its defaults, and what overrides them."""
    defaults = panel["fieldConfig"]["defaults"]
    found: dict[str, Any] = {
        "unit": defaults.get("unit", "short"),
        "decimals": defaults.get("decimals"),
        "mappings": defaults.get("mappings", ()),
        "thresholds": defaults.get("thresholds", {}).get("steps", ()),
        "absent": defaults.get("noValue", "–"),
    }
    given: dict[str, Any] = {}
    for override in panel["fieldConfig"]["overrides"]:
        wanted = {"byFrameRefID": ref, "byName": title}.get(override["matcher"]["id"])
        if wanted is not None and override["matcher"]["options"] == wanted:
            given |= {each["id"]: each.get("value") for each in override["properties"]}
    found |= {name: given[name] for name in ("unit", "decimals", "mappings") if name in given}
    if "thresholds" in given:
        found["thresholds"] = given["thresholds"]["steps"]
    if given.get("custom.cellOptions", {}).get("type") == "gauge":
        found["bar"] = (given["min"], given["max"])
    if "color" in given:
        found["fixed_colour"] = COLOURS[given["color"]["fixedColor"]]
    found["dashed"] = "custom.lineStyle" in given
    found["right"] = given.get("custom.axisPlacement") == "right"
    return Field(**found)
