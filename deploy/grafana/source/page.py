"""A dashboard, filled from the top. In: panels and their widths. Out: a dashboard of the SDK, with places and ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.source import shared
from deploy.grafana.source.panels import Panel

WIDTH = 24


class _Placed(Builder[models.Panel]):
    """A panel that has its place already."""

    def __init__(self, panel: models.Panel) -> None:
        self._panel = panel

    def build(self) -> models.Panel:
        return self._panel


@dataclass
class Page:
    """A dashboard that is filled line by line, from left to right."""

    uid: str
    title: str
    about: str
    variables: Sequence[Builder[models.VariableModel]]
    since: str = "now-24h"
    _panels: list[Panel | builders.Row] = field(default_factory=list)
    _below: int = 0
    _ids: int = 0

    def heading(self, text: str) -> None:
        """A row of Grafana: what follows stands below it."""
        row = builders.Row(text).collapsed(False).id(self._next_id())
        self._panels.append(row.grid_pos(models.GridPos(x=0, y=self._below, w=WIDTH, h=1)))
        self._below += 1

    def line(self, height: int, *panels: tuple[int, Panel]) -> None:
        """Panels side by side, as (width, panel); the widths add up to 24."""
        assert sum(width for width, _ in panels) == WIDTH, f"{self.title}: a line of another width"
        left = 0
        for width, built in panels:
            panel = built.build()
            panel.id_val = self._next_id()
            panel.grid_pos = models.GridPos(x=left, y=self._below, w=width, h=height)
            self._panels.append(_Placed(panel))
            left += width
        self._below += height

    def _next_id(self) -> int:
        self._ids += 1
        return self._ids

    def dashboard(self) -> models.Dashboard:
        """As the SDK has it; without an `id`, which Grafana gives."""
        found = (
            builders.Dashboard(self.title)
            .uid(self.uid)
            .description(self.about)
            .tags([shared.TAG])
            .timezone("browser")
            .readonly()
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .time(self.since, "now")
            .refresh("1m")
            .links(shared.links(self.uid))
            .variables([*self.variables])
        )
        for panel in self._panels:
            found = found.with_row(panel) if isinstance(panel, builders.Row) else found.with_panel(panel)
        return found.build()
