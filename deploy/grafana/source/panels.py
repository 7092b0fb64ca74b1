"""Panels. In: queries and what they mean. Out: builders of the SDK.

Every panel has a sentence that says what its number means and what to do about it, and a text for when there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from deploy.grafana.source import shared

Panel = Builder[models.Panel]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One query of a panel and how its series are called and drawn."""

    expr: str
    #: Grafana's legend format: `{{label}}` stands for a label.
    called: str = ""
    colour: str | None = None
    dashed: bool = False
    #: Against an axis of its own on the right, in this unit.
    right_in: str | None = None
    #: Colours of its own in a panel of several numbers.
    thresholds: builders.ThresholdsConfig | None = None


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: of a label, or of a query's value."""

    title: str
    #: The query whose value it shows; or
    expr: str | None = None
    #: the label that it shows.
    label: str | None = None
    unit: str | None = None
    decimals: int | None = None
    width: int | None = None
    mappings: Sequence[models.ValueMapping] = ()
    thresholds: builders.ThresholdsConfig | None = None
    #: Drawn as a bar within these bounds.
    bar: tuple[float, float] | None = None
    link: dict[str, object] | None = None


def _query(line: Line, number: int, *, instant: bool, as_table: bool = False) -> prometheus.Dataquery:
    query = (
        prometheus.Dataquery()
        .datasource(shared.datasource())
        .editor_mode(QueryEditorMode.CODE)
        .expr(line.expr)
        .ref_id(letters(number))
        .legend_format(line.called or "__auto")
        .format(PromQueryFormat.TABLE if as_table else PromQueryFormat.TIME_SERIES)
    )
    return query.instant() if instant else query.range()


def letters(number: int) -> str:
    """Grafana's names of queries: A to Z, then AA."""
    return chr(65 + number) if number < 26 else f"A{chr(65 + number - 26)}"


def numbers(
    title: str,
    about: str,
    shown: Sequence[Line],
    *,
    unit: str = "short",
    decimals: int | None = None,
    absent: str = shared.NOT_KNOWN,
    mappings: Sequence[models.ValueMapping] = (),
    thresholds: builders.ThresholdsConfig | None = None,
) -> stat.Panel:
    """Large numbers, as they are now. A series that ended has none: a query over time would show its last one."""
    panel = (
        stat.Panel()
        .title(title)
        .description(about)
        .datasource(shared.datasource())
        .unit(unit)
        .no_value(absent)
        .mappings([*mappings] or [shared.absent_as(absent)])
        .thresholds(thresholds or shared.steps(shared.PLAIN))
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .graph_mode(kinds.BigValueGraphMode.NONE)
        .color_mode(kinds.BigValueColorMode.VALUE)
        .text_mode(kinds.BigValueTextMode.VALUE_AND_NAME if len(shown) > 1 else kinds.BigValueTextMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    )
    for place, line in enumerate(shown):
        panel = panel.with_target(_query(line, place, instant=True))
        if line.thresholds is not None:
            colours = models.DynamicConfigValue("thresholds", line.thresholds.build())
            panel = panel.override_by_query(letters(place), [colours])
    return panel if decimals is None else panel.decimals(decimals)


def number(
    title: str,
    about: str,
    expr: str,
    *,
    unit: str = "short",
    decimals: int | None = None,
    absent: str = shared.NOT_KNOWN,
    mappings: Sequence[models.ValueMapping] = (),
    thresholds: builders.ThresholdsConfig | None = None,
) -> stat.Panel:
    """One large number."""
    return numbers(
        title,
        about,
        [Line(expr=expr)],
        unit=unit,
        decimals=decimals,
        absent=absent,
        mappings=mappings,
        thresholds=thresholds,
    )


def lines(
    title: str,
    about: str,
    drawn: Sequence[Line],
    *,
    unit: str = "short",
    decimals: int | None = None,
    absent: str = shared.NOT_KNOWN,
    thresholds: builders.ThresholdsConfig | None = None,
    soft: tuple[float | None, float | None] = (None, None),
    filled: bool = False,
    legend: bool = True,
    wide: bool = False,
) -> timeseries.Panel:
    """Series over time. Gaps stay gaps: what was not measured is not drawn on.

    `wide`: even steps up to 1, and from there on each tenfold as high as the one before.
    """
    low, high = soft
    panel = (
        timeseries.Panel()
        .title(title)
        .description(about)
        .datasource(shared.datasource())
        .unit(unit)
        .no_value(absent)
        .span_nulls(False)
        .line_width(2)
        .fill_opacity(25 if filled else 0)
        .show_points(kinds.VisibilityMode.AUTO)
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
        .draw_style(kinds.GraphDrawStyle.LINE)
        .tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING))
        .legend(
            common.VizLegendOptions()
            .show_legend(legend)
            .display_mode(kinds.LegendDisplayMode.LIST)
            .placement(kinds.LegendPlacement.BOTTOM)
            .calcs([])
        )
    )
    if decimals is not None:
        panel = panel.decimals(decimals)
    if low is not None:
        panel = panel.axis_soft_min(low)
    if high is not None:
        panel = panel.axis_soft_max(high)
    if wide:
        axis = common.ScaleDistributionConfig().type(kinds.ScaleDistribution.SYMLOG).log(10).linear_threshold(1)
        panel = panel.scale_distribution(axis)
    if thresholds is not None:
        style = common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds(thresholds).thresholds_style(style)
    for place, line in enumerate(drawn):
        panel = panel.with_target(_query(line, place, instant=False))
        if properties := _look(line):
            panel = panel.override_by_query(letters(place), properties)
    return panel


def _look(line: Line) -> list[models.DynamicConfigValue]:
    found: list[models.DynamicConfigValue] = []
    if line.colour is not None:
        found.append(models.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": line.colour}))
    if line.dashed:
        found += [
            models.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 6]}),
            models.DynamicConfigValue("custom.lineWidth", 1),
        ]
    if line.right_in is not None:
        found += [
            models.DynamicConfigValue("custom.axisPlacement", "right"),
            models.DynamicConfigValue("unit", line.right_in),
        ]
    return found


def timeline(
    title: str, about: str, drawn: Sequence[Line], *, mappings: Sequence[models.ValueMapping], absent: str
) -> statetimeline.Panel:
    """States over time, in words and colours; a gap is a time of which nothing is known."""
    panel = (
        statetimeline.Panel()
        .title(title)
        .description(about)
        .datasource(shared.datasource())
        .no_value(absent)
        .mappings([*mappings])
        .thresholds(shared.steps(shared.PURPLE))
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .merge_values(True)
        .show_value(kinds.VisibilityMode.AUTO)
        .row_height(0.85)
        .fill_opacity(80)
        .line_width(0)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(kinds.LegendDisplayMode.LIST)
            .placement(kinds.LegendPlacement.BOTTOM)
            .calcs([])
        )
    )
    for place, line in enumerate(drawn):
        panel = panel.with_target(_query(line, place, instant=False))
    return panel


def gauges(
    title: str,
    about: str,
    line: Line,
    *,
    unit: str,
    bounds: tuple[float, float],
    absent: str,
    thresholds: builders.ThresholdsConfig,
) -> bargauge.Panel:
    """A bar and its number per series, now."""
    return (
        bargauge.Panel()
        .title(title)
        .description(about)
        .datasource(shared.datasource())
        .unit(unit)
        .min(bounds[0])
        .max(bounds[1])
        .no_value(absent)
        .mappings([shared.absent_as(absent)])
        .thresholds(thresholds)
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .display_mode(kinds.BarGaugeDisplayMode.BASIC)
        .orientation(kinds.VizOrientation.HORIZONTAL)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .with_target(_query(line, 0, instant=True))
    )


def rows(
    title: str,
    about: str,
    of: str,
    columns: Sequence[Column],
    *,
    key: str,
    absent: str,
    sorted_by: tuple[str, bool],
) -> table.Panel:
    """A table: one row per series of the query `of`, whose labels can be columns.

    The other queries are joined to it by the label `key`, and have no other. `sorted_by`: (title, downwards).
    """
    title_of_sorting, downwards = sorted_by
    panel = (
        table.Panel()
        .title(title)
        .description(about)
        .datasource(shared.datasource())
        .no_value(absent)
        .cell_height(kinds.TableCellHeight.SM)
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .thresholds(shared.steps(shared.PLAIN))
        .sort_by([common.TableSortByFieldState().display_name(title_of_sorting).desc(downwards)])
        .with_target(_query(Line(expr=of), 0, instant=True, as_table=True))
    )
    titles: dict[str, str] = {}
    queries = 1
    for column in columns:
        if column.expr is None:
            titles[column.label or ""] = column.title
        else:
            titles[f"Value #{letters(queries)}"] = column.title
            panel = panel.with_target(_query(Line(expr=column.expr), queries, instant=True, as_table=True))
            queries += 1
        if properties := _cell(column):
            panel = panel.override_by_name(column.title, properties)
    order = {name: place for place, name in enumerate(titles)}
    for kind, options in (
        ("joinByField", {"byField": key, "mode": "outer"}),
        ("filterFieldsByName", {"include": {"names": list(titles)}}),
        ("organize", {"excludeByName": {}, "indexByName": order, "renameByName": titles}),
    ):
        panel = panel.with_transformation(models.DataTransformerConfig(id_val=kind, options=options))
    return panel


def _cell(column: Column) -> list[models.DynamicConfigValue]:
    found: list[models.DynamicConfigValue] = []
    if column.unit is not None:
        found.append(models.DynamicConfigValue("unit", column.unit))
    if column.decimals is not None:
        found.append(models.DynamicConfigValue("decimals", column.decimals))
    if column.width is not None:
        found.append(models.DynamicConfigValue("custom.width", column.width))
    if column.mappings:
        found.append(models.DynamicConfigValue("mappings", [*column.mappings]))
    if column.thresholds is not None:
        found.append(models.DynamicConfigValue("thresholds", column.thresholds.build()))
    if column.bar is not None:
        bar = kinds.TableBarGaugeCellOptions(
            mode=kinds.BarGaugeDisplayMode.BASIC, value_display_mode=kinds.BarGaugeValueMode.TEXT
        )
        found += [
            models.DynamicConfigValue("min", column.bar[0]),
            models.DynamicConfigValue("max", column.bar[1]),
            models.DynamicConfigValue("custom.cellOptions", bar),
        ]
    elif column.mappings or column.thresholds is not None:
        found.append(models.DynamicConfigValue("custom.cellOptions", kinds.TableColorTextCellOptions()))
    if column.link is not None:
        found.append(models.DynamicConfigValue("links", [column.link]))
    return found
